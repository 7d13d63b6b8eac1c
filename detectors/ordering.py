"""The event-time merge of one market: watermark, lateness, duplicates, in bounded memory.

Each stream has a mark: the newest ``known`` it brought, heartbeats included, less the allowed lateness. The market's
watermark is the least of the marks of the streams that count: those heard, and those a heartbeat's roster names. An
event is released once the watermark has passed it, in the total order (known, source, sequence).

Whether an event is late is decided against the mark of its own stream alone. A stream lies in one partition, whose
order is fixed; so what is late, what is a duplicate and what comes out does not depend on how the streams interleave.
Only a stream that no roster announced, and that begins behind what was already released, depends on it: such an event
is late too, because the past is not rewritten.

Memory is bounded whatever is sent. A stream that was announced and never speaks holds everything back; once
``ENTRIES_FREE`` is used up, what a stream sends beyond its share is refused as ``too_many_waiting``. Such a refusal
depends on the list of events alone, so a replay of the list reproduces it; it does depend on how the streams lay in it.
"""

import heapq
from collections import Counter
from enum import Enum
from typing import Any
from zlib import crc32

import msgspec

from detectors.calendar import NS
from detectors.codec import event_of
from detectors.events import Event, Heartbeat, order_key, stream_of
from detectors.events.catalogue import kinds_by_tag, streams
from detectors.sections import Merge

# What a merge remembers, in entries: events that wait, and ids beyond those the configuration asks for. Once all
# streams together have filled what is free, each may still have its share: a flood does not crowd out the others.
ENTRIES_FREE = 40_960
ENTRIES_SHARE = 2_048
_ENCODER = msgspec.msgpack.Encoder()
FAR_PAST = -(2**63)


class Verdict(Enum):
    """What became of an event on its way in."""

    TAKEN = "taken"
    DUPLICATE = "duplicate"
    LATE = "late"
    CONFLICT = "sequence_reused"
    FAR_FUTURE = "far_future"
    BACK = "heartbeat_back"
    CROWDED = "too_many_waiting"


class Track(msgspec.Struct):
    """What is remembered of one stream: its newest ``known``, and recent ids with their time and checksum."""

    newest: int = FAR_PAST
    seen: dict[tuple[str, int], tuple[int, int]] = {}


class Ordering:
    """Takes events in any order and gives them back in the one order, each once."""

    def __init__(self, config: Merge) -> None:
        self._lateness = config.lateness_s * NS
        self._dedup_ids = config.dedup_ids
        self._max_ahead = config.max_ahead_days * 86_400 * NS
        self._tracks: dict[str, Track] = {}
        # Between equal keys the stream decides: on one stream an id waits once, so events are never compared.
        self._heap: list[tuple[tuple[int, str, int], str, Event]] = []
        self._waiting: dict[str, int] = {}
        self._least = FAR_PAST
        self.watermark = FAR_PAST

    def accept(self, event: Event) -> Verdict:
        """Put an event in its place; the verdict says whether it will come out."""
        stream = stream_of(event)
        track = self._tracks.get(stream)
        if track is None:
            track = self._tracks[stream] = Track()
            self._least = FAR_PAST
        if track.newest != FAR_PAST and event.known > track.newest + self._max_ahead:
            return Verdict.FAR_FUTURE
        if isinstance(event, Heartbeat):
            for name in event.roster:
                if name not in self._tracks:
                    self._tracks[name] = Track()
                    self._least = FAR_PAST
            if event.known < track.newest:
                return Verdict.BACK  # its roster counts, its time is known to be past
        else:
            verdict = self._place(event, stream, track)
            if verdict is not Verdict.TAKEN:
                return verdict
        if event.known > track.newest:
            held_back = track.newest <= self._least  # only the slowest stream moves the least of all
            track.newest = event.known
            if held_back:
                self._advance()
        return Verdict.TAKEN

    def _place(self, event: Event, stream: str, track: Track) -> Verdict:
        checksum = crc32(_ENCODER.encode(event))
        key = (event.source, event.sequence)
        before = track.seen.get(key)
        if before is not None:
            return Verdict.DUPLICATE if before[1] == checksum else Verdict.CONFLICT
        mark = track.newest - self._lateness
        if event.known < mark or event.known < self.watermark:
            return Verdict.LATE
        if self._crowded(stream, track):
            return Verdict.CROWDED
        track.seen[key] = (event.known, checksum)
        while len(track.seen) > self._dedup_ids:
            oldest = next(iter(track.seen))
            if track.seen[oldest][0] >= mark:
                break  # a repeat of it would not be late yet, so it has to be remembered
            del track.seen[oldest]
        heapq.heappush(self._heap, (order_key(event), stream, event))
        self._waiting[stream] = self._waiting.get(stream, 0) + 1
        return Verdict.TAKEN

    def _crowded(self, stream: str, track: Track) -> bool:
        if self._waiting.get(stream, 0) + self._ids(track) < ENTRIES_SHARE:
            return False
        return len(self._heap) + sum(map(self._ids, self._tracks.values())) >= ENTRIES_FREE

    def _ids(self, track: Track) -> int:
        return max(0, len(track.seen) - self._dedup_ids)

    def _advance(self) -> None:
        least = self._least = min(track.newest for track in self._tracks.values())
        if least != FAR_PAST:
            self.watermark = max(self.watermark, least - self._lateness)

    def release(self) -> list[Event]:
        """The events the watermark has passed, in order; each comes out once."""
        ready = []
        while self._heap and self._heap[0][0][0] < self.watermark:
            _, stream, event = heapq.heappop(self._heap)
            self._waiting[stream] -= 1
            ready.append(event)
        return ready

    @property
    def waiting(self) -> int:
        """How many events wait for the watermark."""
        return len(self._heap)

    def held_by(self) -> tuple[str, ...]:
        """The streams that hold the watermark where it is: the slowest, or those announced and not yet heard.

        Empty while all stand at the same moment.
        """
        least = min((track.newest for track in self._tracks.values()), default=FAR_PAST)
        if least == self.newest() > FAR_PAST:
            return ()
        return tuple(sorted(name for name, track in self._tracks.items() if track.newest == least))

    def marks(self) -> dict[str, int]:
        """The newest ``known`` of every stream that counts; FAR_PAST for one announced and not yet heard."""
        return {name: track.newest for name, track in self._tracks.items()}

    def newest(self) -> int:
        """The newest ``known`` heard on any stream."""
        return max((track.newest for track in self._tracks.values()), default=FAR_PAST)

    def snapshot(self) -> dict[str, Any]:
        """Everything, as plain values."""
        return {
            "watermark": self.watermark,
            "tracks": {
                name: [track.newest, [[*key, *value] for key, value in track.seen.items()]]
                for name, track in self._tracks.items()
            },
            "waiting": [msgspec.to_builtins(entry[2]) for entry in sorted(self._heap, key=lambda entry: entry[:2])],
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take everything back from plain values, but for streams that are no more: one of a plugin would hold all."""
        there, kinds = set(streams()), kinds_by_tag()
        self.watermark = plain["watermark"]
        self._tracks = {
            name: Track(newest, {(source, sequence): (known, check) for source, sequence, known, check in seen})
            for name, (newest, seen) in plain["tracks"].items()
            if name in there
        }
        self._least = min((track.newest for track in self._tracks.values()), default=FAR_PAST)
        events = [event_of(record) for record in plain["waiting"] if record["kind"] in kinds]
        self._heap = [(order_key(event), stream_of(event), event) for event in events]
        heapq.heapify(self._heap)
        self._waiting = dict(Counter(stream for _, stream, _ in self._heap))
