"""The past at its true dates: what a worker would have shown, as blocks that a Prometheus can be started on.

The engine runs once; each stretch of a week or so goes to promtool while the next is computed. Then the shipped rules
are asked of a Prometheus over those blocks, and what they would have recorded and alerted becomes blocks beside them.
All of it is built in a folder of its own and moved in place at the end, so that the output is complete or absent.

Every series carries ``job="backfill"``: nothing of it can be taken for live. A Prometheus over it pages nobody unless
it is given an Alertmanager, and rules are evaluated for now, not for 2021.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from detectors.calendar import NS, ny_date
from detectors.sections import Config
from detectors.signals import Output, Signal, Transition
from replay.errors import OutputError
from replay.prometheus import openmetrics
from replay.prometheus import rule_evaluation as rules
from replay.prometheus.openmetrics import Stretch
from replay.prometheus.promtool import BLOCK_HOURS, BlockWriter, PrometheusServer, program
from replay.prometheus.sampling import OnProgress as Advance
from replay.prometheus.sampling import Sampler
from replay.scenarios.scenario import Script

JOB = "backfill"
STRETCH_NS = BLOCK_HOURS * 3600 * NS
LOOKBACK_S = 300
"""Beyond this Prometheus shows a gap between two samples."""
LONG_DAYS = 400
TEXT = "crunchwatch.openmetrics"
RULES_TEXT = "rules.openmetrics"


class Summary(msgspec.Struct, kw_only=True):
    """What was written."""

    out: str
    scenario: str
    first: str
    last: str
    step_s: int
    moments: int
    samples: int
    signals: int
    transitions: int
    recorded: int
    alerts: dict[str, int]
    left_out: list[str]
    too_coarse: list[str]
    elapsed_s: float


def step_for(script: Script) -> int:
    """The step that is chosen when none is given: five minutes, or an hour for more than 400 days."""
    days = (script.scenario.end - script.scenario.window).days
    return LOOKBACK_S if days <= LONG_DAYS else 3600


def write(
    script: Script,
    config: Config,
    out: Path,
    *,
    step_s: int,
    rule_files: Sequence[Path],
    text_only: bool = False,
    show_progress: bool = False,
) -> Summary:
    """Write a script's past into ``out``.

    Args:
        script: what happened.
        config: the engine's.
        out: a folder that does not exist, or is empty.
        step_s: seconds between two samples.
        rule_files: recording and alerting rules to evaluate; none: measurements alone.
        text_only: the OpenMetrics text alone, for which no program is needed.
        show_progress: whether to draw a bar on standard error.

    Raises:
        OutputError: the folder holds something.
        replay.errors.ScenarioError: the script is of more than one market.
        replay.errors.ProgramError: promtool or Prometheus is missing, or fails.
    """
    began = time.monotonic()
    judging = bool(rule_files) and not text_only
    for name in [] if text_only else ["promtool", "prometheus"] if judging else ["promtool"]:
        program(name)  # before hours of work, not after
    with _replaced(out) as partial, bar(len(script.events), show=show_progress) as advance:
        backfill = _Backfill(script, config, partial, step_s)
        samples = backfill.measurements(advance, text_only=text_only)
        judged = backfill.judgements(rule_files) if judging else _Judged(0, {}, [], [])
    return _summary(script, out, backfill.sampler, samples, judged, elapsed_s=round(time.monotonic() - began, 3))


def _summary(
    script: Script, out: Path, sampler: Sampler, samples: int, judged: "_Judged", *, elapsed_s: float
) -> Summary:
    def count(kind: type[Output]) -> int:
        return sum(isinstance(one, kind) and one.known >= script.window_ns for one in sampler.outputs)

    return Summary(
        out=str(out),
        scenario=script.scenario.name,
        first=script.scenario.window.isoformat(),
        last=script.scenario.end.isoformat(),
        step_s=sampler.moments.step // NS,
        moments=len(sampler.moments),
        samples=samples,
        signals=count(Signal),
        transitions=count(Transition),
        recorded=judged.recorded,
        alerts=judged.alerts,
        left_out=judged.left_out,
        too_coarse=judged.too_coarse,
        elapsed_s=elapsed_s,
    )


class _Judged(msgspec.Struct):
    recorded: int
    alerts: dict[str, int]
    left_out: list[str]
    too_coarse: list[str]


class _Answer(NamedTuple):
    rule: rules.PrometheusRule
    found: rules.QueryResult
    held: rules.QueryResult


class _Backfill:
    """One run: measurements first, then the judgements of the rules over them."""

    def __init__(self, script: Script, config: Config, folder: Path, step_s: int) -> None:
        self.sampler = Sampler(script, config, step_s)
        self._folder = folder
        self._own = {"job": JOB, "instance": script.scenario.name}
        self._common = {"market": self.sampler.market, **self._own}

    def measurements(self, advance: Advance, *, text_only: bool) -> int:
        """Run the engine and write every stretch; returns how many samples."""
        if text_only:
            return self._as_text(advance)
        count = 0
        writer = BlockWriter(self._folder)
        try:
            for number, stretch in enumerate(self._stretches(advance)):
                file = self._folder / f"{number}.{TEXT}"
                with file.open("w", encoding="utf-8") as text:
                    count += stretch.write(text)
                    text.write(openmetrics.END)
                writer.write(file)
            writer.close()
        finally:
            writer.abandon()
        return count

    def _as_text(self, advance: Advance) -> int:
        whole = Stretch(self._common)
        for tick in self.sampler.ticks(advance):
            whole.add(tick)
        with (self._folder / TEXT).open("w", encoding="utf-8") as text:
            count = whole.write(text)
            text.write(openmetrics.END)
        return count

    def _stretches(self, advance: Advance) -> Iterator[Stretch]:
        """The moments by block: Prometheus' blocks begin at multiples of their length."""
        current, stretch = None, Stretch(self._common)
        for tick in self.sampler.ticks(advance):
            if tick.ns // STRETCH_NS != current:
                if len(stretch):
                    yield stretch
                current, stretch = tick.ns // STRETCH_NS, Stretch(self._common)
            stretch.add(tick)
        yield stretch

    def judgements(self, files: Sequence[Path]) -> _Judged:
        """Ask the rules, in as many rounds as they rest on each other, and write their results."""
        judged = _Judged(0, {}, [], [])
        rounds: list[list[rules.PrometheusRule]] | None = None
        while rounds is None or rounds:
            with PrometheusServer(self._folder, rules=files) as server:  # each round sees the blocks of the one before
                if rounds is None:
                    rounds, living, coarse = rules.plan(rules.read(server), self.sampler.moments.step / NS)
                    judged.left_out = [rule.name for rule in living]
                    judged.too_coarse = [rule.name for rule in coarse]
                asked = rounds.pop(0) if rounds else []
                with ThreadPoolExecutor(2) as pool:  # one answer is computed there while another is read here
                    answers = [_Answer(*one) for one in pool.map(lambda rule: (rule, *self._ask(server, rule)), asked)]
            self._write(answers, judged)
        self._tidy()
        return judged

    def _ask(self, server: PrometheusServer, rule: rules.PrometheusRule) -> tuple[rules.QueryResult, rules.QueryResult]:
        held = rule.held_by()
        moments = self.sampler.moments
        return rules.asked(server, rule.query, moments), rules.asked(server, held, moments) if held else ()

    def _write(self, answers: list[_Answer], judged: _Judged) -> None:
        metrics: dict[str, list[tuple[dict[str, str], rules.Points]]] = {"ALERTS": [], "ALERTS_FOR_STATE": []}
        for rule, answer, held in answers:
            if rule.alerts:
                states, since = rules.alerted(rule, answer, self.sampler.moments, held)
                metrics["ALERTS"] += states
                metrics["ALERTS_FOR_STATE"] += since
                fired = sum(labels["alertstate"] == "firing" for labels, _ in states)
                judged.alerts[rule.name] = judged.alerts.get(rule.name, 0) + fired
            else:
                metrics.setdefault(rule.name, []).extend(rules.recorded(rule, answer))
                judged.recorded += 1
        file = self._folder / RULES_TEXT
        count = 0
        with file.open("w", encoding="utf-8") as text:
            for name, series in metrics.items():
                count += openmetrics.write_series(
                    text, name, [({**self._own, **one}, points) for one, points in series]
                )
            text.write(openmetrics.END)
        if not count:  # promtool rejects a file without samples
            file.unlink()
            return
        writer = BlockWriter(self._folder, BLOCK_HOURS * 27)  # half a year: the file holds all the moments there are
        writer.write(file)
        writer.close()

    def _tidy(self) -> None:
        """Remove what a server leaves beside its blocks: it holds nothing but its own start."""
        for name in ("wal", "chunks_head", "lock", "queries.active"):
            path = self._folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


@contextmanager
def _replaced(out: Path) -> Iterator[Path]:
    """A folder that becomes ``out`` when all went well, and is removed when not.

    ``out`` itself may be there and empty (a volume that is mounted): then what was built is moved into it.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{out} is not empty: nothing is overwritten; name a folder that is new or empty")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        there = out.exists()
        partial = Path(tempfile.mkdtemp(prefix=".backfill-", dir=out if there else out.parent))
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}") from None
    try:
        yield partial
        if there:
            for child in sorted(partial.iterdir()):
                child.rename(out / child.name)
            partial.rmdir()
        else:
            partial.chmod(0o755)
            partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def bar(total: int, *, show: bool) -> Iterator[Advance]:
    """Events gone through, and the day reached, on standard error."""
    columns = (SpinnerColumn(), TextColumn("{task.fields[day]}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not show, transient=True) as progress:
        task = progress.add_task("backfill", total=total, day="")

        def advance(events: int, known: int) -> None:
            progress.update(task, advance=events, day=ny_date(known).isoformat())

        yield advance
