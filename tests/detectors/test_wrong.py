"""Late, early, wrong: what docs/operations.md defines of it, one test each."""

from __future__ import annotations

import datetime as dt
import itertools

import msgspec
import orjson
import pytest

from detectors import codec
from detectors import events as ev
from detectors.calendar import NS, ny
from detectors.config import load
from detectors.engine import Engine
from detectors.results import Result
from detectors.sequences import SOURCES_KEPT
from detectors.signals import to_json
from detectors.testing import make

CONFIG = load()
START = ny(dt.date(2021, 3, 3), "09:00")
MINUTE = 60 * NS
DAY = 86_400 * NS


def quote(minute: float, sequence: int, *, source: str = "desk", value: float = 1.5) -> ev.YieldQuote:
    return make.quote(START + round(minute * MINUTE), value, source=source, sequence=sequence)


def beat(minute: float, stream: str = "yields", roster: tuple[str, ...] = ()) -> ev.Heartbeat:
    return make.heartbeat(START + round(minute * MINUTE), stream, roster=roster)


def given(*events: ev.Event) -> tuple[Engine, Result]:
    engine = Engine(CONFIG, "UST")
    return engine, engine.process(events)


def reasons(result: Result) -> list[str]:
    return [one.reason for one in (*result.late, *result.conflicts)]


def test_later_than_allowed_is_set_aside_and_just_in_time_is_not() -> None:
    engine, result = given(quote(100, 1), quote(90, 2), quote(89.9, 3), beat(200))
    assert reasons(result) == ["late"]
    assert engine.status().counts.applied == 2


def test_the_far_future_is_not_believed_of_an_event_or_of_a_heartbeat() -> None:
    engine, result = given(quote(0, 1), quote(31 * 1440, 2), beat(31 * 1440), beat(10_000 * 1440), quote(1, 3))
    assert reasons(result) == ["far_future"] * 3
    assert engine.status().newest_ns == START + MINUTE


def test_a_jump_of_years_is_not_believed_and_heartbeats_in_steps_carry_over_it() -> None:
    years = 3 * 365 * 1440
    engine, result = given(quote(0, 1), quote(years, 2))
    assert reasons(result) == ["far_future"]
    steps = [beat(day * 1440) for day in range(30, 3 * 365 + 1, 30)]
    result = engine.process([*steps, quote(years, 2), beat(years + 20)])
    assert reasons(result) == []
    assert engine.status().counts.applied == 2


def test_a_heartbeat_that_goes_back_moves_nothing_and_is_counted() -> None:
    engine, result = given(beat(100), beat(50), beat(100), quote(95, 1))
    assert reasons(result) == []
    status = engine.status()
    assert status.newest_ns == START + 100 * MINUTE
    assert status.flaws.beats_back == {**dict.fromkeys(ev.STREAMS, 0), "yields": 1}


def test_a_gap_in_a_sources_numbers_is_counted_once_whatever_comes_between() -> None:
    numbers = [("a", 1), ("b", 7), ("a", 2), ("b", 8), ("a", 5), ("b", 9), ("a", 6)]
    events = [quote(minute, sequence, source=source) for minute, (source, sequence) in enumerate(numbers)]
    for order in itertools.islice(itertools.permutations(events), 0, 5_000, 250):
        engine, _ = given(*order, beat(60))
        assert engine.status().flaws.gaps["yields"] == 1
        assert engine.status().flaws.resets["yields"] == 0
        assert engine.status().counts.applied == len(events)


def test_an_event_that_was_refused_leaves_a_gap() -> None:
    engine, _ = given(quote(0, 1), quote(100, 2), quote(1, 3), quote(101, 4), beat(200))
    assert engine.status().counts.late == 1
    assert engine.status().flaws.gaps["yields"] == 1


def test_a_source_that_begins_anew_is_counted_and_its_remembered_numbers_are_refused() -> None:
    before = [quote(minute, minute) for minute in range(20)]
    again = [quote(30 + number, number) for number in range(3)]
    repeat = [msgspec.structs.replace(before[19])]
    engine, result = given(*before, *again, *repeat, beat(100))
    assert reasons(result) == ["sequence_reused"] * 3
    assert result.duplicates == 1
    # Under a new name, or with numbers that were not used, everything is taken.
    more = [quote(200, 0, source="desk.2"), quote(201, 1, source="desk.2"), quote(202, 20), quote(203, 10_000)]
    assert reasons(engine.process([*more, beat(300)])) == []
    assert engine.status().flaws.resets["yields"] == 0
    assert engine.status().flaws.gaps["yields"] == 1


def test_numbers_that_go_back_and_were_never_used_are_taken_and_counted() -> None:
    engine, result = given(quote(0, 500), quote(1, 501), quote(2, 0), quote(3, 1), beat(60))
    assert reasons(result) == []
    assert engine.status().flaws.resets["yields"] == 1
    assert engine.status().flaws.gaps["yields"] == 0


def test_counts_survive_a_restart_and_memory_of_sources_is_bounded() -> None:
    crowd = [quote(index / 100, 1, source=f"s{index}") for index in range(3 * SOURCES_KEPT)]
    engine, _ = given(quote(0, 1), *crowd, beat(60), quote(61, 2, source="late"), quote(62, 4, source="late"), beat(99))
    restored = Engine.restore(CONFIG, "UST", engine.snapshot())
    assert restored.status() == engine.status()
    assert restored.status().flaws.gaps["yields"] == 1
    assert len(engine._sequences.snapshot()["last"]["yields"]) == SOURCES_KEPT


def test_two_sources_of_one_series_are_both_used_in_one_order() -> None:
    values = [("a", 1, 1.5), ("b", 1, 1.9), ("a", 2, 1.7)]
    conflicting = [quote(0, number, source=source, value=value) for source, number, value in values]
    said = set()
    for order in itertools.permutations(conflicting):
        engine, result = given(*order, beat(60))
        assert engine.status().counts.applied == 3
        assert engine.status().values["yield_10Y_pct"] == 1.9, "of one moment the last name in the order is shown"
        said.add(b"".join(to_json(output) for output in result.outputs))
    assert len(said) == 1


def test_rosters_add_up_and_none_takes_a_stream_out() -> None:
    engine, _ = given(beat(0, roster=("yields", "repo")), beat(1, roster=("yields",)), beat(2, roster=("swaps",)))
    assert engine.status().held_by == ("repo", "swaps")
    engine.process([beat(50, "repo"), beat(60, "swaps")])
    assert engine.status().held_by == ("yields",)


@pytest.mark.parametrize(
    ("change", "key", "reason"),
    [
        ({"ts": START + MINUTE}, b"UST", "out_of_range"),
        ({"market": "ust"}, b"ust", "bad_name"),
        ({"market": "UST"}, b"ust", "key_mismatch"),
        ({"known": START // NS}, b"UST", "wrong_unit"),
        ({"known": ny(dt.date(2101, 1, 1), "00:00")}, b"UST", "out_of_range"),
        ({"sequence": -1}, b"UST", "out_of_range"),
    ],
)
def test_what_cannot_be_is_a_dead_letter(change: dict[str, object], key: bytes, reason: str) -> None:
    raw = orjson.dumps({**orjson.loads(codec.encode(quote(0, 1))), **change})
    assert [one.reason for one in codec.decode(raw, key=key).rejects] == [reason]
