"""One file being read: its figures go to the tables under the catalogue's ids, and an account of them is kept.

Every format hands its figures to :meth:`Intake.figure` with the id and the unit that its publisher writes.
What is not taken is counted under the reason why, so that nothing is left out in silence.
"""

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from detectors.events import Provenance
from replay.dataset.aliases import Alias, aliases, resolve
from replay.dataset.catalogue import CATALOGUE
from replay.dataset.publication import times
from replay.dataset.tables import FIRST_YEAR, GAPS, FileLine, Lent, Quote, Tables
from replay.errors import DataError


@dataclass
class SeriesInFile:
    """What a file holds of a series: figures, blanks, first and last day, and rows that break the order of the days."""

    figures: int = 0
    blanks: int = 0
    dated: int = 0
    """Figures that say themselves when they came out: vintages and revisions."""
    first: dt.date | None = None
    last: dt.date | None = None
    _previous: dt.date | None = None
    _forward: int = 0
    _backward: int = 0

    def saw(self, day: dt.date) -> None:
        """Count a figure of a day."""
        self.figures += 1
        self.first = day if self.first is None else min(self.first, day)
        self.last = day if self.last is None else max(self.last, day)
        if self._previous is not None:
            self._forward += day > self._previous
            self._backward += day < self._previous
        self._previous = day

    @property
    def out_of_order(self) -> int:
        """How often the days go against the file's own direction; newest first is an order too."""
        return min(self._forward, self._backward)


@dataclass
class LeftOut:
    """Rows that were left out for one reason: how many, and where the first is."""

    first: FileLine
    rows: int = 0


@dataclass
class FileAccount:
    """What became of a file: the format it was read as, its series, and what was left out by reason.

    ``reason`` says why nothing of it was read; it is empty for a file that was. ``error`` is what ended its reading.
    """

    path: Path
    format: str = ""
    reason: str = ""
    error: str = ""
    series: defaultdict[str, SeriesInFile] = field(default_factory=lambda: defaultdict(SeriesInFile))
    quotes: int = 0
    shocks: dict[tuple[str, dt.date], FileLine] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    without_series: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, LeftOut] = field(default_factory=dict)


class Copy(NamedTuple):
    """A figure as a publisher copied it from another, to be taken if that other's is nowhere."""

    alias: Alias
    day: dt.date
    value: str
    unit: str
    provenance: Provenance
    place: FileLine


class Part(NamedTuple):
    """An operation of a day, of which the day's figure is the sum; of two reports the later one counts."""

    updated: str
    amount: float
    place: FileLine


@dataclass
class Intake:
    """A file on its way into the tables. ``parts`` are shared by all files of a folder, by id, day and operation."""

    tables: Tables
    account: FileAccount
    copies: list[Copy] = field(default_factory=list)
    parts: dict[tuple[str, dt.date], dict[str, Part]] = field(default_factory=dict)

    def figure(
        self,
        id_: str,
        day: dt.date,
        value: str,
        place: FileLine,
        *,
        provenance: Provenance = "official",
        known: str | int | None = None,
    ) -> None:
        """Take a figure of a publisher, in the unit that the publisher writes.

        Args:
            id_: the id of the alias table.
            day: the day the figure is about.
            value: as written; a gap is counted and is none.
            place: file and line.
            provenance: ``reconstructed`` where it was published later than its rule says.
            known: when this record came out, where it says so itself: New York wall time, or UTC nanoseconds.

        Raises:
            DataError: a value that is none, or another one for the same day.
        """
        alias = aliases().get(id_)
        if alias is None:
            self.account.unknown[id_] += 1
        elif day.year < FIRST_YEAR and value not in GAPS:
            self.leave(f"{id_} before {FIRST_YEAR}", place)
        elif day.year >= FIRST_YEAR:
            self._take(alias, day.isoformat(), value, alias.unit, place, provenance, known)

    def row(
        self,
        id_: str,
        day: str,
        value: str,
        unit: str,
        place: FileLine,
        *,
        provenance: Provenance = "official",
        known: str | int | None = None,
    ) -> None:
        """Take a row of a tidy file: any id, a day as ISO text, and a unit of its own or the publisher's.

        Raises:
            DataError: a day, value or unit that cannot be, or another value for the same day.
        """
        alias = resolve(id_)
        if alias is None:
            self.account.unknown[id_.strip()] += 1
            return
        self._take(alias, day, value, unit.strip() or alias.unit, place, provenance, known)

    def _take(
        self,
        alias: Alias,
        day: str,
        value: str,
        unit: str,
        place: FileLine,
        provenance: Provenance,
        known: str | int | None,
    ) -> None:
        of = self.tables.day(day, place)
        if alias.rule is not None and known is None:
            self.copies.append(Copy(alias, of, value, unit, provenance, place))
            return
        if alias.series not in CATALOGUE:
            self.account.without_series[alias.id] += 1
        elif not alias.covers(of):
            ended = alias.until is not None and of > alias.until
            bound = f"after {alias.until}, when it ended" if ended else f"before {alias.since}, when it began"
            self.leave(f"{alias.id} {bound}", place)
        elif value.strip() in GAPS:
            self.account.series[alias.series].blanks += 1
        else:
            self.tables.add(alias.series, day, value, unit, provenance, place, known=known)
            series = self.account.series[alias.series]
            series.saw(of)
            series.dated += known is not None and alias.rule is None

    def part(self, id_: str, day: dt.date, operation: str, found: Part) -> None:
        """Take an operation: those of a day are summed when all files are read, the same one in two files once."""
        of_day = self.parts.setdefault((id_, day), {})
        before = of_day.get(operation)
        if before is None or before.updated < found.updated:
            of_day[operation] = found

    def settle(self) -> None:
        """Take what its publisher copied from another one where no file has the original; when all files are read.

        Raises:
            DataError: a value that is none, or another one for the same day.
        """
        for (id_, day), of_day in self.parts.items():
            first = next(iter(of_day.values())).place
            if first.path == self.account.path:
                self.figure(id_, day, repr(sum(part.amount for part in of_day.values())), first)
        copies, self.copies = self.copies, []
        for one in copies:
            assert one.alias.rule is not None, "a copy has a rule of its own"
            if one.day in self.tables.figures.get(one.alias.series, {}):
                self.leave(
                    f"{one.alias.id}, of days for which {CATALOGUE[one.alias.series].publisher} is there", one.place
                )
            else:
                known = times(one.alias.rule, one.day)[1]
                self._take(one.alias, one.day.isoformat(), one.value, one.unit, one.place, one.provenance, known)

    def leave(self, reason: str, place: FileLine) -> None:
        """Count a row that is left out, under the reason why."""
        self.account.left_out.setdefault(reason, LeftOut(place)).rows += 1

    def print_of(self, quote: Quote) -> None:
        """Take a quoted print of special repo."""
        self.tables.prints.append(quote)
        self.account.quotes += 1

    def mark(self, quote: Quote) -> None:
        """Take an intraday mark, or a figure of an auction."""
        self.tables.marks.append(quote)
        self.account.quotes += 1

    def lent(self, row: Lent) -> None:
        """Take what was lent of an issue."""
        self.tables.lending.append(row)
        self.account.quotes += 1

    def shock(self, index: str, day: dt.date, text: str, place: FileLine) -> None:
        """Take a day on which an index moved for a cause at home.

        Raises:
            DataError: another cause for the same index and day.
        """
        earlier = self.tables.shocks.setdefault((index, day), text)
        if earlier != text:
            raise DataError(*place, f"the shock of {index} on {day} is {text!r} here and {earlier!r} before")
        self.account.shocks[index, day] = place
