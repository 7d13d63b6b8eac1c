"""The days on which the federal government is off: no agency publishes, whether or not the bond market trades.

They differ from SIFMA's: a holiday on a Saturday is kept on the Friday (10 November 2017 and 2023, 31 December 2021:
Treasuries traded), and Good Friday is a working day. Inauguration Day counts: the agencies are in Washington.

Source: 5 U.S.C. 6103; the executive orders that closed the departments, named beside their days.
"""

import datetime as dt
from functools import cache

from detectors.calendar import DAY, MONDAY, SATURDAY, SUNDAY, THURSDAY, last_monday_of_may, nth_weekday

JUNETEENTH_SINCE = 2021
CLOSED_BY_ORDER = frozenset(
    dt.date.fromisoformat(text)
    for text in (
        "2004-06-11",  # the funeral of President Reagan
        "2007-01-02",  # President Ford
        "2018-12-05",  # President George H. W. Bush
        "2018-12-24",
        "2019-12-24",
        "2020-12-24",
        "2024-12-24",
        "2025-01-09",  # President Carter
        "2025-12-24",
        "2025-12-26",
    )
)


def is_federal_working_day(day: dt.date) -> bool:
    """Whether the agencies work.

    >>> is_federal_working_day(dt.date(2024, 3, 29))  # Good Friday
    True
    >>> is_federal_working_day(dt.date(2023, 11, 10))  # Veterans Day is a Saturday
    False
    """
    return day.weekday() < SATURDAY and day not in _off(day.year) and day not in CLOSED_BY_ORDER


def next_federal_working_day(day: dt.date) -> dt.date:
    """The first working day after a day."""
    day += DAY
    while not is_federal_working_day(day):
        day += DAY
    return day


def _observed(day: dt.date) -> dt.date:
    return day - DAY if day.weekday() == SATURDAY else day + DAY if day.weekday() == SUNDAY else day


@cache
def _off(year: int) -> frozenset[dt.date]:
    days = {
        nth_weekday(year, 1, MONDAY, 3),
        nth_weekday(year, 2, MONDAY, 3),
        last_monday_of_may(year),
        nth_weekday(year, 9, MONDAY, 1),
        nth_weekday(year, 10, MONDAY, 2),
        nth_weekday(year, 11, THURSDAY, 4),
        *(_observed(dt.date(year, month, day)) for month, day in ((1, 1), (7, 4), (11, 11), (12, 25))),
        _observed(dt.date(year + 1, 1, 1)),  # kept on 31 December where it is a Saturday
    }
    if year >= JUNETEENTH_SINCE:
        days.add(_observed(dt.date(year, 6, 19)))
    if year % 4 == 1:
        days.add(dt.date(year, 1, 20))
    return frozenset(days)
