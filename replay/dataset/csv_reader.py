"""Tidy tables in: every CSV file of a directory, recognised by its header, each value checked with its line.

Four kinds of file are understood; any other is named in a warning and left alone.

* figures: ``date,series,value,unit`` and optionally ``provenance``;
* quoted prints of special repo: ``date,time_et,instrument,kind,rate_pct,source``;
* quoted intraday marks and auction results: ``date,time_et,series,kind,value,unit,source``;
* days with a cause at home: ``date,index,shock,source``.

The first three may have a column ``known``: when a desk first had the figure, an ISO time with its zone or a wall
time of New York. Two figures of one day with different times are a first print and its correction.

A blank value (or FRED's ``.``) is a gap and stays one. A value that is not a number, an invalid day, a unit of
another dimension or two values for one day are errors that name file, line and reason.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast, get_args

from detectors.events import Provenance
from replay.dataset.tables import GAPS, FileLine, Quote, Tables, moment_of, number
from replay.errors import DataError

FIGURES = ("date", "series", "value", "unit")
PRINTS = ("date", "time_et", "instrument", "kind", "rate_pct", "source")
MARKS = ("date", "time_et", "series", "kind", "value", "unit", "source")
SHOCKS = ("date", "index", "shock", "source")
PROVENANCES = frozenset(get_args(Provenance))


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
            if header[: len(FIGURES)] == FIGURES and _optional(header[len(FIGURES) :], "provenance", "known"):
                _figures(tables, numbered, header)
            elif header[: len(PRINTS)] == PRINTS and _optional(header[len(PRINTS) :], "known"):
                tables.prints.extend(_quotes(tables, numbered, header, value=4))
            elif header[: len(MARKS)] == MARKS and _optional(header[len(MARKS) :], "known"):
                tables.marks.extend(_quotes(tables, numbered, header, value=4, unit=5))
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


def _optional(columns: tuple[str, ...], *known: str) -> bool:
    """Whether what a header holds beyond its needed columns is understood, each at most once."""
    return set(columns) <= set(known) and len(columns) == len(set(columns))


def _figures(tables: Tables, rows: Iterator[tuple[FileLine, list[str]]], header: tuple[str, ...]) -> None:
    provenance = header.index("provenance") if "provenance" in header else None
    known = header.index("known") if "known" in header else None
    for place, row in rows:
        stated = _provenance(row[provenance] if provenance is not None else "", place)
        tables.add(row[1], row[0], row[2], row[3], stated, place, known=row[known] if known is not None else None)


def _provenance(text: str, place: FileLine) -> Provenance:
    if not text:
        return "official"
    if text not in PROVENANCES:
        raise DataError(*place, f"provenance {text!r} is not one of {', '.join(sorted(PROVENANCES))}")
    return cast("Provenance", text)


def _quotes(
    tables: Tables,
    rows: Iterator[tuple[FileLine, list[str]]],
    header: tuple[str, ...],
    *,
    value: int,
    unit: int | None = None,
) -> Iterator[Quote]:
    known = header.index("known") if "known" in header else None
    for place, row in rows:
        if row[value].strip() in GAPS:
            continue
        day = tables.day(row[0], place)
        text = "percent" if unit is None else row[unit]
        said = moment_of(row[known], place) if known is not None and row[known].strip() else None
        source = row[header.index("source")]
        yield Quote(day, row[1].strip(), row[2], row[3], number(row[value], place), text, place, said, source)
