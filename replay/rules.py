"""Recording and alerting rules over the past: promtool writes what was measured, never what was alerted.

``promtool tsdb create-blocks-from rules`` leaves alerts out, so the rules are asked of a Prometheus that holds the
past: it parses the shipped files, and evaluates each expression as a range query at every step. What remains is the
part that is no PromQL, and it is kept to Prometheus' own: an alert is pending from the first evaluation that has its
labels, fires once it has been so for as long as ``for`` says, keeps firing for as long as ``keep_firing_for`` says, and
is forgotten when an evaluation has none.

Rules over metrics that only a living worker has (its readiness, its dead letters) are left out by name: the past has no
process to be unready.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from detectors.gauges import FAMILIES
from replay.prometheus import Server

POINTS_MAX = 10_000
"""Prometheus answers at most 11 000 points a series."""
Labels = tuple[tuple[str, str], ...]
Points = list[tuple[float, float]]
Series = list[tuple[dict[str, str], Points]]

_OURS = re.compile(r"\b(crunchwatch_\w+|up|scrape_\w+|process_\w+|prometheus_\w+)\b")
_RECORDED = re.compile(r"\b[a-z_]\w*:\w[\w:]*")
_MEMORY = re.compile(r"\blast_over_time\(\s*[a-z_]\w*:[\w:]+(?:\{[^}]*\})?\[\w+\]\s*\)")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_TEMPLATE = re.compile(r"\{\{\s*\$labels\.(\w+)\s*\}\}")


@dataclass(frozen=True)
class Rule:
    """A rule as Prometheus read it; ``name`` is the recorded series' or the alert's."""

    name: str
    alerts: bool
    query: str
    labels: dict[str, str]
    for_s: float
    keep_firing_for_s: float

    def needs(self) -> set[str]:
        """The metrics it reads, as far as they are ours or recorded.

        What was recorded last (``last_over_time`` of a recorded series) bridges holes in what is shown, the rule's own
        memory among it: the past has no holes, and the rule is answered without.
        """
        plain = _MEMORY.sub("", _QUOTED.sub("", self.query))
        return {*_OURS.findall(plain), *_RECORDED.findall(plain)}


def read(server: Server) -> list[Rule]:
    """The rules that a server loaded, group by group in their order."""
    groups = server.ask("rules", {})["groups"]
    return [_rule(one) for group in groups for one in group["rules"]]


def _rule(plain: Mapping[str, Any]) -> Rule:
    return Rule(
        name=plain["name"],
        alerts=plain["type"] == "alerting",
        query=plain["query"],
        labels=dict(plain.get("labels") or {}),
        for_s=float(plain.get("duration", 0)),
        keep_firing_for_s=float(plain.get("keepFiringFor", 0)),
    )


SHOWN = {family.sample_name for family in FAMILIES}


def answerable(rules: Iterable[Rule]) -> tuple[list[list[Rule]], list[Rule]]:
    """Rules in rounds, each round resting on series that exist before it; and those that the past cannot answer."""
    known, left, rounds = set(SHOWN), list(rules), list[list[Rule]]()
    while ready := [rule for rule in left if rule.needs() <= known]:
        left = [rule for rule in left if rule not in ready]
        rounds.append(ready)
        known |= {rule.name for rule in ready if not rule.alerts}
    return rounds, left


def asked(server: Server, query: str, moments: range) -> Series:
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


def recorded(rule: Rule, answer: Series) -> Series:
    """What a recording rule would have written."""
    return [({**_bare(labels), **rule.labels}, points) for labels, points in answer]


def alerted(rule: Rule, answer: Series, moments: range) -> tuple[Series, Series]:
    """What an alerting rule would have written: ``ALERTS``, and ``ALERTS_FOR_STATE`` (since when it is active)."""
    states: Series = []
    since: Series = []
    grid = [moment / 1e9 for moment in moments]
    for labels, points in answer:
        own = {**_bare(labels), **_filled(rule.labels, labels), "alertname": rule.name}
        by_state: dict[str, Points] = {"pending": [], "firing": []}
        active: Points = []
        for moment, state, begun in _states(rule, {moment for moment, _ in points}, grid):
            by_state[state].append((moment, 1.0))
            active.append((moment, begun))
        states += [({**own, "alertstate": state}, found) for state, found in by_state.items() if found]
        since.append((own, active))
    return states, since


def _states(rule: Rule, there: set[float], grid: list[float]) -> Iterator[tuple[float, str, float]]:
    """The moments at which an alert exists, its state, and since when it is active."""
    begun: float | None = None
    firing, gone_since = False, None
    for moment in grid:
        if moment in there:
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
