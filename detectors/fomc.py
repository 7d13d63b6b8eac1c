"""The days on which the Federal Open Market Committee is scheduled to decide: when a policy rate may next change.

The second day of each scheduled meeting, as announced beforehand. Meetings at short notice (3 and 15 March 2020) are
not scheduled; the one of 18 March 2020, which the latter replaced, was. Statements come out at 14:00 New York time
and bind from the next day.

Source: Federal Reserve Board, meeting calendars of 2017 to 2026; tentative schedule of 2027, released 5 September 2025.
"""

import datetime as dt
from bisect import bisect_left, bisect_right

_DECISIONS: dict[int, str] = {
    2017: "02-01 03-15 05-03 06-14 07-26 09-20 11-01 12-13",
    2018: "01-31 03-21 05-02 06-13 08-01 09-26 11-08 12-19",
    2019: "01-30 03-20 05-01 06-19 07-31 09-18 10-30 12-11",
    2020: "01-29 03-18 04-29 06-10 07-29 09-16 11-05 12-16",
    2021: "01-27 03-17 04-28 06-16 07-28 09-22 11-03 12-15",
    2022: "01-26 03-16 05-04 06-15 07-27 09-21 11-02 12-14",
    2023: "02-01 03-22 05-03 06-14 07-26 09-20 11-01 12-13",
    2024: "01-31 03-20 05-01 06-12 07-31 09-18 11-07 12-18",
    2025: "01-29 03-19 05-07 06-18 07-30 09-17 10-29 12-10",
    2026: "01-28 03-18 04-29 06-17 07-29 09-16 10-28 12-09",
    2027: "01-27 03-17 04-28 06-09 07-28 09-15 10-27 12-08",
}
SCHEDULED: tuple[dt.date, ...] = tuple(
    dt.date.fromisoformat(f"{year}-{day}") for year, days in _DECISIONS.items() for day in days.split()
)


def scheduled_after(day: dt.date) -> dt.date | None:
    """The first scheduled day of decision after a day; None before the table begins and after it ends.

    >>> scheduled_after(dt.date(2021, 3, 17))
    datetime.date(2021, 4, 28)
    """
    if day.year < SCHEDULED[0].year:
        return None
    at = bisect_right(SCHEDULED, day)
    return SCHEDULED[at] if at < len(SCHEDULED) else None


def scheduled_from(first: dt.date, last: dt.date) -> tuple[dt.date, ...]:
    """The scheduled days of decision from ``first`` to ``last``, both included."""
    return SCHEDULED[bisect_left(SCHEDULED, first) : bisect_right(SCHEDULED, last)]
