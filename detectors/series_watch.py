"""Which series are silent: each has a rhythm, learned from its own last gaps and bounded by the configuration.

Idea: a series may be silent for the longest of its last gaps, counted in sessions between the days on which its
figures were known, and within the least and the most that the table ``silence`` allows it. It is silent from the New
York midnight that ends the last session allowed. Policy has another clock: a decision is restated at each scheduled
meeting, and is silent a few sessions after the first that brought none; a range too wide or crossed is not believed and
counts as silence.

A silent series is *named* until it speaks again. One that no table of a detector names, or that stands in an order of
preference of which another member is alive, has *ended* after so many sessions; one too seldom heard to have a rhythm
has as soon as it is silent. What is kept is bounded: beyond ``SERIES_KEPT`` the series heard longest ago is forgotten.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import msgspec

from detectors import calendar
from detectors.detector import Reading, in_bp
from detectors.events import Event, PolicyRate
from detectors.fomc import scheduled_after
from detectors.sections.silence import Rhythm, Silence

SERIES_KEPT = 256


class SeriesState(msgspec.Struct):
    """One series: its last figure, the feed it speaks for, its gaps, and the next moment at which time alone tells.

    ``day`` is the New York day (ordinal) on which the last figure was known, ``since`` when it fell silent (UTC ns),
    and ``why`` in words.
    """

    last: Reading
    feed: str | None
    day: int
    gaps: list[int] = []
    deadline: int | None = None
    since: int | None = None
    why: str = ""
    ended: bool = False


class SeriesWatch:
    """Every series heard, and which are silent."""

    def __init__(self, config: Silence, wanted: Iterable[str] = (), groups: Iterable[tuple[str, ...]] = ()) -> None:
        """Begin with nothing heard.

        Args:
            config: the bounds.
            wanted: the series that some detector's table names by itself.
            groups: orders of preference, each member of which can stand for the others.
        """
        self.config = config
        self._groups = tuple(groups)
        self._wanted = frozenset(wanted)
        self._series: dict[str, SeriesState] = {}
        self._bounds: dict[str, Rhythm] = {}
        self._due: dict[int, int] = {}  # how many series have each deadline: many share a midnight

    def note(self, event: Event) -> str | None:
        """Note a figure: the series if that changes whether it is silent, else None."""
        name = event.series()
        state, day = self._series.get(name), calendar.ny_date(event.known).toordinal()
        if state is None:
            self._make_room()
            state = self._series[name] = SeriesState(Reading.of(event, 0.0), event.speaks_for(), day)
        elif day == state.day and state.since is None and not isinstance(event, PolicyRate):
            state.last = Reading.of(event, 0.0)
            return None
        elif day > state.day:
            self._learn(state, day)
        state.last = Reading.of(event, 0.0)
        was, state.why = state.since, self._disbelieved(event)
        state.since = (event.known if was is None else was) if state.why else None
        state.ended = False
        self._wait(state, self._deadline(name, state, event))
        return name if (was is None) != (state.since is None) else None

    def _make_room(self) -> None:
        while len(self._series) >= SERIES_KEPT:
            gone = self._series.pop(min(self._series, key=lambda name: (self._series[name].day, name)))
            self._wait(gone, None)

    def _wait(self, state: SeriesState, deadline: int | None) -> None:
        if state.deadline is not None:
            self._due[state.deadline] -= 1
            if not self._due[state.deadline]:
                del self._due[state.deadline]
        if deadline is not None:
            self._due[deadline] = self._due.get(deadline, 0) + 1
        state.deadline = deadline

    def _learn(self, state: SeriesState, day: int) -> None:
        before, now = (dt.date.fromordinal(one) for one in (state.day, day))
        gap = calendar.sessions_between(before, now)
        if state.since is None:  # how long it was dead is no rhythm
            state.gaps = [*state.gaps, gap][-self.config.gaps :]
        state.day = day

    def _disbelieved(self, event: Event) -> str:
        if not isinstance(event, PolicyRate):
            return ""
        width_bp = in_bp(event.target_high_pct - event.target_low_pct)
        if width_bp < 0:
            return "its range is crossed"
        if width_bp > self.config.policy_range_bp:
            return f"its range is {width_bp:g} bp wide, {self.config.policy_range_bp:g} at most"
        return ""

    def allowed(self, name: str, state: SeriesState) -> int:
        """For how many sessions a series may be silent."""
        bounds = self._bounds.get(name)
        if bounds is None:
            if len(self._bounds) >= SERIES_KEPT:
                self._bounds.clear()
            bounds = self._bounds[name] = self.config.rhythm(name)
        if len(state.gaps) < self.config.gaps_wanted:
            return bounds.most_sessions
        return min(max(*state.gaps, bounds.least_sessions), bounds.most_sessions)

    def _deadline(self, name: str, state: SeriesState, event: Event) -> int | None:
        if state.since is not None:
            return None
        if not isinstance(event, PolicyRate):
            return calendar.sessions_after(event.known, self.allowed(name, state))
        meeting = scheduled_after(calendar.ny_date(event.known))
        if meeting is None:
            return None
        return calendar.sessions_after(calendar.ny(meeting, "14:00"), self.config.policy_grace_sessions)

    def wake_at(self) -> int | None:
        """When time alone next changes something."""
        return min(self._due, default=None)

    def on_time(self, now: int) -> list[str]:
        """The series that are silent, or have ended, from now on."""
        due = sorted(name for name, one in self._series.items() if one.deadline is not None and one.deadline <= now)
        for name in due:
            self._fall(name, self._series[name], now)
        return due

    def _fall(self, name: str, state: SeriesState, now: int) -> None:
        ended_at = self.config.ended_sessions
        if state.since is not None:
            state.ended = not self._needed(name)
            self._wait(state, None if state.ended else calendar.sessions_after(now, ended_at))
            return
        state.since = now
        if state.last.series == "POLICY":
            state.why = "not restated at the last scheduled meeting"
        else:
            state.why = f"no figure for {self.allowed(name, state)} sessions"
        state.ended = len(state.gaps) < self.config.gaps_wanted and not self._needed(name)
        self._wait(state, None if state.ended else calendar.sessions_after(now, ended_at))

    def _needed(self, name: str) -> bool:
        """Whether a detector's table names it, and no other series that is alive stands in for it."""
        groups = [group for group in self._groups if name in group]
        return name in self._wanted or any(not any(map(self._alive, group)) for group in groups)

    def _alive(self, name: str) -> bool:
        state = self._series.get(name)
        return state is not None and state.since is None

    def state(self, name: str) -> SeriesState:
        """What is known of a series that was heard."""
        return self._series[name]

    def silent(self, blind: Iterable[str] = ()) -> frozenset[str]:
        """The series that are unseen: silent by themselves, or with their whole feed."""
        feeds = set(blind)
        return frozenset(name for name, state in self._series.items() if state.since is not None or state.feed in feeds)

    def named(self, blind: Iterable[str] = ()) -> tuple[str, ...]:
        """The silent series that a market is blind on, without those of a feed that is named itself."""
        feeds = set(blind)
        return tuple(
            sorted(
                name
                for name, one in self._series.items()
                if one.since is not None and not one.ended and one.feed not in feeds
            )
        )

    def ended(self) -> tuple[str, ...]:
        """The series that have ended."""
        return tuple(sorted(name for name, state in self._series.items() if state.ended))

    def snapshot(self) -> dict[str, Any]:
        """Everything, as plain values."""
        return {name: msgspec.to_builtins(state) for name, state in self._series.items()}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take it back."""
        self._series = {name: msgspec.convert(state, type=SeriesState) for name, state in plain.items()}
        self._due = {}
        for state in self._series.values():
            if state.deadline is not None:
                self._due[state.deadline] = self._due.get(state.deadline, 0) + 1
