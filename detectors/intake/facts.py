"""What a record states: its series, its moment and its figures, whoever says it and however it is spelled."""

import re
from functools import cache, lru_cache
from typing import NamedTuple
from zlib import crc32

import msgspec

from detectors import calendar
from detectors.events import Event

_IDENTITY = frozenset({"market", "source", "sequence", "known", "provenance"})
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")

_STARTED = re.compile(r"[-.:_]\d{9,}$")


class Lane(NamedTuple):
    """The figures that continue each other: of one kind, one series, one statistic."""

    kind: str
    series: str
    part: str


class Taken(msgspec.Struct, frozen=True, array_like=True):
    """A fact that was taken: who said it as which record, when it was known, its figures, and a sum of all it says."""

    source: str
    sequence: int
    known: int
    trust: int
    figures: tuple[float | None, ...]
    content: int


def canonical(event: Event) -> Event:
    """The record with its names in capitals and without blanks around them: ``10y-otr `` is ``10Y-OTR``.

    The record itself is not changed; a name in one spelling is one thing to every detector.
    """
    changed = {}
    for field in event.names:
        name = getattr(event, field)
        if name is not None:
            plain = name if name.isupper() and " " not in name else " ".join(name.upper().split())
            if plain != name:
                changed[field] = plain
    return msgspec.structs.replace(event, **changed) if changed else event


@lru_cache(maxsize=1_024)
def publisher(source: str) -> str:
    """Who speaks under a source's name: a gateway that numbers anew may put its start time at the end of the name.

    >>> publisher("desk-gateway-1614781800"), publisher("nyfed.sofr")
    ('desk-gateway', 'nyfed.sofr')
    """
    return _STARTED.sub("", source)


@cache
def figure_fields(kind: type[Event]) -> tuple[str, ...]:
    """The fields of a kind that hold figures: all its numbers but those of the record and the rank of a percentile."""
    return tuple(
        field.name
        for field in msgspec.structs.fields(kind)
        if field.type in {float, float | None} and field.name != "percentile"
    )


@cache
def unit_of(field: str) -> str:
    """The unit in a field's name.

    >>> unit_of("rate_pct"), unit_of("takeup_usd")
    ('pct', 'usd')
    """
    return field.rpartition("_")[2]


def lane_of(event: Event) -> Lane:
    """What a record continues."""
    return Lane(str(event.__struct_config__.tag), event.series(), event.part())


def moment_of(event: Event) -> int:
    """What makes two figures of a lane one fact: the New York day's number where there is one a day, else the time."""
    return calendar.ny_date(event.about()).toordinal() if event.once_a_day() else event.ts


def figures_of(event: Event) -> tuple[float | None, ...]:
    """The figures, in the order of their fields; None for one that the record does not have."""
    return tuple(getattr(event, field) for field in figure_fields(type(event)))


def content_of(event: Event) -> int:
    """A checksum of all that a record says of its fact, whoever says it and whenever: the time within a day is none."""
    said = {
        name: value
        for name in event.__struct_fields__
        if name not in _IDENTITY
        and (value := getattr(event, name)) is not None
        and not (name in {"ts", "as_of"} and event.once_a_day())
    }
    return crc32(_ENCODER.encode(said))
