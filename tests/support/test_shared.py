"""What a run shares is what the engine says: computed once, read back whole, kept apart by content."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from detectors.config import load
from detectors.engine import Engine
from replay.backtest import run as backtest
from replay.backtest.run import Backtest
from replay.scenarios.scenario import Script
from tests.support import FOLDER, shared


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Script]:
    """The scripts that were really backtested, in a folder and a process that know nothing yet."""
    played: list[Script] = []

    def run(made: Script, *rest: object) -> Backtest:
        played.append(made)
        return backtest.run(made, *rest)

    monkeypatch.setenv(FOLDER, str(tmp_path))
    monkeypatch.setattr(shared, "_in_this_process", {})
    monkeypatch.setattr(shared, "_run", run)
    return played


def few(count: int = 3_000) -> Script:
    whole = shared.year()
    return Script(whole.scenario, whole.events[:count], [])


def test_the_second_process_reads_what_the_first_has_computed(counted: list[Script]) -> None:
    real = backtest.run(few(), load())
    first = shared.run(few(), load())
    shared._in_this_process.clear()  # as in another process
    second = shared.run(few(), load())
    assert len(counted) == 1
    for found in (first, second):
        found.elapsed_s = real.elapsed_s
        assert found == real
    assert real.outputs


def test_another_event_or_configuration_is_another_backtest(counted: list[Script]) -> None:
    shared.run(few(), load())
    shared.run(few(2_999), load())
    shared.run(few(), load("framework"))
    merge = msgspec.structs.replace(load().merge, lateness_s=load().merge.lateness_s + 1)
    shared.run(few(), msgspec.structs.replace(load(), merge=merge))
    assert len(counted) == 4


def test_outside_a_run_nothing_is_kept(counted: list[Script], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER)
    shared.run(few(), load())
    assert list(tmp_path.iterdir()) == []


def test_an_engine_stands_as_if_it_had_been_through_it_here(counted: list[Script]) -> None:
    events = shared.played("feb2021").events
    until_ns = events[2_000].known
    made = Engine(load(), "UST")
    made.process([event for event in events if event.known <= until_ns])
    assert shared.engine("feb2021", until_ns).snapshot() == made.snapshot()
    assert shared.engine("feb2021", until_ns).snapshot() == made.snapshot()
