"""Our own kinds of table, known by their header: figures, quoted prints, intraday marks, days with a cause at home.

* figures: ``date,series,value,unit`` and optionally ``provenance``;
* quoted prints of special repo: ``date,time_et,instrument,kind,rate_pct,source``;
* quoted intraday marks and auction results: ``date,time_et,series,kind,value,unit,source``;
* what the Federal Reserve lent: ``date,issue,lent_usd`` and optionally ``fee_pct``, ``submitted_usd``,
  ``available_usd``, ``on_loan_usd``, ``held_usd``;
* days with a cause at home: ``date,index,shock,source``.

The first three may have a column ``known``: when a desk first had the figure, an ISO time with its zone or a wall
time of New York. Two figures of one day with different times are a first print and its correction.

A blank value (or FRED's ``.``) is a gap and stays one. A value that is not a number, an invalid day, a unit of
another dimension or two values for one day are errors that name file, line and reason.
"""

from collections.abc import Callable
from typing import cast, get_args

from detectors.checks import MAX_LENGTH, NAME
from detectors.events import Provenance
from replay.dataset.formats.base import TableFormat
from replay.dataset.intake import Intake
from replay.dataset.sheets import Record, Sheet
from replay.dataset.tables import GAPS, FileLine, Lent, Quote, moment_of, number
from replay.errors import DataError

FIGURES = ("date", "series", "value", "unit")
PRINTS = ("date", "time_et", "instrument", "kind", "rate_pct", "source")
MARKS = ("date", "time_et", "series", "kind", "value", "unit", "source")
LENDING = ("date", "issue", "lent_usd")
LENDING_TOO = ("fee_pct", "submitted_usd", "available_usd", "on_loan_usd", "held_usd")
SHOCKS = ("date", "index", "shock", "source")
CLAIMS = ("date", "series", "value", "unit", "claim", "record", "public_record")
PROVENANCES = frozenset(get_args(Provenance))


def _is(columns: tuple[str, ...], *optional: str) -> Callable[[Sheet], bool]:
    """Whether a header has the columns, and beyond them only what is understood, each at most once."""

    def fits(sheet: Sheet) -> bool:
        beyond = sheet.header[len(columns) :]
        known = set(beyond) <= set(optional) and len(set(beyond)) == len(beyond)
        return known and sheet.header[: len(columns)] == columns

    return fits


def _figures(sheet: Sheet, intake: Intake) -> None:
    for place, row in sheet.records():
        provenance = _provenance(row.get("provenance", ""), place)
        known = row.get("known") or None
        intake.row(row["series"], row["date"], row["value"], row["unit"], place, provenance=provenance, known=known)


def _provenance(text: str, place: FileLine) -> Provenance:
    if not text:
        return "official"
    if text not in PROVENANCES:
        raise DataError(*place, f"provenance {text!r} is not one of {', '.join(sorted(PROVENANCES))}")
    return cast("Provenance", text)


def _known(row: Record, place: FileLine) -> int | None:
    return moment_of(row["known"], place) if row.get("known") else None


def _prints(sheet: Sheet, intake: Intake) -> None:
    for place, row in sheet.records():
        if row["rate_pct"] not in GAPS:
            day, rate = intake.tables.day(row["date"], place), number(row["rate_pct"], place)
            said = _known(row, place)
            quote = Quote(
                day, row["time_et"], row["instrument"], row["kind"], rate, "percent", place, said, row["source"]
            )
            intake.print_of(quote)


def _marks(sheet: Sheet, intake: Intake) -> None:
    for place, row in sheet.records():
        if row["value"] not in GAPS:
            day, value = intake.tables.day(row["date"], place), number(row["value"], place)
            said = _known(row, place)
            intake.mark(
                Quote(day, row["time_et"], row["series"], row["kind"], value, row["unit"], place, said, row["source"])
            )


def _lending(sheet: Sheet, intake: Intake) -> None:
    for place, row in sheet.records():
        names = ("lent_usd", *LENDING_TOO)
        figures = {name: number(row[name], place) for name in names if row.get(name, "") not in GAPS}
        if "lent_usd" in figures:
            day = intake.tables.day(row["date"], place)
            intake.lent(Lent(day, row["issue"], "", figures, "official", place, _known(row, place)))


def _shocks(sheet: Sheet, intake: Intake) -> None:
    for place, row in sheet.records():
        if not NAME.fullmatch(row["shock"]):
            allowed = f"1 to {MAX_LENGTH} letters, digits, spaces and ._:/+- only"
            raise DataError(*place, f"shock {row['shock']!r} cannot be a label of an event: {allowed}")
        intake.shock(row["index"], intake.tables.day(row["date"], place), row["shock"], place)


def _none(sheet: Sheet, intake: Intake) -> None:
    """The framework's claims: rows of ``crunchwatch chronology``, and no figures."""


FORMATS = (
    TableFormat("tidy figures", _is(FIGURES, "provenance", "known"), _figures, FIGURES),
    TableFormat("quoted prints of special repo", _is(PRINTS, "known"), _prints, PRINTS),
    TableFormat("intraday marks and auctions", _is(MARKS, "known"), _marks, MARKS),
    TableFormat("lending by issue", _is(LENDING, *LENDING_TOO, "known"), _lending, LENDING),
    TableFormat("days with a cause at home", lambda sheet: sheet.header == SHOCKS, _shocks, SHOCKS),
    TableFormat("claims of the chronology, no figures", lambda sheet: sheet.header == CLAIMS, _none, CLAIMS),
)
