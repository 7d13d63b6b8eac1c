"""Any number of made-up markets as one script: the live path under many markets, where nothing historical is claimed.

A stage gives a day of all markets at a time, for as long as it is asked; a script is the first days of one. The same
names and seed give the same events; a market's events do not depend on which others are beside it.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

from detectors.calendar import DAY, NS, is_business_day, next_business_day, ny
from detectors.checks import MARKET
from detectors.events import STREAMS, Event, order_key
from replay.errors import ScenarioError
from replay.scenarios.generator import MarketGenerator
from replay.scenarios.heartbeats import TAIL_S, beat
from replay.scenarios.scenario import Scenario, Script

NAME = "synthetic"
FIRST_DAY = dt.date(2018, 1, 2)
DEFAULT_MARKETS = ("UST", "UKT", "DBR", "JGB")
DEFAULT_SESSIONS = 250
MAX_MARKETS = 10_000
"""As many as a worker's settings may allow."""
MAX_SESSIONS = 5_000
BEAT_CLOCKS = ("00:00", "09:00", "12:00", "15:00", "17:30")
QUIET_CLOCKS = ("00:00",)


class Stage:
    """Markets that go on for as long as they are asked, each day with its heartbeats."""

    def __init__(self, markets: Sequence[str], seed: int, first: dt.date = FIRST_DAY) -> None:
        """Set the markets up; raises ScenarioError for a name that is none, one given twice, and too many."""
        _check(markets)
        self._inventions = [MarketGenerator(market, seed) for market in markets]
        self._beats = 0
        self._next = first - DAY

    def days(self) -> Iterator[list[Event]]:
        """Each day's events of all markets in the one total order, without an end; the first is only the rosters'."""
        while True:
            yield self._day()

    def close(self, tail_s: float = TAIL_S) -> list[Event]:
        """The last heartbeats: the end of the last day, and ``tail_s`` seconds beyond."""
        end = ny(self._next, "00:00")
        return [*self._beat(end), *self._beat(end + round(tail_s * NS))]

    def _day(self) -> list[Event]:
        day, self._next = self._next, self._next + DAY
        open_ = is_business_day(day) and self._beats > 0
        made = [event for clock in (BEAT_CLOCKS if open_ else QUIET_CLOCKS) for event in self._beat(ny(day, clock))]
        if open_:
            made += [event for invention in self._inventions for event in invention.session(day)]
        return sorted(made, key=order_key)

    def _beat(self, known: int) -> list[Event]:
        self._beats += 1
        return [
            beat(stream, invention.market, self._beats, known) for stream in STREAMS for invention in self._inventions
        ]


def script(
    markets: Sequence[str] = DEFAULT_MARKETS,
    sessions: int = DEFAULT_SESSIONS,
    seed: int = 0,
    *,
    window: dt.date | None = None,
    end: dt.date | None = None,
    tail_s: float = TAIL_S,
) -> Script:
    """Make the first ``sessions`` sessions of some markets.

    Args:
        markets: their names.
        sessions: how many, from FIRST_DAY on.
        seed: decides everything.
        window: the first day shown, by default the first of all.
        end: the last day, by default that of the last session.
        tail_s: seconds from the end of the last day to the last heartbeat.

    Raises:
        ScenarioError: a name that is none, too many of anything, or days outside.
    """
    if not 1 <= sessions <= MAX_SESSIONS:
        raise ScenarioError(f"--sessions {sessions} is not in 1 to {MAX_SESSIONS}")
    last = FIRST_DAY
    for _ in range(sessions - 1):
        last = next_business_day(last)
    about = f"{len(markets)} made-up markets, seed {seed}"
    scenario = Scenario(NAME, about, Path(), FIRST_DAY, FIRST_DAY, last).between(window, end)
    if scenario.end > last:
        raise ScenarioError(f"--to {scenario.end} is after the last of {sessions} sessions, {last}")
    stage = Stage(markets, seed)
    events: list[Event] = []
    for _, made in zip(range((scenario.end - FIRST_DAY).days + 2), stage.days(), strict=False):
        events += made
    return Script(scenario, events + stage.close(tail_s), [])


def _check(markets: Sequence[str]) -> None:
    if not 1 <= len(markets) <= MAX_MARKETS:
        raise ScenarioError(f"{len(markets)} markets; there may be 1 to {MAX_MARKETS}")
    for market in markets:
        if not MARKET.fullmatch(market):
            raise ScenarioError(f"{market!r} is not a market: capital letters, digits and ._- only, at most 32")
    if len(set(markets)) < len(markets):
        twice = next(market for market in markets if list(markets).count(market) > 1)
        raise ScenarioError(f"market {twice} is named twice")
