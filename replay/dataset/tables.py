"""What was read of files, before it becomes events: figures by series and day, quotes, shocks, and what was left out.

Readers of any format hand their rows to :class:`Tables`, with the place of each; what is the same for all of them
(days, numbers, units, two values for one day) is decided here.
"""

import datetime as dt
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from detectors.events import Provenance
from replay.dataset.catalogue import CATALOGUE, DEFAULT_UNIT, UNITS, Dimension
from replay.errors import DataError

GAPS = frozenset({"", ".", "NA", "ND"})
FIRST_YEAR, LAST_YEAR = 1981, 2098  # the engine takes 1980 to 2099, and figures are known a while after their day


class FileLine(NamedTuple):
    """Where a figure stands: file and one-based line."""

    path: Path
    line: int


class Figure(NamedTuple):
    """A value in the unit of the events, its provenance and its place, and when it came out where its file says so."""

    value: float
    provenance: Provenance
    place: FileLine
    known: str | int | None = None


class Quote(NamedTuple):
    """A row of prints or marks: what was quoted, of when (a wall time, a word or nothing), and by whom."""

    day: dt.date
    time_et: str
    subject: str
    kind: str
    value: float
    unit: str
    place: FileLine


@dataclass
class Tables:
    """What a directory holds: figures by series and day, quotes, shocks by (index, day), and warnings."""

    figures: dict[str, dict[dt.date, Figure]] = field(default_factory=dict)
    prints: list[Quote] = field(default_factory=list)
    marks: list[Quote] = field(default_factory=list)
    shocks: dict[tuple[str, dt.date], str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _days: dict[str, dt.date] = field(default_factory=dict)

    def day(self, text: str, place: FileLine) -> dt.date:
        """Parse an ISO day, once for each text."""
        known = self._days.get(text)
        if known is None:
            try:
                known = dt.date.fromisoformat(text)
            except ValueError:
                raise DataError(*place, f"{text!r} is not a day; write it as 2021-02-25") from None
            if not FIRST_YEAR <= known.year <= LAST_YEAR:
                raise DataError(*place, f"{text} is not in {FIRST_YEAR} to {LAST_YEAR}")
            self._days[text] = known
        return known

    def add(
        self,
        series: str,
        day: str,
        value: str,
        unit: str,
        provenance: Provenance,
        place: FileLine,
        *,
        known: str | int | None = None,
    ) -> None:
        """Take a figure of a series of the catalogue as a file has it: texts of a day, a value and a unit.

        A gap is none. ``known`` is when the record says it came out: wall time of New York, or UTC ns.

        Raises:
            DataError: a day, value or unit that cannot be, or another value for the same day.
        """
        entry = CATALOGUE[series]
        if value.strip() in GAPS:
            return
        of = self.day(day, place)
        figure = Figure(in_event_unit(value, unit, entry.dimension, place), provenance, place, known)
        earlier = self.figures.setdefault(entry.id, {}).setdefault(of, figure)
        if earlier.value != figure.value:
            where = f"{earlier.place.path.name}:{earlier.place.line}"
            raise DataError(*place, f"{entry.id} of {of} is {figure.value:g} here and {earlier.value:g} in {where}")


def number(text: str, place: FileLine) -> float:
    """Parse a finite decimal number; forms that only Python knows (1_000, inf) are rejected."""
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(*place, f"{text!r} is not a finite number; leave the field empty for a gap")
    return value


def in_event_unit(text: str, unit: str, dimension: Dimension, place: FileLine) -> float:
    """Parse a value and convert it to the unit of the events: percent, US dollars, contracts, points."""
    factor = UNITS[dimension].get(unit.strip() or DEFAULT_UNIT[dimension])
    if factor is None:
        raise DataError(*place, f"unit {unit!r} does not fit this series; one of: {', '.join(UNITS[dimension])}")
    # rounded to the cent and to a ten-thousandth of a basis point: 287.236 bn is 287236000000 US dollars exactly
    return round(number(text, place) * factor, 2 if dimension == "money" else 6)
