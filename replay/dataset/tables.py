"""What was read of files, before it becomes events: figures by series and day, quotes, shocks, and what was left out.

Readers of any format hand their rows to :class:`Tables`, with the place of each; what is the same for all of them
(days, numbers, units, closed markets, two values for one day) is decided here.
"""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from detectors.calendar import MOURNING_CLOSES, NEW_YORK, NS, SATURDAY, is_business_day, ny
from detectors.events import Provenance
from replay.dataset.catalogue import CATALOGUE, CatalogueEntry, TradingDays
from replay.dataset.publication import PublicationRule, times
from replay.dataset.units import UNITS, Dimension
from replay.errors import DataError

GAPS = frozenset({"", ".", "NA", "ND"})
SCHEDULES_SINCE = 2009  # before, the calendar's holidays are rules that no schedule was compared with
FIRST_YEAR, LAST_YEAR = 1981, 2098  # the engine takes 1980 to 2099, and figures are known a while after their day


class FileLine(NamedTuple):
    """Where a figure stands: file and one-based line."""

    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}"


class Figure(NamedTuple):
    """A value in the unit of the events, its provenance and place, and when a desk could first have had it (UTC ns)."""

    value: float
    provenance: Provenance
    place: FileLine
    known: int


class Quote(NamedTuple):
    """A row of prints or marks: what was quoted, of when (a wall time, a word or nothing), and by whom.

    ``known`` is what the row says of itself, in UTC ns; None where the rule of its ``time_et`` holds.
    """

    day: dt.date
    time_et: str
    subject: str
    kind: str
    value: float
    unit: str
    place: FileLine
    known: int | None = None
    source: str = ""


class Lent(NamedTuple):
    """A row of one issue and operation: amounts of par in US dollars, the fee in percent a year."""

    day: dt.date
    issue: str
    operation: str
    figures: Mapping[str, float]
    provenance: Provenance
    place: FileLine
    known: int | None = None


@dataclass
class Tables:
    """What a directory holds: figures by series and day, quotes, shocks by (index, day), and what was left out.

    ``figures`` holds what was said first of each day, ``revisions`` what was said of it later, in order of ``known``.
    ``warnings`` name what was read and not used, or not as written, each with file and line.
    """

    figures: dict[str, dict[dt.date, Figure]] = field(default_factory=dict)
    revisions: dict[str, dict[dt.date, list[Figure]]] = field(default_factory=dict)
    prints: list[Quote] = field(default_factory=list)
    marks: list[Quote] = field(default_factory=list)
    lending: list[Lent] = field(default_factory=list)
    shocks: dict[tuple[str, dt.date], str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    closed: dict[str, list[tuple[dt.date, FileLine]]] = field(default_factory=dict)
    """Rows of days on which their market was closed, by series; they are in no event."""
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

        ``known`` is when the record says it came out: an ISO time, with its zone or of New York, or UTC ns.

        A gap is none, and so is a figure of a day on which the series' market was closed. Without ``known`` the
        publisher's rule dates the figure.

        Raises:
            DataError: a day, value, unit or time that cannot be, or another value for the same day known as early.
        """
        entry = CATALOGUE[series]
        if value.strip() in GAPS:
            return
        of = self.day(day, place)
        if not can_trade(entry.days, of):
            self.closed.setdefault(entry.id, []).append((of, place))
            return
        amount = in_event_unit(value, unit, entry.dimension, place, absent=entry.absent_unit)
        _whole(entry, amount, place)
        self._file(entry, of, Figure(amount, provenance, place, _known(entry.rule, of, known, place)))

    def said_of(self, series: str, day: dt.date) -> list[Figure]:
        """Everything that was said of a day, in order of ``known``; a repetition of what stands is nothing new."""
        said = [self.figures[series][day]]
        for figure in self.revisions.get(series, {}).get(day, ()):
            if figure.value != said[-1].value:
                said.append(figure)
        return said

    def _file(self, entry: CatalogueEntry, day: dt.date, figure: Figure) -> None:
        by_day = self.figures.setdefault(entry.id, {})
        first = by_day.setdefault(day, figure)
        if first is figure:
            return
        later = self.revisions.get(entry.id, {}).get(day, [])
        for one in (first, *later):
            if one.known != figure.known:
                continue
            if one.value != figure.value:
                reason = f"{entry.id} of {day} is {figure.value:g} here and {one.value:g} in {one.place}"
                raise DataError(*figure.place, f"{reason}; a column 'known' would say which came first")
            return
        by_day[day], *rest = sorted((first, figure, *later), key=lambda one: one.known)
        self.revisions.setdefault(entry.id, {})[day] = rest


def can_trade(days: TradingDays, day: dt.date) -> bool:
    """Whether a series of these trading days can have a figure of a day."""
    if days == "any":
        return True
    if days == "weekdays" or day.year < SCHEDULES_SINCE:
        return day.weekday() < SATURDAY
    return is_business_day(day) or (days == "repo" and day in MOURNING_CLOSES)


def moment_of(text: str, place: FileLine) -> int:
    """UTC ns of an ISO time: in the zone it names, else a wall time of New York; a bare day is its last minute."""
    stripped = text.strip()
    try:
        at = dt.datetime.fromisoformat(stripped)
    except ValueError:
        raise DataError(*place, f"known {text!r} is no time; write 2021-02-25T18:00, or 2021-02-25T23:00Z") from None
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise DataError(*place, f"known {text} is not in {FIRST_YEAR} to {LAST_YEAR}")
    if "T" not in stripped and " " not in stripped:
        return ny(at.date(), "23:59")
    return int((at if at.tzinfo else at.replace(tzinfo=NEW_YORK)).timestamp()) * NS


def _known(rule: PublicationRule, day: dt.date, said: str | int | None, place: FileLine) -> int:
    about, by_rule = times(rule, day)
    if said is None or (isinstance(said, str) and not said.strip()):
        return by_rule
    known = said if isinstance(said, int) else moment_of(said, place)
    if known < about and by_rule >= about:
        raise DataError(*place, f"known {said} is earlier than what it is about, the {rule.ts} of {day}")
    return known


def _whole(entry: CatalogueEntry, amount_usd: float, place: FileLine) -> None:
    step = entry.step_usd
    if step is not None and amount_usd % step:
        reason = f"{entry.id} is counted in steps of {step:,.0f} US dollars, and {amount_usd:,.0f} is none"
        raise DataError(*place, f"{reason}; wrong unit? an empty one is {entry.unit}")


def number(text: str, place: FileLine) -> float:
    """Parse a finite decimal number; forms that only Python knows (1_000, inf) are rejected."""
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(*place, f"{text!r} is not a finite number; leave the field empty for a gap")
    return value


def in_event_unit(text: str, unit: str, dimension: Dimension, place: FileLine, *, absent: str | None = None) -> float:
    """Parse a value and convert it to the unit of the events: percent, US dollars, contracts, points.

    ``absent`` is what an empty unit means; without it an empty unit is an error.
    """
    stated = unit.strip() or absent
    units = ", ".join(UNITS[dimension])
    if stated is None:
        raise DataError(*place, f"the unit is empty, and no publisher's is known for this figure; one of: {units}")
    factor = UNITS[dimension].get(stated)
    if factor is None:
        raise DataError(*place, f"unit {unit!r} does not fit this series; one of: {units}")
    # rounded to the cent and to a ten-thousandth of a basis point: 287.236 bn is 287236000000 US dollars exactly
    return round(number(text, place) * factor, 2 if dimension == "money" else 6)
