"""The fails charge of domain knowledge, by hand: max(3 % - lower limit at 17:00 the session before, minimum)."""

import datetime as dt

import msgspec
import pytest

from detectors.repo.fails_charge import FailsCharge
from detectors.repo.floor import FailsFloor
from detectors.repo.policy import PolicyBook
from detectors.testing import make
from tests.support import drive
from tests.support.drive import brief, causes, through

# The target range's lower limit by the day it took effect, as the Federal Reserve announced it.
DECISIONS = {
    "2008-12-16": 0.0,
    "2015-12-17": 0.25,
    "2016-12-15": 0.5,
    "2017-03-16": 0.75,
    "2017-06-15": 1.0,
    "2017-12-14": 1.25,
    "2018-03-22": 1.5,
    "2018-06-14": 1.75,
    "2018-09-27": 2.0,
    "2018-12-20": 2.25,
    "2019-08-01": 2.0,
    "2019-09-19": 1.75,
    "2019-10-31": 1.5,
    "2020-03-03": 1.0,
    "2020-03-16": 0.0,
    "2022-03-17": 0.25,
}


def feed(detector, *events):
    """What is said of the breach; the days below the floor have tests of their own."""
    return [draft for draft in drive.feed(detector, *events) if draft.name == "breach"]


@pytest.fixture
def book():
    book = PolicyBook()
    for day, low in list(DECISIONS.items())[-16:]:
        book.add(make.policy(f"{day} 00:00", low))
    return book


@pytest.fixture
def floor(desk):
    detector = FailsFloor(desk.floor)
    feed(detector, make.zero_bound())
    return detector


def at_limit(config, low, day="2020-01-02"):
    book = PolicyBook()
    book.add(make.policy(f"{day} 00:00", low))
    return FailsCharge(config), book


@pytest.mark.parametrize(
    ("low", "floor"),
    [(0.0, -3.0), (0.25, -2.75), (0.75, -2.25), (1.5, -1.5), (1.75, -1.25), (2.0, -1.0), (2.25, -1.0), (5.25, -1.0)],
)
def test_the_floor_by_the_lower_limit_since_july_2018(desk, low, floor):
    charge, book = at_limit(desk.floor, low)
    assert -charge.on(dt.date(2023, 6, 1), book) == pytest.approx(floor)


@pytest.mark.parametrize(("low", "floor"), [(0.0, -3.0), (1.75, -1.25), (2.5, -0.5), (3.0, 0.0), (4.0, 0.0)])
def test_before_july_2018_the_charge_had_no_minimum_but_nothing(desk, low, floor):
    charge, book = at_limit(desk.floor, low, "2017-01-03")
    assert -charge.on(dt.date(2018, 6, 29), book) == pytest.approx(floor)


def test_the_minimum_begins_on_2_july_2018(desk):
    charge, book = at_limit(desk.floor, 2.5, "2017-01-03")
    days = [dt.date(2018, 6, 29), dt.date(2018, 7, 1), dt.date(2018, 7, 2), dt.date(2018, 7, 3)]
    assert [charge.on(day, book) for day in days] == [0.5, 0.5, 1.0, 1.0]


def test_before_may_2009_failing_cost_nothing(desk):
    charge, book = at_limit(desk.floor, 0.0, "2008-12-16")
    days = [dt.date(2009, 4, 30), dt.date(2009, 5, 1)]
    assert [charge.on(day, book) for day in days] == [0.0, 3.0]


@pytest.mark.parametrize(
    ("day", "charge"),
    [
        ("2015-12-17", 3.0),  # the hike took effect today; at 17:00 yesterday the limit was 0
        ("2015-12-18", 2.75),
        ("2018-06-14", 1.5),
        ("2018-06-15", 1.25),
        ("2018-09-28", 1.0),
        ("2019-10-31", 1.25),
        ("2019-11-01", 1.5),
        ("2020-03-03", 1.5),
        ("2020-03-04", 2.0),
        ("2020-03-13", 2.0),
        ("2020-03-16", 2.0),  # cut on Sunday; the session before is Friday, at 1.00
        ("2020-03-17", 3.0),
        ("2021-02-16", 3.0),
        ("2021-03-03", 3.0),
        ("2022-03-17", 3.0),
        ("2022-03-18", 2.75),
    ],
)
def test_the_charge_of_a_day_is_by_the_rate_of_the_session_before(desk, book, day, charge):
    assert FailsCharge(desk.floor).on(make.day(day), book) == pytest.approx(charge)


def test_an_emergency_cut_after_five_counts_two_sessions_later(desk):
    charge, book = at_limit(desk.floor, 1.0)
    book.add(make.policy("2020-03-05 17:01", 0.5))
    assert [charge.on(make.day(day), book) for day in ("2020-03-06", "2020-03-09")] == [2.0, 2.5]


def test_a_rate_known_only_from_the_day_itself_serves_that_day(desk):
    charge, book = at_limit(desk.floor, 0.0, "2021-03-03")
    assert charge.on(dt.date(2021, 3, 3), book) == 3.0


def test_without_a_rate_there_is_no_floor_and_nothing_is_said(desk):
    detector = FailsFloor(desk.floor)
    assert FailsCharge(desk.floor).on(dt.date(2021, 3, 3), PolicyBook()) is None
    assert feed(detector, make.special("2021-03-03", -9.0)) == []
    assert detector.readings() == {}


def test_the_framework_has_one_floor_for_all_times(framework):
    detector = FailsFloor(framework.floor)
    assert brief(feed(detector, make.special("2023-03-03", -3.01))) == [("breach", 3)]
    assert detector.readings() == {"floor_pct": -3.0, "special_10Y-OTR_pct": -3.01}


def test_3_march_2021_is_a_confirmed_breach(floor):
    (draft,) = feed(floor, make.special("2021-03-03 11:00", -4.0, statistic="low", provenance="quoted"))
    assert (draft.name, draft.subject, draft.level) == ("breach", "10Y-OTR", 3)
    assert draft.threshold == -3.0
    assert draft.values["floor_pct"] == -3.0
    assert draft.values["worst_pct"] == -4.0
    assert draft.provenance == "quoted"
    assert causes(draft) == [2]


@pytest.mark.parametrize(
    ("rate", "level"),
    [(0.0, 0), (-2.49, 0), (-2.5, 1), (-2.99, 1), (-3.0, 1), (-3.01, 2), (-3.49, 2), (-3.5, 3), (-4.25, 3)],
)
def test_what_one_print_reaches_when_the_limit_is_zero(floor, rate, level):
    assert [draft.level for draft in feed(floor, make.special("2021-03-04", rate))] == ([level] if level else [])


@pytest.mark.parametrize(
    ("rate", "level"), [(-0.49, 0), (-0.5, 1), (-1.0, 1), (-1.01, 2), (-1.49, 2), (-1.5, 3), (-3.0, 3)]
)
def test_the_same_print_at_todays_rates_is_a_default(desk, rate, level):
    detector = FailsFloor(desk.floor)
    feed(detector, make.policy("2025-12-11", 3.5))
    assert [draft.level for draft in feed(detector, make.special("2026-03-04", rate))] == ([level] if level else [])


def test_a_lone_print_is_not_confirmed_and_a_second_is(floor):
    said = feed(floor, make.special("2021-03-04 09:00", -3.1))
    assert brief(said) == [("breach", 2)]
    assert feed(floor, make.special("2021-03-04 10:00", -2.0)) == []
    said = feed(floor, make.special("2021-03-04 11:00", -3.05))
    assert brief(said) == [("breach", 3)]
    assert causes(said[0]) == [2, 4]
    assert said[0].values["prints_below"] == 2
    assert said[0].ts == make.moment("2021-03-04 11:00")


def test_prints_of_two_days_or_of_two_issues_do_not_add_up(floor):
    said = feed(floor, make.special("2021-03-04", -3.1), make.special("2021-03-05", -3.1))
    assert brief(said) == [("breach", 2)]
    said = feed(floor, make.special("2021-03-05", -3.1, issue="7Y-OTR"))
    assert [(draft.subject, draft.level) for draft in said] == [("7Y-OTR", 2)]


@pytest.mark.parametrize("prints", [1, 2, 3, 5])
def test_how_many_prints_confirm_is_configuration(desk, prints):
    detector = FailsFloor(msgspec.structs.replace(desk.floor, confirm_prints=prints, confirm_vwap=False))
    feed(detector, make.zero_bound())
    said = [feed(detector, make.special(f"2021-03-04 10:{minute:02}", -3.1)) for minute in range(6)]
    assert [index for index, drafts in enumerate(said) if ("breach", 3) in brief(drafts)] == [prints - 1]
    assert len(said[prints - 1][0].causes) == prints


def test_an_average_below_the_floor_confirms(floor):
    (draft,) = feed(floor, make.special("2021-03-09 17:00", -3.02, statistic="average"))
    assert draft.level == 3
    assert draft.values["average_pct"] == -3.02


def test_an_average_at_the_floor_does_not(floor):
    assert brief(feed(floor, make.special("2021-03-09", -3.0, statistic="average"))) == [("breach", 1)]


def test_without_the_rule_of_the_average_one_average_is_not_confirmed(desk):
    detector = FailsFloor(msgspec.structs.replace(desk.floor, confirm_vwap=False))
    feed(detector, make.zero_bound())
    assert brief(feed(detector, make.special("2021-03-09", -3.1, statistic="average"))) == [("breach", 2)]


def test_a_volume_weighted_average_below_the_floor_confirms(floor):
    # One print below: (-2.9 * 1 - 3.4 * 3) / 4 = -3.275.
    said = feed(floor, make.special("2021-03-09 09:00", -2.9, volume_usd=1e9))
    said += feed(floor, make.special("2021-03-09 10:00", -3.4, volume_usd=3e9))
    assert brief(said) == [("breach", 1), ("breach", 3)]
    assert said[1].values["average_pct"] == pytest.approx(-3.275)


def test_a_volume_weighted_average_above_the_floor_does_not(floor):
    # (-1.0 * 9 - 3.4 * 1) / 10 = -1.24, where the plain mean is -2.2.
    said = feed(floor, make.special("2021-03-09 09:00", -1.0, volume_usd=9e9))
    said += feed(floor, make.special("2021-03-09 10:00", -3.4, volume_usd=1e9))
    assert brief(said) == [("breach", 2)]
    assert said[0].values["average_pct"] == pytest.approx(-1.24)


@pytest.mark.parametrize("volume", [None, 0.0])
def test_one_print_without_volume_and_there_is_no_average_of_ours(floor, volume):
    said = feed(floor, make.special("2021-03-09 09:00", -2.9, volume_usd=volume))
    said += feed(floor, make.special("2021-03-09 10:00", -3.4, volume_usd=3e9))
    assert brief(said) == [("breach", 1), ("breach", 2)]
    assert "average_pct" not in said[1].values


def test_a_published_average_speaks_before_ours(floor):
    feed(floor, make.special("2021-03-09 09:00", -2.6, volume_usd=1e9))
    said = feed(floor, make.special("2021-03-09 18:00", -3.1, statistic="average"))
    assert brief(said) == [("breach", 3)]
    assert said[0].values["average_pct"] == -3.1


@pytest.mark.parametrize(("beyond", "level"), [(25.0, 3), (26.0, 2), (50.0, 2)])
def test_how_far_one_print_must_lie_beyond_is_configuration(desk, beyond, level):
    detector = FailsFloor(msgspec.structs.replace(desk.floor, confirm_beyond_bp=beyond))
    feed(detector, make.zero_bound())
    assert brief(feed(detector, make.special("2021-03-04", -3.25))) == [("breach", level)]


def test_within_a_day_it_only_worsens(floor):
    said = feed(floor, make.special("2021-03-04 09:00", -4.25), make.special("2021-03-04 16:00", -0.5))
    assert brief(said) == [("breach", 3)]


def test_one_clear_day_clears_nothing(floor):
    feed(floor, make.special("2021-03-04", -4.25))
    assert feed(floor, [make.special(f"2021-03-05 {hour}:00", -0.5) for hour in range(10, 16)]) == []
    assert floor.level("breach", "10Y-OTR") == 3


def test_two_clear_days_do(floor):
    feed(floor, make.special("2021-03-04", -4.25), make.special("2021-03-05", -2.49))
    assert feed(floor, make.special("2021-03-08", -2.49)) == []  # a print may yet spoil the day
    (draft,) = through(floor, make.special("2021-03-08 17:00", -2.49))
    assert (draft.name, draft.level, draft.ts) == ("breach", 0, make.moment("2021-03-08"))
    assert "2 days" in draft.rule


@pytest.mark.parametrize("between", [-2.5, -2.9, -3.0])
def test_a_day_within_the_margin_starts_the_count_again(floor, between):
    feed(floor, make.special("2021-03-04", -4.25))
    assert feed(floor, make.special("2021-03-05", -1.0), make.special("2021-03-08", between)) == []
    assert feed(floor, make.special("2021-03-09", -1.0)) == []
    assert brief(through(floor, make.special("2021-03-10", -1.0))) == [("breach", 0)]


def test_every_print_of_a_day_must_be_clear(floor):
    feed(floor, make.special("2021-03-04", -4.25))
    feed(floor, make.special("2021-03-05 09:00", -2.6), make.special("2021-03-05 15:00", -0.2))
    assert feed(floor, make.special("2021-03-08", -0.5)) == []
    assert brief(through(floor, make.special("2021-03-09", -0.5))) == [("breach", 0)]


def test_days_without_prints_are_not_clear_days(floor):
    feed(floor, make.special("2021-03-04", -4.25), make.special("2021-03-05", -1.0))
    assert floor.level("breach", "10Y-OTR") == 3
    assert brief(through(floor, make.special("2021-03-19", -1.0))) == [("breach", 0)]


@pytest.mark.parametrize("days", [1, 3])
def test_how_many_clear_days_are_wanted_is_configuration(desk, days):
    detector = FailsFloor(msgspec.structs.replace(desk.floor, clear_days=days))
    feed(detector, make.zero_bound(), make.special("2021-03-04", -4.25))
    said = [through(detector, make.special(day, -1.0)) for day in make.sessions("2021-03-05", 4)]
    assert [index for index, drafts in enumerate(said) if drafts] == [days - 1]


def test_after_clearing_it_can_be_raised_again(floor):
    calm = [make.special("2021-03-05", -1.0), make.special("2021-03-08", -1.0)]
    assert brief(through(floor, make.special("2021-03-04", -4.25), calm))[-1] == ("breach", 0)
    assert brief(feed(floor, make.special("2021-03-09", -3.91)))[-1] == ("breach", 3)


def test_march_2021_as_it_was_told(floor):
    prints = (("03", -4.0), ("04", -4.25), ("05", -3.5), ("09", -3.91), ("10", -2.69))
    said = feed(floor, [make.special(f"2021-03-{day} 11:00", rate, statistic="low") for day, rate in prints])
    assert brief(said) == [("breach", 3)]
    assert floor.level("breach", "10Y-OTR") == 3


def test_a_percentile_and_other_segments_say_nothing(floor):
    others = ("GC:TSY", "GCF:TSY", "TRIPARTY:TGCR", "DVP:OFR-DVP")
    assert feed(floor, [make.repo("2021-03-04", series, -5.0) for series in others]) == []
    assert feed(floor, make.special("2021-03-04", -5.0, statistic="percentile", percentile=1.0)) == []


def test_a_print_about_an_earlier_day_changes_no_later_one(floor):
    feed(floor, make.special("2021-03-04", -1.0))
    assert feed(floor, make.special("2021-03-03", -5.0, known="2021-03-04 18:00")) == []


def test_the_floor_moves_with_the_rate_between_two_prints(desk):
    detector = FailsFloor(desk.floor)
    feed(detector, make.policy("2020-03-03 00:00", 1.0), make.policy("2020-03-16 00:00", 0.0))
    said = feed(detector, make.special("2020-03-16", -2.1))
    assert [(draft.level, draft.threshold) for draft in said] == [(2, -2.0)]
    assert detector.readings() == {"floor_pct": -2.0, "special_10Y-OTR_pct": -2.1}
    feed(detector, make.special("2020-03-17", -2.1))
    assert detector.readings() == {"floor_pct": -3.0, "special_10Y-OTR_pct": -2.1}


@pytest.mark.parametrize("rate", [-2.1, -1.6])
def test_a_day_is_clear_of_its_own_floor_and_not_of_the_next_days(desk, rate):
    detector = FailsFloor(desk.floor)
    feed(detector, make.policy("2020-03-03 00:00", 1.0), make.policy("2020-03-16 00:00", 0.0))
    feed(detector, make.special("2020-03-13", -2.6))
    assert detector.level("breach", "10Y-OTR") == 3
    assert feed(detector, make.special("2020-03-16", rate)) == []  # below -2.00, or 40 bp above it: not clear
    assert feed(detector, make.special("2020-03-17", -1.6)) == []  # 140 bp above -3.00: the first clear day


def test_the_low_of_a_day_is_not_a_second_print(floor):
    feed(floor, make.special("2021-03-04 09:00", -3.2))
    assert feed(floor, make.special("2021-03-04 17:00", -3.2, statistic="low")) == []


def test_a_summary_without_volume_leaves_the_average_of_the_prints(floor):
    feed(floor, make.special("2021-03-09 09:00", -2.9, volume_usd=1e9))
    feed(floor, make.special("2021-03-09 09:30", -2.95, statistic="high"))
    said = feed(floor, make.special("2021-03-09 10:00", -3.4, volume_usd=3e9))
    assert brief(said) == [("breach", 3)]


def test_a_day_is_not_clear_at_its_first_print(floor):
    feed(floor, make.special("2021-03-04", -4.25), make.special("2021-03-05", -1.0))
    said = feed(floor, make.special("2021-03-08 08:00", -1.0), make.special("2021-03-08 10:00", -3.1))
    assert ("breach", 0) not in brief(said)


def test_each_day_with_a_rate_below_the_floor_is_said_once_a_day_and_issue(floor):
    prints = [
        make.special("2021-03-03 08:00", -2.9),
        make.special("2021-03-03 09:00", -3.1),
        make.special("2021-03-03 10:00", -4.0),
        make.special("2021-03-03 11:00", -1.0),
        make.special("2021-03-03 12:00", -3.3, issue="7Y-OTR"),
        make.special("2021-03-04 09:00", -3.0),
        make.special("2021-03-05 09:00", -3.01),
        make.special("2021-03-05 17:00", -3.01, statistic="average"),
    ]
    below = [draft for draft in drive.feed(floor, prints) if draft.name == "below"]
    assert [(draft.subject, draft.ts, draft.values["rate_pct"]) for draft in below] == [
        ("10Y-OTR", make.moment("2021-03-03 09:00"), -3.1),
        ("7Y-OTR", make.moment("2021-03-03 12:00"), -3.3),
        ("10Y-OTR", make.moment("2021-03-05 09:00"), -3.01),
    ]
    assert {draft.threshold for draft in below} == {-3.0}
    assert [causes(draft) for draft in below] == [[3], [6], [8]]


def test_the_days_below_in_march_2021_are_the_3rd_4th_5th_and_9th(floor):
    prints = (("01", -1.5), ("03", -4.0), ("04", -4.25), ("05", -3.5), ("09", -3.91), ("10", -2.69))
    said = drive.feed(floor, [make.special(f"2021-03-{day} 11:00", rate, statistic="low") for day, rate in prints])
    days = [f"{draft.ts // 10**9}" for draft in said if draft.name == "below"]
    assert days == [f"{make.moment(f'2021-03-{day} 11:00') // 10**9}" for day in ("03", "04", "05", "09")]
