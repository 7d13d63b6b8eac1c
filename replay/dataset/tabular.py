"""Workbooks and Parquet files as tables of texts, each with the optional library that can read it."""

import datetime as dt
import io
import math
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from replay.dataset.sheets import Row, Sheet, of_rows


class TableError(Exception):
    """A workbook or Parquet file that cannot be read; the text says why and what to do."""


def workbook(path: Path, data: bytes) -> Iterator[Sheet]:
    """The sheets of an .xlsx workbook that hold something, in their order; a line is a row of the sheet.

    Raises:
        TableError: the library is missing, or the workbook is damaged.
    """
    calamine = _library("python_calamine", "xlsx")
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise TableError(f"damaged, or no .xlsx workbook: {error}") from None
    for name, rows in sheets.items():
        sheet = of_rows(path / name, _rows(rows))
        if sheet.head:
            yield sheet


def parquet(path: Path, data: bytes) -> Sheet:
    """A Parquet file as a table; its column names are line 1.

    Raises:
        TableError: the library is missing, or the file is damaged.
    """
    library = _library("pyarrow.parquet", "parquet")
    arrow = import_module("pyarrow")
    try:
        table = library.read_table(io.BytesIO(data))
        columns = [column.to_pylist() for column in table.columns]
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise TableError(f"damaged, or no Parquet file: {error}") from None
    return of_rows(path, _rows([table.column_names, *zip(*columns, strict=True)]))


def _library(module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise TableError(f"reading it needs a library: pip install 'crunchwatch[{extra}]'") from None


def _rows(rows: Iterable[Iterable[object]]) -> Iterator[Row]:
    for line, cells in enumerate(rows, start=1):
        yield Row(line, [_text(cell) for cell in cells])


def _text(cell: object) -> str:
    """A cell as a text file would have it.

    >>> [_text(one) for one in (None, math.nan, 5.0, 0.037, "x ", dt.datetime(2021, 2, 5), dt.date(2021, 2, 5))]
    ['', '', '5', '0.037', 'x ', '2021-02-05', '2021-02-05']
    """
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat()
    if isinstance(cell, dt.time):
        return cell.strftime("%H:%M")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
