"""One partition without a broker: each message once and in order, states that go on where they were."""

from __future__ import annotations

from typing import Any

import pytest

from detectors import codec
from detectors.config import load
from detectors.engine import Engine
from detectors.events import Event, stream_of
from streams.state.partition import Market, Partition
from tests.support.pipeline import feb2021, frame

CONFIG = load()


def partition(limit: int = 10) -> Partition:
    engines: list[Engine] = []

    def new_engine(market: str) -> Engine | None:
        if len(engines) >= limit:
            return None
        engines.append(Engine(CONFIG, market))
        return engines[-1]

    return Partition(0, next_offsets={}, new_engine=new_engine)


def yields(count: int) -> list[bytes]:
    found = [event for event in feb2021().events if stream_of(event) == "yields"][:count]
    return [codec.encode(event) for event in found]


def test_offsets_are_taken_in_a_row() -> None:
    one = partition()
    for offset, raw in enumerate(yields(5)):
        assert one.jump("yields", offset) == 0
        assert one.apply("yields", "yields", offset, b"UST", raw).events == 1
    assert one.jump("yields", 3) == -2
    assert one.jump("yields", 7) == 2
    with pytest.raises(ValueError, match="not the next"):
        one.apply("yields", "yields", 7, b"UST", yields(1)[0])
    one.pass_over("yields", 7)
    assert one.jump("yields", 7) == 0


def test_a_state_skips_what_it_has_seen() -> None:
    first = partition()
    raws = yields(20)
    for offset, raw in enumerate(raws):
        first.apply("yields", "yields", offset, b"UST", raw)
    (record,) = first.market_records()
    second = partition()
    second.markets["UST"] = Market(Engine.restore(CONFIG, "UST", record.state), record.applied, record.flush)
    second.next_offsets = {"yields": 10}
    for offset in range(10, 20):
        assert second.apply("yields", "yields", offset, b"UST", raws[offset]).events == 0
    assert second.markets["UST"].engine.snapshot() == first.markets["UST"].engine.snapshot()
    assert second.next_offsets == first.next_offsets


def test_only_what_changed_is_written_and_the_position_names_all() -> None:
    one = partition()
    raw = yields(1)[0]
    one.apply("yields", "yields", 0, b"UST", raw)
    one.apply("yields", "yields", 1, b"UKT", raw.replace(b'"UST"', b'"UKT"'))
    assert {record.market for record in one.market_records()} == {"UST", "UKT"}
    one.written()
    assert not one.touched
    one.apply("yields", "yields", 2, b"UKT", raw.replace(b'"UST"', b'"UKT"'))
    (again,) = one.market_records()
    assert (again.market, again.flush, again.applied) == ("UKT", 2, {"yields": 3})
    assert {name: mark.flush for name, mark in one.position_record().markets.items()} == {"UST": 1, "UKT": 2}


def test_a_bad_message_moves_the_offset_and_touches_no_market() -> None:
    one = partition()
    applied = one.apply("yields", "yields", 0, b"UST", b"\xff")
    assert [reject.reason for reject in applied.rejects] == ["bad_utf8"]
    assert one.touched
    assert one.market_records() == []
    assert one.position_record().next_offsets == {"yields": 1}


def test_what_was_reported_is_not_reported_again_when_reread() -> None:
    one = partition()
    one.settled = {"yields": 1}
    assert one.apply("yields", "yields", 0, b"UST", b"\xff").rejects == []
    assert one.apply("yields", "yields", 1, b"UST", b"\xff").rejects != []


def test_a_state_built_anew_says_what_was_not_said_and_nothing_else() -> None:
    """However the streams interleave the second time."""
    events = feb2021().events[:12_000]
    whole = Engine(CONFIG, "UST").process(events).outputs
    by_stream: dict[str, list[Event]] = {}
    for event in events:
        by_stream.setdefault(stream_of(event), []).append(event)
    first = partition()
    said = [output for output, _ in _play(first, by_stream, 0.0, 0.45)]
    again = partition()
    again.emitted = dict(first.position_record().markets)
    again.settled = dict(first.next_offsets)
    said += [output for output, _ in _play(again, dict(reversed(by_stream.items())), 0.0, 1.0)]
    assert [output.id for output in said] == [output.id for output in whole]


def _play(one: Partition, by_stream: dict[str, list[Event]], begin: float, end: float) -> list[Any]:
    """A hundred frames of each stream in turn, as far as told."""
    outputs = []
    for piece in range(100):
        for stream, events in by_stream.items():
            size = -(-len(events) // 100)
            some = events[piece * size : (piece + 1) * size]
            if begin <= piece / 100 < end and some:
                outputs += one.apply(stream, stream, piece, b"UST", frame(some)).outputs
    return outputs


def test_a_market_beyond_the_bound_is_a_dead_letter() -> None:
    one = partition(limit=1)
    raw = yields(1)[0]
    one.apply("yields", "yields", 0, b"UST", raw)
    applied = one.apply("yields", "yields", 1, b"UKT", raw.replace(b'"UST"', b'"UKT"'))
    assert [reject.reason for reject in applied.rejects] == ["too_many_markets"]
    assert set(one.markets) == {"UST"}


def test_a_market_that_is_not_named_is_refused_and_makes_no_engine() -> None:
    one = partition()
    one.allowed = frozenset({"UKT"})
    applied = one.apply("yields", "yields", 0, b"UST", yields(1)[0])
    assert [reject.reason for reject in applied.rejects] == ["market_not_allowed"]
    assert (applied.events, one.markets, one.next_offsets) == (0, {}, {"yields": 1})
