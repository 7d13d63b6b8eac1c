"""Fails: a high percentile of two years and one and a half medians, against what came before."""

import pytest

from detectors.repo.fails import SettlementFails
from detectors.testing import make
from tests.support.drive import brief, feed

BN = 1e9


@pytest.fixture
def fails(desk):
    return SettlementFails(desk.fails)


def history(values, first="2019-01-03", **fields):
    return [make.fail(day, value * BN, **fields) for day, value in zip(make.weeks(first, 999), values, strict=False)]


def test_framework_line_is_always_on_where_the_percentile_is_not(desk, framework):
    # Calm weeks of primary dealers: 50 to 69 billion.
    calm = [50 + index % 20 for index in range(104)]
    assert feed(SettlementFails(desk.fails), history(calm)) == []
    assert brief(feed(SettlementFails(framework.fails), history([60, 70, 80]))) == [("high", 1)]


@pytest.mark.parametrize(("value", "on"), [(50.0, False), (50.1, True)])
def test_the_framework_says_more_than_fifty(framework, value, on):
    assert bool(feed(SettlementFails(framework.fails), history([value]))) == on


def test_the_framework_clears_at_the_line(framework):
    said = feed(SettlementFails(framework.fails), history([51, 52, 50]))
    assert [(draft.level, draft.threshold) for draft in said] == [(1, 50 * BN), (0, 50 * BN)]


@pytest.mark.parametrize(("value", "on"), [(149.9, False), (150.0, True), (200.0, True)])
def test_one_and_a_half_medians(fails, value, on):
    feed(fails, history([100] * 104))
    said = feed(fails, make.fail("2021-03-04", value * BN))
    assert brief(said) == ([("high", 1)] if on else [])
    for draft in said:
        assert draft.threshold == 150 * BN
        assert draft.values["median_usd"] == 100 * BN
        assert draft.values["percentile"] == 100
        assert draft.subject == "TOTAL:week"


@pytest.mark.parametrize(("value", "on"), [(300.0, False), (399.9, False), (400.0, True)])
def test_the_percentile_counts_where_it_is_the_higher(fails, value, on):
    # 104 weeks: 94 of 100 billion, 10 of 400; the 95th percentile is 400 and one and a half medians are 150.
    feed(fails, history([100] * 94 + [400] * 10))
    fails.overrule("high", "TOTAL:week", 0)
    assert brief(feed(fails, make.fail("2021-03-04", value * BN))) == ([("high", 1)] if on else [])


@pytest.mark.parametrize(("weeks", "on"), [(25, False), (26, True)])
def test_without_half_a_year_of_history_nothing_is_said(fails, weeks, on):
    feed(fails, history([100] * weeks))
    assert bool(feed(fails, make.fail("2021-03-04", 900 * BN))) == on


def test_the_figure_judged_is_not_its_own_history(fails):
    feed(fails, history([100] * 26))
    (draft,) = feed(fails, make.fail("2021-03-04", 400 * BN))
    assert draft.threshold == 150 * BN


def test_the_window_forgets(fails):
    # 104 quiet weeks after 104 loud ones: what is loud now is judged by the quiet ones alone.
    feed(fails, history([1000] * 104 + [100] * 104))
    (draft,) = feed(fails, make.fail("2023-03-04", 160 * BN))
    assert draft.threshold == 150 * BN


def test_it_falls_silent_again_with_the_figure(fails):
    feed(fails, history([100] * 104))
    said = feed(fails, make.fail("2021-03-04", 200 * BN), make.fail("2021-03-11", 100 * BN))
    assert brief(said) == [("high", 1), ("high", 0)]


def test_issues_and_periods_have_histories_of_their_own(fails):
    feed(fails, history([100] * 30))
    issue = {"scope": "issue", "issue": "10Y-OTR"}
    assert feed(fails, make.fail("2021-03-04", 900 * BN, **issue)) == []
    assert feed(fails, make.fail("2021-03-04", 900 * BN, period="day")) == []
    feed(fails, history([10] * 26, **issue))
    (draft,) = feed(fails, make.fail("2021-03-05", 900 * BN, **issue))
    assert draft.subject == "10Y-OTR:week"


def test_a_figure_of_fails_to_receive_alone_says_nothing(fails):
    feed(fails, history([100] * 30))
    assert feed(fails, make.fail("2021-03-04", None, to_receive_usd=900 * BN)) == []
    assert fails.readings() == {"fails_TOTAL:week_usd": 100 * BN}


def test_no_fails_at_all_are_not_high(fails):
    assert feed(fails, history([0.0] * 40, scope="issue", issue="2Y-OTR")) == []


def test_a_new_issue_takes_the_place_of_one_that_is_no_longer_reported(fails):
    for index in range(64):
        feed(fails, make.fail("2019-01-03", BN, scope="issue", issue=f"OLD{index}"))
    feed(fails, history([10] * 30, "2020-01-02", scope="issue", issue="10Y-OTR"))
    said = feed(fails, make.fail("2021-03-04", 900 * BN, scope="issue", issue="10Y-OTR"))
    assert brief(said) == [("high", 1)]
