"""New York Fed, FR 2004: what primary dealers report each Wednesday; JSON of ``pd/get``, and ``timeseries.csv``.

Values are millions of US dollars. ``*`` is a figure that was withheld: a gap.
"""

import msgspec

from replay.dataset.containers import Json
from replay.dataset.days import day_of
from replay.dataset.formats.base import JsonFormat, NotRead, TableFormat, decoded, records, text_of
from replay.dataset.intake import Intake
from replay.dataset.sheets import Sheet

COLUMNS = ("As Of Date", "Time Series", "Value (millions)")


class Value(msgspec.Struct):
    """A figure of a series; the value is a string."""

    asofdate: str
    keyid: str
    value: str | float | None = None


class Series(msgspec.Struct):
    """What lies under ``pd``; lists of breaks and of keys hold no figures."""

    timeseries: list[msgspec.Raw] | None = None


class Answer(msgspec.Struct):
    """The answer of ``pd/…``."""

    pd: Series


def _csv(sheet: Sheet, intake: Intake) -> None:
    for place, row in sheet.records():
        day, key, value = (row[column] for column in COLUMNS)
        intake.figure(key, day_of(day, place), text_of(value), place)


def _json(source: Json, intake: Intake) -> None:
    found = decoded(source, Answer).pd.timeseries
    if found is None:
        raise NotRead("a list of the New York Fed without figures; those are under pd/get/…/timeseries/…")
    for place, one in records(source, found, Value):
        intake.figure(one.keyid, day_of(one.asofdate, place), text_of(one.value), place)


FORMATS = (TableFormat("New York Fed, primary dealers", lambda sheet: sheet.header == COLUMNS, _csv, COLUMNS),)
JSON = (JsonFormat("New York Fed, primary dealers", lambda value: isinstance(value, dict) and "pd" in value, _json),)
