"""The cut test: one series ends on one day; what the market says then is held against what it says with all of them.

Nothing may come of silence: no state may last longer than with full data by more than the blind exit and ten sessions,
no onset may appear that full data lack, and the series is named. A run of the full data leaves a snapshot at every day
of a cut; from there each cut plays only what follows.
"""

import datetime as dt
import random
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from detectors import calendar
from detectors.engine import Engine
from detectors.events import Event, Heartbeat
from detectors.sections import Config
from detectors.signals import STATES, Output, Signal, State, Transition
from replay.backtest.run import CHUNK

GRACE_SESSIONS = 10
"""Beyond the blind exit for what lasts; and on either side of an onset for what counts as the same."""
LEAST_FIGURES = 20
WARM_SESSIONS = 250
GOES_ON_DAYS = 70
LAST_SESSIONS = 15
"""A cut so near to the end of the data could not be named before it."""


class Cut(msgspec.Struct, frozen=True, order=True):
    """One series that is heard no more from a New York midnight on."""

    day: dt.date
    series: str


class Stay(msgspec.Struct, frozen=True):
    """A stretch in a state or a worse one, in New York days; ``end`` is None where it lasts to the end of the data."""

    state: State
    begin: dt.date
    end: dt.date | None


class Verdict(msgspec.Struct, frozen=True):
    """What a cut did.

    Attributes:
        cut: which.
        named: on which day the series was named; None for never.
        excess_sessions: by how much the worst stay outlasts that of the full data.
        phantoms: days of onsets that full data lack.
        missed: how many onsets of the full data did not come: what silence may cost.
    """

    cut: Cut
    named: dt.date | None
    excess_sessions: int
    phantoms: tuple[dt.date, ...]
    missed: int

    def holds(self, config: Config) -> bool:
        """Whether nothing came of silence."""
        limit = config.stress.blind_exit_sessions + GRACE_SESSIONS
        return self.named is not None and self.excess_sessions <= limit and not self.phantoms


def drawn(events: Sequence[Event], count: int, seed: int) -> list[Cut]:
    """Series and days at random: a series is alive then, has a history, and goes on in the full data."""
    spoken: dict[str, list[dt.date]] = defaultdict(list)
    for event in events:
        if not isinstance(event, Heartbeat):
            spoken[event.series()].append(calendar.ny_date(event.known))
    rng = random.Random(seed)
    first, last = (calendar.ny_date(events[place].known) for place in (0, -1))
    days = _sessions(first, last)[WARM_SESSIONS:-LAST_SESSIONS]
    found: set[Cut] = set()
    while len(found) < count:
        day = rng.choice(days)
        alive = [name for name in sorted(spoken) if _alive(sorted(spoken[name]), day)]
        if alive:
            found.add(Cut(day, rng.choice(alive)))
    return sorted(found)


def _alive(days: list[dt.date], day: dt.date) -> bool:
    at = bisect_left(days, day)
    return at >= LEAST_FIGURES and at < len(days) and (days[at] - day).days < GOES_ON_DAYS


def _sessions(first: dt.date, last: dt.date) -> list[dt.date]:
    days = [calendar.next_business_day(first)]
    while days[-1] < last:
        days.append(calendar.next_business_day(days[-1]))
    return days


def judged(
    events: Sequence[Event], config: Config, cuts: Sequence[Cut], *, sessions: int | None = None
) -> Iterator[Verdict]:
    """Every cut held against the full data, in the order of their days.

    Args:
        events: of one market, in order.
        config: under which both are judged.
        cuts: which.
        sessions: how many are played after a cut; None plays all.
    """
    market = events[0].market
    engine, outputs, snapshots, done = Engine(config, market), list[Output](), dict[dt.date, tuple[bytes, int]](), 0
    for day in sorted({cut.day for cut in cuts}):
        at = bisect_left(events, calendar.ny(day, "00:00"), key=lambda event: event.known)
        outputs += _played(engine, events[done:at])
        snapshots[day], done = (engine.snapshot(), len(outputs)), at
    outputs += _played(engine, events[done:])
    full = stays(outputs)
    for cut in sorted(cuts):
        raw, before = snapshots[cut.day]
        after = Engine.restore(config, market, raw)
        begin, last = calendar.ny(cut.day, "00:00"), calendar.ny_date(events[-1].known)
        if sessions is not None:
            last = min(last, calendar.add_sessions(cut.day, sessions))
        end = calendar.ny(last + calendar.DAY, "00:00")
        rest = [one for one in events if begin <= one.known < end and one.series() != cut.series]
        yield _held_against(cut, [*outputs[:before], *_played(after, rest)], full, last)


def _played(engine: Engine, events: Sequence[Event]) -> list[Output]:
    """In pieces, as a backtest does: the merge holds only so many that wait."""
    pieces = (events[start : start + CHUNK] for start in range(0, len(events), CHUNK))
    return [output for piece in pieces for output in engine.process(piece).outputs]


def _held_against(cut: Cut, outputs: list[Output], full: list[Stay], last: dt.date) -> Verdict:
    mine = stays(outputs)
    onsets = [stay.begin for stay in full if stay.state == "crunch" and stay.begin <= last]
    own = [stay.begin for stay in mine if stay.state == "crunch"]
    phantoms = [
        day for day in own if day >= cut.day and not _near(day, onsets) and not any(_covers(stay, day) for stay in full)
    ]
    excess = [_excess(stay, full, last) for stay in mine if (stay.end or last) > cut.day]
    missed = [
        day for day in onsets if day >= cut.day and not _near(day, own) and not any(_covers(s, day) for s in mine)
    ]
    return Verdict(cut, _named(cut, outputs), max(excess, default=0), tuple(phantoms), len(missed))


def _named(cut: Cut, outputs: Sequence[Output]) -> dt.date | None:
    """The day on which the series was said to be silent, at the end of the data or when it ended; None for never."""
    words = [
        one
        for one in outputs
        if isinstance(one, Signal) and (one.detector, one.name, one.subject) == ("feed_health", "silent", cut.series)
    ]
    said = [one for one in words if one.level]
    spoke = [one for one in words if not one.level and one.rule == "the series speaks again"]
    if not said or (spoke and spoke[-1].known >= said[-1].known):
        return None
    return calendar.ny_date(said[-1].known)


def stays(outputs: Sequence[Output]) -> list[Stay]:
    """The stretches of every state but normal, each with what is worse than it."""
    found = []
    for state in STATES[1:]:
        begin: dt.date | None = None
        for step in (one for one in outputs if isinstance(one, Transition)):
            inside = STATES.index(step.to_state) >= STATES.index(state)
            if inside and begin is None:
                begin = calendar.ny_date(step.known)
            elif not inside and begin is not None:
                found.append(Stay(state, begin, calendar.ny_date(step.known)))
                begin = None
        if begin is not None:
            found.append(Stay(state, begin, None))
    return found


def _excess(stay: Stay, full: list[Stay], last: dt.date) -> int:
    """Sessions by which a stay outlasts the latest of the full data that it meets; all of it, if it meets none."""
    end = stay.end or last
    met = [one for one in full if one.state == stay.state and one.begin < end and _reaches(one, stay.begin, last)]
    latest = max((one.end or last for one in met), default=stay.begin)
    return calendar.sessions_between(latest, end)


def _reaches(one: Stay, day: dt.date, last: dt.date) -> bool:
    return calendar.sessions_between(one.end or last, day) <= GRACE_SESSIONS


def _near(day: dt.date, onsets: Sequence[dt.date]) -> bool:
    return any(calendar.sessions_between(min(day, one), max(day, one)) <= GRACE_SESSIONS for one in onsets)


def _covers(stay: Stay, day: dt.date) -> bool:
    return stay.begin <= day and (stay.end is None or day < stay.end)
