"""Which of a market's streams have died, and up to when their time may be moved. Pure: the moment is handed in.

A stream is silent when its mark (the newest moment it has brought) has stood still for so long by the clock on the
wall. It is dead when meanwhile others, still moving, have gone on in event time by at least as much: where nobody moves
(a replay that is paused, a night) nobody is dead. What the moving ones have passed, less the allowed lateness, is then
past for the dead one too.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from detectors.ordering import FAR_PAST

NS = 10**9


class StreamMark(msgspec.Struct):
    """A stream's mark, since when it stands there, and where the others stood then."""

    mark: int
    since_s: float
    others: dict[str, int]
    written_until: int | None = None


class StreamSilences:
    """One market's streams, watched by their owner."""

    def __init__(self, *, silence_s: float, lateness_ns: int, max_ahead_ns: int) -> None:
        self._silence_s = silence_s
        self._lateness_ns = lateness_ns
        self._max_ahead_ns = max_ahead_ns
        self._heard: dict[str, StreamMark] = {}

    def look(self, marks: Mapping[str, int], now_s: float, wall_ns: int) -> dict[str, int]:
        """Note where the streams stand; for the dead ones, the moment up to which they can be called past.

        Args:
            marks: the newest moment of each stream, FAR_PAST for one that was announced and never heard.
            now_s: a clock that only goes on.
            wall_ns: the time of day, UTC; no heartbeat goes beyond it.
        """
        for stream, mark in marks.items():
            before = self._heard.get(stream)
            if before is None or mark != before.mark:
                if before is not None and before.written_until is not None and mark <= before.written_until:
                    before.mark = mark  # our own heartbeat: the stream is as silent as before
                else:
                    self._heard[stream] = StreamMark(mark, now_s, dict(marks))
        moving = [
            stream
            for stream, mark in marks.items()
            if mark != FAR_PAST and now_s - self._heard[stream].since_s < self._silence_s
            and self._heard[stream].written_until is None
        ]  # fmt: skip
        if not moving:
            return {}
        until = min(min(marks[stream] for stream in moving) - self._lateness_ns, wall_ns)
        silent = {stream for stream in marks if now_s - self._heard[stream].since_s >= self._silence_s}
        return {
            stream: until if marks[stream] == FAR_PAST else min(until, marks[stream] + self._max_ahead_ns)
            for stream in sorted(silent)
            if self._outrun(self._heard[stream], marks, moving, until)
        }

    def _outrun(self, heard: StreamMark, marks: Mapping[str, int], moving: list[str], until: int) -> bool:
        least_ns = self._silence_s * NS
        went_on = all(marks[one] - heard.others.get(one, FAR_PAST) >= least_ns for one in moving)
        newest = heard.mark if heard.written_until is None else max(heard.mark, heard.written_until)
        return went_on and until - newest >= least_ns

    def wrote(self, stream: str, known: int) -> None:
        """A heartbeat of this moment was written for the stream."""
        self._heard[stream].written_until = known
