"""Figures that their own series' past makes hard to believe: suspect, and in no event until another figure agrees.

A zero for a missing value, a decimal point that slipped, another unit: such a figure lies far from the last one, by a
factor and by a distance that the series has not moved in before. It is held back, and taken only when the next figure
of the series lies where it lies, or another publisher had said the same of that day; then it is known when that other
figure is. Only earlier figures judge a figure, so what is taken by a moment does not depend on what comes later.

Both tests have to fail, because either alone is wrong somewhere: near zero a rate of 0.01 becomes 0.10 by nine basis
points, and take-up of a facility grows a thousandfold from nothing.
"""

import datetime as dt
import math
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from detectors.events import ReverseRepo
from replay.dataset.catalogue import CATALOGUE, CatalogueEntry, FailSeries, PolicySeries, RecordSeries, RepoSeries
from replay.dataset.tables import Figure, Tables
from replay.dataset.units import Dimension

Said = dict[str, dict[dt.date, list[Figure]]]
"""By series and day, what was said of the day in order of ``known``."""

NAMED = 5
REMEMBERED = 250
ENOUGH = 3  # figures before a series can judge another
# A slipped decimal is a factor of ten, give or take the move of a day.
RATE_FACTOR, AMOUNT_FACTOR = 7.0, 5.0
HUNDREDFOLD = 100.0
USUAL_MOVES = 20.0  # a rate rarely goes this many times its median move
LEAST_MOVE_PCT = 0.5  # of a rate: what lies nearer is no error that matters
LARGEST_GROWTHS = 3.0  # an amount that changes by more than the cube of its largest factor,
LARGEST_FACTOR = 8.0  # or by this one, whatever it did before
TAKEUP_GROWTHS = 4.0  # a facility's take-up may vanish and come back: it has no such limit
NOTHING_USD = 1e8  # of take-up: no less than this is told apart
RECENT = 20  # figures to whose level a series may return in one step
NEAR_ZERO = 0.01  # of its median: a series that was there may be there again
SILENCE = dt.timedelta(days=30)  # after which the past says nothing of a figure


@dataclass
class Past:
    """What a series has been: its last figures that were believed."""

    dimension: Dimension
    takeup: bool = False
    springs: bool = False
    """Fails of one issue and net positions: from nearly nothing to tens of billions in a week is what they are for."""
    values: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def believe(self, value: float) -> None:
        """Take a figure into the past."""
        self.values.append(self._at_least(value))

    def doubts(self, value: float) -> bool:
        """Whether a figure lies where the series has never been, nor gone in one step."""
        value = self._at_least(value)
        if len(self.values) < ENOUGH or not self._far(self.values[-1], value):
            return False
        if self.springs:
            return abs(value) > HUNDREDFOLD * max(map(abs, self.values)) > 0
        lately = list(self.values)[-RECENT:]
        if self.dimension == "rate":
            reach = self._reach()
            return all(abs(value - one) > reach for one in lately)
        if any(one and not self._far(one, value) for one in lately):
            return False
        if self.dimension == "spread" or min(self.values) < 0:  # its level is no measure of its moves
            return abs(value) > HUNDREDFOLD * max(map(abs, self.values))
        return self._out_of_scale(value)

    def near(self, value: float, other: float) -> bool:
        """Whether two figures say the same, for a series that moves as this one does."""
        if value == 0 == other:
            return False  # a gap that was filled with zeros is filled for a week as well
        if self.dimension == "rate":
            return abs(value - other) <= self._reach()
        return not self._far(value, other)

    def _far(self, value: float, other: float) -> bool:
        """Whether two figures differ by a factor that a day's move does not explain; a change of sign is one."""
        small, large = sorted((abs(value), abs(other)))
        factor = RATE_FACTOR if self.dimension == "rate" else AMOUNT_FACTOR
        return large > factor * small or value * other < 0

    def _at_least(self, value: float) -> float:
        return max(value, NOTHING_USD) if self.takeup else value

    def _reach(self) -> float:
        moves = [abs(after - before) for before, after in pairwise(self.values)]
        return max(LEAST_MOVE_PCT, USUAL_MOVES * median(moves))

    def _out_of_scale(self, value: float) -> bool:
        low, high, last = min(self.values), max(self.values), self.values[-1]
        if value > HUNDREDFOLD * high > 0:
            return True
        if low <= NEAR_ZERO * median(self.values) and value <= high:
            return False
        if value <= 0 or last <= 0:
            return value <= 0 < last
        growth = max((abs(math.log(b / a)) for a, b in pairwise(self.values) if a > 0 and b > 0), default=0.0)
        usual = TAKEUP_GROWTHS * growth if self.takeup else min(LARGEST_GROWTHS * growth, math.log(LARGEST_FACTOR))
        return abs(math.log(value / last)) > usual


@dataclass
class _Series:
    """The figures of one series in order of their days, and the one that is held back."""

    entry: CatalogueEntry
    rates: dict[dt.date, list[tuple[str, Figure]]]
    warnings: list[str] = field(default_factory=list)
    taken: dict[dt.date, list[Figure]] = field(default_factory=dict)
    held: tuple[dt.date, list[Figure]] | None = None
    last: dt.date = dt.date.min

    def __post_init__(self) -> None:
        spec = self.entry.spec
        takeup = isinstance(spec, RecordSeries) and spec.kind is ReverseRepo
        by_issue = isinstance(spec, FailSeries) and spec.issue is not None
        net = isinstance(spec, RecordSeries) and spec.value in spec.kind.signed
        self.past = Past(self.entry.dimension, takeup=takeup, springs=by_issue or net)

    def hear(self, day: dt.date, said: list[Figure]) -> None:
        """Judge what was said of the next day by the days before it."""
        first = said[0]
        if self.last < day - SILENCE:
            self.past.values.clear()
        if not self.past.doubts(first.value):
            self.drop_held()
            self._take(day, [first, *self._believable(day, said[1:])])
            return
        held = self.held
        if held is not None and self.past.near(held[1][0].value, first.value):
            self.held = None
            self._confirmed(*held, by=first)
            self._take(day, said)
            return
        self.drop_held()
        other = self._witness(day, first)
        if other is not None:
            self._confirmed(day, said, by=other)
        else:
            self.held = day, said

    def _witness(self, day: dt.date, figure: Figure) -> Figure | None:
        """What another publisher had said of the day by then, if it is the same and no more what was before."""
        if not isinstance(self.entry.spec, RepoSeries):
            return None
        for publisher, other in self.rates.get(day, ()):
            same = self.past.near(other.value, figure.value) and not self.past.near(other.value, self.past.values[-1])
            if same and publisher != self.entry.publisher and other.known <= figure.known:
                return other
        return None

    def drop_held(self) -> None:
        """Leave out what no later figure agreed with."""
        if self.held is not None:
            day, said = self.held
            self._warn(day, said[0], "no other figure agrees: left out")
            self.held = None

    def _take(self, day: dt.date, said: list[Figure]) -> None:
        self.taken[day] = said
        self.last = day
        self.past.believe(said[0].value)

    def _confirmed(self, day: dt.date, said: list[Figure], *, by: Figure) -> None:
        self._warn(day, said[0], f"taken when {by.place} agreed")
        known = max(said[0].known, by.known)
        self._take(day, [said[0]._replace(known=known), *(one for one in said[1:] if one.known > known)])

    def _believable(self, day: dt.date, corrections: list[Figure]) -> Iterator[Figure]:
        for figure in corrections:
            if self.past.doubts(figure.value):
                self._warn(day, figure, "no other figure agrees: left out")
            else:
                yield figure

    def _warn(self, day: dt.date, figure: Figure, then: str) -> None:
        before = f"after {self.past.values[-1]:g}" if self.past.values else "with nothing before it"
        self.warnings.append(f"{figure.place}: {self.entry.id} of {day} is {figure.value:g} {before}: suspect, {then}")


def first_few(texts: list[str], of_what: str) -> list[str]:
    """The first of many warnings of one kind, and how many more there are."""
    more = len(texts) - NAMED
    return texts if more <= 0 else [*texts[:NAMED], f"and {more} more {of_what}"]


def judged(tables: Tables) -> Said:
    """Everything that was said, without what is suspect; each suspect figure is named in the tables' warnings."""
    rates = _witnesses(tables)
    taken: Said = {}
    for name, by_day in tables.figures.items():
        entry = CATALOGUE[name]
        if isinstance(entry.spec, PolicySeries):  # steps are what policy does; its range is checked instead
            taken[name] = {day: tables.said_of(name, day) for day in by_day}
            continue
        series = _Series(entry, rates)
        # In the order in which they were known: a figure that came out late judges none that was there before.
        for day in sorted(by_day, key=lambda one: (by_day[one].known, one)):
            series.hear(day, tables.said_of(name, day))
        series.drop_held()
        tables.warnings.extend(first_few(series.warnings, f"suspect figures of {name}"))
        taken[name] = {day: series.taken[day] for day in by_day if day in series.taken}
    return taken


def _witnesses(tables: Tables) -> dict[dt.date, list[tuple[str, Figure]]]:
    """Overnight repo rates by day, each with its publisher: the series that have a second source."""
    rates: dict[dt.date, list[tuple[str, Figure]]] = defaultdict(list)
    for name, by_day in tables.figures.items():
        entry = CATALOGUE[name]
        if isinstance(entry.spec, RepoSeries) and entry.spec.statistic == "average":
            for day, figure in by_day.items():
                rates[day].append((entry.publisher, figure))
    return rates
