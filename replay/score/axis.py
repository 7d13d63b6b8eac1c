"""Sessions as numbers: the days that are scored, counted in SIFMA sessions.

Session 0 is the first of the days scored; earlier ones have negative numbers, so that what was on before can be
placed. A closed day has the number of the next session: what is known on a Saturday is acted on on Monday.
"""

import datetime as dt
from bisect import bisect_left

from detectors.calendar import DAY, is_business_day, ny_date
from replay.errors import ScenarioError

MARGIN = dt.timedelta(days=120)


class Axis:
    """The sessions from a first to a last day, and some before and after them for windows that reach out."""

    def __init__(self, first: dt.date, last: dt.date, start: dt.date | None = None) -> None:
        """``start`` is the warm-up's first day, if there is one; raises ScenarioError for days without a session."""
        day, end = min(first, start or first) - MARGIN, last + MARGIN
        self._dates = [one for n in range((end - day).days + 1) if is_business_day(one := day + n * DAY)]
        self._before = bisect_left(self._dates, first)
        self.count = bisect_left(self._dates, last + DAY) - self._before
        if self.count <= 0:
            raise ScenarioError(f"there is no session from {first} to {last}")

    @property
    def days(self) -> list[dt.date]:
        """The sessions scored, in order."""
        return self._dates[self._before : self._before + self.count]

    @property
    def begin(self) -> int:
        """The number of the first session there is, before the warm-up."""
        return -self._before

    def number(self, day: dt.date) -> int:
        """The number of a day's session, or of the next one; days far outside have that of the margin's end."""
        return bisect_left(self._dates, day) - self._before

    def known(self, ns: int) -> int:
        """The session on whose evening something is known that was known at a moment (UTC ns)."""
        return self.number(ny_date(ns))

    def held_until(self, ns: int) -> int:
        """The last session on which something held that ended at a moment (UTC ns); midnight is the day before's."""
        day = ny_date(ns - 1)
        number = self.number(day)
        return number if is_business_day(day) else number - 1

    def date(self, number: int) -> dt.date:
        """The day of a session; numbers beyond the margin give its end."""
        return self._dates[min(max(number + self._before, 0), len(self._dates) - 1)]
