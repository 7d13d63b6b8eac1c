"""CFTC, Commitments of Traders: financial futures (TFF) and legacy, as Socrata's JSON and CSV, yearly and weekly text.

Contracts are joined on their code: names changed in 2022. Column names differ from file to file (``_All``, ``(All)``,
``NonComm``,
``Noncommercial``), so each is brought to Socrata's short form. Futures alone and futures with options are
two reports; text files of the legacy report say which only by the name that CFTC gave them.
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from replay.dataset.aliases import CONTRACTS, TFF_COLUMNS
from replay.dataset.containers import Json
from replay.dataset.days import day_of
from replay.dataset.formats.base import JsonFormat, TableFormat, decoded, records, text_of
from replay.dataset.intake import Intake
from replay.dataset.sheets import Record, Sheet
from replay.dataset.tables import FileLine
from replay.errors import DataError

CODE, INTEREST, SCOPE = "cftc_contract_market_code", "open_interest", "futonly_or_combined"
TFF = tuple(f"{name}_positions_{side}" for name in TFF_COLUMNS for side in ("long", "short"))
LEGACY = ("noncomm_positions_long", "noncomm_positions_short")
DAYS = ("report_date_as_yyyy_mm_dd", "report_date_as_mm_dd_yyyy", "as_of_date_in_form_yyyy_mm_dd")
WEEKLY_TFF = ("name", "yymmdd", DAYS[0], CODE, "market", "region", "commodity", INTEREST,
              "dealer_positions_long", "dealer_positions_short", "dealer_positions_spread",
              "asset_mgr_positions_long", "asset_mgr_positions_short", "asset_mgr_positions_spread",
              "lev_money_positions_long", "lev_money_positions_short")  # fmt: skip
WEEKLY_LEGACY = (*WEEKLY_TFF[:8], *LEGACY)
_SCOPES = frozenset({"futonly", "combined"})
_COMBINED_FILES = ("annualof", "deahistfo", "deacom", "com_fin", "fincom")
"""How CFTC calls its text files of futures and options together."""
_SIX_DIGITS = re.compile(r"\d{6}")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_NO_LETTER = re.compile(r"[^a-z0-9]+")
_ALL = re.compile(r"_all$")


@cache
def plain(column: str) -> str:
    """A column in Socrata's short form.

    >>> [plain(one) for one in ("Lev_Money_Positions_Long_All", "Noncommercial Positions-Long (All)")]
    ['lev_money_positions_long', 'noncomm_positions_long']
    """
    name = _ALL.sub("", _NO_LETTER.sub("_", column.lower()).strip("_"))
    return name.replace("noncommercial_", "noncomm_", 1) if name.startswith("noncommercial_") else name


class Report(NamedTuple):
    """Which report a table is of, and the columns it is read by."""

    name: str
    columns: tuple[str, ...]


def _report(columns: frozenset[str]) -> Report | None:
    if CODE not in columns or not columns & set(DAYS):
        return None
    if columns & set(TFF):
        return Report("TFF", (INTEREST, *TFF))
    return Report("legacy", (INTEREST, *LEGACY)) if columns & set(LEGACY) else None


def _fits(sheet: Sheet) -> bool:
    return _report(frozenset(map(plain, sheet.header))) is not None


def _table(sheet: Sheet, intake: Intake) -> None:
    report = _report(frozenset(map(plain, sheet.header)))
    assert report is not None, "a table that fits is of a report"
    for place, row in sheet.records(name=plain):
        _take(intake, report, row, place)


def _is_weekly(sheet: Sheet) -> bool:
    cells = [cell.strip() for cell in sheet.head[0].cells] if sheet.head else []
    return len(cells) > len(WEEKLY_TFF) and bool(_SIX_DIGITS.fullmatch(cells[1]) and _ISO.match(cells[2]))


def _weekly(sheet: Sheet, intake: Intake) -> None:
    for place, cells in sheet.rows():
        scope = cells[-1]
        tff = scope.casefold() in _SCOPES
        columns = WEEKLY_TFF if tff else WEEKLY_LEGACY
        if len(cells) < len(columns):
            raise DataError(*place, f"{len(cells)} columns where a report has {len(columns)} and more")
        report = Report("TFF", (INTEREST, *TFF)) if tff else Report("legacy", (INTEREST, *LEGACY))
        row = dict(zip(columns, cells, strict=False))
        _take(intake, report, row | {SCOPE: scope if tff else ""}, place)


def _take(intake: Intake, report: Report, row: Record, place: FileLine) -> None:
    code = row[CODE].strip().zfill(6)
    if code not in CONTRACTS:
        intake.leave("contracts that are no Treasury futures", place)
        return
    day = day_of(next((row[name] for name in DAYS if row.get(name)), ""), place)
    combined = _is_combined(row.get(SCOPE, ""), place.path)
    name = f"{report.name} combined" if combined else report.name
    for column in report.columns:
        if column in row:
            intake.figure(f"{name}:{code}:{column}", day, row[column], place)


def _is_combined(scope: str, path: Path) -> bool:
    if scope:
        return scope.strip().casefold() == "combined"
    return any(word in part.casefold() for word in _COMBINED_FILES for part in path.parts[-2:])


def _is_socrata(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and CODE in value[0]


def _json(source: Json, intake: Intake) -> None:
    for place, one in records(source, decoded(source, list[msgspec.Raw]), dict[str, str | float | bool | None]):
        row = {plain(name): text_of(value).strip() for name, value in one.items() if not isinstance(value, bool)}
        report = _report(frozenset(row))
        if report is None:
            intake.leave("rows without a report's columns", place)
        else:
            _take(intake, report, row, place)


FORMATS = (
    TableFormat(
        "CFTC, Commitments of Traders", _fits, _table, ("CFTC_Contract_Market_Code", "Report_Date_as_YYYY-MM-DD")
    ),
    TableFormat("CFTC, Commitments of Traders of a week, no header", _is_weekly, _weekly, ()),
)
JSON = (JsonFormat("CFTC, Commitments of Traders", _is_socrata, _json),)
