"""Days as publishers write them: ISO with or without a time, month first with four or two digits of the year."""

import datetime as dt
import re
from functools import cache

from replay.dataset.tables import FileLine
from replay.errors import DataError

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?")
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?: .*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_CENTURY = 80
"""Two digits from 80 on are of the twentieth century: the engine begins in 1980."""


def day_of(text: str, place: FileLine) -> dt.date:
    """The day a publisher's text names.

    >>> from pathlib import Path
    >>> here = FileLine(Path("file.csv"), 2)
    >>> [str(day_of(one, here)) for one in ("2014-09-09T00:00:00.000", "9/9/2014 12:00:00 AM", "09/09/14")]
    ['2014-09-09', '2014-09-09', '2014-09-09']

    Raises:
        DataError: another form, or a day that no calendar has.
    """
    day = _day(text.strip())
    if day is None:
        raise DataError(*place, f"{text!r} is not a day: 2021-02-25 or 02/25/2021")
    return day


@cache
def _day(text: str) -> dt.date | None:
    if found := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        year, month, day = map(int, found.groups())
    elif found := _AMERICAN.fullmatch(text):
        month, day, year = map(int, found.groups())
        if year < 100:
            year += 1900 if year >= _CENTURY else 2000
    else:
        return None
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None
