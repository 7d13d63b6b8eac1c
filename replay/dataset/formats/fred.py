"""FRED and ALFRED, St. Louis Fed: columns under their ids, or the API's answer, with or without vintages.

CSV: ``observation_date`` (``DATE`` until 2024) and a column a series; ``.`` or nothing is a gap. ALFRED's columns are
``ID_YYYYMMDD``, one a vintage. The API's answer does not say which series it is: the name of the file has to.

The first vintage of a figure is known when its publisher gave it (FRED copies hours later). A later one with another
value is a revision: it is known at the end of the day on which FRED first had it, as no hour is given.
"""

import datetime as dt
import re
from collections import defaultdict

import msgspec

from replay.dataset.aliases import aliases
from replay.dataset.containers import Json
from replay.dataset.days import day_of
from replay.dataset.formats.base import JsonFormat, NotRead, TableFormat, decoded, records, stem
from replay.dataset.intake import Intake
from replay.dataset.sheets import Sheet
from replay.dataset.tables import GAPS, FileLine

DATES = frozenset({"observation_date", "DATE"})
_VINTAGE = re.compile(r"(.+)_(\d{8})")
_WORDS = re.compile(r"[^A-Za-z0-9]+")
_MONTHS = 3
"""So many firsts of months and no other day are no accident."""
_END_OF_DAY = "23:59"


class Observation(msgspec.Struct):
    """A figure of the API; the value is a string, ``.`` where there is none."""

    date: str
    value: str
    realtime_start: str = ""


class Observations(msgspec.Struct):
    """The answer of ``series/observations``."""

    observations: list[msgspec.Raw]
    realtime_start: str = ""
    realtime_end: str = ""
    output_type: int = 1
    units: str = "lin"


def _fits(sheet: Sheet) -> bool:
    return len(sheet.header) > 1 and sheet.header[0] in DATES


def _csv(sheet: Sheet, intake: Intake) -> None:
    ids = {column: _VINTAGE.fullmatch(column) for column in sheet.header[1:]}
    vintages = {name: (found[1], day_of(found[2], FileLine(sheet.path, 1))) for name, found in ids.items() if found}
    rows = [(day_of(row[sheet.header[0]], place), place, row) for place, row in sheet.records()]
    _daily([day for day, *_ in rows])
    for day, place, row in rows:
        history: dict[str, list[tuple[dt.date, str]]] = defaultdict(list)
        for column in sheet.header[1:]:
            if column in vintages:
                id_, first = vintages[column]
                history[id_].append((first, row[column]))
            else:
                intake.figure(column, day, row[column], place)
        for id_, values in history.items():
            _vintages(intake, id_, day, [(first, value, place) for first, value in sorted(values)])


def _daily(days: list[dt.date]) -> None:
    """FRED makes monthly means of any series, under the same id and dated the first of the month: no closes."""
    if len(set(days)) >= _MONTHS and all(day.day == 1 for day in days):
        raise NotRead("figures of whole months, not of days: download them at FRED's own frequency")


def _vintages(intake: Intake, id_: str, day: dt.date, values: list[tuple[dt.date, str, FileLine]]) -> None:
    """The first figure at its publisher's time, then each that differs from the one before."""
    before: str | None = None
    for first, value, place in values:
        if value in GAPS or value == before:
            continue
        known = None if before is None else f"{first.isoformat()}T{_END_OF_DAY}"
        intake.figure(id_, day, value, place, known=known)
        before = value


def _is_answer(value: object) -> bool:
    return isinstance(value, dict) and "observations" in value


def _json(source: Json, intake: Intake) -> None:
    answer = decoded(source, Observations)
    if answer.output_type != 1:
        raise NotRead(f"FRED's output_type {answer.output_type}: ask for output_type=1")
    if answer.units != "lin":
        raise NotRead(
            f"FRED's figures in the unit {answer.units!r}, changed from what was published: ask for units=lin"
        )
    id_ = _named(source)
    with_vintages = answer.realtime_start != answer.realtime_end
    history: dict[dt.date, list[tuple[dt.date, str, FileLine]]] = defaultdict(list)
    found = records(source, answer.observations, Observation)
    rows = [(day_of(one.date, place), place, one) for place, one in found]
    _daily([day for day, *_ in rows])
    for day, place, one in rows:
        if with_vintages:
            history[day].append((day_of(one.realtime_start, place), one.value, place))
        else:
            intake.figure(id_, day, one.value, place)
    for day, values in history.items():
        _vintages(intake, id_, day, sorted(values))


def _named(source: Json) -> str:
    words = _WORDS.split(stem(source.path))
    found = next((word.upper() for word in words if word.upper() in aliases()), None)
    if found is None:
        raise NotRead("FRED's answer does not say which series it is: name the file after it, DGS10.json")
    return found


FORMATS = (TableFormat("FRED or ALFRED, columns by id", _fits, _csv, ("observation_date", "DGS10")),)
JSON = (JsonFormat("FRED or ALFRED API, observations", _is_answer, _json),)
