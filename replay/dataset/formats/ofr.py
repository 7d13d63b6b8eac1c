"""Office of Financial Research, short-term funding monitor: every shape in which its API answers; JSON.

``series/timeseries`` is a bare list of pairs and does not say which series it is: the name of the file has to. The
others are by mnemonic. A day is a text, or milliseconds since 1970. Rates are percent, volumes US dollars; ``null`` is
a gap. Repo of before the release of 9 September 2020 came out later than its rule says: reconstructed.
"""

import datetime as dt
import re
from collections.abc import Iterator

import msgspec

from detectors.events import Provenance
from replay.dataset.aliases import aliases
from replay.dataset.containers import Json
from replay.dataset.days import day_of
from replay.dataset.formats.base import JsonFormat, NotRead, decoded, records, stem, text_of
from replay.dataset.intake import Intake
from replay.dataset.tables import FileLine
from replay.errors import DataError

RELEASED = dt.date(2020, 9, 9)
PUBLISHER = "Office of Financial Research"
_SET = re.compile(r"(?<![a-z])(?:repo|fnyr|tyld|nypd|mmf|ficc)-")
_EPOCH = dt.date(1970, 1, 1)
_MS_A_DAY = 86_400_000


class Pair(msgspec.Struct, array_like=True):
    """A day and its figure."""

    when: str | int
    value: float | str | None


class Labels(msgspec.Struct):
    """The figures of a series; what was withheld is listed beside them and is no figure."""

    aggregation: list[msgspec.Raw] = msgspec.field(default_factory=list)


class Series(msgspec.Struct):
    """A series of ``series/full``, ``multifull`` or ``dataset``."""

    timeseries: Labels


class DataSet(msgspec.Struct):
    """The answer of ``series/dataset``."""

    timeseries: dict[str, Series]


def _is_pairs(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, list) and len(one) == 2 for one in value[:3])


def _is_full(value: object) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(one, dict) and isinstance(one.get("timeseries"), dict) for one in value.values())
    )


def _is_data_set(value: object) -> bool:
    return isinstance(value, dict) and "short_name" in value and isinstance(value.get("timeseries"), dict)


def _pairs(source: Json, intake: Intake) -> None:
    name = stem(source.path).casefold()
    found = [one for one in aliases().values() if one.publisher == PUBLISHER and one.id.casefold() in name]
    if len(found) != 1 or len(_SET.findall(name)) != 1:
        raise NotRead("OFR's answer does not say which series it is: name the file after it, REPO-TRI_AR_OO-P.json")
    _series(source, found[0].id, decoded(source, list[msgspec.Raw]), intake)


def _full(source: Json, intake: Intake) -> None:
    for mnemonic, one in decoded(source, dict[str, Series]).items():
        _series(source, mnemonic, one.timeseries.aggregation, intake)


def _data_set(source: Json, intake: Intake) -> None:
    for mnemonic, one in decoded(source, DataSet).timeseries.items():
        _series(source, mnemonic, one.timeseries.aggregation, intake)


def _series(source: Json, mnemonic: str, pairs: list[msgspec.Raw], intake: Intake) -> None:
    for place, day, value in _dated(source, pairs):
        provenance: Provenance = "reconstructed" if mnemonic.startswith("REPO-") and day < RELEASED else "official"
        intake.figure(mnemonic, day, value, place, provenance=provenance)


def _dated(source: Json, pairs: list[msgspec.Raw]) -> Iterator[tuple[FileLine, dt.date, str]]:
    for place, pair in records(source, pairs, Pair):
        yield place, _day(pair.when, place), text_of(pair.value)


def _day(when: str | int, place: FileLine) -> dt.date:
    if isinstance(when, str):
        return day_of(when, place)
    try:
        return _EPOCH + dt.timedelta(days=when // _MS_A_DAY)
    except OverflowError:
        raise DataError(*place, f"{when} are no milliseconds since 1970") from None


JSON = (
    JsonFormat("Office of Financial Research, one series", _is_pairs, _pairs),
    JsonFormat("Office of Financial Research, a data set", _is_data_set, _data_set),
    JsonFormat("Office of Financial Research, series by mnemonic", _is_full, _full),
)
