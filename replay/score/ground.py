"""The ground that is scored on: labels laid over the sessions of a backtest.

An episode is scored when its onset and its peak lie in the days scored; the others are named as left out. Quiet and
grey spells are cut to those days. What is grey is not quiet.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.score.axis import Axis
from replay.score.labels import Episode, Labels, LabelsError, Spell

EARLIEST, LATEST = 10, 5
"""An episode is seen from so many sessions before its onset to so many after its peak."""
OLDEST = 20
"""An alarm that is older than the window counts if it is still on at the onset and began no longer before it."""
YEAR_SESSIONS = 250


@dataclass(frozen=True, slots=True)
class Placed:
    """An episode with its onset and peak as sessions."""

    episode: Episode
    onset: int
    peak: int


@dataclass(frozen=True)
class Ground:
    """Episodes and spells as sessions of an axis."""

    axis: Axis
    labels: Labels
    episodes: tuple[Placed, ...]
    left_out: tuple[str, ...]
    quiet: tuple[tuple[int, int], ...]
    grey: tuple[tuple[int, int], ...]

    @cached_property
    def quiet_sessions(self) -> NDArray[np.int64]:
        """How many sessions each quiet spell has."""
        return np.array([last - first + 1 for first, last in self.quiet], dtype=np.int64)

    @property
    def quiet_years(self) -> float:
        """All quiet spells together, in years of 250 sessions."""
        return float(self.quiet_sessions.sum()) / YEAR_SESSIONS

    def without(self, placed: Placed) -> "Ground":
        """The same but for one episode."""
        rest = tuple(one for one in self.episodes if one is not placed)
        labels = self.labels.without(placed.episode)
        return Ground(self.axis, labels, rest, self.left_out, self.quiet, self.grey)


def lay(labels: Labels, axis: Axis, path: Path) -> Ground:
    """Lay labels over an axis; ``path`` is for the error.

    Raises:
        LabelsError: no episode lies in the days scored.
    """
    first, last = axis.days[0], axis.days[-1]
    inside = [one for one in labels.episode if first <= one.onset and one.peak <= last]
    if not inside:
        raise LabelsError(path, "episode", f"none lies in the days scored, {first} to {last}")
    placed = tuple(Placed(one, axis.number(one.onset), axis.number(one.peak)) for one in inside)
    left_out = tuple(one.name for one in labels.episode if one not in inside)
    return Ground(axis, labels, placed, left_out, _cut(labels.quiet, axis), _cut(labels.grey, axis))


def _cut(spells: tuple[Spell, ...], axis: Axis) -> tuple[tuple[int, int], ...]:
    found = []
    for spell in spells:
        first = max(axis.number(spell.first), 0)
        last = min(axis.number(spell.last + dt.timedelta(days=1)) - 1, axis.count - 1)
        if first <= last:
            found.append((first, last))
    return tuple(found)
