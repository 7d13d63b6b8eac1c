"""Spreads of two figures of one New York day: pairing what is published at different hours, and never twice.

Several detectors ask how far one series lies from another on the same day. The later of the two completes the pair;
a pair is given once a day, and a day older than the last given is not given any more.
"""

from typing import Any

import msgspec

from detectors import calendar
from detectors.detector import Reading, in_bp

DAYS_KEPT = 5


class Pair(msgspec.Struct, frozen=True):
    """Two readings of one day and their difference in basis points."""

    date: str
    left: Reading
    right: Reading

    @property
    def spread_bp(self) -> float:
        """Left less right."""
        return in_bp(self.left.value - self.right.value)

    @property
    def readings(self) -> list[Reading]:
        """Both, newest last."""
        return sorted((self.left, self.right), key=lambda reading: (reading.ts, reading.source))


class DayBook:
    """The figures of the last few days by series, and which pairs were given."""

    def __init__(self) -> None:
        self._days: dict[str, dict[str, Reading]] = {}
        self._given: dict[str, str] = {}

    def note(self, series: str, reading: Reading) -> str:
        """Remember a figure; the day it is about, as text."""
        date = calendar.ny_date(reading.ts).isoformat()
        self._days.setdefault(date, {})[series] = reading
        while len(self._days) > DAYS_KEPT:
            del self._days[min(self._days)]
        return date

    def pair(self, name: str, left: str, right: str, date: str) -> Pair | None:
        """The pair of a day, once, when both sides are there."""
        readings = self._days.get(date, {})
        one, other = readings.get(left), readings.get(right)
        if one is None or other is None or self._given.get(name, "") >= date:
            return None
        self._given[name] = date
        return Pair(date, one, other)

    def snapshot(self) -> dict[str, Any]:
        """The days and the pairs given, as plain values."""
        return {"days": msgspec.to_builtins(self._days), "given": dict(self._given)}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        self._days = msgspec.convert(plain["days"], type=dict[str, dict[str, Reading]])
        self._given = dict(plain["given"])
