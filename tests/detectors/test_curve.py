"""Curve: slopes of one day, changes over five, scored before they are learned."""

import msgspec
import numpy as np
import pytest

from detectors.config import load
from detectors.events import YieldQuote
from detectors.testing import make
from detectors.yields.curve import Curve, CurveSlopes, Slope
from tests.detectors import bundled
from tests.support.drive import brief, causes, feed

SMALL = {"change_days": 2, "span_days": 9, "warm_up_days": 4, "alert_z": 2.0, "clear_z": 1.0}


def watching(**changes) -> CurveSlopes:
    return CurveSlopes(Curve(slopes=(Slope(long="10Y", short="2Y"),), **(SMALL | changes)))


def day_of(date: str, slope_bp: float) -> list[YieldQuote]:
    return [make.close(date, 1.0, tenor="2Y"), make.close(date, 1.0 + slope_bp / 100)]


def flat(made: list[list[YieldQuote]]) -> list[YieldQuote]:
    return [event for day in made for event in day]


def days(slopes: list[float], first: str = "2021-01-04") -> list[list[YieldQuote]]:
    return [day_of(date, slope) for date, slope in zip(make.sessions(first, len(slopes)), slopes, strict=True)]


def test_scores_are_those_of_a_second_computation():
    config = load("desk").curve
    detector = CurveSlopes(config)
    found: dict[str, dict] = {}
    for event in bundled.events():
        if isinstance(event, YieldQuote):
            detector.update(event)
            values = detector.readings()
            for slope in config.slopes:
                name = f"{slope.long}-{slope.short}"
                if f"slope_{name}_z_score" in values:
                    found.setdefault(name, {})[bundled.day_of(event)] = values[f"slope_{name}_z_score"]
    codes = {"3M": "DGS3MO", "2Y": "DGS2", "5Y": "DGS5", "10Y": "DGS10", "30Y": "DGS30"}
    for slope in config.slopes:
        long, short = bundled.yields(codes[slope.long]), bundled.yields(codes[slope.short])
        dates = [date for date in sorted(long) if date in short]
        s = np.array([100 * (long[date] - short[date]) for date in dates])
        d = s[5:] - s[:-5]
        alpha = 2 / 253
        for n in range(126, len(d)):
            weights = (1 - alpha) ** np.arange(n - 1, -1, -1.0)
            mu = np.average(d[:n], weights=weights)
            sigma = np.sqrt(np.average((d[:n] - mu) ** 2, weights=weights))
            assert found[f"{slope.long}-{slope.short}"][dates[n + 5]] == pytest.approx((d[n] - mu) / sigma, abs=1e-6)


def test_the_sell_off_of_february_2021_steepens_5y_3m_and_10y_2y():
    detector = CurveSlopes(load("desk").curve)
    said = feed(detector, [event for event in bundled.events() if isinstance(event, YieldQuote)])
    since = make.moment("2021-02-01")
    steep = {draft.subject for draft in said if (draft.name, draft.level) == ("steepening", 1) and draft.ts > since}
    assert {"5Y-3M", "10Y-2Y", "10Y-5Y"} <= steep


def test_a_steepening_and_a_flattening_by_hand():
    # Two-day changes of the first days: 2, 0, -2, 0 bp: mean near 0, sigma about 1.5.
    calm = [100, 101, 102, 101, 100, 101]
    for last, name in ((110, "steepening"), (92, "flattening")):
        detector = watching()
        feed(detector, flat(days(calm)))
        (draft,) = feed(detector, days([*calm, last])[-1])
        assert (draft.name, draft.level, draft.subject) == (name, 1, "10Y-2Y")
        assert draft.values["change_bp"] == last - 100
        assert len(causes(draft)) == 2
        assert abs(draft.values["z_score"]) > 2


def test_it_stays_on_until_below_the_lower_line_and_a_change_in_the_other_sense_is_another_signal():
    detector = watching(span_days=1000)
    feed(detector, flat(days([100, 101, 100, 99] * 10)))
    names = [brief(drafts) for drafts in (feed(detector, one) for one in days([104, 104, 104, 99], "2021-04-05"))]
    assert names[0] == [("steepening", 1)]
    assert names[1] == []
    assert names[2] == [("steepening", 0)]
    assert names[3] == [("flattening", 1)]


def test_nothing_is_said_while_warming():
    detector = watching()
    assert detector.warming() == ("10Y-2Y",)
    assert feed(detector, flat(days([100, 50, 150, 0, 200]))) == []
    assert detector.warming() == ("10Y-2Y",)
    feed(detector, days([100] * 6)[-1])
    assert detector.warming() == ()


def test_a_day_without_one_tenor_is_passed_over():
    detector, plain = watching(), watching()
    slopes = [100, 101, 102, 101, 100, 101, 104]
    made = days(slopes)
    feed(plain, flat(made))
    alone = make.close("2021-01-18", 9.0)
    feed(detector, flat(made[:5]), alone, flat(made[5:]))
    assert detector.readings() == plain.readings()


def test_a_second_close_of_a_day_and_one_of_an_earlier_day_change_nothing():
    detector = watching()
    made = days([100, 101, 102, 101, 100, 101])
    feed(detector, flat(made))
    before = detector.readings()
    late = [make.close("2021-01-11", 5.0, source="late"), make.close("2021-01-11", 0.1, tenor="2Y", source="late")]
    assert feed(detector, late) == []
    assert detector.readings() == before


def test_quotes_raise_and_only_the_close_takes_off():
    detector = watching()
    feed(detector, flat(days([100, 101, 102, 101, 100, 101])))
    quotes = [make.quote("2021-01-12 10:00", 1.0, tenor="2Y"), make.quote("2021-01-12 10:01", 2.2)]
    (draft,) = feed(detector, quotes)
    assert (draft.name, draft.level, draft.values["provisional"]) == ("steepening", 1, 1)
    assert feed(detector, make.quote("2021-01-12 11:00", 2.0)) == []
    assert brief(feed(detector, day_of("2021-01-12", 100))) == [("steepening", 0)]


def test_quotes_of_two_days_make_no_slope_and_quotes_are_not_learned():
    detector, plain = watching(), watching()
    made = days([100, 101, 102, 101, 100, 101, 102])
    feed(plain, flat(made))
    feed(detector, flat(made[:6]), make.quote("2021-01-11 18:00", 0.2, tenor="2Y"))
    assert feed(detector, make.quote("2021-01-12 10:00", 3.0)) == []
    feed(detector, make.quote("2021-01-12 10:00", 1.0, tenor="2Y"), make.quote("2021-01-12 10:00", 1.5), made[6])
    assert detector.readings() == plain.readings()


def test_highs_and_issues_off_the_run_are_not_looked_at():
    detector = watching()
    feed(detector, flat(days([100, 101, 102, 101, 100, 101])))
    feed(detector, make.quote("2021-01-12 10:00", 1.0, tenor="2Y"))
    for fields in ({"statistic": "high"}, {"cusip": "X"}):
        assert feed(detector, make.quote("2021-01-12 10:01", 5.0, **fields)) == []


def test_a_slope_of_one_tenor_is_refused():
    with pytest.raises(ValueError, match="short: "):
        Slope(long="10Y", short="10Y")


def test_a_restored_detector_goes_on_to_the_last_bit():
    config = load("desk").curve
    events = [event for event in bundled.events() if isinstance(event, YieldQuote)]
    whole, first, second = CurveSlopes(config), CurveSlopes(config), CurveSlopes(config)
    wanted = feed(whole, events)
    said = feed(first, events[:7001])
    second.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(first.snapshot()), strict=False))
    assert said + feed(second, events[7001:]) == wanted
    assert second.snapshot() == whole.snapshot()
