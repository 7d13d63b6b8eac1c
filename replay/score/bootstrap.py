"""Bootstrap intervals: what the figures would be on other episodes and other quiet spells of the same sort.

Episodes and quiet spells are drawn with replacement, each with its own seed-given stream, and the 2.5th and 97.5th
percentile of the draws are the interval. Differences between two verdicts are of the same draws: they are paired. Few
episodes make wide intervals, and episodes close to each other are not independent: read them as a least width.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SEED = 0
DRAWS = 2_000
LOW, HIGH = 2.5, 97.5


class Interval(NamedTuple):
    """From where to where, in the units of the figure."""

    low: float
    high: float


class Draws:
    """The same draws for every row of a scorecard."""

    def __init__(self, episodes: int, spells: int, seed: int = SEED, draws: int = DRAWS) -> None:
        """Draw once; ``seed`` decides all."""
        self._episodes = np.random.default_rng([seed, 0]).integers(episodes, size=(draws, episodes))
        self._spells = np.random.default_rng([seed, 1]).integers(max(spells, 1), size=(draws, spells))

    def mean(self, by_episode: NDArray[np.float64]) -> Interval:
        """The interval of the mean of a figure an episode; of the difference where that is the figure.

        >>> Draws(2, 1).mean(np.array([0.5, 0.5]))
        Interval(low=0.5, high=0.5)
        """
        return _interval(by_episode[self._episodes].mean(axis=1))

    def rate(self, counts: NDArray[np.int64], sessions: NDArray[np.int64], year_sessions: int) -> Interval | None:
        """The interval of counts a year over quiet spells; None where there is none."""
        if not len(counts):
            return None
        years = sessions[self._spells].sum(axis=1) / year_sessions
        return _interval(counts[self._spells].sum(axis=1) / years)

    def precision(self, hits: NDArray[np.int64], false: NDArray[np.int64]) -> Interval | None:
        """The interval of hits / (hits + false), by episode and by spell; draws without an onset are left out."""
        right = hits[self._episodes].sum(axis=1)
        wrong = false[self._spells].sum(axis=1) if len(false) else np.zeros(len(right), dtype=np.int64)
        some = (right + wrong) > 0
        return _interval(right[some] / (right + wrong)[some]) if some.any() else None


def _interval(drawn: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(drawn, [LOW, HIGH])
    return Interval(round(float(low), 6), round(float(high), 6))
