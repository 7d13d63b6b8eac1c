"""Tidy tables in: every CSV file of a directory, recognised by its header, each value checked with its line.

Three kinds of file are understood; any other is named in a warning and left alone.

* figures: ``date,series,value,unit`` and optionally ``provenance``;
* quoted prints of special repo: ``date,time_et,instrument,kind,rate_pct,source``;
* quoted intraday marks and auction results: ``date,time_et,series,kind,value,unit,source``;
* days with a cause at home: ``date,index,shock,source``.

A blank value (or FRED's ``.``) is a gap and stays one. A value that is not a number, an invalid day, a unit of
another dimension or two values for one day are errors that name file, line and reason.
"""

import csv
import datetime as dt
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol, cast, get_args

from detectors.events import Provenance
from replay.dataset.catalogue import CATALOGUE, DEFAULT_UNIT, UNITS, Dimension
from replay.errors import DataError

FIGURES = ("date", "series", "value", "unit")
PRINTS = ("date", "time_et", "instrument", "kind", "rate_pct", "source")
MARKS = ("date", "time_et", "series", "kind", "value", "unit", "source")
SHOCKS = ("date", "index", "shock", "source")
GAPS = frozenset({"", ".", "NA", "ND"})
FIRST_YEAR, LAST_YEAR = 1981, 2098  # the engine takes 1980 to 2099, and figures are known a while after their day
PROVENANCES = frozenset(get_args(Provenance))


class FileLine(NamedTuple):
    """Where a figure stands: file and one-based line."""

    path: Path
    line: int


class Figure(NamedTuple):
    """A value in the unit of the events, its provenance and its place."""

    value: float
    provenance: Provenance
    place: FileLine


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
    """What a directory holds: figures by series and day, quotes, shocks by (index, day), and what was left out."""

    figures: dict[str, dict[dt.date, Figure]] = field(default_factory=dict)
    prints: list[Quote] = field(default_factory=list)
    marks: list[Quote] = field(default_factory=list)
    shocks: dict[tuple[str, dt.date], str] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    skipped: list[Path] = field(default_factory=list)
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


def read(directory: Path) -> Tables:
    """Read every CSV file of a directory, in the order of their names.

    Raises:
        DataError: the directory does not exist or holds no file of a known kind, or a row cannot be used.
    """
    if not directory.is_dir():
        raise DataError(directory, None, "no such directory; give one that holds tidy CSV files")
    tables = Tables()
    for path in sorted(directory.glob("*.csv")):
        _read_file(path, tables)
    if not (tables.figures or tables.prints or tables.marks):
        columns = ",".join(FIGURES)
        raise DataError(directory, None, f"no file with figures of a known series; the columns needed are {columns}")
    return tables


def _read_file(path: Path, tables: Tables) -> None:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file, strict=True)
            header = tuple(name.strip() for name in next(rows, []))
            numbered = _numbered(path, rows, len(header))
            if header in (FIGURES, (*FIGURES, "provenance")):
                _figures(tables, numbered)
            elif header == PRINTS:
                tables.prints.extend(_quotes(tables, numbered, subject=2, value=4))
            elif header == MARKS:
                tables.marks.extend(_quotes(tables, numbered, subject=2, value=4, unit=5))
            elif header == SHOCKS:
                for place, row in numbered:
                    tables.shocks[row[1], tables.day(row[0], place)] = row[2]
            else:
                tables.skipped.append(path)
    except UnicodeDecodeError:
        raise DataError(path, None, "not UTF-8 text; save the file as UTF-8") from None
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from None


class _Rows(Protocol):
    """What ``csv.reader`` returns; the class itself has no public name before Python 3.13."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


def _numbered(path: Path, rows: _Rows, width: int) -> Iterator[tuple[FileLine, list[str]]]:
    try:
        for row in rows:
            if not row:
                continue
            place = FileLine(path, rows.line_num)
            if len(row) != width:
                raise DataError(*place, f"{len(row)} columns where the header has {width}")
            yield place, row
    except csv.Error as error:
        raise DataError(path, rows.line_num, f"not a CSV row: {error}") from None


def _figures(tables: Tables, rows: Iterator[tuple[FileLine, list[str]]]) -> None:
    for place, row in rows:
        series = CATALOGUE.get(row[1])
        if series is None:
            tables.unknown[row[1]] += 1
            continue
        if row[2].strip() in GAPS:
            continue
        day = tables.day(row[0], place)
        value = in_event_unit(row[2], row[3], series.dimension, place)
        figure = Figure(value, _provenance(row, place), place)
        by_day = tables.figures.setdefault(series.id, {})
        earlier = by_day.setdefault(day, figure)
        if earlier.value != value:
            where = f"{earlier.place.path.name}:{earlier.place.line}"
            raise DataError(*place, f"{series.id} of {day} is {value:g} here and {earlier.value:g} in {where}")


def _provenance(row: list[str], place: FileLine) -> Provenance:
    if len(row) == len(FIGURES) or not row[4]:
        return "official"
    if row[4] not in PROVENANCES:
        raise DataError(*place, f"provenance {row[4]!r} is not one of {', '.join(sorted(PROVENANCES))}")
    return cast("Provenance", row[4])


def _quotes(
    tables: Tables, rows: Iterator[tuple[FileLine, list[str]]], *, subject: int, value: int, unit: int | None = None
) -> Iterator[Quote]:
    for place, row in rows:
        if row[value].strip() in GAPS:
            continue
        day = tables.day(row[0], place)
        text = "percent" if unit is None else row[unit]
        yield Quote(day, row[1].strip(), row[subject], row[3], number(row[value], place), text, place)


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
