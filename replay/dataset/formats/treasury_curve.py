"""U.S. Treasury, daily par yield curve: a column a maturity, which come and go with the years, in percent; CSV.

Columns are read by name: ``10 Yr``, ``1.5 Month``. A maturity that was not sold then is an empty cell. The curve of
real yields has columns of the same names from five years on: it is told apart by having no short ones.
"""

from replay.dataset.aliases import aliases
from replay.dataset.days import day_of
from replay.dataset.formats.base import TableFormat
from replay.dataset.intake import Intake
from replay.dataset.sheets import Sheet

NOMINAL = frozenset({"1 Mo", "3 Mo", "1 Yr"})


def _named(column: str) -> str:
    """The column as the alias table has it, in whatever letter case."""
    named = column.strip().title()
    return named if named in aliases() else column


def _fits(sheet: Sheet) -> bool:
    return bool(sheet.header) and sheet.header[0].title() == "Date" and bool(NOMINAL & set(map(_named, sheet.header)))


def _csv(sheet: Sheet, intake: Intake) -> None:
    date = _named(sheet.header[0])
    for place, row in sheet.records(name=_named):
        day = day_of(row[date], place)
        for column, value in row.items():
            if column != date:
                intake.figure(column, day, value, place)


FORMATS = (TableFormat("US Treasury, par yield curve", _fits, _csv, ("Date", "1 Mo", "10 Yr")),)
