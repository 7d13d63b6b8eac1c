"""Where events lay in the log, kept beside the outputs they caused and outside their ids; bounded."""

from collections.abc import Iterable
from typing import Any

import msgspec

from detectors.events import Event
from detectors.signals import Cause

KEPT = 1_024


class LogPosition(msgspec.Struct, frozen=True):
    """A record of the log."""

    topic: str
    partition: int
    offset: int


class LogPositions:
    """The places of the last events taken, by source and sequence."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, int], LogPosition] = {}

    def note(self, event: Event, place: LogPosition) -> None:
        """Remember where an event lay; the oldest is forgotten."""
        self._places[event.source, event.sequence] = place
        while len(self._places) > KEPT:
            del self._places[next(iter(self._places))]

    def of(self, causes: Iterable[Cause]) -> list[LogPosition]:
        """The places of these events, without those forgotten."""
        return [place for cause in causes if (place := self._places.get((cause.source, cause.sequence)))]

    def snapshot(self) -> list[Any]:
        """The places as plain values."""
        return [[*key, place.topic, place.partition, place.offset] for key, place in self._places.items()]

    def restore(self, plain: list[Any]) -> None:
        """Take them back."""
        self._places = {(source, sequence): LogPosition(*place) for source, sequence, *place in plain}
