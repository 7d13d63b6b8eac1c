"""Scenarios: which days of which data, what of them only warms the windows, and the events in the order of a replay."""

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

from detectors.calendar import DAY, ny, ny_date
from detectors.events import Event, order_key
from replay.dataset.assemble import MARKET
from replay.dataset.loader import BUNDLED, Dataset, load
from replay.errors import DataError, ScenarioError
from replay.scenarios.heartbeats import TAIL_S, heartbeats

LONGEST_HOURLY = dt.timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Days of a dataset. ``start`` to the day before ``window`` is warm-up; ``window`` to ``end`` is what is shown."""

    name: str
    about: str
    directory: Path
    start: dt.date
    window: dt.date
    end: dt.date

    @property
    def hourly_from(self) -> dt.date:
        """The first day with hourly heartbeats: the window's, unless it is too long for that to be of use."""
        return self.window if self.end - self.window <= LONGEST_HOURLY else self.end + DAY

    def between(self, window: dt.date | None, end: dt.date | None) -> "Scenario":
        """The same scenario with another window; what lies before the window stays as its warm-up.

        Raises:
            ScenarioError: the days are in the wrong order or outside the data.
        """
        changed = replace(self, window=window or self.window, end=end or self.end)
        if changed.window < self.start:
            raise ScenarioError(f"--from {changed.window} is before the data of {self.name}, from {self.start} on")
        if changed.end < changed.window and end is None:
            raise ScenarioError(f"--from {changed.window} is after the end of {self.name}, {changed.end}")
        if changed.end < changed.window:
            raise ScenarioError(f"--to {changed.end} is before --from {changed.window}")
        return changed


@dataclass(frozen=True)
class Script:
    """A scenario ready to be played: every event in the one total order, heartbeats in band, warnings of the loader."""

    scenario: Scenario
    events: list[Event]
    warnings: list[str]

    @property
    def markets(self) -> list[str]:
        """Whose events these are, in the order of their first."""
        return list(dict.fromkeys(event.market for event in self.events))

    @property
    def window_ns(self) -> int:
        """The first moment of the window (UTC ns)."""
        return ny(self.scenario.window, "00:00")


SCENARIOS: dict[str, Scenario] = {
    "feb2021": Scenario(
        name="feb2021",
        about="the squeeze of February and March 2021, warmed up on four years",
        directory=BUNDLED,
        start=dt.date(2017, 1, 1),
        window=dt.date(2021, 1, 4),
        end=dt.date(2021, 4, 9),
    ),
    "bundled": Scenario(
        name="bundled",
        about="every day of the bundled data, 2017 to June 2023",
        directory=BUNDLED,
        start=dt.date(2017, 1, 1),
        window=dt.date(2017, 1, 3),
        end=dt.date(2023, 6, 30),
    ),
}


def named(name: str) -> Scenario:
    """Look a scenario up; raises ScenarioError with the names there are."""
    if name not in SCENARIOS:
        raise ScenarioError(f"no scenario is called {name!r}; there are: {', '.join(SCENARIOS)}, and synthetic")
    return SCENARIOS[name]


def script(scenario: Scenario, *, market: str = MARKET, tail_s: float = TAIL_S) -> Script:
    """Load a scenario of the bundled data, as the figures of a market, and put its heartbeats in."""
    return _scripted(scenario, load(scenario.directory, market=market), tail_s)


def script_of(
    directory: Path, window: dt.date | None, end: dt.date | None, *, market: str = MARKET, tail_s: float = TAIL_S
) -> Script:
    """Make a script of a user's own files: without ``window`` the days shown begin with the data, with none as warm-up.

    Raises:
        replay.errors.DataError: a file or row that cannot be used.
        ScenarioError: the days asked for are not in the data.
    """
    data = load(directory, market=market)
    if not data.events:
        raise DataError(directory, None, "; ".join(("no event can be made of the figures here", *data.warnings)))
    first, last = ny_date(data.events[0].known), ny_date(data.events[-1].known)
    whole = Scenario(directory.name, f"the files in {directory}", directory, first, first, last)
    return _scripted(whole.between(window, end), data, tail_s)


def _scripted(scenario: Scenario, data: Dataset, tail_s: float) -> Script:
    """Cut by what was known, not by what a figure is about: the last day's SOFR comes out after the last day."""
    start, end = ny(scenario.start, "00:00"), ny(scenario.end + DAY, "00:00")
    events: list[Event] = [event for event in data.events if start <= event.known < end]
    if not events:
        raise ScenarioError(f"no figure of {scenario.directory} was known from {scenario.start} to {scenario.end}")
    market = events[0].market
    hourly = scenario.hourly_from
    events.extend(heartbeats(scenario.start, hourly, scenario.end, market=market, tail_s=tail_s))
    events.sort(key=order_key)
    return Script(scenario, events, data.warnings)
