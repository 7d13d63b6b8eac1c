"""Time in band: the heartbeats of a replay, on every stream, so that the merge can move and no stream holds it back."""

import datetime as dt
from collections.abc import Iterator

from detectors.calendar import DAY, NS, ny
from detectors.events import STREAMS, Heartbeat

HOUR_NS = 3600 * NS
TAIL_S = 3_600.0
"""Six times the allowed lateness of the presets, and short enough that no day is claimed that was not played."""


def heartbeats(
    start: dt.date, window: dt.date, end: dt.date, *, market: str, tail_s: float = TAIL_S
) -> Iterator[Heartbeat]:
    """Heartbeats of all streams, in order of time.

    The first on each stream, at the midnight before the first day, names the whole roster. In the warm-up one
    follows each New York midnight, inside the window one each hour. The last two lie at the end of the last day and
    ``tail_s`` seconds beyond, which has to be more than the allowed lateness and the grid of any engine that is to
    say its last word.

    Args:
        start: the first day; the roster is announced a day before, ahead of every event.
        window: the first day with hourly heartbeats.
        end: the last day.
        market: whose time it is.
        tail_s: seconds from the end of the last day to the last heartbeat.
    """
    for sequence, known in enumerate(_moments(start, window, end, tail_s), start=1):
        for stream in STREAMS:
            yield beat(stream, market, sequence, known)


def beat(stream: str, market: str, sequence: int, known: int) -> Heartbeat:
    """A stream's ``sequence``-th heartbeat; the first names the whole roster."""
    return Heartbeat(
        market=market,
        source=f"replay.heartbeat.{stream}",
        sequence=sequence,
        ts=known,
        known=known,
        provenance="synthetic",
        stream=stream,
        roster=STREAMS if sequence == 1 else (),
    )


def _moments(start: dt.date, window: dt.date, end: dt.date, tail_s: float) -> Iterator[int]:
    yield ny(start - DAY, "00:00")
    day = start
    while day < min(window, end + DAY):
        yield ny(day, "00:00")
        day += DAY
    close = ny(end + DAY, "00:00")
    if day <= end:
        # hours of elapsed time: a day on which the clocks change has 23 or 25 of them
        yield from range(ny(day, "00:00"), close, HOUR_NS)
    yield close
    yield close + round(tail_s * NS)
