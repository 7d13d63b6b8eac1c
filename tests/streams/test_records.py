"""What a partition's records mean: crashes between two of them, zombies, and records that are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import records
from streams.records import POSITION_KEY, Found, MarketRecord, PositionRecord

TOPICS = ("yields", "repo")


def market(name: str = "UST", *, epoch: int = 1, flush: int = 1, **applied: int) -> tuple[bytes, bytes]:
    record = MarketRecord(market=name, epoch=epoch, flush=flush, applied=applied, state=b"state")
    return name.encode(), records.encode(record)


def position(
    *, epoch: int = 1, flush: int = 1, markets: dict[str, tuple[int, int]] | None = None, **offsets: int
) -> tuple[bytes, bytes]:
    record = PositionRecord(epoch=epoch, flush=flush, next_offsets=offsets, markets=markets or {})
    return POSITION_KEY, records.encode(record)


def start(found: Found, unusable: dict[str, str] | None = None) -> dict[str, int]:
    return records.plan(found, TOPICS, unusable or {}).start


def test_a_record_comes_back_as_it_went() -> None:
    key, raw = market(flush=7, yields=3)
    record = records.decode(raw)
    assert isinstance(record, MarketRecord)
    assert (record.market.encode(), record.version, record.applied, record.state) == (
        key,
        (1, 7),
        {"yields": 3},
        b"state",
    )
    assert records.epoch_of(raw) == 1


@given(st.binary(max_size=300))
def test_whatever_the_bytes_a_record_is_refused_by_name(raw: bytes) -> None:
    with pytest.raises(records.RecordRefusedError) as caught:
        records.decode(raw)
    assert caught.value.reason in {"format", "truncated"}


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_record_never_raises_anything_else(at: int, byte: int) -> None:
    _, raw = market(yields=3)
    damaged = bytearray(raw)
    damaged[at % len(raw)] = byte
    for piece in (bytes(damaged), raw[: at % len(raw)]):
        try:
            records.decode(piece)
        except records.RecordRefusedError:
            continue


def test_nothing_written_means_from_the_beginning() -> None:
    assert start(records.fold([])) == {"yields": 0, "repo": 0}


def test_reading_goes_on_at_the_position() -> None:
    found = records.fold([market(yields=5), position(yields=5, repo=9, markets={"UST": (1, 1)})])
    assert start(found) == {"yields": 5, "repo": 9}


def test_a_crash_between_two_records_of_a_flush_loses_nothing() -> None:
    log = [
        market("UST", yields=5),
        market("UKT", yields=5),
        position(yields=5, markets={"UST": (1, 1), "UKT": (1, 1)}),
        market("UST", flush=2, yields=9),  # and then the worker died
    ]
    found = records.fold(log)
    assert start(found)["yields"] == 5
    assert found.markets["UST"].applied["yields"] == 9
    assert records.plan(found, TOPICS, {}).healed == {}


def test_a_former_owners_late_record_is_passed_over() -> None:
    log = [market(epoch=1, yields=5), position(epoch=2, yields=5, markets={"UST": (1, 1)}), market(epoch=1, yields=99)]
    found = records.fold(log)
    assert found.fenced == 1
    assert found.markets["UST"].applied == {"yields": 5}


def test_a_former_owner_that_wrote_last_before_compaction_is_healed() -> None:
    # The new owner's record of the market is gone; only its position is left, and the zombie's older state.
    found = records.fold([market(epoch=1, flush=9, yields=5), position(epoch=2, yields=80, markets={"UST": (2, 3)})])
    plan = records.plan(found, TOPICS, {})
    assert plan.start == {"yields": 5, "repo": 0}
    assert plan.healed == {"UST": "stale"}


def test_a_missing_state_is_built_anew() -> None:
    plan = records.plan(records.fold([position(yields=80, markets={"UST": (1, 3)})]), TOPICS, {})
    assert plan.start == {"yields": 0, "repo": 0}
    assert plan.healed == {"UST": "missing"}


def test_a_refused_state_is_built_anew_and_the_other_markets_wait() -> None:
    log = [market("UST", yields=5), market("UKT", yields=5), position(yields=5, markets={"UST": (1, 1), "UKT": (1, 1)})]
    found = records.fold(log)
    assert start(found, {"UST": "config"}) == {"yields": 0, "repo": 0}
    assert found.markets["UKT"].applied == {"yields": 5}


@pytest.mark.parametrize(("poison", "reason"), [(b"", "format"), (b"\x02abc", "format"), (b"\x01abc", "truncated")])
def test_an_older_record_stands_in_for_a_poisoned_one(poison: bytes, reason: str) -> None:
    log = [market(yields=5), position(yields=5, markets={"UST": (1, 1)}), (b"UST", poison), (POSITION_KEY, poison)]
    found = records.fold(log)
    assert [refused for _, refused in found.refused] == [reason, reason]
    assert start(found) == {"yields": 5, "repo": 0}


def test_a_record_under_another_markets_key_is_not_believed() -> None:
    _, raw = market("UST", yields=5)
    assert records.fold([(b"UKT", raw)]).markets == {}
