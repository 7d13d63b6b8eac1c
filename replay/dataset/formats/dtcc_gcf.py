"""DTCC, GCF Repo Index: the workbook of its page, or the same as CSV; rates in percent.

Six lines stand above the header. Its cells hold line breaks and a ® sign; columns are known by their beginning.
"""

import re

from replay.dataset.days import day_of
from replay.dataset.formats.base import TableFormat
from replay.dataset.intake import Intake
from replay.dataset.sheets import Sheet, names

_RATE = re.compile(r"(Treasury|MBS|Agency) GCF Repo(?!.*\b(?:par|volume)\b)", re.IGNORECASE)


def _column(name: str) -> str:
    found = _RATE.match(name)
    return f"{found[1]} GCF Repo" if found else name


def _header(sheet: Sheet) -> int | None:
    for index, row in enumerate(sheet.head):
        columns = names(row)
        if columns[0].casefold() == "date" and any(map(_RATE.match, columns)):
            return index
    return None


def _read(sheet: Sheet, intake: Intake) -> None:
    header = _header(sheet)
    assert header is not None, "a sheet that fits has its header"
    date = names(sheet.head[header])[0]
    for place, row in sheet.records(header, name=_column):
        if not row[date]:
            continue
        day = day_of(row[date], place)
        for column, value in row.items():
            if column.endswith(" GCF Repo"):
                intake.figure(column, day, value, place)


FORMATS = (
    TableFormat(
        "DTCC, GCF Repo Index",
        lambda sheet: _header(sheet) is not None,
        _read,
        ("Date", "Treasury GCF Repo Weighted Average Rate"),
    ),
)
