"""What a source's own numbering tells: messages that never came, and a numbering that began anew.

A source numbers its events on a stream in a row. They are looked at in the one order in which they are applied, so
neither reordering on the way nor the interleaving of streams or sources looks like a gap. Only counted: what is missing
cannot be made up for, and what comes is used whatever its number, unless a remembered number returns with another
content (``sequence_reused``).
"""

from typing import Any

import msgspec

from detectors.events import Event, stream_of
from detectors.events.catalogue import streams

SOURCES_KEPT = 64
"""Sources watched on a stream; beyond that the one longest silent is forgotten."""


class Flaws(msgspec.Struct):
    """Counts by stream: gaps in a source's numbering, numberings that went back, heartbeats that went back."""

    gaps: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(streams(), 0))
    resets: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(streams(), 0))
    beats_back: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(streams(), 0))


class Sequences:
    """The last number of each source on each stream."""

    def __init__(self) -> None:
        self.flaws = Flaws()
        self._last: dict[str, dict[str, int]] = {}

    def note(self, event: Event) -> None:
        """An event is applied."""
        stream = stream_of(event)
        sources = self._last.setdefault(stream, {})
        last = sources.pop(event.source, None)
        sources[event.source] = event.sequence
        if last is None:
            if len(sources) > SOURCES_KEPT:
                del sources[next(iter(sources))]
        elif event.sequence > last + 1:
            self.flaws.gaps[stream] += 1
        elif event.sequence <= last:
            self.flaws.resets[stream] += 1

    def heartbeat_back(self, stream: str) -> None:
        """A heartbeat spoke of a time before what its stream had brought."""
        self.flaws.beats_back[stream] += 1

    def snapshot(self) -> dict[str, Any]:
        """The counts and the last numbers."""
        last = {stream: list(sources.items()) for stream, sources in self._last.items()}
        return {"flaws": msgspec.to_builtins(self.flaws), "last": last}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back; a stream that there was not yet begins at zero."""
        self.flaws = msgspec.convert(plain["flaws"], type=Flaws)
        for counts in (self.flaws.gaps, self.flaws.resets, self.flaws.beats_back):
            for stream in streams():
                counts.setdefault(stream, 0)
        self._last = {stream: dict(sources) for stream, sources in plain["last"].items()}
