"""Coordination: types of funds with evidence, each counted once, within ten sessions."""

import pytest

from detectors.config import config_hash, load
from detectors.funds.coordination import FundCoordination
from detectors.funds.positions import FuturesPositions
from detectors.signals import Cause, Signal
from detectors.testing import make
from tests.support import drive
from tests.support.drive import brief, causes

LEVERAGED, MANAGERS = "TY:TFF:LEVERAGED", "TY:TFF:ASSET_MANAGER"
BN = 1e9


def total(drafts):
    """What is said of the count of all; those by side have tests of their own."""
    return [draft for draft in drafts if draft.name == "count"]


def feed(funds, *events):
    return total(drive.feed(funds, *events))


def who(draft):
    """What the values count, without since when and by what evidence."""
    return {
        name: value
        for name, value in draft.values.items()
        if name == "count" or ("since" not in name and "_by_" not in name)
    }


def hear(funds, signal):
    return total(funds.observe(signal))


def wake(funds, now):
    return total(funds.on_time(now))


@pytest.fixture
def funds(desk):
    return FundCoordination(desk.coordination)


def extreme(subject, at="2021-03-02 15:30", level=1, name="short_extreme", values=None):
    """What the positions detector would say, signed."""
    moment = make.moment(at)
    return Signal(
        market="UST",
        ts=moment,
        known=moment,
        detector="positions",
        name=name,
        subject=subject,
        level=level,
        values={"percentile": 1.0} if values is None else values,
        rule="",
        threshold=None,
        causes=(Cause(make.SOURCE, 1),),
        provenance="official",
        config_hash=config_hash(load()),
    )


def outflow(kind, day, usd=-5 * BN, **fields):
    return make.flow(f"{day} 16:00", kind, usd, **fields)


@pytest.fixture
def warm(funds):
    for kind in ("CTA", "TREND", "RISK_PARITY", "BALANCED"):
        flows = [float(index) * 1e8 for index in range(30)]
        feed(funds, [make.flow(day, kind, usd) for day, usd in zip(make.weeks("2020-06-03", 30), flows, strict=True)])
    return funds


def test_one_type_is_nothing_two_amplify_three_are_extreme(warm):
    funds = warm
    said = feed(funds, outflow("CTA", "2021-03-01"))
    assert said == []
    said = feed(funds, outflow("RISK_PARITY", "2021-03-02"))
    assert brief(said) == [("count", 1)]
    assert who(said[0]) == {"count": 2, "type_CTA": 1, "type_RISK_PARITY": 1}
    assert said[0].values["type_CTA_by_outflow"] == 1
    assert said[0].values["type_CTA_since_s"] == make.moment("2021-03-01 16:00") / 1e9
    assert said[0].threshold == 2
    assert said[0].subject == "ALL"
    assert len(causes(said[0])) == 2
    said = feed(funds, outflow("BALANCED", "2021-03-03"))
    assert brief(said) == [("count", 2)]
    assert said[0].values["count"] == 3
    assert said[0].threshold == 3
    assert feed(funds, outflow("TREND", "2021-03-04")) == []


def test_one_type_twice_is_one_type(warm):
    assert feed(warm, outflow("CTA", "2021-03-01"), outflow("CTA", "2021-03-02", -9 * BN)) == []


def test_an_inflow_is_never_selling(warm):
    # The smallest of its history, and still an inflow: each history runs from 0 to 2.9 billion.
    assert feed(warm, outflow("CTA", "2021-03-01", 0.0), outflow("TREND", "2021-03-01", 1.0e5)) == []


def test_a_history_of_half_a_year_is_wanted(funds):
    for kind in ("CTA", "TREND"):
        feed(funds, [make.flow(day, kind, BN) for day in make.weeks("2020-06-03", 25)])
    assert feed(funds, outflow("CTA", "2021-03-01"), outflow("TREND", "2021-03-01")) == []
    # With that one there are 26.
    assert brief(feed(funds, outflow("CTA", "2021-03-08", -9 * BN), outflow("TREND", "2021-03-08", -9 * BN))) == [
        ("count", 1)
    ]


@pytest.mark.parametrize("other", [{"period": "day"}, {"aum_usd": 100 * BN}])
def test_periods_and_shares_have_histories_of_their_own(warm, other):
    feed(warm, outflow("CTA", "2021-03-01"))
    assert feed(warm, outflow("TREND", "2021-03-01", **other)) == []


def test_over_assets_where_they_are_known(funds):
    for kind in ("CTA", "TREND"):
        feed(funds, [make.flow(day, kind, BN, aum_usd=50 * BN) for day in make.weeks("2020-06-03", 26)])
    (draft,) = feed(
        funds, outflow("CTA", "2021-03-01", -BN, aum_usd=10 * BN), outflow("TREND", "2021-03-01", -BN, aum_usd=10 * BN)
    )
    assert draft.level == 1


def test_a_category_vouches_for_one_of_its_types(funds):
    assert hear(funds, extreme(LEVERAGED)) == []
    (draft,) = hear(funds, extreme(MANAGERS))
    assert draft.level == 1
    assert who(draft) == {"count": 2, "one_of_CTA_or_TREND": 1, "one_of_RISK_PARITY_or_BALANCED": 1}


def test_a_category_adds_nothing_to_a_type_of_its_own(warm):
    feed(warm, outflow("CTA", "2021-03-01"))
    assert hear(warm, extreme(LEVERAGED)) == []
    (draft,) = hear(warm, extreme(MANAGERS))
    assert who(draft) == {"count": 2, "type_CTA": 1, "one_of_RISK_PARITY_or_BALANCED": 1}


def test_both_types_of_a_group_seen_directly_are_two(warm):
    (draft,) = feed(warm, outflow("CTA", "2021-03-01"), outflow("TREND", "2021-03-01"))
    assert draft.values["count"] == 2
    assert hear(warm, extreme(LEVERAGED)) == []


def test_two_contracts_of_one_category_vouch_once(funds):
    assert hear(funds, extreme(LEVERAGED)) == []
    assert hear(funds, extreme("US:TFF:LEVERAGED")) == []


def test_a_category_without_a_group_and_a_long_extreme_say_nothing(funds):
    hear(funds, extreme(LEVERAGED))
    assert hear(funds, extreme("TY:LEGACY:NONCOMMERCIAL")) == []
    assert hear(funds, extreme(MANAGERS, name="long_extreme")) == []


def test_evidence_held_on_does_not_age(funds):
    hear(funds, extreme(LEVERAGED))
    hear(funds, extreme(MANAGERS))
    # As flow they count for ten sessions from 2 March; as stance while they hold.
    deadline = make.moment("2021-03-17 00:00")
    assert funds.wake_at() == deadline
    assert brief(funds.on_time(deadline)) == [("flow_count", 0)]
    assert funds.level("count", "ALL") == funds.level("stance_count", "STANCE") == 1
    assert funds.wake_at() is None


def test_evidence_let_go_counts_for_ten_sessions_more(funds):
    hear(funds, extreme(LEVERAGED))
    hear(funds, extreme(MANAGERS))
    assert hear(funds, extreme(MANAGERS, "2021-03-05 15:30", level=0)) == []
    wake(funds, make.moment("2021-03-17 00:00"))
    # The tenth session after Friday 5 March is Friday 19 March.
    deadline = make.moment("2021-03-20 00:00")
    assert funds.wake_at() == deadline
    (draft,) = wake(funds, deadline)
    assert (draft.level, draft.known) == (0, deadline)
    assert funds.wake_at() is None


def test_flows_leave_the_window_by_time(warm):
    feed(warm, outflow("CTA", "2021-03-01"), outflow("TREND", "2021-03-02"), outflow("BALANCED", "2021-03-03"))
    assert warm.level("count", "ALL") == 2
    deadlines = []
    levels = []
    while (deadline := warm.wake_at()) is not None:
        deadlines.append(deadline)
        levels.append([draft.level for draft in wake(warm, deadline)])
    assert deadlines == [make.moment(f"2021-03-{day} 00:00") for day in (16, 17, 18)]
    assert levels == [[1], [0], []]


def test_a_repeated_outflow_starts_its_time_again(warm):
    feed(warm, outflow("CTA", "2021-03-01"), outflow("CTA", "2021-03-05", -9 * BN))
    assert warm.wake_at() == make.moment("2021-03-20 00:00")


def test_an_event_after_the_window_counts_without_what_left_it(warm):
    feed(warm, outflow("CTA", "2021-03-01"), outflow("TREND", "2021-03-01"))
    (draft,) = feed(warm, make.flow("2021-04-15", "CTA", BN))
    assert draft.level == 0


@pytest.mark.parametrize("fresh", [True, False])
def test_the_window_is_on_what_a_flow_is_about(warm, fresh):
    feed(warm, outflow("CTA", "2021-03-18"))
    day = "2021-03-08" if fresh else "2021-03-01"
    said = feed(warm, outflow("TREND", day, known="2021-03-19 16:00"))
    assert bool(said) == fresh


def test_a_position_that_is_overruled_is_let_go(desk):
    positions, funds = FuturesPositions(desk.positions), FundCoordination(desk.coordination)
    drive.feed(positions, [make.position(day, 2.0 * index) for index, day in enumerate(make.weeks("2018-01-02", 110))])
    said = drive.feed(positions, make.position("2021-03-02", -1))
    (on,) = [draft for draft in said if draft.name == "short_extreme"]
    (off,) = positions.overrule(on.name, on.subject, make.moment("2021-05-03"))
    funds.observe(extreme(on.subject))
    funds.observe(extreme(MANAGERS))
    assert funds.level("count", "ALL") == 1
    funds.observe(extreme(off.subject, "2021-05-03", level=0, values=off.values))
    deadline = make.moment("2021-05-18 00:00")
    assert funds.wake_at() == deadline
    assert brief(wake(funds, deadline)) == [("count", 0)]


def test_a_steady_outflow_is_no_repositioning(funds):
    for kind in ("CTA", "TREND"):
        feed(funds, [make.flow(day, kind, -BN) for day in make.weeks("2020-06-03", 40)])
    assert funds.level("count", "ALL") == 0


def flag(subject, name, at, level=1, values=None):
    """What a replicated type's detector would say."""
    moment = make.moment(at)
    return Signal(
        market="UST",
        ts=moment,
        known=moment,
        detector=subject.lower(),
        name=name,
        subject=subject,
        level=level,
        values=values or {},
        rule="",
        threshold=None,
        causes=(Cause(make.SOURCE, 1),),
        provenance="official",
        config_hash="",
    )


def test_flow_and_stance_are_counted_apart_and_the_higher_is_the_count(funds):
    said = [draft for name in ("CTA", "TREND") for draft in funds.observe(flag(name, "flow", "2021-03-01 17:00"))]
    assert brief(said) == [("flow_count", 1), ("count", 1)]
    kinds = ("CTA", "RISK_PARITY", "BALANCED")
    said = [draft for name in kinds for draft in funds.observe(flag(name, "stance", "2021-03-01 17:00"))]
    assert brief(said) == [("stance_count", 1), ("stance_count", 2), ("count", 2)]
    assert said[-1].values["count"] == 3


def test_one_type_in_flow_and_another_in_stance_are_no_two(funds):
    funds.observe(flag("CTA", "flow", "2021-03-01 17:00"))
    assert funds.observe(flag("TREND", "stance", "2021-03-01 17:00")) == []


def test_a_stance_counts_while_it_is_on(funds):
    for name in ("CTA", "TREND"):
        funds.observe(flag(name, "stance", "2021-03-01 17:00"))
    assert funds.wake_at() is None
    said = funds.observe(flag("TREND", "stance", "2021-03-02 17:00", level=0))
    assert brief(said) == [("stance_count", 0), ("count", 0)]


def test_a_flow_counts_five_days_from_when_it_was_last_on(funds):
    # Last on Friday 5 March, off on Monday 8: the days are the 5th, 8th, 9th, 10th and 11th.
    for name in ("CTA", "TREND"):
        funds.observe(flag(name, "flow", "2021-03-04 17:00"))
    assert funds.observe(flag("TREND", "flow", "2021-03-08 17:00", level=0)) == []
    deadline = make.moment("2021-03-12 00:00")
    assert funds.wake_at() == deadline
    assert brief(funds.on_time(deadline)) == [("flow_count", 0), ("count", 0)]


def test_a_flag_that_no_close_confirmed_counts_no_more(funds):
    for name in ("CTA", "TREND"):
        funds.observe(flag(name, "flow", "2021-03-04 11:00"))
    said = funds.observe(flag("TREND", "flow", "2021-03-04 17:00", level=0, values={"withdrawn": 1.0}))
    assert brief(said) == [("flow_count", 0), ("count", 0)]


def test_how_unusual_a_count_is_is_said_from_the_days_before(funds):
    # Ten closes: CTA on the last five, TREND on the last four of them; two at once on four days of ten.
    days = list(make.sessions("2021-03-01", 11))
    for index, day in enumerate(days[:10]):
        if index == 5:
            funds.observe(flag("CTA", "stance", f"{day} 16:00"))
        if index == 6:
            funds.observe(flag("TREND", "stance", f"{day} 16:00"))
        drive.feed(funds, make.close(day, 1.5))
    funds.observe(flag("TREND", "stance", f"{days[10]} 10:00", level=0))
    said = funds.observe(flag("TREND", "stance", f"{days[10]} 11:00"))
    values = said[-1].values
    assert values["history_days"] == 10
    assert values["base_rate_pct"] == pytest.approx(40)
    assert values["p_independent_pct"] == pytest.approx(100 * 0.5 * 0.4)
