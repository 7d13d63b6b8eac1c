"""Recording and alerting rules over the past: promtool writes what was measured, never what was alerted.

``promtool tsdb create-blocks-from rules`` leaves alerts out, so the rules are asked of a Prometheus that holds the
past: it parses the shipped files, and evaluates each expression as a range query at every step. What remains is the
part that is no PromQL, and it is kept to Prometheus' own: an alert is pending from the first evaluation that has its
labels, fires once it has been so for as long as ``for`` says, keeps firing for as long as ``keep_firing_for`` says, and
is forgotten when an evaluation has none.

Rules may look back at themselves. What was recorded last (``last_over_time`` of a recorded series) bridges holes in
what is shown, and the past has none: such a rule is answered without its memory. An alert that stands
because it stood (``... and on (...) ALERTS{...}``) is asked twice, with that clause and without, and taken at the
second answer while it fires.

Rules over metrics that only a living worker has (its readiness, its dead letters) are left out by name: the past has no
process to be unready. So are rules whose window is no longer than the step: with one sample in it nothing ever changes.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from detectors.view.gauges import FAMILIES
from replay.prometheus.promtool import PrometheusServer

POINTS_MAX = 10_000
"""Prometheus answers at most 11 000 points a series."""
Labels = tuple[tuple[str, str], ...]
Points = list[tuple[float, float]]
QueryResult = Sequence[tuple[dict[str, str], Points]]

_OURS = re.compile(r"\b(crunchwatch_\w+|up|scrape_\w+|process_\w+|prometheus_\w+)\b")
_RECORDED = re.compile(r"\b[a-z_]\w*:\w[\w:]*")
_MEMORY = re.compile(r"\blast_over_time\(\s*[a-z_]\w*:[\w:]+(?:\{[^}]*\})?\[\w+\]\s*\)")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_ITSELF = re.compile(r"\band\s+on\s*\([^)]*\)\s*ALERTS\{[^}]*\}")
_WINDOW = re.compile(r"\[(\w+)(?::\w*)?\]")
_DURATION = re.compile(r"(\d+)(ms|[smhdwy])")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_TEMPLATE = re.compile(r"\{\{\s*\$labels\.(\w+)\s*\}\}")


@dataclass(frozen=True)
class PrometheusRule:
    """A rule as Prometheus read it; ``name`` is the recorded series' or the alert's."""

    name: str
    alerts: bool
    query: str
    labels: tuple[tuple[str, str], ...]
    for_s: float
    keep_firing_for_s: float

    def needs(self) -> set[str]:
        """The metrics it reads, as far as they are ours or recorded; not what it remembers of what was recorded."""
        plain = self._plain()
        return {*_OURS.findall(_RECORDED.sub("", plain)), *_RECORDED.findall(plain)}

    def window_s(self) -> float:
        """The shortest time that it looks back over, but for what it remembers; infinite if it looks at moments."""
        windows = (_DURATION.findall(one) for one in _WINDOW.findall(self._plain()))
        return min((sum(int(count) * _SECONDS[unit] for count, unit in one) for one in windows), default=math.inf)

    def _plain(self) -> str:
        return _MEMORY.sub("", _QUOTED.sub("", self.query))

    def held_by(self) -> str | None:
        """What keeps an alert that looks at itself firing: its query without the look; None for the others."""
        held = _ITSELF.sub("", self.query)
        return held if self.alerts and held != self.query else None


def read(server: PrometheusServer) -> list[PrometheusRule]:
    """The rules that a server loaded, group by group in their order."""
    groups = server.ask("rules", {})["groups"]
    return [_rule(one) for group in groups for one in group["rules"]]


def _rule(plain: Mapping[str, Any]) -> PrometheusRule:
    return PrometheusRule(
        name=plain["name"],
        alerts=plain["type"] == "alerting",
        query=plain["query"],
        labels=tuple(sorted((plain.get("labels") or {}).items())),
        for_s=float(plain.get("duration", 0)),
        keep_firing_for_s=float(plain.get("keepFiringFor", 0)),
    )


SHOWN = {family.sample_name for family in FAMILIES}


class EvaluationPlan(NamedTuple):
    """Which rules are asked, and which are not and why."""

    rounds: list[list[PrometheusRule]]
    """Each rests on series that exist before it."""
    living: list[PrometheusRule]
    """Those about a living worker."""
    coarse: list[PrometheusRule]
    """Those that look back over no more than a step, or rest on one that does."""


def plan(rules: Iterable[PrometheusRule], step_s: float) -> EvaluationPlan:
    """Sort rules by what samples so far apart can answer."""
    every = list(rules)
    _, living = _rounds(every)
    rounds, _ = _rounds([rule for rule in every if rule.window_s() > step_s])
    asked = [rule for one in rounds for rule in one]
    return EvaluationPlan(rounds, living, [rule for rule in every if rule not in asked and rule not in living])


def _rounds(rules: list[PrometheusRule]) -> tuple[list[list[PrometheusRule]], list[PrometheusRule]]:
    known, left, rounds = set(SHOWN), rules, list[list[PrometheusRule]]()
    while ready := [rule for rule in left if rule.needs() <= known]:
        left = [rule for rule in left if rule not in ready]
        rounds.append(ready)
        known |= {rule.name for rule in ready if not rule.alerts}
    return rounds, left


def asked(server: PrometheusServer, query: str, moments: range) -> QueryResult:
    """A range query over all moments (UTC ns), in as many pieces as Prometheus asks for."""
    found: dict[Labels, Points] = defaultdict(list)
    step_s = moments.step / 1e9
    for start in range(0, len(moments), POINTS_MAX):
        piece = moments[start : start + POINTS_MAX]
        limits = {"start": f"{piece[0] / 1e9}", "end": f"{piece[-1] / 1e9}", "step": f"{step_s}"}
        data = server.ask("query_range", {"query": query, **limits})
        for one in data["result"]:
            points = found[tuple(sorted(one["metric"].items()))]
            points.extend((float(moment), float(value)) for moment, value in one["values"])
    return [(dict(labels), points) for labels, points in found.items()]


def recorded(rule: PrometheusRule, answer: QueryResult) -> QueryResult:
    """What a recording rule would have written."""
    return [({**_bare(labels), **dict(rule.labels)}, points) for labels, points in answer]


def alerted(
    rule: PrometheusRule, answer: QueryResult, moments: range, held: QueryResult = ()
) -> tuple[QueryResult, QueryResult]:
    """What an alerting rule would have written: ``ALERTS``, and ``ALERTS_FOR_STATE`` (since when it is active).

    Args:
        rule: the rule.
        answer: its query over the moments.
        moments: UTC ns.
        held: the answer to what keeps it firing, of a rule that looks at itself.
    """
    states: list[tuple[dict[str, str], Points]] = []
    since: list[tuple[dict[str, str], Points]] = []
    grid = [moment / 1e9 for moment in moments]
    keeping = {tuple(sorted(labels.items())): {moment for moment, _ in points} for labels, points in held}
    for labels, points in answer:
        own = {**_bare(labels), **_filled(dict(rule.labels), labels), "alertname": rule.name}
        by_state: dict[str, Points] = {"pending": [], "firing": []}
        active: Points = []
        keeps = keeping.get(tuple(sorted(labels.items())), set())
        for moment, state, begun in _states(rule, {moment for moment, _ in points}, keeps, grid):
            by_state[state].append((moment, 1.0))
            active.append((moment, begun))
        states += [({**own, "alertstate": state}, found) for state, found in by_state.items() if found]
        since.append((own, active))
    return states, since


def _states(
    rule: PrometheusRule, there: set[float], keeps: set[float], grid: list[float]
) -> Iterator[tuple[float, str, float]]:
    """The moments at which an alert exists, its state, and since when it is active."""
    begun: float | None = None
    firing, gone_since = False, None
    for moment in grid:
        if moment in there or (firing and moment in keeps):
            gone_since = None
            begun = moment if begun is None else begun
            firing = firing or moment - begun >= rule.for_s
        elif begun is not None:
            gone_since = moment if gone_since is None else gone_since
            if not firing or moment - gone_since >= rule.keep_firing_for_s:
                begun, firing, gone_since = None, False, None
        if begun is not None:
            yield moment, "firing" if firing else "pending", begun


def _bare(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name != "__name__"}


def _filled(own: Mapping[str, str], labels: Mapping[str, str]) -> dict[str, str]:
    return {name: _TEMPLATE.sub(lambda found: labels.get(found[1], ""), value) for name, value in own.items()}
