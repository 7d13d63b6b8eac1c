"""Feed health: on which evidence a market cannot be seen, because a feed or a series was never heard or is silent.

Idea: silence is not calm. Each feed has a number of sessions after which its silence counts; a feed never heard is
blind from the start. What time brings about is decided at the New York midnight that ends the last allowed session.
A feed without such a number (policy decisions come when they come) is blind only until first heard. Within a feed, and
beside the feeds, every series heard is watched by itself (:mod:`detectors.series_watch`).

Signals: ``blind`` (1), by feed, cleared by the feed's next figure. ``silent`` (1), by series, likewise, or when it has
ended.
"""

from typing import Any

import msgspec

from detectors import calendar
from detectors.description import Mechanism, SignalSpec
from detectors.detector import Detector, Finding, Reading
from detectors.events import Event
from detectors.events.catalogue import kinds
from detectors.sections import Feed
from detectors.series_watch import SeriesWatch


def feed_of(event: Event) -> str | None:
    """The feed a figure speaks for; repo splits into general collateral and specials."""
    return event.speaks_for()


class FeedHealth(Detector):
    """Remembers when each feed last spoke."""

    name = "feed_health"
    version = 2
    signals = (
        SignalSpec(name="blind", label="A feed is silent", levels=("no figure for too long, or never one",)),
        SignalSpec(name="silent", label="A series is silent", levels=("no figure for longer than is its way",)),
    )
    mechanisms = (
        Mechanism(
            source="beside both",
            says="silence is not calm",
            signal="blind",
            metric="crunchwatch_blind",
            test="test_state_machine.py::test_losing_a_feed_moves_nothing_by_itself",
        ),
    )

    def __init__(
        self, feeds: tuple[Feed, ...], brought: tuple[Feed, ...] = (), series: SeriesWatch | None = None
    ) -> None:
        """Watch the configuration's feeds, those that kinds from outside bring (no id rests on these), and series."""
        super().__init__()
        self._series = series
        # Known when a market is, and not before. Every kind but time itself has series.
        self.kinds = tuple(kind for kind in kinds() if kind.topic and (series is not None or kind.feeds))
        self._feeds = feeds
        self._stale_sessions = {feed.name: feed.stale_sessions for feed in (*feeds, *brought)}
        self._last: dict[str, Reading] = {}
        self._deadlines: dict[str, int] = {}
        self._looked = -1
        self._look()

    def identity(self) -> dict[str, Any]:
        """Its feeds and the bounds of silence, beside its name and version."""
        silence = {} if self._series is None else {"silence": msgspec.to_builtins(self._series.config)}
        return {**super().identity(), "feeds": msgspec.to_builtins(self._feeds), **silence}

    @property
    def feeds_watched(self) -> tuple[str, ...]:
        """The feeds it watches."""
        return tuple(self._stale_sessions)

    def blind_feeds(self) -> tuple[str, ...]:
        """The feeds that cannot be relied on now, by name."""
        return tuple(
            sorted(name for name in self._stale_sessions if name not in self._last or self.level("blind", name))
        )

    def blind_on(self) -> tuple[str, ...]:
        """Those feeds, and the silent series of feeds that are not among them."""
        feeds = self.blind_feeds()
        return feeds if self._series is None else (*feeds, *self._series.named(feeds))

    def silent_series(self) -> tuple[str, ...]:
        """Every series that is silent or whose feed is, those that have ended among them."""
        return () if self._series is None else tuple(sorted(self._series.silent(self.blind_feeds())))

    def ended_series(self) -> tuple[str, ...]:
        """The series that have ended: silent for long, or seldom heard, and no table asks for them."""
        return () if self._series is None else self._series.ended()

    def _look(self) -> None:
        """Say anew what is unseen, after something has changed."""
        feeds = self.blind_feeds()
        self.sight.unseen = frozenset({*feeds, *(() if self._series is None else self._series.silent(feeds))})

    def last_heard(self, feed: str) -> int | None:
        """The ``ts`` of a feed's last figure, or None when it was never heard."""
        reading = self._last.get(feed)
        return None if reading is None else reading.ts

    def heard(self) -> dict[str, int]:
        """The ``ts`` of the last figure of every feed heard."""
        return {feed: reading.ts for feed, reading in self._last.items()}

    def update(self, event: Event) -> list[Finding]:
        """Note that a feed, and a series, live."""
        findings = self._feed_spoke(event)
        changed = None if self._series is None else self._series.note(event)
        if changed is not None:
            findings += self._say_series(changed, event.known)
        if findings or changed is not None or len(self._last) != self._looked:
            self._looked = len(self._last)  # a feed heard for the first time says so without a word
            self._look()
        return findings

    def _feed_spoke(self, event: Event) -> list[Finding]:
        feed = feed_of(event)
        if feed is None or feed not in self._stale_sessions:
            return []
        self._last[feed] = Reading.of(event, 0.0)
        sessions = self._stale_sessions[feed]
        if sessions is not None:
            self._deadlines[feed] = calendar.sessions_after(event.known, sessions)
        return self._say(feed, 0, event.known, "the feed speaks again")

    def wake_at(self) -> int | None:
        """When the next feed or series has been silent too long."""
        feeds = min(self._deadlines.values(), default=None)
        series = None if self._series is None else self._series.wake_at()
        return min((one for one in (feeds, series) if one is not None), default=None)

    def on_time(self, now: int) -> list[Finding]:
        """Call those feeds blind and those series silent whose deadline has passed."""
        findings = []
        for feed in sorted(feed for feed, deadline in self._deadlines.items() if deadline <= now):
            del self._deadlines[feed]
            findings += self._say(feed, 1, now, f"silent for {self._stale_sessions[feed]} sessions")
        for series in () if self._series is None else self._series.on_time(now):
            findings += self._say_series(series, now)
        self._look()
        return findings

    def _say(self, feed: str, level: int, known: int, rule: str) -> list[Finding]:
        return self._tell("blind", feed, level, self._last[feed], known, rule)

    def _say_series(self, series: str, known: int) -> list[Finding]:
        assert self._series is not None
        state = self._series.state(series)
        rule = "the series speaks again"
        if state.since is not None:
            rule = f"ended: {state.why}, and no table asks for it by itself" if state.ended else f"silent: {state.why}"
        level = int(state.since is not None and not state.ended)
        return self._tell("silent", series, level, state.last, known, rule)

    def _tell(self, name: str, subject: str, level: int, last: Reading, known: int, rule: str) -> list[Finding]:
        return self.set_level(
            Finding(
                name=name,
                subject=subject,
                level=level,
                readings=[last],
                known=known,
                values={"last_ts_s": last.ts / calendar.NS},
                rule=rule,
                threshold=None,
                ts=min(last.ts, known),  # a policy decision is about a later day than that on which it is known
                ways=(),
            )
        )

    def snapshot(self) -> dict[str, Any]:
        """When each feed last spoke, and the deadlines."""
        last = {feed: list(msgspec.structs.astuple(reading)) for feed, reading in self._last.items()}
        series = {} if self._series is None else self._series.snapshot()
        return {**super().snapshot(), "last": last, "deadlines": dict(self._deadlines), "series": series}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._last = {feed: Reading(*fields) for feed, fields in plain["last"].items()}
        self._deadlines = dict(plain["deadlines"])
        if self._series is not None:
            self._series.restore(plain["series"])
        self._look()
