"""Positions: the outer twentieth of three years, on the publication's Friday."""

import msgspec
import pytest

from detectors.funds.positions import FuturesPositions
from detectors.testing import make
from tests.support.drive import brief, feed

MANAGERS = "TFF:ASSET_MANAGER"


@pytest.fixture
def positions(desk):
    return FuturesPositions(desk.positions)


def reports(values, first="2018-01-02", **fields):
    return [make.position(day, value, **fields) for day, value in zip(make.weeks(first, 999), values, strict=False)]


def spread_out(count=101):
    """Net positions 0 to 100, each once, in an order that is not sorted: their 5 % quantile is 5, their 95 % 95."""
    return [(37 * index) % count for index in range(count)]


@pytest.mark.parametrize(
    ("net", "said"),
    [(5.0, [("short_extreme", 1)]), (5.1, []), (50, []), (94.9, []), (95.0, [("long_extreme", 1)])],
)
def test_the_edges_of_the_window(desk, net, said):
    detector = FuturesPositions(msgspec.structs.replace(desk.positions, min_weeks=101))
    assert feed(detector, reports(spread_out())) == []
    drafts = feed(detector, make.position("2021-03-02", net))
    assert brief(drafts) == said
    for draft in drafts:
        assert draft.threshold == net
        assert draft.subject == "TY:TFF:LEVERAGED"


def test_the_percentile_is_the_share_at_or_below(desk):
    detector = FuturesPositions(msgspec.structs.replace(desk.positions, min_weeks=100))
    feed(detector, reports([float(value) for value in range(1, 101)]))
    (draft,) = feed(detector, make.position("2021-03-02", 3.0))
    assert draft.values["percentile"] == 3.0
    assert draft.values["net_contracts"] == 3.0


def test_a_report_speaks_when_it_is_published_and_of_the_day_it_is_about(positions):
    feed(positions, reports(range(104)))
    (draft,) = feed(positions, make.position("2021-03-02", -95_600))
    assert (draft.ts, draft.known) == (make.moment("2021-03-02 17:00"), make.moment("2021-03-05 15:30"))


@pytest.mark.parametrize(("weeks", "on"), [(103, False), (104, True)])
def test_two_years_of_history_are_wanted(positions, weeks, on):
    feed(positions, reports(range(weeks)))
    assert bool(feed(positions, make.position("2021-03-02", -1))) == on


def test_the_report_judged_is_not_its_own_history(positions):
    feed(positions, reports([float(value) for value in range(104)]))
    (draft,) = feed(positions, make.position("2021-03-02", -1e6))
    assert draft.values["percentile"] == 0
    assert draft.threshold == pytest.approx(0.05 * 103)


def test_the_window_forgets_after_three_years(positions):
    feed(positions, reports([-1e6] * 10 + [float(value) for value in range(156)]))
    said = feed(positions, make.position("2022-03-01", -1))
    assert ("short_extreme", 1) in brief(said)  # a million short is more than three years ago


def test_an_extreme_ends_with_the_next_report(positions):
    feed(positions, reports(range(104)))
    said = feed(positions, make.position("2021-03-02", -1), make.position("2021-03-09", 50))
    assert brief(said) == [("short_extreme", 1), ("short_extreme", 0)]


def test_from_one_extreme_to_the_other(positions):
    feed(positions, reports(range(104)))
    said = feed(positions, make.position("2021-03-02", -1), make.position("2021-03-09", 500))
    assert brief(said) == [("short_extreme", 1), ("short_extreme", 0), ("long_extreme", 1)]


def test_categories_are_apart_and_others_are_not_watched(positions):
    feed(positions, reports(range(104)))
    assert feed(positions, make.position("2021-03-02", -1, category=MANAGERS)) == []
    assert feed(positions, make.position("2021-03-02", -1, contract="FV")) == []
    assert feed(positions, make.position("2021-03-02", -1, category="LEGACY:LEVERAGED")) == []
    assert positions.readings().keys() == {"net_TY:TFF:LEVERAGED_contracts", f"net_TY:{MANAGERS}_contracts"}


def test_over_open_interest_where_it_is_reported(positions):
    # Net rises from 1 to 104 while open interest rises faster: the share falls, and the last is the lowest.
    events = [
        make.position(day, index + 1.0, open_interest_contracts=1000.0 + (index + 1) ** 2 * 1000)
        for index, day in enumerate(make.weeks("2018-01-02", 104))
    ]
    feed(positions, events)
    (draft,) = feed(positions, make.position("2021-03-02", 105.0, open_interest_contracts=2e7))
    assert draft.name == "short_extreme"
    assert draft.values["net_share"] == pytest.approx(105 / 2e7, abs=1e-6)


def test_contracts_and_shares_are_never_in_one_window(positions):
    feed(positions, reports(range(104)))
    assert feed(positions, make.position("2021-03-02", 500, open_interest_contracts=1e6)) == []


def test_a_position_that_never_moves_is_at_no_extreme(positions):
    assert feed(positions, reports([100.0] * 120)) == []


def test_a_week_has_one_report(positions):
    """A correction takes its place: test_intake.py::test_open_interest_that_is_added_leaves_the_week_before."""
    feed(positions, reports(range(103)))
    feed(positions, make.position("2019-12-24", 7.0), make.position("2019-12-24", 9.0, known="2019-12-30 15:30"))
    (window,) = positions.snapshot()["windows"].values()
    assert len(window) == 104
