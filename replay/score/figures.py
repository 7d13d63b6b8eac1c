"""The figures that baselines read, as they became known: one series a list, in the order of coming.

The first print of a day counts; a later vintage is left out, for an alarm is raised on what was known. A spread is
known when both its legs are. Yields, rates and spreads are in percent, index levels in points.
"""

import datetime as dt
from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

from detectors.calendar import ny_date
from detectors.events import Event, PolicyRate, RepoPrint, SwapRate, VolatilityIndex, YieldQuote
from replay.score.axis import Axis

GCF, TRIPARTY, SOFR = "GCF:TSY", "TRIPARTY:OFR-TRIPARTY", "GC:SOFR"
OIS, VIX, MOVE = "SWAP:OIS:3M", "VOLATILITY:VIX", "VOLATILITY:MOVE"
TEN_YEAR, BILL = "YIELD:10Y", "YIELD:3M"
REPO = (GCF, TRIPARTY, SOFR)


class Figure(NamedTuple):
    """A figure: the session on whose evening it is known, the day it is about, and its value."""

    session: int
    day: dt.date
    value: float


Series = list[Figure]


def read(events: Iterable[Event], axis: Axis) -> dict[str, Series]:
    """The series that baselines read, first prints alone, and the spreads that are made of them."""
    first: dict[str, dict[dt.date, Figure]] = {}
    policy: list[PolicyRate] = []
    for event in sorted(events, key=attrgetter("known")):
        if isinstance(event, PolicyRate):
            policy.append(event)
        elif (found := _value(event)) is not None:
            name, value = found
            day = ny_date(event.ts)
            first.setdefault(name, {}).setdefault(day, Figure(axis.known(event.known), day, value))
    series = {name: sorted(figures.values(), key=lambda one: one.session) for name, figures in first.items()}
    series["GCF - tri-party"] = _spread(first.get(GCF, {}), first.get(TRIPARTY, {}))
    series["bill - OIS"] = _spread(first.get(BILL, {}), first.get(OIS, {}))
    series["SOFR - policy"] = _over_policy(series.get(SOFR, []), policy)
    return series


def _value(event: Event) -> tuple[str, float] | None:
    """The series and the value of an event that a baseline reads."""
    name = event.series()
    if isinstance(event, VolatilityIndex):
        return name, event.level_points
    if isinstance(event, SwapRate):
        return (name, event.rate_pct) if name == OIS else None
    if isinstance(event, RepoPrint):
        return (name, event.rate_pct) if name in REPO and event.statistic == "average" else None
    if isinstance(event, YieldQuote) and event.statistic == "close" and event.cusip is None:
        return (name, event.yield_pct) if name in {TEN_YEAR, BILL} else None
    return None


def _spread(left: dict[dt.date, Figure], right: dict[dt.date, Figure]) -> Series:
    """Left less right of the same day, known when both are."""
    both = [
        Figure(max(one.session, right[day].session), day, one.value - right[day].value)
        for day, one in left.items()
        if day in right
    ]
    return sorted(both, key=lambda one: one.session)


def _over_policy(rates: Series, policy: list[PolicyRate]) -> Series:
    """A rate less the interest on reserves in force on its day, or less the range's upper limit where there is none."""
    found = []
    by_effect = sorted(policy, key=attrgetter("ts"))
    for one in rates:
        in_force = None
        for change in by_effect:
            if ny_date(change.ts) > one.day:
                break
            in_force = change
        if in_force is not None:
            policy_pct = in_force.target_high_pct if in_force.iorb_pct is None else in_force.iorb_pct
            found.append(Figure(one.session, one.day, one.value - policy_pct))
    return found
