"""Backtests of one run of the tests, computed once and read by all its processes.

The engine is a pure function, so the result of a script under a configuration can be kept under the content of both.
What is kept lies in a folder that the run makes and clears away (``tests/conftest.py``): nothing outlives the code that
made it. Outside a run, in ``make golden`` for one, all is computed.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import functools
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from detectors import codec, config
from detectors.engine import Engine
from detectors.signals import from_json, to_json
from detectors.view.status import Status
from replay.backtest import run as backtest
from replay.backtest.run import Backtest
from replay.dataset.loader import BUNDLED
from replay.scenarios.scenario import Scenario, Script, named, script
from tests.support import FOLDER
from tests.support.slowest import paid

_run = backtest.run
YEAR = Scenario(
    name="year",
    about="the week of the floor, warmed up on the year before: a fifth of the whole story, and it passes all states",
    directory=BUNDLED,
    start=dt.date(2020, 3, 2),
    window=dt.date(2021, 3, 1),
    end=dt.date(2021, 3, 5),
)


class Kept(msgspec.Struct, frozen=True):
    """A backtest as it is kept: outputs as the bytes of a topic."""

    window_ns: int
    statuses: dict[str, Status]
    outputs: list[bytes]
    events: int
    late: int
    duplicates: int
    conflicts: int


@functools.cache
def played(name: str) -> Script:
    """A bundled scenario, loaded once a process: nobody changes it."""
    return script(named(name))


def year_files() -> Path:
    """The shorter story as files, for commands: the rows of the bundle's figures and quotes between its days."""
    folder = Path(os.environ.get(FOLDER) or tempfile.mkdtemp(), "year")
    with _alone(folder.with_suffix(".lock")):
        if not folder.exists():
            made = folder.with_suffix(".part")
            made.mkdir()
            for path in sorted(BUNDLED.glob("*.csv")):
                header, *rows = path.read_text("utf-8").splitlines(keepends=True)
                kept = [row for row in rows if YEAR.start.isoformat() <= row[:10] <= YEAR.end.isoformat()]
                (made / path.name).write_text(header + "".join(kept), "utf-8")
            made.rename(folder)
    return folder


@functools.cache
def year() -> Script:
    """The shorter story, loaded once a process."""
    return script(YEAR)


@functools.cache
def backtested(name: str, preset: str = "desk") -> Backtest:
    """A bundled scenario under a preset, computed once a run: nobody changes it."""
    return run(played(name), config.load(preset))


def run(made: Script, chosen: config.Config, *, show_progress: bool = False) -> Backtest:
    """The backtest of a script, whoever computed it first; stands in for ``replay.backtest.run.run``."""
    found = _kept(made, chosen)
    return Backtest(
        made.window_ns,
        found.statuses,
        outputs=[from_json(raw) for raw in found.outputs],
        events=found.events,
        late=found.late,
        duplicates=found.duplicates,
        conflicts=found.conflicts,
    )


def engine(name: str, until_ns: int | None = None) -> Engine:
    """An engine of the desk as a bundled scenario leaves it, or as it stands at a moment; the caller's own."""
    chosen = config.load()

    def snapshot() -> bytes:
        made = Engine(chosen, "UST")
        made.process([event for event in played(name).events if until_ns is None or event.known <= until_ns])
        return made.snapshot()

    return Engine.restore(
        chosen, "UST", _of_the_run(f"{name}.{until_ns}.snapshot", f"an engine through {name}", snapshot)
    )


_in_this_process: dict[str, Kept] = {}


def _kept(made: Script, chosen: config.Config) -> Kept:
    content = hashlib.sha256(b"\n".join(codec.encode(event) for event in made.events))
    content.update(f"{made.window_ns} {config.config_hash(chosen)}".encode())
    name = content.hexdigest()
    if name not in _in_this_process:
        about = f"{made.scenario.name} backtested with {chosen.preset}"
        raw = _of_the_run(name, about, lambda: msgspec.msgpack.encode(_keep(_run(made, chosen))))
        _in_this_process[name] = msgspec.msgpack.decode(raw, type=Kept)
    return _in_this_process[name]


def _of_the_run(name: str, about: str, compute: Callable[[], bytes]) -> bytes:
    if FOLDER not in os.environ:
        return compute()
    file = Path(os.environ[FOLDER], name)
    with _alone(file.with_name(f"{name}.lock")):  # who comes second waits for the first: it would take as long itself
        if not file.exists():
            began = time.perf_counter()
            file.write_bytes(compute())
            paid(time.perf_counter() - began, about)
        return file.read_bytes()


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _keep(made: Backtest) -> Kept:
    return Kept(
        made.window_ns,
        made.statuses,
        [to_json(output) for output in made.outputs],
        made.events,
        made.late,
        made.duplicates,
        made.conflicts,
    )
