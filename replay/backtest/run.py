"""The backtest: the engine of the live worker, one a market, in this process, over a script."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from detectors.calendar import ny_date
from detectors.engine import Engine
from detectors.events import Event
from detectors.sections import Config
from detectors.signals import Output
from detectors.view.status import Status
from replay.scenarios.scenario import Script

CHUNK = 2_000


@dataclass
class Backtest:
    """The engine's outputs, from the first day of the warm-up on, and its state at the end."""

    window_ns: int
    statuses: dict[str, Status]
    outputs: list[Output] = field(default_factory=list)
    events: int = 0
    late: int = 0
    duplicates: int = 0
    conflicts: int = 0
    elapsed_s: float = 0.0

    @property
    def status(self) -> Status:
        """How the first market stood at the end; most scripts have only one."""
        return next(iter(self.statuses.values()))

    @property
    def shown(self) -> list[Output]:
        """The outputs inside the window."""
        return [output for output in self.outputs if output.known >= self.window_ns]


def run(script: Script, config: Config, *, show_progress: bool = False) -> Backtest:
    """Hand the script to fresh engines, a piece at a time; the pieces change nothing but the bar."""
    engines = {market: Engine(config, market) for market in script.markets}
    result = Backtest(script.window_ns, {}, events=len(script.events))
    began = time.perf_counter()
    with _bar(len(script.events), show_progress) as advance:
        for start in range(0, len(script.events), CHUNK):
            chunk = script.events[start : start + CHUNK]
            for market, events in _by_market(chunk).items():
                done = engines[market].process(events)
                result.outputs += done.outputs
                result.late += len(done.late)
                result.duplicates += done.duplicates
                result.conflicts += len(done.conflicts)
            advance(len(chunk), chunk[-1].known)
    result.elapsed_s = time.perf_counter() - began
    result.statuses = {market: engine.status() for market, engine in engines.items()}
    return result


def _by_market(events: list[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        found[event.market].append(event)
    return found


class _Advance:
    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("backtest", total=total, day="")

    def __call__(self, events: int, known: int) -> None:
        self._progress.update(self._task, advance=events, day=ny_date(known).isoformat())


@contextmanager
def _bar(total: int, show: bool) -> Iterator[_Advance]:
    columns = (SpinnerColumn(), TextColumn("{task.fields[day]}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, console=Console(stderr=True), disable=not show, transient=True) as progress:
        yield _Advance(progress, total)
