"""Realised volatility: by day with decay 0.94, within the day from five-minute changes; moves in the sigma before."""

import math

import msgspec
import numpy as np
import pytest

from detectors.config import load
from detectors.events import YieldQuote
from detectors.testing import make
from detectors.yields.volatility import RealisedVolatility
from tests.detectors import bundled
from tests.support.drive import brief, causes, feed

DESK = load("desk").volatility


def watching(**changes) -> RealisedVolatility:
    small = {"tenors": ("10Y",), "warm_up_days": 3, "window_days": 50, "min_days": 5, "min_buckets": 3}
    return RealisedVolatility(msgspec.structs.replace(DESK, **(small | changes)))


def closes(moves_bp, first="2021-01-04"):
    level, made = 1.0, []
    for day, move in zip(make.sessions(first, len(moves_bp)), moves_bp, strict=True):
        level += move / 100
        made.append(make.close(day, round(level, 4)))
    return made


def test_it_is_that_of_a_second_computation_and_so_are_the_moves():
    detector = RealisedVolatility(DESK)
    ten = bundled.yields("DGS10")
    days = sorted(ten)
    dy = np.diff([100 * ten[day] for day in days])
    said, sigmas = [], {}
    for event in bundled.events():
        if isinstance(event, YieldQuote) and event.tenor == "10Y":
            said += detector.update(event)
            if "volatility_10Y_bp" in detector.readings():
                sigmas[bundled.day_of(event)] = detector.readings()["volatility_10Y_bp"]
    wanted = {}
    for n in range(len(dy)):
        weights = 0.94 ** np.arange(n, -1, -1.0)
        wanted[days[n + 1]] = math.sqrt(np.average(dy[: n + 1] ** 2, weights=weights))
    assert min(sigmas) == days[20]
    for day, sigma in sigmas.items():
        assert sigma == pytest.approx(wanted[day], abs=1e-9)
    moved = {
        days[n + 1]: sum(abs(dy[n]) >= tier * wanted[days[n]] - 1e-9 for tier in (2.5, 4.0)) for n in range(20, len(dy))
    }
    found = {bundled.day_of(draft): draft.level for draft in said if draft.name == "move"}
    assert found == {day: level for day, level in moved.items() if level}
    assert found[make.day("2021-02-25")] == 2


def test_the_volatility_of_february_2021_is_of_the_order_of_the_sheets():
    """The sheet: 3.2 to 5.3 bp a day across 25 February."""
    detector = RealisedVolatility(DESK)
    values = {}
    for event in bundled.events():
        if isinstance(event, YieldQuote):
            detector.update(event)
            values[bundled.day_of(event)] = detector.readings().get("volatility_10Y_bp")
    assert values[make.day("2021-02-24")] == pytest.approx(3.2, abs=0.3)
    assert values[make.day("2021-02-25")] == pytest.approx(5.3, abs=0.3)


def test_a_move_is_divided_by_the_sigma_before_it():
    detector = watching()
    feed(detector, closes([0, 4, -4, 4, -4]))
    (draft,) = feed(detector, make.close("2021-01-11", 1.16))
    assert (draft.name, draft.subject, draft.level) == ("move", "10Y", 2)
    assert draft.values == {"move_bp": 16, "move_sigmas": 4, "sigma_bp": 4}
    assert draft.threshold == 16
    assert len(causes(draft)) == 2


@pytest.mark.parametrize(("bp", "level"), [(9.9, 0), (10, 1), (-10, 1), (15.9, 1), (-16, 2)])
def test_tiers_of_a_move(bp, level):
    detector = watching()
    feed(detector, closes([0, 4, -4, 4, -4]))
    said = [draft for draft in feed(detector, make.close("2021-01-11", 1 + bp / 100)) if draft.name == "move"]
    assert [draft.level for draft in said] == ([level] if level else [])


def test_yields_that_stood_still_have_a_volatility_all_the_same():
    detector = watching()
    assert brief(feed(detector, closes([0] * 8))) == []
    (draft,) = [draft for draft in feed(detector, make.close("2021-01-14", 1.03)) if draft.name == "move"]
    assert draft.values["sigma_bp"] == 1


def test_no_move_is_judged_while_warming():
    assert feed(watching(), closes([0, 4, -4])) == []
    assert feed(watching(), closes([0, 1, 90])) == []


def test_high_is_on_at_the_percentile_of_the_past_and_off_below_the_lower():
    detector = watching(decay=0.5)
    moves = [0] + [4, -4, 3, -3, 5, -5] * 4
    feed(detector, closes(moves))
    said = feed(detector, closes([30], "2021-03-01"))
    assert ("high", 1) in brief(said)
    (draft,) = [draft for draft in said if draft.name == "high"]
    assert draft.values["percentile"] == 100
    off = [brief(feed(detector, event)) for event in closes([1] * 12, "2021-03-02")]
    assert sum(("high", 0) in one for one in off) == 1


def quotes(day, levels, minutes=5):
    return [
        make.quote(f"{day} {9 + (n * minutes) // 60:02}:{(n * minutes) % 60:02}", level)
        for n, level in enumerate(levels)
    ]


def test_within_the_day_it_is_the_root_of_the_sum_of_squared_changes():
    detector = watching()
    feed(detector, quotes("2021-01-04", [1.00, 1.02, 1.01, 1.03, 1.03]), make.quote("2021-01-05 09:00", 1.0))
    # 2, -1, 2 and 0 bp.
    assert detector.readings()["realised_10Y_bp"] == pytest.approx(3)


def test_the_last_quote_of_five_minutes_counts_and_too_few_are_no_measurement():
    detector = watching()
    noisy = [make.quote(f"2021-01-04 09:{minute:02}", 1 + minute % 5 / 10) for minute in range(20)]
    feed(detector, noisy, make.quote("2021-01-05 09:00", 1.0))
    assert detector.readings()["realised_10Y_bp"] == pytest.approx(0)
    detector = watching()
    feed(detector, quotes("2021-01-04", [1.0, 1.2, 1.0]), make.quote("2021-01-05 09:00", 1.0))
    assert detector.readings() == {}


def test_a_wild_day_alarms_before_it_is_over_and_the_next_day_ends_it():
    detector = watching()
    days = list(make.sessions("2021-01-04", 9))
    for day in days[:6]:
        assert feed(detector, quotes(day, [1.0, 1.01, 1.0, 1.01, 1.0])) == []
    # The third change is known once the next five minutes have begun.
    said = [brief(feed(detector, quote)) for quote in quotes(days[6], [1.0, 1.1, 1.0, 1.1, 1.0, 1.1])]
    assert said == [[], [], [], [], [("realised_high", 1)], []]
    feed(detector, quotes(days[7], [1.0, 1.0, 1.0, 1.0, 1.0]))
    assert brief(feed(detector, make.quote(f"{days[8]} 09:00", 1.0))) == [("realised_high", 0)]


def test_quotes_are_no_closes():
    detector = watching()
    feed(detector, closes([0, 4, -4, 4, -4]))
    before = detector.readings()["volatility_10Y_bp"]
    feed(detector, quotes("2021-01-11", [1.01, 1.02, 1.03]))
    assert detector.readings()["volatility_10Y_bp"] == before


def test_an_intraday_move_is_said_once_a_tier_and_day():
    detector = watching()
    feed(detector, closes([0, 4, -4, 4, -4]))
    said = feed(detector, quotes("2021-01-11", [1.09, 1.10, 1.12, 1.16, 1.11, 1.17]))
    assert [(draft.name, draft.level) for draft in said] == [("intraday_move", 1), ("intraday_move", 2)]
    assert ("move", 1) in brief(feed(detector, make.close("2021-01-11", 1.10)))
    assert feed(detector, make.quote("2021-01-11 19:00", 1.9)) == []


def test_a_second_close_and_an_issue_off_the_run_change_nothing():
    detector = watching()
    feed(detector, closes([0, 4, -4, 4, -4]))
    state = detector.snapshot()
    other = [make.close("2021-01-08", 9.0, source="late"), make.close("2021-01-11", 9.0, cusip="X")]
    assert feed(detector, other) == []
    assert detector.snapshot() == state


def test_a_restored_detector_goes_on_to_the_last_bit():
    events = [event for event in bundled.events() if isinstance(event, YieldQuote)]
    events += quotes("2021-04-12", [1.6, 1.7, 1.5, 1.65, 1.8])
    whole, first, second = (RealisedVolatility(DESK) for _ in range(3))
    wanted = feed(whole, events)
    cut = len(events) - 2
    said = feed(first, events[:cut])
    second.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(first.snapshot()), strict=False))
    assert said + feed(second, events[cut:]) == wanted
    assert second.snapshot() == whole.snapshot()
