"""At which line a baseline is judged: its own, or the one that serves it best at so many false onsets.

Of all lines tried that have no more false onsets than allowed, the one with the highest delay-aware score is taken,
the higher where two are equal. It is fixed on the labels, in the baseline's favour; leave-one-out says how much of it
is luck. No line is tried that more than a quarter of the values reach: an alarm that never ends has no onsets either,
false ones included.
"""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from replay.score.alarms import Alarm, over_line
from replay.score.axis import Axis
from replay.score.baselines import Baseline
from replay.score.ground import Ground
from replay.score.worth import judge

TRIED = 160
LOWEST_SHARE = 0.75

Fit = Callable[[Ground], Sequence[Alarm]]
"""What fixes thresholds on labels and gives the alarms at them."""


class Lines:
    """A baseline's alarms at any line."""

    def __init__(self, baseline: Baseline, axis: Axis) -> None:
        """Nothing is computed before it is asked for."""
        self.baseline = baseline
        self._axis = axis
        self._alarms: dict[float, list[Alarm]] = {}

    def alarms(self, line: float) -> list[Alarm]:
        """The alarms at a line, in sessions of the axis."""
        if line not in self._alarms:
            found = over_line(self.baseline.values, line)
            begin = self._axis.begin
            self._alarms[line] = [Alarm(one.first + begin, one.last + begin) for one in found]
        return self._alarms[line]

    @property
    def speaks_from(self) -> int | None:
        """The first session with a value."""
        there = np.flatnonzero(~np.isnan(self.baseline.values))
        return int(there[0]) + self._axis.begin if len(there) else None

    @cached_property
    def candidates(self) -> list[float]:
        """The lines that are tried, the highest first."""
        values = self.baseline.values[-self._axis.begin :]
        values = values[~np.isnan(values)]
        if not len(values):
            return []
        shares = np.linspace(1.0, LOWEST_SHARE, TRIED)
        return sorted({float(one) for one in np.quantile(values, shares, method="higher")}, reverse=True)

    def best(self, ground: Ground, false_onsets: int) -> float | None:
        """The line with the highest score at no more false onsets than allowed, or at the fewest there are.

        None where the baseline has no value. A rank ends at 1: where even that line has more false onsets than allowed,
        the comparison is in the baseline's favour, and the row says how many there are.
        """
        verdicts = [(line, judge(self.alarms(line), ground)) for line in self.candidates]
        if not verdicts:
            return None
        most = max(false_onsets, min(int(verdict.false.sum()) for _, verdict in verdicts))
        allowed = [(line, verdict.score) for line, verdict in verdicts if verdict.false.sum() <= most]
        return max(allowed, key=lambda one: (one[1], one[0]))[0]

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
