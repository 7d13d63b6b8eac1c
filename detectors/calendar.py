"""The bond market's calendar: SIFMA sessions for U.S. Treasuries, early closes, period ends, New York time.

A calendar day is a New York day. Holidays follow SIFMA's recommendations as rules, so that any year has an answer;
days that no rule gives stand in a table. Where a rule is from memory and its next use lies ahead it is marked [M].

Source: SIFMA, Holiday Schedule (U.S.), years 2009 to 2026, and its releases on single days. Golden dates are pinned in
the tests.
"""

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

NEW_YORK = ZoneInfo("America/New_York")
NS = 1_000_000_000
DAY = dt.timedelta(days=1)
MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 3, 4, 5, 6
JUNETEENTH_SINCE = 2022

# Days no rule gives: the funerals of Presidents Reagan and George H. W. Bush (SIFMA, 1 December 2018: a full close), on
# which repo settled all the same, and the storm Sandy. For Presidents Ford and Carter the market closed early.
MOURNING_CLOSES = frozenset({dt.date(2004, 6, 11), dt.date(2018, 12, 5)})
SPECIAL_CLOSES = MOURNING_CLOSES | {dt.date(2012, 10, 30)}
SPECIAL_EARLY = {dt.date(2007, 1, 2): "14:00", dt.date(2012, 10, 29): "12:00", dt.date(2025, 1, 9): "14:00"}


class Session(msgspec.Struct, frozen=True):
    """A day on which Treasuries trade, with its recommended close (UTC ns)."""

    date: dt.date
    close_ns: int
    early: bool


def ny(day: dt.date, clock: str) -> int:
    """UTC nanoseconds of a New York wall time ``HH:MM`` on a day.

    >>> ny(dt.date(2021, 3, 15), "08:00") - ny(dt.date(2021, 3, 12), "08:00") == (3 * 24 - 1) * 3600 * NS
    True
    """
    hour, minute = clock.split(":")
    return _midnight(day) + _wall_offset(day, int(hour), int(minute))


@lru_cache(maxsize=8192)
def _midnight(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(), NEW_YORK).timestamp()) * NS


def _wall_offset(day: dt.date, hour: int, minute: int) -> int:
    plain = (hour * 60 + minute) * 60 * NS
    if _midnight(day + DAY) - _midnight(day) == 24 * 3600 * NS:
        return plain
    moment = dt.datetime.combine(day, dt.time(hour, minute), NEW_YORK)
    return int(moment.timestamp()) * NS - _midnight(day)


@lru_cache(maxsize=4096)
def ny_date(ns: int) -> dt.date:
    """The New York day of a moment in UTC nanoseconds."""
    guess = _EPOCH + dt.timedelta(days=(ns // NS - 5 * 3600) // 86400)
    if ns < _midnight(guess):
        return guess - DAY
    return guess if ns < _midnight(guess + DAY) else guess + DAY


_EPOCH = dt.date(1970, 1, 1)


def day_of(text: str) -> dt.date:
    """The day of ISO text."""
    return dt.date.fromisoformat(text)


def is_business_day(day: dt.date) -> bool:
    """Whether Treasuries trade that day (an early close counts)."""
    return day.weekday() < SATURDAY and day not in _holidays(day.year)


def session(day: dt.date) -> Session | None:
    """The session of a day, or None when the market is closed."""
    if not is_business_day(day):
        return None
    early = _early_closes(day.year).get(day)
    return Session(date=day, close_ns=ny(day, early or "17:00"), early=early is not None)


@lru_cache(maxsize=8192)
def next_business_day(day: dt.date) -> dt.date:
    """The first session after a day."""
    day += DAY
    while not is_business_day(day):
        day += DAY
    return day


@lru_cache(maxsize=8192)
def previous_business_day(day: dt.date) -> dt.date:
    """The last session before a day."""
    day -= DAY
    while not is_business_day(day):
        day -= DAY
    return day


@lru_cache(maxsize=8192)
def _add_sessions(day: dt.date, count: int) -> dt.date:
    return add_sessions(day, count)


def add_sessions(day: dt.date, count: int) -> dt.date:
    """The session ``count`` sessions after a day (``count`` >= 0; a closed day counts from the next session on)."""
    for _ in range(count):
        day = next_business_day(day)
    return day


def sessions_after(ns: int, count: int) -> int:
    """The New York midnight (UTC ns) that ends the session ``count`` sessions after a moment's day.

    A midnight itself belongs to the day it ends, so that deadlines chain without losing a day.

    >>> sessions_after(ny(dt.date(2021, 2, 12), "18:00"), 1) == ny(dt.date(2021, 2, 17), "00:00")
    True
    """
    return _midnight(_add_sessions(ny_date(ns - 1), count) + DAY)


def sessions_between(first: dt.date, last: dt.date) -> int:
    """How many sessions lie after ``first`` and not after ``last``; 0 when ``last`` is not later."""
    count = 0
    while first < last:
        first = next_business_day(first)
        count += first <= last
    return count


def is_month_end(day: dt.date) -> bool:
    """Whether a day is the last session of its month."""
    return is_business_day(day) and next_business_day(day).month != day.month


def is_quarter_end(day: dt.date) -> bool:
    """Whether a day is the last session of its quarter."""
    return day.month % 3 == 0 and is_month_end(day)


def is_year_end(day: dt.date) -> bool:
    """Whether a day is the last session of its year."""
    return day.month == 12 and is_month_end(day)


def nth_weekday(year: int, month: int, weekday: int, n: int) -> dt.date:
    """The n-th Monday (0) to Sunday (6) of a month.

    >>> nth_weekday(2021, 11, THURSDAY, 4)
    datetime.date(2021, 11, 25)
    """
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def last_monday_of_may(year: int) -> dt.date:
    """Memorial Day."""
    day = dt.date(year, 5, 31)
    return day - dt.timedelta(days=day.weekday())


def easter(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar (the anonymous computus of Meeus, Jones and Butcher).

    >>> easter(2021)
    datetime.date(2021, 4, 4)
    """
    a, (b, c) = year % 19, divmod(year, 100)
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return dt.date(year, month, day + 1)


def good_friday(year: int) -> dt.date:
    """The Friday before Easter."""
    return easter(year) - 2 * DAY


def _jobs_report_on_good_friday(year: int) -> bool:
    # On the first Friday of a month the employment report comes out, and the market opens until noon for it.
    return good_friday(year).day <= 7


def _observed(day: dt.date, *, saturday_moves: bool) -> dt.date:
    if day.weekday() == SUNDAY:
        return day + DAY
    return day - DAY if day.weekday() == SATURDAY and saturday_moves else day


@lru_cache(maxsize=256)
def _holidays(year: int) -> frozenset[dt.date]:
    days = {
        _observed(dt.date(year, 1, 1), saturday_moves=False),
        nth_weekday(year, 1, MONDAY, 3),
        nth_weekday(year, 2, MONDAY, 3),
        last_monday_of_may(year),
        _observed(dt.date(year, 7, 4), saturday_moves=True),
        nth_weekday(year, 9, MONDAY, 1),
        nth_weekday(year, 10, MONDAY, 2),
        _observed(dt.date(year, 11, 11), saturday_moves=False),
        nth_weekday(year, 11, THURSDAY, 4),
        _observed(dt.date(year, 12, 25), saturday_moves=True),
    }
    if year >= JUNETEENTH_SINCE:
        days.add(_observed(dt.date(year, 6, 19), saturday_moves=True))  # [M] a Saturday's move; next used in 2027
    if not _jobs_report_on_good_friday(year):
        days.add(good_friday(year))
    return frozenset(days | {day for day in SPECIAL_CLOSES if day.year == year})


@lru_cache(maxsize=256)
def _early_closes(year: int) -> dict[dt.date, str]:
    independence = _observed(dt.date(year, 7, 4), saturday_moves=True)
    christmas = _observed(dt.date(year, 12, 25), saturday_moves=True)
    closes = {
        previous_business_day(last_monday_of_may(year)): "14:00",
        previous_business_day(independence): "14:00",
        nth_weekday(year, 11, THURSDAY, 4) + DAY: "14:00",
        previous_business_day(christmas): "14:00",
        previous_business_day(dt.date(year + 1, 1, 1)): "14:00",  # [M] where 1 January is a Saturday
    }
    if _jobs_report_on_good_friday(year):
        closes[good_friday(year)] = "12:00"
    else:
        closes[good_friday(year) - DAY] = "14:00"
    closes |= {day: clock for day, clock in SPECIAL_EARLY.items() if day.year == year}
    return {day: clock for day, clock in closes.items() if day.weekday() < SATURDAY}
