"""At which line a baseline is judged: its own, or the one that serves it best at so many false onsets.

Of all lines tried that have no more false onsets than allowed, the one with the highest delay-aware score is taken,
the higher where two are equal. It is fixed on the labels, in the baseline's favour; leave-one-out says how much of it
is luck. No line is tried that more than a quarter of the values reach: an alarm that never ends has no onsets either,
false ones included.
"""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from replay.score.alarms import Alarm, over_line
from replay.score.baselines import Baseline
from replay.score.ground import Ground
from replay.score.worth import judge

TRIED = 160
LOWEST_SHARE = 0.75

Fit = Callable[[Ground], Sequence[Alarm]]
"""What fixes thresholds on labels and gives the alarms at them."""


class Lines:
    """A baseline's alarms at any line, and what they are worth on a ground."""

    def __init__(self, baseline: Baseline, ground: Ground) -> None:
        """Nothing is computed before it is asked for."""
        self.baseline = baseline
        self._ground = ground

    def alarms(self, line: float) -> list[Alarm]:
        """The alarms at a line, in sessions of the axis."""
        begin = self._ground.axis.begin
        return [Alarm(one.first + begin, one.last + begin) for one in over_line(self.baseline.values, line)]

    @property
    def speaks_from(self) -> int | None:
        """The first session with a value."""
        there = np.flatnonzero(~np.isnan(self.baseline.values))
        return int(there[0]) + self._ground.axis.begin if len(there) else None

    @cached_property
    def candidates(self) -> list[float]:
        """The lines that are tried, the highest first."""
        values = self.baseline.values[-self._ground.axis.begin :]
        values = values[~np.isnan(values)]
        if not len(values):
            return []
        tried = np.unique(np.quantile(values, np.linspace(1.0, LOWEST_SHARE, TRIED), method="higher"))
        reached = (values >= tried[:, None]).mean(axis=1)
        return [float(line) for line in tried[reached <= 1 - LOWEST_SHARE][::-1]]

    @cached_property
    def _judged(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """For each line its false onsets, and the worth of each episode."""
        verdicts = [judge(self.alarms(line), self._ground) for line in self.candidates]
        return np.array([one.false.sum() for one in verdicts]), np.array([one.worths for one in verdicts])

    def best(self, ground: Ground, false_onsets: int) -> float | None:
        """The line with the highest score over a ground's episodes, which are all or some of those judged.

        It has no more false onsets than allowed, or the fewest there are: a rank ends at 1. Where even that line has
        more, the comparison is in the baseline's favour, and the row says how many there are. None without any line.
        """
        if not self.candidates:
            return None
        false, worths = self._judged
        counted = [one in ground.episodes for one in self._ground.episodes]
        scores = np.where(false <= max(false_onsets, int(false.min())), worths[:, counted].mean(axis=1), -1.0)
        return self.candidates[int(scores.argmax())]

    def fitted(self, false_onsets: int) -> Fit:
        """What takes the best line on labels, for leave-one-out."""

        def fit(ground: Ground) -> Sequence[Alarm]:
            line = self.best(ground, false_onsets)
            return [] if line is None else self.alarms(line)

        return fit


def left_out_score(ground: Ground, fit: Fit) -> float | None:
    """The mean worth over episodes, each at thresholds that were fixed on the others; None for a single episode."""
    if len(ground.episodes) < 2:
        return None
    worths = []
    for placed in ground.episodes:
        verdict = judge(fit(ground.without(placed)), ground)
        worths.append(next(one.worth for one in verdict.judged if one.placed is placed))
    return sum(worths) / len(worths)
