"""A table of texts, wherever it lay: rows with their lines, the delimiter found out, decimal commas turned into points.

A workbook's sheet, a Parquet file and a delimited text are the same thing to a format: a few rows to be recognised
by, and an iterator over the rest.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from replay.dataset.tables import FileLine
from replay.errors import DataError

HEAD_ROWS = 12
"""Rows a format may look at: DTCC has six lines above its header."""
DELIMITERS = ",;\t"
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
_SPACES = re.compile(r"\s+")

Record = Mapping[str, str]


class Row(NamedTuple):
    """The cells of a row, and the line on which it ends."""

    line: int
    cells: list[str]


@dataclass
class Sheet:
    """A table: the first rows, by which it is recognised, and all rows, which can be gone through once."""

    path: Path
    head: list[Row]
    rest: Iterator[Row]

    @property
    def header(self) -> tuple[str, ...]:
        """The cells of the first row, without blanks around them."""
        return names(self.head[0]) if self.head else ()

    def records(self, header: int = 0, *, name: Callable[[str], str] = str) -> Iterator[tuple[FileLine, Record]]:
        """Every row below the header as texts by column; the header is the row of that index.

        Raises:
            DataError: a row that is wider or narrower than the header.
        """
        columns = [name(column) for column in names(self.head[header])]
        for row in chain(self.head[header + 1 :], self.rest):
            place = FileLine(self.path, row.line)
            yield place, dict(zip(columns, _fitted(row.cells, len(columns), place), strict=True))

    def rows(self) -> Iterator[tuple[FileLine, list[str]]]:
        """Every row of a table without a header."""
        for row in chain(self.head, self.rest):
            yield FileLine(self.path, row.line), [cell.strip() for cell in row.cells]


def names(row: Row) -> tuple[str, ...]:
    """The cells of a header: blanks around them and line breaks within are no part of a name."""
    return tuple(_SPACES.sub(" ", cell).strip() for cell in row.cells)


def _fitted(cells: list[str], width: int, place: FileLine) -> list[str]:
    if len(cells) != width:
        if any(cell.strip() for cell in cells[width:]) or len(cells) < width:
            raise DataError(*place, f"{len(cells)} columns where the header has {width}")
        cells = cells[:width]
    return [cell.strip() for cell in cells]


def of_text(path: Path, text: str) -> Sheet:
    """Delimited text as a table: commas, semicolons (then a comma is a decimal point) or tabs, whichever is there."""
    delimiter = _delimiter(text)
    return of_rows(path, _parsed(path, text, delimiter))


def of_rows(path: Path, rows: Iterable[Row]) -> Sheet:
    """Any rows as a table; rows without a cell that says something are none."""
    told = (row for row in rows if any(cell.strip() for cell in row.cells))
    head: list[Row] = []
    failed: DataError | None = None
    try:
        head.extend(islice(told, HEAD_ROWS))
    except DataError as error:  # told when the rows are read, so that a file of no known kind is not an error
        failed = error
    return Sheet(path, head, told if failed is None else map(_raise, (failed,)))


def _raise(error: DataError) -> Row:
    raise error


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=lambda one: (first.count(one), -DELIMITERS.index(one)))


def _parsed(path: Path, text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield Row(reader.line_num, cells if delimiter == "," else [_pointed(cell) for cell in cells])
    except csv.Error as error:
        raise DataError(path, reader.line_num, f"not a CSV row: {error}") from None


def _pointed(cell: str) -> str:
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell.strip()) else cell
