"""The days on which a series should have a figure, between its first and its last, and which of them have none.

Sessions of SIFMA for what is published each session, every seven days for weekly reports: those whose rule says so, and
those whose days lie a week apart, as of the Federal Reserve's balance sheet. A policy rate has a figure
where it changes, so nothing is missing between. Exchanges abroad keep holidays that this project does not know: there
only more than ten weekdays in a row count, longer than any holiday of Hong Kong, Shanghai or Tokyo.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from detectors.calendar import DAY, is_business_day
from replay.dataset.catalogue import CatalogueEntry

WEEK = 7 * DAY
LATEST_IN_WEEK = 9 * DAY
"""A report of Tuesday that is as of Monday, or late, is still the week's."""
FEWEST_STEPS = 4
WEEKLY_STEP_DAYS = 5
"""From this median on, over so many steps, days lie a week apart."""
HOLIDAY_WEEKDAYS = 10
_WEEKLY = frozenset({"friday", "thursday of next week", "a week later"})
_SATURDAY = 5


class Gap(NamedTuple):
    """Expected days in a row without a figure: first, last, and how many."""

    first: dt.date
    last: dt.date
    days: int


def gaps(entry: CatalogueEntry, days: Iterable[dt.date]) -> list[Gap]:
    """Where figures of a series are missing between its first day and its last."""
    have = sorted(days)
    if entry.rule.lag == "evening before":
        return []
    if entry.rule.lag in _WEEKLY or _a_week_apart(have):
        return list(_weeks(have))
    abroad = entry.rule.zone != "America/New_York"
    found = (_gap(before, after, abroad=abroad) for before, after in pairwise(have))
    return [gap for gap in found if gap is not None]


def _a_week_apart(have: list[dt.date]) -> bool:
    steps = [(after - before).days for before, after in pairwise(have)]
    return len(steps) >= FEWEST_STEPS and median(steps) >= WEEKLY_STEP_DAYS


def _weeks(have: list[dt.date]) -> Iterator[Gap]:
    for before, after in pairwise(have):
        if after - before > LATEST_IN_WEEK:
            missing = round((after - before) / WEEK) - 1
            yield Gap(before + WEEK, before + missing * WEEK, max(missing, 1))


def _gap(before: dt.date, after: dt.date, *, abroad: bool) -> Gap | None:
    between = [before + DAY * one for one in range(1, (after - before).days)]
    expected = [day for day in between if (day.weekday() < _SATURDAY if abroad else is_business_day(day))]
    if not expected or (abroad and len(expected) <= HOLIDAY_WEEKDAYS):
        return None
    return Gap(expected[0], expected[-1], len(expected))
