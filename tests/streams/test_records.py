"""What a partition's records mean, and what is done about those that are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.state import snapshot_records
from streams.state.snapshot_records import POSITION_KEY, EmittedUntil, MarketRecord, PartitionRecords, PositionRecord

TOPICS = ("yields", "repo")


def market(name: str = "UST", *, flush: int = 1, **applied: int) -> tuple[bytes, bytes]:
    record = MarketRecord(market=name, flush=flush, applied=applied, state=b"state")
    return name.encode(), snapshot_records.encode(record)


def position(*, flush: int = 1, markets: dict[str, int] | None = None, **offsets: int) -> tuple[bytes, bytes]:
    marks = {name: EmittedUntil(written) for name, written in (markets or {}).items()}
    record = PositionRecord(flush=flush, next_offsets=offsets, settled=offsets, markets=marks)
    return POSITION_KEY, snapshot_records.encode(record)


def start(found: PartitionRecords, unusable: dict[str, str] | None = None) -> dict[str, int]:
    return snapshot_records.plan(found, TOPICS, unusable or {}).start


def test_a_record_comes_back_as_it_went() -> None:
    key, raw = market(flush=7, yields=3)
    record = snapshot_records.decode(raw)
    assert isinstance(record, MarketRecord)
    assert (record.market.encode(), record.flush, record.applied, record.state) == (
        key,
        7,
        {"yields": 3},
        b"state",
    )


@given(st.binary(max_size=300))
def test_whatever_the_bytes_a_record_is_refused_by_name(raw: bytes) -> None:
    with pytest.raises(snapshot_records.RecordRejectedError) as caught:
        snapshot_records.decode(raw)
    assert caught.value.reason in {"format", "truncated"}


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_record_never_raises_anything_else(at: int, byte: int) -> None:
    _, raw = market(yields=3)
    damaged = bytearray(raw)
    damaged[at % len(raw)] = byte
    for piece in (bytes(damaged), raw[: at % len(raw)]):
        try:
            snapshot_records.decode(piece)
        except snapshot_records.RecordRejectedError:
            continue


def test_nothing_written_means_from_the_beginning() -> None:
    assert start(snapshot_records.fold([])) == {"yields": 0, "repo": 0}


def test_reading_goes_on_at_the_position() -> None:
    found = snapshot_records.fold([market(yields=5), position(yields=5, repo=9, markets={"UST": 1})])
    assert start(found) == {"yields": 5, "repo": 9}


def test_a_state_older_than_the_position_says_is_read_again_from_where_it_stands() -> None:
    # The newest record of the market was refused, and the one before stands in.
    found = snapshot_records.fold([market(flush=2, yields=5), position(yields=80, markets={"UST": 3})])
    plan = snapshot_records.plan(found, TOPICS, {})
    assert plan.start == {"yields": 5, "repo": 0}
    assert plan.healed == {"UST": "stale"}


def test_a_missing_state_is_built_anew() -> None:
    plan = snapshot_records.plan(snapshot_records.fold([position(yields=80, markets={"UST": 3})]), TOPICS, {})
    assert plan.start == {"yields": 0, "repo": 0}
    assert plan.healed == {"UST": "missing"}


def test_a_refused_state_is_built_anew_and_the_other_markets_wait() -> None:
    log = [market("UST", yields=5), market("UKT", yields=5), position(yields=5, markets={"UST": 1, "UKT": 1})]
    found = snapshot_records.fold(log)
    assert start(found, {"UST": "config"}) == {"yields": 0, "repo": 0}
    assert found.markets["UKT"].applied == {"yields": 5}


@pytest.mark.parametrize(("poison", "reason"), [(b"", "format"), (b"\x01abc", "format"), (b"\x02abc", "truncated")])
def test_an_older_record_stands_in_for_a_poisoned_one(poison: bytes, reason: str) -> None:
    log = [market(yields=5), position(yields=5, markets={"UST": 1}), (b"UST", poison), (POSITION_KEY, poison)]
    found = snapshot_records.fold(log)
    assert [refused for _, refused in found.rejected] == [reason, reason]
    assert start(found) == {"yields": 5, "repo": 0}


def test_a_record_under_another_markets_key_is_not_believed() -> None:
    _, raw = market("UST", yields=5)
    assert snapshot_records.fold([(b"UKT", raw)]).markets == {}
