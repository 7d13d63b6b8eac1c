"""Every query against a real Prometheus: ``python -m grafana.check [BLOCKS]``.

Every query of every panel, variable, annotation and rule is asked of a Prometheus over the blocks of ``crunchwatch
backfill feb2021`` (made for it if no folder is named). What only a living worker shows is asked of a second one, which
scrapes a worker's metrics. An error fails. So does an empty answer, unless it stands in ``empty.toml``, beside this
file, with its reason; and so does a line there whose query has an answer, or does not exist any more.
"""

import argparse
import fnmatch
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from grafana.check.live import scraped
from grafana.check.queries import BoardQuery, of_boards, of_rules
from replay.errors import ReplayError
from replay.prometheus.promtool import PrometheusServer

HERE = Path(__file__).parent
GRAFANA = HERE.parent
EMPTY = HERE / "empty.toml"
STEP_S = 3600
RANGE_S = 97 * 86_400
END = "2021-04-09T20:00:00Z"
END_S = 1617998400.0
BEGIN_S = END_S - RANGE_S + 86_400
VARIABLES = {
    "market": "UST",
    "job": ".*",
    "__range": "90d",
    "__range_s": str(90 * 86_400),
    "__rate_interval": "1m",
    "__interval": "5m",
}


class QueryCheck(NamedTuple):
    """What became of a query: an error's text, or how many series it found."""

    asked: BoardQuery
    series: int
    error: str = ""


def filled(expr: str, values: Mapping[str, str]) -> str:
    """An expression with its variables replaced, as Grafana does it.

    >>> filled('up{job=~"$job"}[$__range] * ${x}', {"job": ".*", "__range": "1d", "x": "2"})
    'up{job=~".*"}[1d] * 2'
    """

    def one(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in values:
            raise ValueError(f"no such variable: {name}")
        return values[name]

    return re.sub(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))", one, expr)


def ask(server: PrometheusServer, asked: BoardQuery, values: Mapping[str, str], *, past: bool) -> QueryCheck:
    """Ask one query: over the weeks of 2021, or of the last minute."""
    try:
        expr = filled(asked.expr, values)
        if asked.label is not None:
            limits = {"start": str(BEGIN_S), "end": str(END_S)} if past else {}
            return QueryCheck(asked, len(server.ask(f"label/{asked.label}/values", {}, **{"match[]": expr, **limits})))
        if asked.now or not past:
            moment = {"time": END} if past else {}
            return QueryCheck(asked, len(server.ask("query", {"query": expr, **moment})["result"]))
        limits = {"start": str(BEGIN_S), "end": str(END_S), "step": str(STEP_S)}
        return QueryCheck(asked, len(server.ask("query_range", {"query": expr, **limits})["result"]))
    except (ReplayError, ValueError) as error:
        return QueryCheck(asked, 0, str(error))


def complaints(found: Sequence[QueryCheck], empty: Mapping[str, str]) -> list[str]:
    """What is wrong, a line each."""
    problems = []
    used = set()
    for one in found:
        reasons = [pattern for pattern in empty if fnmatch.fnmatchcase(one.asked.name, pattern)]
        if one.error:
            problems.append(f"{one.asked.name}: {one.error}")
        elif not one.series and not reasons:
            problems.append(f"{one.asked.name}: no answer to {one.asked.expr}")
        elif not one.series:
            used.update(reasons)
    problems += [
        f"empty.toml: {pattern!r} is answered, or is no query any more" for pattern in empty if pattern not in used
    ]
    return problems


def allowed() -> dict[str, str]:
    """The queries that may have no answer, by pattern, and why."""
    reasons: dict[str, str] = tomllib.loads(EMPTY.read_text(encoding="utf-8"))
    return reasons


def check(blocks: Path, queries: Sequence[BoardQuery]) -> list[QueryCheck]:
    """Ask the past; what it does not answer, ask a living worker."""
    with PrometheusServer(blocks) as server:
        values = {**VARIABLES, "step": _a_step(server)}
        found = [ask(server, asked, values, past=True) for asked in queries]
    open_ = [one for one in found if not one.error and not one.series]
    if open_:
        with scraped() as server:
            again = {one.asked: ask(server, one.asked, {**values, "__range": "1m"}, past=False) for one in open_}
        found = [again.get(one.asked, one) if one in open_ else one for one in found]
    return found


def _a_step(server: PrometheusServer) -> str:
    selector = {"match[]": "crunchwatch_last_transition_timestamp_seconds", "start": str(BEGIN_S), "end": str(END_S)}
    ids = server.ask("label/id/values", {}, **selector)
    return str(ids[0]) if ids else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Check all that is shipped; 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m grafana.check", description="Ask every query of every board.")
    parser.add_argument("blocks", nargs="?", type=Path, help="what crunchwatch backfill feb2021 wrote")
    parser.add_argument("--boards", type=Path, default=GRAFANA / "dashboards")
    parser.add_argument("--rules", type=Path, default=GRAFANA / "prometheus" / "rules")
    chosen = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="crunchwatch-check-"))
    try:
        blocks = chosen.blocks or _made(folder / "past", chosen.rules)
        queries = [*of_boards(chosen.boards), *of_rules(chosen.rules)]
        found = check(blocks, queries)
    except ReplayError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    wrong = complaints(found, allowed())
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    answered = sum(bool(one.series) for one in found)
    sys.stdout.write(f"{len(found)} queries: {answered} answered, {len(found) - answered} not; {len(wrong)} wrong\n")
    return int(bool(wrong))


def _made(out: Path, rules: Path) -> Path:
    from detectors.config import load  # noqa: PLC0415 - a folder that is named needs no engine
    from replay.prometheus import backfill  # noqa: PLC0415
    from replay.scenarios.scenario import named, script  # noqa: PLC0415

    files = sorted(rules.glob("*.yml"))
    backfill.write(script(named("feb2021")), load(), out, step_s=backfill.LOOKBACK_S, rule_files=files)
    return out
