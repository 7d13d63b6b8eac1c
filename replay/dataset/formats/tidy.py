"""Our own kinds of table, known by their header: figures, quoted prints, intraday marks, days with a cause at home.

* figures: ``date,series,value,unit`` and optionally ``provenance``;
* quoted prints of special repo: ``date,time_et,instrument,kind,rate_pct,source``;
* quoted intraday marks and auction results: ``date,time_et,series,kind,value,unit,source``;
* days with a cause at home: ``date,index,shock,source``.

The first three may have a column ``known``: when a desk first had the figure, an ISO time with its zone or a wall
time of New York. Two figures of one day with different times are a first print and its correction.

A blank value (or FRED's ``.``) is a gap and stays one. A value that is not a number, an invalid day, a unit of
another dimension or two values for one day are errors that name file, line and reason.
"""

from typing import cast, get_args

from detectors.checks import MAX_LENGTH, NAME
from detectors.events import Provenance
from replay.dataset.formats.base import TableFormat
from replay.dataset.intake import Intake
from replay.dataset.sheets import Record, Sheet
from replay.dataset.tables import GAPS, FileLine, Quote, moment_of, number
from replay.errors import DataError

FIGURES = ("date", "series", "value", "unit")
OPTIONAL = ("provenance", "known")
PRINTS = ("date", "time_et", "instrument", "kind", "rate_pct", "source")
MARKS = ("date", "time_et", "series", "kind", "value", "unit", "source")
SHOCKS = ("date", "index", "shock", "source")
CLAIMS = ("date", "series", "value", "unit", "claim", "record", "public_record")
PROVENANCES = frozenset(get_args(Provenance))


def _has(header: tuple[str, ...], needed: tuple[str, ...], *optional: str) -> bool:
    """Whether a header is the needed columns, and beyond them only some of the optional ones, each at most once."""
    beyond = header[len(needed) :]
    return header[: len(needed)] == needed and len(set(beyond)) == len(beyond) and set(beyond) <= set(optional)


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


def _prints(sheet: Sheet, intake: Intake) -> None:
    for place, row in sheet.records():
        if row["rate_pct"] not in GAPS:
            intake.print_of(_quote(intake, row, place, row["instrument"], row["rate_pct"], "percent"))


def _marks(sheet: Sheet, intake: Intake) -> None:
    for place, row in sheet.records():
        if row["value"] not in GAPS:
            intake.mark(_quote(intake, row, place, row["series"], row["value"], row["unit"]))


def _quote(intake: Intake, row: Record, place: FileLine, subject: str, value: str, unit: str) -> Quote:
    known = moment_of(row["known"], place) if row.get("known") else None
    day, amount = intake.tables.day(row["date"], place), number(value, place)
    return Quote(day, row["time_et"], subject, row["kind"], amount, unit, place, known, row["source"])


def _shocks(sheet: Sheet, intake: Intake) -> None:
    for place, row in sheet.records():
        if not NAME.fullmatch(row["shock"]):
            allowed = f"1 to {MAX_LENGTH} letters, digits, spaces and ._:/+- only"
            raise DataError(*place, f"shock {row['shock']!r} cannot be a label of an event: {allowed}")
        intake.shock(row["index"], intake.tables.day(row["date"], place), row["shock"], place)


def _none(sheet: Sheet, intake: Intake) -> None:
    """The framework's claims: rows of ``crunchwatch chronology``, and no figures."""


FORMATS = (
    TableFormat("tidy figures", lambda sheet: _has(sheet.header, FIGURES, *OPTIONAL), _figures, FIGURES),
    TableFormat("quoted prints of special repo", lambda sheet: _has(sheet.header, PRINTS, "known"), _prints, PRINTS),
    TableFormat("intraday marks and auctions", lambda sheet: _has(sheet.header, MARKS, "known"), _marks, MARKS),
    TableFormat("days with a cause at home", lambda sheet: sheet.header == SHOCKS, _shocks, SHOCKS),
    TableFormat("claims of the chronology, no figures", lambda sheet: sheet.header == CLAIMS, _none, CLAIMS),
)
