"""Time, in band."""

from detectors.events.base import Event
from detectors.events.bounds import CheckError


class Heartbeat(Event, frozen=True, kw_only=True, tag="heartbeat"):
    """Time, in band: on this stream nothing known before ``known`` follows, but for the allowed lateness.

    ``roster`` names the streams the market consists of; once one of them was heard, the merge waits for all.
    """

    stream: str
    roster: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise CheckError for a stream that there is not."""
        from detectors.events.catalogue import streams  # noqa: PLC0415 - it is derived from this class among others

        there = streams()
        unknown = {self.stream, *self.roster} - set(there)
        if unknown:
            raise CheckError("unknown_stream", "stream", f"unknown stream {min(unknown)!r:.80}")
        if len(self.roster) > len(there):
            raise CheckError("out_of_range", "roster", "names more streams than there are")
