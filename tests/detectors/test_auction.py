"""Auctions: tail, cover and dealers' share, against the tenor's own past or a fixed line."""

import msgspec
import pytest

from detectors.config import load
from detectors.events import AuctionResult
from detectors.testing import make
from detectors.yields.auction import AuctionStrength
from tests.support.drive import brief, feed
from tests.support.shared import played

DESK = load("desk").auction


def sold(day, tail_bp=None, cover=None, dealers=None, **fields):
    issued = None if tail_bp is None else round(1.2 - tail_bp / 100, 6)
    return make.auction(
        f"{day} 13:00", 1.2, when_issued_pct=issued, bid_to_cover_ratio=cover, dealer_share_pct=dealers, **fields
    )


def months(count):
    return [f"20{10 + n // 12}-{n % 12 + 1:02}-25" for n in range(count)]


def test_the_auction_of_25_february_2021_was_poor_in_all_three():
    events = [event for event in played("feb2021").events if isinstance(event, AuctionResult)]
    said = feed(AuctionStrength(DESK), events)
    assert brief(said) == [("tail", 1), ("cover", 1), ("dealers", 1), ("weak", 3)]
    assert {draft.subject for draft in said} == {"7Y"}
    assert said[-1].values == {"bid_to_cover_ratio": 2.04, "dealer_share_pct": 39.81, "tail_bp": 4.4}
    assert said[0].rule == "the fixed line"
    assert said[0].known == make.moment("2021-02-25 13:05")


@pytest.mark.parametrize(
    ("figures", "names"),
    [
        ({"tail_bp": 2.9}, []),
        ({"tail_bp": 3.0}, ["tail", "weak"]),
        ({"tail_bp": -4.0}, []),
        ({"cover": 2.21}, []),
        ({"cover": 2.2}, ["cover", "weak"]),
        ({"dealers": 29.9}, []),
        ({"dealers": 30.0}, ["dealers", "weak"]),
        ({"tail_bp": 5.0, "dealers": 35.0}, ["tail", "dealers", "weak"]),
        ({}, []),
    ],
)
def test_the_fixed_lines_while_the_history_is_short(figures, names):
    said = feed(AuctionStrength(DESK), sold("2021-02-25", **figures))
    assert [draft.name for draft in said] == names
    if said:
        assert said[-1].level == len(names) - 1


def history(detector, count=8):
    feed(detector, [sold(day, 0.1 * n, 3.0 - 0.1 * n, 10.0 + n) for n, day in enumerate(months(count))])


def test_its_own_past_takes_the_place_of_the_line():
    detector = AuctionStrength(DESK)
    history(detector)
    # The worst tenth of eight: tails of 0.0 to 0.7 bp, the 90th percentile is 0.63.
    (draft, weak) = feed(detector, sold("2021-02-25", 0.64))
    assert (draft.name, weak.level) == ("tail", 1)
    assert draft.threshold == pytest.approx(0.63)
    assert draft.values["percentile"] == pytest.approx(100 * 7 / 8)
    assert feed(detector, sold("2021-03-25", 0.5, 2.5, 15.0)) == []
    assert [draft.name for draft in feed(detector, sold("2021-04-25", cover=2.3))] == ["cover", "weak"]


def test_a_tail_of_zero_is_no_tail_whatever_the_past():
    detector = AuctionStrength(DESK)
    feed(detector, [sold(day, -1.0) for day in months(8)])
    assert feed(detector, sold("2021-02-25", 0.0)) == []
    assert [draft.name for draft in feed(detector, sold("2021-03-25", 0.1))] == ["tail", "weak"]


def test_an_auction_is_judged_before_it_joins_and_tenors_are_apart():
    detector = AuctionStrength(DESK)
    history(detector, 7)
    # Seven are not eight: still the line.
    assert feed(detector, sold("2021-01-25", 2.9)) == []
    assert [draft.rule for draft in feed(detector, sold("2021-02-25", 2.9, tenor="2Y"))] == []
    (draft, _) = feed(detector, sold("2021-02-25", 2.95))
    assert draft.rule != "the fixed line"


def test_the_window_forgets():
    detector = AuctionStrength(msgspec.structs.replace(DESK, window=8))
    feed(detector, [sold(day, 9.0) for day in months(8)], [sold(day, 0.2) for day in months(8)])
    assert [draft.name for draft in feed(detector, sold("2021-02-25", 1.0))] == ["tail", "weak"]


def test_a_restored_detector_goes_on():
    first, second = AuctionStrength(DESK), AuctionStrength(DESK)
    history(first)
    second.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(first.snapshot()), strict=False))
    event = sold("2021-02-25", 0.64, 2.2, 18.0)
    assert feed(second, event) == feed(first, event)
    assert second.snapshot() == first.snapshot()
    assert second.readings() == first.readings()
