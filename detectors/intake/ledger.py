"""Which facts are known: the last moments of every series, with who said what.

One fact is one record, whoever repeats it: the same figures for the same series and moment are a *repeat*, from the
same source or another. Other figures for it are a *correction* when the same source says them later, or when a source
that is trusted more does (official before quoted before reconstructed before synthetic); else they are *another
source's*, and the one known first stands. Single prints of one moment whose volumes differ are prints of their own.

Trade-off: memory is bounded. A figure for a day older than the last ``MOMENTS_KEPT`` of its series cannot be told from
a correction of one, and is not used.
"""

import statistics
import zlib
from enum import Enum
from itertools import pairwise

import msgspec

from detectors.events import Event
from detectors.intake.facts import Lane, Taken, content_of, figure_fields, figures_of, lane_of, moment_of, publisher
from detectors.signals import TRUST

MOMENTS_KEPT = 30
SERIES_KEPT = 256
RECORDS_KEPT = 4
"""Of one moment: prints of several volumes, figures that complete each other."""
GAP_STEPS = 10
"""A series that paused for so many of its usual steps has no past to be held against."""


class Standing(Enum):
    """What a record is of the facts there are."""

    NEW = "new"
    REPEAT = "repeated"
    CORRECTION = "corrected"
    OTHER_SOURCE = "other_source"
    TOO_OLD = "older_than_memory"


class Ledger:
    """The facts of every lane by their moment."""

    def __init__(self) -> None:
        self._lanes: dict[Lane, dict[int, list[Taken]]] = {}
        self._asked: tuple[Event, Lane, int] | None = None

    def _key(self, event: Event) -> tuple[Lane, int]:
        """An event's lane and moment; kept for the one asked last, because several questions follow each other."""
        if self._asked is None or self._asked[0] is not event:
            self._asked = event, lane_of(event), moment_of(event)
        return self._asked[1:]

    def standing(self, event: Event) -> tuple[Standing, Taken | None]:
        """What a record is, and the fact it repeats, corrects or contradicts."""
        lane, moment = self._key(event)
        facts = self._lanes.get(lane, {})
        there = facts.get(moment)
        if there is None:
            old = event.once_a_day() and len(facts) >= MOMENTS_KEPT and moment < next(iter(facts))
            return (Standing.TOO_OLD if old else Standing.NEW), None
        figures, content = figures_of(event), content_of(event)
        for fact in there:
            if self._repeats(event, fact, figures, content):
                return Standing.REPEAT, fact
        for fact in there:
            if _overlap(fact.figures, figures) and not self._another_print(event, fact, figures):
                return self._against(event, fact), fact
        return Standing.NEW, None

    @staticmethod
    def _repeats(event: Event, fact: Taken, figures: tuple[float | None, ...], content: int) -> bool:
        if publisher(fact.source) == publisher(event.source):
            return fact.content == content
        return all(_same(field, *pair) for field, *pair in _beside(event, fact.figures, figures))

    @staticmethod
    def _another_print(event: Event, fact: Taken, figures: tuple[float | None, ...]) -> bool:
        if event.once_a_day():
            return False
        volumes = [pair for field, *pair in _beside(event, fact.figures, figures) if field == "volume_usd"]
        return (
            event.known == fact.known
            or publisher(fact.source) != publisher(event.source)
            or any(one != other for one, other in volumes)
        )

    @staticmethod
    def _against(event: Event, fact: Taken) -> Standing:
        if publisher(fact.source) == publisher(event.source):
            return Standing.CORRECTION
        return Standing.CORRECTION if TRUST.index(event.provenance) < fact.trust else Standing.OTHER_SOURCE

    def take(self, event: Event, instead: Taken | None = None) -> None:
        """Note a fact, in place of one that it corrects."""
        lane, moment = self._key(event)
        facts = self._lanes.pop(lane, {})
        self._lanes[lane] = facts
        if len(self._lanes) > SERIES_KEPT:
            del self._lanes[next(iter(self._lanes))]
        trust = TRUST.index(event.provenance)
        fact = Taken(event.source, event.sequence, event.known, trust, figures_of(event), content_of(event))
        behind = bool(facts) and moment < next(reversed(facts))
        there = [one for one in facts.get(moment, []) if one != instead]
        facts[moment] = [*there, fact][-RECORDS_KEPT:]
        if behind:  # the moments of a lane stand in their order
            self._lanes[lane] = facts = dict(sorted(facts.items()))
        while len(facts) > MOMENTS_KEPT:
            del facts[next(iter(facts))]

    def before(self, event: Event, field: str) -> float | None:
        """The figure of a field before this record's moment; None where there is none."""
        lane, moment = self._key(event)
        facts = self._lanes.get(lane, {})
        newest = next((one for one in reversed(facts) if one < moment), None)
        return None if newest is None else facts[newest][-1].figures[figure_fields(type(event)).index(field)]

    def past(self, event: Event, field: str) -> list[float]:
        """The figures of a field before this record's moment, the newest last: at most ``MOMENTS_KEPT``.

        None after a gap: a series that comes back after a year is not held against the year before.
        """
        lane, moment = self._key(event)
        facts = self._lanes.get(lane, {})
        before = [one for one in facts if one < moment]
        if len(before) < 2:
            return []
        usual = statistics.median(later - earlier for earlier, later in pairwise(before))
        if moment - before[-1] > GAP_STEPS * usual:
            return []
        place = figure_fields(type(event)).index(field)
        newest = (facts[one][-1].figures[place] for one in before)
        return [value for value in newest if value is not None]

    def snapshot(self) -> bytes:
        """The lanes, longest unheard first, packed: names and moments repeat, and a packed list is a tenth as long."""
        lanes = [[lane, list(facts.items())] for lane, facts in self._lanes.items()]
        return zlib.compress(msgspec.msgpack.encode(lanes), 1)

    def restore(self, plain: bytes) -> None:
        """Take them back."""
        lanes = msgspec.msgpack.decode(
            zlib.decompress(plain), type=list[tuple[Lane, list[tuple[int, list[Taken]]]]], strict=False
        )
        self._lanes = {lane: dict(facts) for lane, facts in lanes}


def _beside(
    event: Event, one: tuple[float | None, ...], other: tuple[float | None, ...]
) -> list[tuple[str, float | None, float | None]]:
    return list(zip(figure_fields(type(event)), one, other, strict=True))


def _same(field: str, one: float | None, other: float | None) -> bool:
    """Whether two sources say the same: one that leaves a figure out, or names another volume, says nothing else."""
    return one is None or other is None or field == "volume_usd" or one == other


def _overlap(one: tuple[float | None, ...], other: tuple[float | None, ...]) -> bool:
    return any(a is not None and b is not None for a, b in zip(one, other, strict=True))
