"""Whatever one producer sends, memory ends somewhere, and what does not fit is named."""

from __future__ import annotations

import random
from collections import Counter

import msgspec

from detectors import events as ev
from detectors import ordering
from detectors.checks import check
from detectors.config import load
from detectors.engine import Engine
from detectors.ordering import Ordering, Verdict
from streams.settings import Settings
from streams.state import snapshot_records
from tests.support import hostile

CONFIG = load()


def test_a_flood_is_refused_by_name_and_leaves_the_other_streams_their_share() -> None:
    merge, rng = Ordering(CONFIG.merge), random.Random(1)
    quiet, *_ = hostile.roster("UST", hostile.START)  # the other nine are announced and say nothing
    assert merge.accept(quiet) is Verdict.TAKEN
    said = Counter(merge.accept(event) for event in hostile.flood("UST", ordering.ENTRIES_FREE + 2_000, rng))
    assert set(said) == {Verdict.TAKEN, Verdict.CROWDED}
    assert merge.waiting <= ordering.ENTRIES_FREE
    for stream, kind in (("equities", "equity"), ("repo", "repo")):
        honest = [_honest(kind, number) for number in range(ordering.ENTRIES_SHARE // 2)]
        assert {merge.accept(event) for event in honest} == {Verdict.TAKEN}, stream
    [more] = hostile.flood("UST", 1, rng, hostile.START + hostile.DAY)
    assert merge.accept(more) is Verdict.CROWDED


def _honest(kind: str, number: int) -> ev.Event:
    base = {"market": "UST", "source": kind, "sequence": number, "ts": hostile.START, "known": hostile.START + number}
    if kind == "repo":
        return ev.RepoPrint(
            **base, provenance="official", segment="GC", instrument="SOFR", rate_pct=0.1, statistic="average"
        )
    return ev.EquityIndex(**base, provenance="official", index="NIKKEI", level_points=1.0, session="close")


def test_a_refusal_of_the_crowded_merge_is_repeated_after_a_restart() -> None:
    rng = random.Random(2)
    first, *_ = hostile.roster("UST", hostile.START)
    events = [first, *hostile.flood("UST", ordering.ENTRIES_FREE + 2_000, rng)]
    whole, begun = Ordering(CONFIG.merge), Ordering(CONFIG.merge)
    expected = [whole.accept(event) for event in events]
    half = ordering.ENTRIES_FREE // 2
    said = [begun.accept(event) for event in events[:half]]
    again = Ordering(CONFIG.merge)
    again.restore(begun.snapshot())
    said += [again.accept(event) for event in events[half:]]
    assert said == expected
    assert Verdict.CROWDED in said


def test_what_waited_comes_out_in_order_once_the_silent_streams_speak() -> None:
    merge, rng = Ordering(CONFIG.merge), random.Random(3)
    for beat in hostile.roster("UST", hostile.START):
        merge.accept(beat)
    for event in hostile.flood("UST", ordering.ENTRIES_FREE + 2_000, rng):
        merge.accept(event)
    waiting = merge.waiting
    for beat in hostile.roster("UST", hostile.START + 3 * hostile.DAY, 1):
        assert merge.accept(beat) is Verdict.TAKEN
    out = merge.release()
    assert len(out) == waiting
    assert [event.known for event in out] == sorted(event.known for event in out)
    later = hostile.flood("UST", 1, rng, hostile.START + 4 * hostile.DAY)
    assert merge.accept(later[0]) is Verdict.TAKEN  # there is room again


def test_the_record_of_a_flooded_market_fits_the_default_bound() -> None:
    rng, engine = random.Random(4), Engine(CONFIG, "UST")
    result = engine.process(hostile.roster("UST", hostile.START))
    ahead = 20 * hostile.DAY  # all of one moment: none is late, and each is to be remembered
    events = [_same_moment(event, hostile.START + ahead) for event in hostile.flood("UST", 42_000, rng)]
    result = engine.process(events)
    assert {refused.reason for refused in result.conflicts} == {"too_many_waiting"}
    record = snapshot_records.MarketRecord(market="UST", flush=1, applied={}, state=engine.snapshot())
    assert len(snapshot_records.encode(record)) < Settings().snapshot_bytes
    assert engine.status().waiting <= ordering.ENTRIES_FREE


def _same_moment(event: ev.Event, known: int) -> ev.Event:
    return msgspec.structs.replace(event, known=known)


def test_names_without_end_fill_nothing() -> None:
    rng, engine = random.Random(5), Engine(CONFIG, "UST")
    sizes = []
    events = hostile.novelties("UST", 6_000, rng)
    for event in events:
        check(event)
    third = len(events) // 3
    for begin in (0, third, 2 * third):
        engine.process(events[begin : begin + third])
        sizes.append(len(engine.snapshot()))
    assert sizes[2] - sizes[1] < 0.6 * sizes[0], sizes  # it levels off, once every tape holds two states
    assert sizes[2] < 1_500_000
    status = engine.status()
    assert len(status.values) < 512
    assert len(status.signal_levels) < 128
