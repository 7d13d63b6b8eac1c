"""Feed health: on which evidence a market cannot be seen, because its feed was never heard or has gone silent.

Idea: silence is not calm. Each feed has a number of sessions after which its silence counts; a feed never heard is
blind from the start. What time brings about is decided at the New York midnight that ends the last allowed session.
A feed without such a number (policy decisions come when they come) is blind only until first heard.

Signals: ``blind`` (1), by feed, cleared by the feed's next figure.
"""

from typing import Any

import msgspec

from detectors import calendar
from detectors.description import Mechanism, SignalSpec
from detectors.detector import Detector, Finding, Reading
from detectors.events import Event
from detectors.events.catalogue import kinds
from detectors.sections import Feed


def feed_of(event: Event) -> str | None:
    """The feed a figure speaks for; repo splits into general collateral and specials."""
    return event.speaks_for()


class FeedHealth(Detector):
    """Remembers when each feed last spoke."""

    name = "feed_health"
    signals = (SignalSpec(name="blind", label="A feed is silent", levels=("no figure for too long, or never one",)),)
    mechanisms = (
        Mechanism(
            source="beside both",
            says="silence is not calm",
            signal="blind",
            metric="crunchwatch_blind",
            test="test_state_machine.py::test_losing_a_feed_moves_nothing_by_itself",
        ),
    )

    def __init__(self, feeds: tuple[Feed, ...], brought: tuple[Feed, ...] = ()) -> None:
        """Watch the configuration's feeds, and those that kinds from outside bring: no id rests on those."""
        super().__init__()
        self.kinds = tuple(kind for kind in kinds() if kind.feeds)  # known when a market is, and not before
        self._feeds = feeds
        self._stale_sessions = {feed.name: feed.stale_sessions for feed in (*feeds, *brought)}
        self._last: dict[str, Reading] = {}
        self._deadlines: dict[str, int] = {}

    def identity(self) -> dict[str, Any]:
        """Its feeds, beside its name and version."""
        return {**super().identity(), "feeds": msgspec.to_builtins(self._feeds)}

    @property
    def feeds_watched(self) -> tuple[str, ...]:
        """The feeds it watches."""
        return tuple(self._stale_sessions)

    def blind_on(self) -> tuple[str, ...]:
        """The feeds that cannot be relied on now, by name."""
        return tuple(
            sorted(name for name in self._stale_sessions if name not in self._last or self.level("blind", name))
        )

    def last_heard(self, feed: str) -> int | None:
        """The ``ts`` of a feed's last figure, or None when it was never heard."""
        reading = self._last.get(feed)
        return None if reading is None else reading.ts

    def heard(self) -> dict[str, int]:
        """The ``ts`` of the last figure of every feed heard."""
        return {feed: reading.ts for feed, reading in self._last.items()}

    def update(self, event: Event) -> list[Finding]:
        """Note that a feed lives."""
        feed = feed_of(event)
        if feed is None or feed not in self._stale_sessions:
            return []
        self._last[feed] = Reading.of(event, 0.0)
        sessions = self._stale_sessions[feed]
        if sessions is not None:
            self._deadlines[feed] = calendar.sessions_after(event.known, sessions)
        return self._say(feed, 0, event.known, "the feed speaks again")

    def wake_at(self) -> int | None:
        """When the next feed has been silent too long."""
        return min(self._deadlines.values(), default=None)

    def on_time(self, now: int) -> list[Finding]:
        """Call those feeds blind whose deadline has passed."""
        findings = []
        for feed in sorted(feed for feed, deadline in self._deadlines.items() if deadline <= now):
            del self._deadlines[feed]
            findings += self._say(feed, 1, now, f"silent for {self._stale_sessions[feed]} sessions")
        return findings

    def _say(self, feed: str, level: int, known: int, rule: str) -> list[Finding]:
        return self.set_level(
            Finding(
                name="blind",
                subject=feed,
                level=level,
                readings=[self._last[feed]],
                known=known,
                values={"last_ts_s": self._last[feed].ts / calendar.NS},
                rule=rule,
                threshold=None,
            )
        )

    def snapshot(self) -> dict[str, Any]:
        """When each feed last spoke, and the deadlines."""
        last = {feed: [r.ts, r.value, r.source, r.sequence, r.provenance] for feed, r in self._last.items()}
        return {**super().snapshot(), "last": last, "deadlines": dict(self._deadlines)}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._last = {feed: Reading(*fields) for feed, fields in plain["last"].items()}
        self._deadlines = dict(plain["deadlines"])
