"""The two counts over the bundled history, against a second count from the types' own flags."""

import datetime as dt

import msgspec
import pytest

from detectors.config import load
from detectors.events import YieldQuote
from detectors.funds.coordination import FundCoordination
from detectors.funds.exposure import FundExposure
from detectors.registry import detectors_of
from detectors.sections import Config
from tests.detectors import bundled

FUNDS = ("cta", "trend", "risk_parity", "balanced")


def prices_alone() -> Config:
    config = load("desk")
    plain = {name: msgspec.structs.replace(getattr(config, name), position_gain=0.0) for name in FUNDS}
    return msgspec.structs.replace(config, **plain)


@pytest.fixture(scope="module")
def run() -> tuple[FundCoordination, dict[dt.date, tuple[int, int]], dict[str, list[tuple[int, str, int]]]]:
    """The detector at the end, the two counts at each close, and each type's flags as they were said."""
    made = detectors_of(prices_alone())
    funds = [one for one in made if isinstance(one, FundExposure)]
    (counter,) = [one for one in made if isinstance(one, FundCoordination)]
    counts, flags = {}, {one.fund: [] for one in funds}
    for event in bundled.events():
        while (deadline := counter.wake_at()) is not None and deadline <= event.known:
            counter.on_time(deadline)
        for one in funds:
            if type(event) not in one.kinds:
                continue
            for draft in one.update(event):
                counter.observe(draft.signed("UST", one.name, ""))
                flags[one.fund].append((draft.known, draft.name, draft.level))
        if isinstance(event, YieldQuote):
            counter.update(event)
            if event.tenor == "10Y" and event.statistic == "close":
                values = counter.readings()
                counts[bundled.day_of(event)] = (
                    int(values["coordination_flow_count"]),
                    int(values["coordination_stance_count"]),
                )
    return counter, counts, flags


def states(days: list[dt.date], flags: list[tuple[int, str, int]], name: str) -> list[bool]:
    """Whether a flag was on at each day's close."""
    said = [(known, level) for known, what, level in flags if what == name]
    ends = [dt.datetime.combine(day, dt.time(23, 59), dt.UTC).timestamp() * 1e9 for day in days]
    return [bool(([level for known, level in said if known <= end] or [0])[-1]) for end in ends]


def test_the_counts_are_those_of_the_flags(run):
    _, counts, flags = run
    days = sorted(counts)
    flow = {fund: states(days, said, "flow") for fund, said in flags.items()}
    stance = {fund: states(days, said, "stance") for fund, said in flags.items()}
    for n, day in enumerate(days):
        k_flow = sum(any(one[max(n - 4, 0) : n + 1]) for one in flow.values())
        k_stance = sum(one[n] for one in stance.values())
        assert counts[day] == (k_flow, k_stance), day


def test_early_2021_is_what_the_sheet_found_but_for_one_stance(run):
    """Domain sheet 7, on data since 2006: stances 2 in January, 3 from 29 January, 4 from 25 February; flows 1 from 16
    to 24 February, 2 on the 25th, 3 on 12 March. Here the third stance (trend) comes on 19 February, at percentile 20
    of a history that begins in 2018; the rest is the same to the day.
    """
    _, counts, _ = run
    found = {day.isoformat(): count for day, count in counts.items()}
    assert [found[day][0] for day in ("2021-02-12", "2021-02-16", "2021-02-24")] == [0, 1, 1]
    assert [found[day][0] for day in ("2021-02-25", "2021-03-11", "2021-03-12")] == [2, 2, 3]
    assert [found[day][1] for day in ("2021-01-29", "2021-02-18", "2021-02-19", "2021-02-24")] == [2, 2, 3, 3]
    assert [found[day][1] for day in ("2021-02-25", "2021-03-12", "2021-04-09")] == [4, 4, 4]


def test_base_rates_are_of_the_order_of_the_sheets(run):
    """2006 to 2020: flows of two or more 15.7 %, three 4.4, four 2.2; three stances 10.3. Here 481 days."""
    counter, counts, _ = run
    days = sorted(counts)[-481:]
    past = counter._past
    assert past["FLOW"].days == past["STANCE"].days == 481
    for side, place in (("FLOW", 0), ("STANCE", 1)):
        for count in range(5):
            share = sum(counts[day][place] >= count for day in days) / 481
            assert past[side].base_rate(count) == pytest.approx(share)
    assert 0.10 < past["FLOW"].base_rate(2) < 0.25
    assert 0.02 < past["FLOW"].base_rate(3) < 0.09
    assert 0.05 < past["STANCE"].base_rate(3) < 0.16


def test_types_flagged_together_more_often_than_chance(run):
    past = run[0]._past["FLOW"]
    assert past.base_rate(3) > 2 * past.independent(3)
    assert past.independent(0) == pytest.approx(1)
