"""An event in the making, and a record of several figures as it was known over time."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from detectors.events import Event, Provenance
from replay.dataset.tables import Figure, FileLine

NOWHERE_ELSE: Mapping[str, FileLine] = {}


class Draft(NamedTuple):
    """An event that still lacks its number: the two times, who says it, its kind and fields, and where it stands.

    ``places`` names the line of a field that stands on another one than ``place``.
    """

    known: int
    ts: int
    source: str
    kind: type[Event]
    fields: dict[str, Any]
    provenance: Provenance
    place: FileLine
    places: Mapping[str, FileLine] = NOWHERE_ELSE


def as_known(parts: Mapping[str, Sequence[Figure]], needed: frozenset[str]) -> Iterator[tuple[int, dict[str, Figure]]]:
    """What a record of several figures said, whole, each time it said something new.

    ``parts`` are the figures of each field in order of ``known``. A record begins when it has what is ``needed``; a
    correction of one part gives it anew, with the newest of the others.
    """
    if all(len(figures) <= 1 for figures in parts.values()):
        there = {name: figures[0] for name, figures in parts.items() if figures}
        if needed <= there.keys() and len({figure.known for figure in there.values()}) == 1:
            yield next(iter(there.values())).known, there  # as nearly every record is: whole, and once
            return
    rows = sorted(
        ((figure.known, order, name, figure) for order, name in enumerate(parts) for figure in parts[name]),
        key=lambda row: row[:2],
    )
    now: dict[str, Figure] = {}
    said: dict[str, float] = {}
    for known, group in groupby(rows, key=lambda row: row[0]):
        now.update((name, figure) for _, _, name, figure in group)
        values = {name: figure.value for name, figure in now.items()}
        if needed <= now.keys() and values != said:
            said = values
            yield known, {name: now[name] for name in parts if name in now}
