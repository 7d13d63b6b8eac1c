"""The corridor of February 2021: 0.00 to 0.25 %, IOER 0.10, ON RRP 0.00; then others."""

import msgspec
import pytest

from detectors.repo.corridor import PolicyCorridor
from detectors.testing import make
from tests.support.drive import brief, causes, feed

SOFR = "GC:SOFR"


@pytest.fixture
def corridor(desk):
    detector = PolicyCorridor(desk.corridor)
    feed(detector, make.zero_bound())
    return detector


@pytest.fixture
def under_iorb(framework):
    detector = PolicyCorridor(framework.corridor)
    feed(detector, make.zero_bound())
    return detector


def sofr(day, rate):
    return make.average(f"{day} 09:00", SOFR, rate)


def test_the_prewarning_of_5_february(corridor):
    said = feed(corridor, sofr("2021-02-03", 0.05), sofr("2021-02-04", 0.04), sofr("2021-02-05", 0.02))
    assert brief(said) == [("prewarning", 1)]
    (draft,) = said
    assert draft.subject == SOFR
    assert draft.ts == make.moment("2021-02-05 09:00")
    assert draft.threshold == pytest.approx(0.02)
    assert draft.values == {"above_bottom_bp": 2.0, "bottom_pct": 0.0, "rate_pct": 0.02}
    assert causes(draft) == [4]


@pytest.mark.parametrize(
    ("rates", "levels"),
    [
        ((0.03,), []),
        ((0.021,), []),
        ((0.02,), [1]),
        ((0.0,), [1]),
        ((-0.01,), [1]),
        ((0.02, 0.04), [1]),
        ((0.02, 0.049), [1]),
        ((0.02, 0.05), [1, 0]),
        ((0.02, 0.04, 0.02, 0.05, 0.04, 0.02), [1, 0, 1]),
    ],
)
def test_on_within_two_off_at_five_and_nothing_between(corridor, rates, levels):
    days = make.sessions("2021-02-01", len(rates))
    said = feed(corridor, [sofr(day, rate) for day, rate in zip(days, rates, strict=True)])
    assert [draft.level for draft in said if draft.name == "prewarning"] == levels


def test_the_bottom_is_the_higher_of_the_lower_limit_and_the_facility(corridor):
    # 17 June 2021: ON RRP at 0.05, the lower limit still 0.
    feed(corridor, make.policy("2021-06-17 00:00", 0.0, iorb_pct=0.15, on_rrp_pct=0.05))
    assert feed(corridor, sofr("2021-06-16", 0.05)) == []  # of the day before: 5 bp above the old bottom
    said = feed(corridor, sofr("2021-06-17", 0.05))
    assert brief(said) == [("prewarning", 1)]
    assert said[0].values["bottom_pct"] == 0.05
    assert said[0].threshold == pytest.approx(0.07)


def test_without_a_facility_rate_the_lower_limit_is_the_bottom(desk):
    detector = PolicyCorridor(desk.corridor)
    feed(detector, make.policy("2018-07-02", 1.75))
    assert brief(feed(detector, sofr("2018-07-03", 1.77))) == [("prewarning", 1)]


def test_a_decision_announced_holds_from_its_day_and_not_before(desk):
    detector = PolicyCorridor(desk.corridor)
    feed(detector, make.policy("2022-03-01", 0.25, on_rrp_pct=0.3))
    feed(detector, make.policy("2022-05-05 00:00", 0.75, on_rrp_pct=0.8, known="2022-05-04 14:00"))
    before = feed(detector, make.average("2022-05-04 09:00", SOFR, 0.79, known="2022-05-05 08:00"))
    assert brief(before) == [("above", 1)]  # 29 bp above the old upper limit, though the new one was announced
    after = feed(detector, make.average("2022-05-05 09:00", SOFR, 0.79, known="2022-05-06 08:00"))
    assert brief(after) == [("prewarning", 1), ("above", 0)]


def test_before_any_decision_is_known_only_zero_can_be_judged(desk):
    detector = PolicyCorridor(desk.corridor)
    assert feed(detector, sofr("2021-02-05", 0.0), make.average("2021-02-05", SOFR, 5.0)) == []
    assert brief(feed(detector, make.repo("2021-02-05", "GC:TSY", -0.05))) == [("negative", 1)]


@pytest.mark.parametrize("statistic", ["print", "low", "high"])
def test_a_print_gives_no_prewarning(corridor, statistic):
    assert feed(corridor, make.repo("2021-02-05", SOFR, 0.01, statistic=statistic)) == []


def test_a_series_not_watched_gives_no_prewarning(corridor):
    assert feed(corridor, make.average("2021-02-05", "GCF:TSY", 0.01)) == []


@pytest.mark.parametrize(
    ("rates", "levels"),
    [((0.03,), []), ((0.02,), [1]), ((0.02, 0.049), [1]), ((0.02, 0.05), [1, 0]), ((0.02, 0.12), [1, 0])],
)
def test_the_framework_measures_from_iorb(under_iorb, rates, levels):
    # 8 bp below 0.10 is 0.02; off at 3 bp less, 0.05.
    days = make.sessions("2021-02-01", len(rates))
    said = feed(under_iorb, [sofr(day, rate) for day, rate in zip(days, rates, strict=True)])
    assert [draft.level for draft in said] == levels


def test_without_iorb_the_framework_says_nothing(framework):
    detector = PolicyCorridor(framework.corridor)
    feed(detector, make.policy("2021-01-04", 0.0))
    assert feed(detector, sofr("2021-02-05", 0.0)) == []


def test_25_february_an_intraday_print_is_negative_and_a_later_day_clears_it(corridor):
    said = feed(corridor, make.repo("2021-02-25 10:00", "GC:TSY", -0.05, provenance="quoted"))
    assert brief(said) == [("negative", 1)]
    assert (said[0].subject, said[0].provenance) == ("GC", "quoted")
    # The same day's average is positive, and it is of the same day.
    assert feed(corridor, make.average("2021-02-25 17:00", "GCF:TSY", 0.038)) == []
    # A print of the next day is no average.
    assert feed(corridor, make.repo("2021-02-26 10:00", "GC:TSY", 0.04)) == []
    assert brief(feed(corridor, make.average("2021-02-26 17:00", "GCF:TSY", 0.01))) == [("negative", 0)]


@pytest.mark.parametrize(("rate", "level"), [(0.0, []), (-0.005, []), (-0.0099, []), (-0.01, [1]), (-0.05, [1])])
def test_negative_begins_one_basis_point_below_zero(corridor, rate, level):
    said = feed(corridor, make.average("2021-03-26", "TRIPARTY:TGCR", rate))
    assert [draft.level for draft in said if draft.name == "negative"] == level


@pytest.mark.parametrize(("rate", "levels"), [(-0.005, []), (0.0, [0]), (0.01, [0])])
def test_it_clears_at_zero_and_not_below(corridor, rate, levels):
    feed(corridor, make.repo("2021-02-25", "GC:TSY", -0.05))
    assert [draft.level for draft in feed(corridor, make.average("2021-02-26", "GCF:TSY", rate))] == levels


def test_the_last_negative_day_counts_for_clearing(corridor):
    feed(corridor, make.repo("2021-02-25", "GC:TSY", -0.05), make.repo("2021-02-26", "GC:TSY", -0.02))
    assert feed(corridor, make.average("2021-02-26 17:00", "GCF:TSY", 0.03)) == []
    assert brief(feed(corridor, make.average("2021-03-01 17:00", "GCF:TSY", 0.03))) == [("negative", 0)]


@pytest.mark.parametrize("series", ["DVP:OFR-DVP", "SPECIAL:10Y-OTR"])
@pytest.mark.parametrize("rate", [-4.0, 9.0])
@pytest.mark.parametrize("statistic", ["print", "average"])
def test_what_holds_issues_in_demand_never_speaks_here(corridor, series, rate, statistic):
    assert feed(corridor, make.repo("2021-03-03", series, rate, statistic=statistic)) == []


def test_nor_does_it_clear_anything(corridor):
    feed(corridor, make.repo("2021-02-25", "GC:TSY", -0.05))
    assert feed(corridor, make.average("2021-02-26", "DVP:OFR-DVP", 0.05)) == []


def test_a_percentile_never_speaks(corridor):
    low = make.repo("2021-03-03", SOFR, -0.03, statistic="percentile", percentile=1.0)
    high = make.repo("2021-03-03", SOFR, 9.0, statistic="percentile", percentile=99.0)
    assert feed(corridor, low, high) == []


def test_september_2019_above_the_corridor(desk):
    # 2.00 to 2.25 %; SOFR 2.43 on the 16th, 5.25 on the 17th, 2.55 on the 18th, then (2.00 cut to 1.75) 1.95.
    detector = PolicyCorridor(desk.corridor)
    feed(detector, make.policy("2019-08-01", 2.0), make.policy("2019-09-19", 1.75))
    rates = (("2019-09-16", 2.43), ("2019-09-17", 5.25), ("2019-09-18", 2.55), ("2019-09-19", 1.95))
    said = feed(detector, [sofr(day, rate) for day, rate in rates])
    above = [(draft.level, draft.ts) for draft in said if draft.name == "above"]
    assert above == [
        (2, make.moment("2019-09-17 09:00")),
        (1, make.moment("2019-09-18 09:00")),
        (0, make.moment("2019-09-19 09:00")),
    ]


@pytest.mark.parametrize(("excess_bp", "level"), [(4, 0), (24.9, 0), (25, 1), (99.9, 1), (100, 2), (300, 2)])
def test_the_tiers_above(corridor, excess_bp, level):
    said = feed(corridor, sofr("2021-02-03", 0.25 + excess_bp / 100))
    assert [draft.level for draft in said] == ([level] if level else [])
    for draft in said:
        assert draft.values["above_bp"] == excess_bp
        assert draft.threshold == pytest.approx(0.5 if level == 1 else 1.25)


def test_above_stays_on_until_five_and_steps_down(corridor):
    rates = (0.25 + 1.2, 0.25 + 0.6, 0.25 + 0.1, 0.25 + 0.05, 0.25 + 0.049)
    days = make.sessions("2021-02-01", len(rates))
    said = feed(corridor, [sofr(day, rate) for day, rate in zip(days, rates, strict=True)])
    assert [draft.level for draft in said] == [2, 1, 0]
    assert said[-1].ts == make.moment("2021-02-05 09:00")


@pytest.mark.parametrize("day", ["2021-02-26", "2021-03-31", "2018-12-31"])
def test_the_last_session_of_a_month_raises_nothing(corridor, day):
    feed(corridor, make.policy("2018-01-02", 0.0))
    assert feed(corridor, sofr(day, 3.0)) == []


@pytest.mark.parametrize("day", ["2021-02-25", "2021-03-01", "2021-03-30"])
def test_the_days_beside_it_do(corridor, day):
    assert brief(feed(corridor, sofr(day, 3.0))) == [("above", 2)]


def test_at_the_month_end_a_level_may_fall_and_does_not_rise(corridor):
    feed(corridor, sofr("2021-02-24", 0.25 + 0.3))
    assert feed(corridor, sofr("2021-02-26", 3.0)) == []
    assert corridor.level("above", SOFR) == 1
    other = feed(corridor, sofr("2021-03-30", 0.25 + 0.3), sofr("2021-03-31", 0.1))
    assert brief(other) == [("above", 0)]


def test_series_are_judged_apart_above(corridor):
    said = feed(corridor, sofr("2021-02-03", 0.6), make.average("2021-02-03", "GCF:TSY", 1.6))
    assert [(draft.subject, draft.level) for draft in said] == [(SOFR, 1), ("GCF:TSY", 2)]


def test_both_rules_of_the_prewarning_together(desk):
    both = msgspec.structs.replace(desk.corridor, below_iorb_bp=8.0)
    detector = PolicyCorridor(both)
    # The lower limit 0, ON RRP 0.05, IORB 0.15: the bottom is 0.05, 8 bp below IORB is 0.07.
    feed(detector, make.policy("2021-06-17", 0.0, iorb_pct=0.15, on_rrp_pct=0.05))
    said = feed(detector, sofr("2021-06-17", 0.08), sofr("2021-06-18", 0.07), sofr("2021-06-21", 0.10))
    # At 0.10 it is 5 bp above the bottom, but still 5 bp below IORB; off there only from 0.12 (8 - 5) on.
    assert [draft.level for draft in said] == [1]
    assert brief(feed(detector, sofr("2021-06-22", 0.12))) == [("prewarning", 0)]
