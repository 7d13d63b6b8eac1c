"""Levels: a touch is not a hold. The desk's numbers: five closes strictly beyond, armed again 5 bp below."""

import msgspec
import pytest

from detectors.testing import make
from detectors.yields.levels import Levels, YieldLevels
from tests.support.drive import brief, causes, feed

LEVEL = 1.10
JANUARY = ("2021-01-04", "2021-01-05", "2021-01-06", "2021-01-07", "2021-01-08")


def watching(levels=(LEVEL,), closes=5, rearm_bp=5.0, tenor="10Y"):
    return YieldLevels(Levels(levels_pct={tenor: levels}, sustained_closes=closes, rearm_bp=rearm_bp))


def closing(first, *yields):
    return [make.close(day, value) for day, value in zip(make.sessions(first, len(yields)), yields, strict=True)]


@pytest.fixture
def armed():
    detector = watching()
    assert feed(detector, make.close("2021-01-04", 0.93)) == []
    return detector


def test_january_breaks_and_fails_february_breaks_and_holds(desk):
    # Treasury's par yields, 10 years, at the close. 8 January: 1.13; on 27 January 1.04, 6 bp below the level.
    detector = YieldLevels(desk.levels)
    january = "0.93 0.96 1.04 1.08 1.13 1.15 1.15 1.10 1.15 1.11 1.10 1.10 1.12 1.10 1.05 1.05 1.04 1.07 1.11"
    february = "1.09 1.12 1.15 1.15 1.19 1.19 1.18 1.15 1.16 1.20 1.30"
    said = feed(detector, closing("2021-01-04", *map(float, january.split())))
    at_110 = [draft for draft in said if draft.subject == "10Y@1.10"]
    # 12 January to 14 January is a run of four at most: the close at 1.10 ends it.
    assert ("sustained", 1) not in brief(at_110)
    assert brief(at_110)[:3] == [("crossed", 1), ("failed", 1), ("crossed", 0)]
    assert at_110[0].ts == make.moment("2021-01-08 17:00")
    said = feed(detector, closing("2021-02-01", *map(float, february.split())))
    sustained = [draft for draft in said if (draft.name, draft.subject) == ("sustained", "10Y@1.10")]
    assert [(draft.ts, draft.known) for draft in sustained] == [
        (make.moment("2021-02-02 17:00"), make.moment("2021-02-08 17:00"))
    ]


@pytest.mark.parametrize(("level", "below", "beyond"), [(1.1, 1.09, 1.11), (2.0, 1.99, 2.01), (-0.25, -0.26, -0.24)])
@pytest.mark.parametrize("closes", [1, 2, 5, 7])
def test_a_break_is_sustained_on_exactly_that_many_closes_and_dated_to_the_first(level, below, beyond, closes):
    detector = watching((level,), closes=closes)
    feed(detector, make.close("2021-01-29", below))
    events = closing("2021-02-01", *([beyond] * (closes + 3)))
    said = [brief(detector.update(event)) for event in events]
    assert ("crossed", 1) in said[0]
    assert [index for index, drafts in enumerate(said) if ("sustained", 1) in drafts] == [closes - 1]


def test_a_sustained_break_names_its_run_and_its_two_times(armed):
    events = closing("2021-02-01", 1.11, 1.12, 1.13, 1.14, 1.15)
    (draft,) = [draft for draft in feed(armed, events) if draft.name == "sustained"]
    assert draft.subject == "10Y@1.10"
    assert draft.ts == make.moment("2021-02-01 17:00")
    assert draft.known == make.moment("2021-02-05 17:00")
    assert causes(draft) == [event.sequence for event in events]
    assert draft.values == {"first_close_pct": 1.11, "yield_pct": 1.15}
    assert draft.threshold == LEVEL


def test_a_touch_crosses_and_does_not_hold(armed):
    said = feed(armed, closing("2021-02-01", *([LEVEL] * 12)))
    assert brief(said) == [("crossed", 1)]


def test_a_close_at_the_level_ends_the_run(armed):
    assert brief(feed(armed, closing("2021-02-01", 1.11, 1.11, 1.11, 1.11, 1.10))) == [("crossed", 1)]
    assert feed(armed, closing("2021-02-08", 1.11, 1.11, 1.11, 1.11)) == []
    (draft,) = feed(armed, make.close("2021-02-12", 1.11))
    assert (draft.name, draft.ts) == ("sustained", make.moment("2021-02-08 17:00"))


def test_a_tenth_of_a_basis_point_beyond_counts_and_binary_noise_does_not(armed):
    # 1.1 + 0.0 as computed from a bid and an ask is 1.1 but for the last bit.
    noisy = [make.close(day, 1.0, mid_pct=None, bid_pct=1.1 + 1e-15, ask_pct=1.1) for day in JANUARY[1:]]
    assert brief(feed(armed, noisy)) == [("crossed", 1)]
    assert ("sustained", 1) in brief(feed(armed, closing("2021-02-01", *([1.101] * 5))))


@pytest.mark.parametrize(("lowest", "rearms"), [(1.0501, False), (1.05, True), (1.0499, True)])
def test_it_is_armed_again_at_exactly_five_below(armed, lowest, rearms):
    feed(armed, make.close("2021-02-01", 1.11))
    said = feed(armed, make.close("2021-02-02", lowest))
    assert brief(said) == ([("failed", 1), ("crossed", 0)] if rearms else [])
    said = feed(armed, make.close("2021-02-03", 1.11))
    assert brief(said) == ([("crossed", 1)] if rearms else [])


@pytest.mark.parametrize("rearm_bp", [1.0, 12.5])
def test_the_distance_of_arming_is_configuration(rearm_bp):
    detector = watching(rearm_bp=rearm_bp)
    feed(detector, make.close("2021-01-29", 0.9), make.close("2021-02-01", 1.11))
    assert feed(detector, make.close("2021-02-02", LEVEL - rearm_bp / 100 + 0.001)) == []
    assert brief(feed(detector, make.close("2021-02-03", LEVEL - rearm_bp / 100))) == [("failed", 1), ("crossed", 0)]


def test_a_failed_break_says_where_it_began_and_ended(armed):
    events = [make.quote("2021-02-01 10:00", 1.12), make.close("2021-02-02", 1.04)]
    failed = feed(armed, events)[1]
    assert (failed.name, failed.level) == ("failed", 1)
    assert causes(failed) == [event.sequence for event in events]
    assert failed.values == {"crossing_pct": 1.12, "yield_pct": 1.04}
    assert failed.ts == make.moment("2021-02-02 17:00")


def test_a_sustained_break_that_ends_has_not_failed(armed):
    feed(armed, closing("2021-02-01", *([1.15] * 5)))
    assert brief(feed(armed, make.close("2021-02-08", 1.05))) == [("sustained", 0), ("crossed", 0)]


def test_a_sustained_break_is_said_once(armed):
    feed(armed, closing("2021-02-01", *([1.15] * 5)))
    assert feed(armed, closing("2021-02-08", 1.16, 1.10, 1.06, 1.2, 1.2, 1.2, 1.2, 1.2)) == []


def test_only_a_close_arms(armed):
    feed(armed, make.quote("2021-02-01 10:00", 1.12))
    assert feed(armed, make.quote("2021-02-01 11:00", 0.90), make.quote("2021-02-01 12:00", 1.12)) == []


def test_first_seen_beyond_has_crossed_nothing():
    detector = watching()
    assert feed(detector, closing("2021-02-01", *([1.20] * 12))) == []
    feed(detector, make.close("2021-03-01", 1.05))
    assert brief(feed(detector, make.close("2021-03-02", 1.11))) == [("crossed", 1)]


def test_first_seen_at_the_level_has_crossed_nothing():
    assert feed(watching(), closing("2021-02-01", *([LEVEL] * 3))) == []


@pytest.mark.parametrize("statistic", ["print", "open", "high", "low"])
def test_a_quote_within_the_day_crosses_at_once_and_counts_as_no_close(armed, statistic):
    days = list(make.sessions("2021-02-01", 8))
    said = [feed(armed, make.quote(f"{day} 10:30", 1.2, statistic=statistic)) for day in days]
    assert [brief(drafts) for drafts in said] == [[("crossed", 1)]] + [[]] * 7
    assert said[0][0].ts == make.moment("2021-02-01 10:30")


def test_the_run_counts_closes_and_not_the_crossing(armed):
    feed(armed, make.quote("2021-02-01 10:30", 1.2))
    said = [brief(feed(armed, event)) for event in closing("2021-02-01", *([1.2] * 5))]
    assert said == [[], [], [], [], [("sustained", 1)]]


def test_falling_through_is_no_crossing(armed):
    assert feed(armed, closing("2021-02-01", 1.0, 0.9, 0.8, 0.5)) == []


def test_one_move_crosses_every_level_on_its_way():
    detector = watching((1.1, 1.2, 1.3, 1.5))
    feed(detector, make.close("2021-02-15", 1.05))
    said = feed(detector, make.close("2021-02-16", 1.3))
    assert [(draft.name, draft.subject) for draft in said] == [
        ("crossed", "10Y@1.10"),
        ("crossed", "10Y@1.20"),
        ("crossed", "10Y@1.30"),
    ]
    assert [draft.threshold for draft in said] == [1.1, 1.2, 1.3]


def test_tenors_are_apart_and_others_are_not_watched():
    detector = watching()
    feed(detector, make.close("2021-02-01", 1.0))
    assert feed(detector, make.close("2021-02-02", 1.2, tenor="30Y")) == []
    assert brief(feed(detector, make.close("2021-02-02", 1.2))) == [("crossed", 1)]
    assert detector.readings() == {"yield_10Y_pct": 1.2}


def test_a_late_close_is_known_late_and_the_run_is_dated_by_what_it_is_about(armed):
    days = list(make.sessions("2021-02-01", 5))
    late = [make.close(day, 1.15, known=f"{day} 20:15") for day in days]
    (draft,) = [draft for draft in feed(armed, late) if draft.name == "sustained"]
    assert (draft.ts, draft.known) == (make.moment(f"{days[0]} 17:00"), make.moment(f"{days[4]} 20:15"))


def test_a_close_that_comes_again_or_of_an_earlier_day_adds_nothing_to_the_run(armed):
    feed(armed, closing("2021-02-01", 1.15, 1.15, 1.15, 1.15))
    assert feed(armed, make.close("2021-02-04", 1.15), make.close("2021-02-02", 1.15)) == []
    assert brief(feed(armed, make.close("2021-02-05", 1.15))) == [("sustained", 1)]


def test_a_close_of_an_earlier_day_arms_nothing(armed):
    feed(armed, closing("2021-02-01", 1.15, 1.15))
    assert feed(armed, make.close("2021-01-29", 0.9, known="2021-02-03 09:00")) == []


def test_two_sources_of_one_day_are_one_close(armed):
    said = []
    for day in make.sessions("2021-02-01", 3):
        said += feed(armed, make.quote(f"{day} 15:30", 1.15, statistic="close", source="par"), make.close(day, 1.15))
    assert brief(said) == [("crossed", 1)]


def test_the_high_of_the_day_whose_close_armed_the_level_does_not_cross_it(armed):
    feed(armed, make.close("2021-02-01", 1.12))
    feed(armed, make.close("2021-02-02", 1.04, known="2021-02-02 17:30"))
    high = make.quote("2021-02-02 09:40", 1.11, statistic="high", known="2021-02-02 18:00")
    assert feed(armed, high) == []


def test_the_worst_provenance_of_the_run_is_that_of_the_signal(armed):
    events = closing("2021-02-01", *([1.15] * 5))
    events = [msgspec.structs.replace(event, provenance="official") for event in events]
    events[2] = msgspec.structs.replace(events[2], provenance="quoted")
    (draft,) = [draft for draft in feed(armed, events) if draft.name == "sustained"]
    assert draft.provenance == "quoted"
