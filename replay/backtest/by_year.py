"""A backtest by calendar year: sessions in each state, onsets, kinds of stress, and sessions blind on each feed.

Days are SIFMA sessions of New York. A session counts once, under the worst state that held in the course of its New
York day, so the states of a year add up to its sessions. An onset counts in the year of the New York day on which it
was known: of a crunch when it begins from normal, of de facto default whenever it is entered. The kind is that of the
onset. A session is blind on a feed that was blind when its New York day ended.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from detectors.calendar import DAY, is_business_day, ny, ny_date
from detectors.feed_health import feed_of
from detectors.sections import Config
from detectors.signals import STATES, Output, Signal, State, Transition
from replay.scenarios.scenario import Script

ALWAYS = 2**63 - 1


class Year(msgspec.Struct, kw_only=True):
    """One calendar year, or the part of it that the window holds."""

    year: int
    first: dt.date
    last: dt.date
    days_are: str = "SIFMA sessions"
    days: int
    states: dict[str, int]
    onsets: dict[str, int]
    kinds: dict[str, int]
    blind_days: dict[str, int]


def by_year(outputs: Iterable[Output], script: Script, config: Config) -> list[Year]:
    """Sum up the outputs from the first to the last day of a script's window; what was before decides the state."""
    emitted = list(outputs)
    steps = [one for one in emitted if isinstance(one, Transition)]
    window, end = script.scenario.window, script.scenario.end
    sessions = [day for day in _days(window, end) if is_business_day(day)]
    blind = _blind(emitted, script, tuple(feed.name for feed in config.stress.feeds))
    onsets = [one for one in steps if _is_onset(one) and window <= ny_date(one.known) <= end]
    return [
        Year(
            year=year,
            first=mine[0],
            last=mine[-1],
            days=len(mine),
            states=_counted((_worst(day, steps) for day in mine), STATES),
            onsets=_counted((one.to_state for one in onsets if ny_date(one.known).year == year), STATES[1:]),
            kinds=dict(sorted(Counter(one.kind for one in onsets if ny_date(one.known).year == year).items())),
            blind_days={feed: sum(_within(spells, ny(day + DAY, "00:00")) for day in mine) for feed, spells in blind},
        )
        for year in range(window.year, end.year + 1)
        if (mine := [day for day in sessions if day.year == year])
    ]


def _days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    while first <= last:
        yield first
        first += DAY


def _is_onset(step: Transition) -> bool:
    return step.to_state == "de_facto_default" or (step.from_state, step.to_state) == ("normal", "crunch")


def _counted(found: Iterable[str], names: Iterable[str]) -> dict[str, int]:
    counts = Counter(found)
    return {name: counts[name] for name in names}


def _worst(day: dt.date, steps: list[Transition]) -> State:
    """The worst state that held for any time at all from midnight to midnight."""
    begins, ends = ny(day, "00:00"), ny(day + DAY, "00:00")
    state: State = "normal"
    for step in steps:
        if step.known <= begins:
            state = step.to_state
    held = [state, *(step.to_state for step in steps if begins < step.known < ends)]
    return max(held, key=STATES.index)


def _blind(emitted: list[Output], script: Script, feeds: tuple[str, ...]) -> list[tuple[str, list[tuple[int, int]]]]:
    """For each feed its spells of blindness, from and to (UTC ns): before it was first heard, and while silent."""
    first: dict[str, int] = {}
    for event in script.events:
        feed = feed_of(event)
        if feed is not None:
            first.setdefault(feed, event.known)
    spells: dict[str, list[tuple[int, int]]] = {feed: [(0, first.get(feed, ALWAYS))] for feed in feeds}
    for one in emitted:
        if isinstance(one, Signal) and (one.detector, one.name) == ("feed_health", "blind"):
            mine = spells[one.subject]
            if one.active:
                mine.append((one.known, ALWAYS))
            else:
                mine[-1] = (mine[-1][0], one.known)
    return list(spells.items())


def _within(spells: list[tuple[int, int]], moment: int) -> bool:
    return any(begins < moment <= ends for begins, ends in spells)
