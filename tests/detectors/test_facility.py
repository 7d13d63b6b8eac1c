"""Take-up of the facility: at least twenty billion and at least the 95th percentile of sixty days."""

import pytest

from detectors.repo.facility import FacilityTakeUp
from detectors.testing import make
from tests.support.drive import brief, feed

BN = 1e9


@pytest.fixture
def facility(desk):
    return FacilityTakeUp(desk.facility)


def days(first, *billions, **fields):
    return [
        make.takeup(f"{day} 13:15", value * BN, **fields)
        for day, value in zip(make.sessions(first, len(billions)), billions, strict=True)
    ]


def test_march_2021(facility):
    # The record: 31 March is a quarter-end at 134.3 billion and is not judged; 18 March had 26.6.
    feed(facility, days("2020-12-01", *([0.5] * 60)))
    said = feed(facility, make.takeup("2021-03-11", 11.1 * BN), make.takeup("2021-03-18", 26.6 * BN))
    assert [(draft.level, draft.ts) for draft in said] == [(1, make.moment("2021-03-18"))]
    assert feed(facility, make.takeup("2021-03-31", 134.3 * BN)) == []


@pytest.mark.parametrize(("billions", "on"), [(19.9, False), (20.0, True), (134.3, True)])
def test_the_line_where_history_is_low(facility, billions, on):
    feed(facility, days("2020-11-02", *([1.0] * 60)))
    said = feed(facility, make.takeup("2021-03-17", billions * BN))
    assert brief(said) == ([("high", 1)] if on else [])
    for draft in said:
        assert (draft.threshold, draft.values["percentile"], draft.subject) == (20 * BN, 100, "ON_RRP")


@pytest.mark.parametrize(("billions", "on"), [(100.0, False), (500.0, True)])
def test_the_percentile_where_history_is_high(facility, billions, on):
    # 60 days: 50 of 90 billion, 10 of 500; the 95th percentile is 500.
    feed(facility, days("2022-01-03", *([500.0] * 10), *([90.0] * 50)))
    said = feed(facility, make.takeup("2022-04-05", billions * BN))
    assert brief(said) == ([("high", 1)] if on else [])


@pytest.mark.parametrize(("count", "on"), [(39, False), (40, True)])
def test_forty_days_of_history_are_wanted(facility, count, on):
    feed(facility, days("2021-01-04", *([1.0] * count)))
    assert bool(feed(facility, make.takeup("2021-03-17", 50 * BN))) == on


def test_a_quarter_end_is_neither_judged_nor_remembered(facility):
    feed(facility, days("2020-12-01", *([1.0] * 20), 21.0))  # the 21st session is 30 December
    before = facility.snapshot()["windows"]
    assert feed(facility, make.takeup("2020-12-31", 500 * BN)) == []
    assert facility.snapshot()["windows"] == before
    assert facility.readings() == {"takeup_ON_RRP_usd": 500 * BN}


@pytest.mark.parametrize(("day", "skipped"), [("2021-03-31", True), ("2021-03-30", False), ("2021-02-26", False)])
def test_only_the_last_session_of_a_quarter_is_skipped(facility, day, skipped):
    feed(facility, days("2020-11-02", *([1.0] * 60)))
    assert bool(feed(facility, make.takeup(day, 50 * BN))) != skipped


def test_a_high_stays_over_a_quarter_end(facility):
    feed(facility, days("2020-11-02", *([1.0] * 60)), make.takeup("2021-03-30", 50 * BN))
    assert feed(facility, make.takeup("2021-03-31", 0.0)) == []
    assert brief(feed(facility, make.takeup("2021-04-01", 0.0))) == [("high", 0)]


def test_the_framework_takes_quarter_ends_and_any_history(framework):
    detector = FacilityTakeUp(framework.facility)
    assert brief(feed(detector, make.takeup("2021-03-31", 10 * BN))) == [("high", 1)]
    assert brief(feed(detector, make.takeup("2021-04-01", 9.9 * BN))) == [("high", 0)]


def test_facilities_are_apart(facility):
    feed(facility, days("2020-11-02", *([1.0] * 60)))
    assert feed(facility, make.takeup("2021-03-17", 50 * BN, facility="SOMA_LENDING")) == []
    assert brief(feed(facility, make.takeup("2021-03-17", 50 * BN))) == [("high", 1)]
