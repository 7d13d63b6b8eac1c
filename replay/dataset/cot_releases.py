"""When the CFTC published each report of the Commitments of Traders: the rule, and the weeks that came out otherwise.

The rule: positions of Tuesday's close come out on Friday; a federal holiday on Wednesday, Thursday or Friday moves the
release to the next federal working day after that Friday. A holiday on Tuesday makes the report one of Monday, and its
release stays on Friday (as of 10 November 2025 planned for the 14th, of 24 December 2018 for the 28th).
Source: CFTC, release schedules of 2024 and of 18 November 2025 (their column of first plans).

An exception whose days were not found errs late, and its table says so.
"""

import datetime as dt
from typing import NamedTuple

from detectors.calendar import DAY
from replay.dataset.federal_days import is_federal_working_day, next_federal_working_day

FRIDAY = 4
DAYS_OF_WORK = 3  # Wednesday to Friday: a holiday in them delays the release


class LateReports(NamedTuple):
    """A stretch of reports that came out late: why, the day of publication by as-of day, and who says so."""

    why: str
    published: dict[dt.date, dt.date]
    source: str
    found: bool = True
    """Whether the days are on record; if not, they are later than what is known of them."""


def _days(year: int, text: str) -> dict[dt.date, dt.date]:
    """``"09-30 11-19, …"`` as days of one year; a month that lies before the first is of the next year."""
    pairs: dict[dt.date, dt.date] = {}
    first = dt.date.fromisoformat(f"{year}-{text[:5]}")
    for pair in text.split(","):
        as_of, out = (dt.date.fromisoformat(f"{year}-{day}") for day in pair.split())
        pairs[_on_or_after(first, as_of)] = _on_or_after(first, out)
    return pairs


def _on_or_after(first: dt.date, day: dt.date) -> dt.date:
    return day if day >= first else day.replace(year=day.year + 1)


LATE = (
    LateReports(
        "shutdown of 1 to 16 October 2013",
        _days(2013, "10-01 11-15,10-08 11-15,10-15 11-15,10-22 11-15,10-29 11-15"),
        "Reuters, 17 October 2013: nothing that week, schedule to follow; the days were not found",
        found=False,
    ),
    LateReports(
        "shutdown of 22 December 2018 to 25 January 2019",
        _days(
            2018,
            "12-24 02-01,12-31 02-05,01-08 02-08,01-15 02-12,01-22 02-15,01-29 02-19,02-05 02-22,02-12 02-26,"
            "02-19 03-01,02-26 03-05",
        ),
        "CFTC, 29 January 2019: one report each Tuesday and Friday from 1 February until they were current",
    ),
    LateReports("outage at ION", _days(2023, "01-31 02-24"), "CFTC, 24 February 2023"),
    LateReports(
        "outage at ION, the catching up",
        _days(2023, "02-07 03-24,02-14 03-24,02-21 03-24,02-28 03-24,03-07 03-24,03-14 03-24"),
        "CFTC, 16 and 24 February 2023: in order, complete by mid-March; the days were not found",
        found=False,
    ),
    LateReports(
        "shutdown of 1 October to 12 November 2025",
        _days(
            2025,
            "09-30 11-19,10-07 11-21,10-14 11-25,10-21 12-02,10-28 12-05,11-04 12-09,11-10 12-12,11-18 12-16,"
            "11-25 12-19,12-02 12-23,12-09 12-30,12-16 01-06,12-23 01-09,12-30 01-13,01-06 01-16,"
            "01-13 01-20,01-20 01-23",
        ),
        "CFTC, 18 November 2025",
    ),
)
_PUBLISHED = {as_of: out for stretch in LATE for as_of, out in stretch.published.items()}


def published_on(as_of: dt.date) -> dt.date:
    """The day on which the report of ``as_of`` came out.

    >>> published_on(dt.date(2024, 11, 26))  # Thanksgiving is the Thursday
    datetime.date(2024, 12, 2)
    >>> published_on(dt.date(2025, 10, 7))
    datetime.date(2025, 11, 21)
    """
    return _PUBLISHED.get(as_of) or _by_rule(as_of)


def _by_rule(as_of: dt.date) -> dt.date:
    friday = as_of + DAY * ((FRIDAY - as_of.weekday() - 1) % 7 + 1)
    working = [friday - DAY * back for back in range(DAYS_OF_WORK)]
    if all(is_federal_working_day(day) for day in working if day > as_of):
        return friday
    return next_federal_working_day(friday)
