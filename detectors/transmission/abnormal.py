"""Abnormal returns: the market model of one index, and tests across several.

Source: Boehmer, Musumeci and Poulsen 1991; Corrado 1989, Corrado and Zivney 1992 [M for the formulas].
"""

import math

import msgspec
import numpy as np

from detectors.detector import Reading
from detectors.events import Provenance

# Two-sided 5 % points of Student's t by degrees of freedom; from 30 on the normal's would do.
STUDENT_5_PCT = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


class MarketDay(msgspec.Struct, frozen=True, array_like=True):
    """A foreign close: its return and the world's between it and the one before, and whether home had a shock."""

    ts: int
    foreign: float
    world: float
    local: bool
    level_points: float
    source: str
    sequence: int
    provenance: Provenance
    series: str = ""

    @property
    def reading(self) -> Reading:
        """The close itself, as evidence."""
        return Reading(self.ts, self.level_points, self.source, self.sequence, self.provenance, self.series)


class MarketModel(msgspec.Struct, frozen=True):
    """Least squares of a foreign return on the world's."""

    alpha: float
    beta: float
    sigma: float
    count: int
    centre: float
    squares: float

    @classmethod
    def of(cls, foreign: list[float], world: list[float]) -> "MarketModel":
        """Estimate it; sigma has n-2 degrees of freedom."""
        y, x = np.array(foreign), np.array(world)
        centre = float(x.mean())
        squares = float(((x - centre) ** 2).sum())
        beta = float(((x - centre) * (y - y.mean())).sum()) / squares if squares else 0.0
        alpha = float(y.mean()) - beta * centre
        rest = y - alpha - beta * x
        return cls(alpha, beta, math.sqrt(float(rest @ rest) / (len(y) - 2)), len(y), centre, squares)

    def abnormal(self, day: MarketDay) -> float:
        """What of a day's return the model does not explain."""
        return day.foreign - self.alpha - self.beta * day.world

    def deviation(self, days: list[MarketDay]) -> float:
        """The standard deviation of the sum of their abnormal returns, the model's own uncertainty included."""
        count = len(days)
        apart = sum(day.world for day in days) - count * self.centre
        own = apart**2 / self.squares if self.squares else 0.0
        return self.sigma * math.sqrt(count + count**2 / self.count + own)


def cross_sectional_t(standardised: list[float]) -> float:
    """The mean of standardised abnormal returns over its cross-sectional standard error (Boehmer and others 1991).

    >>> round(cross_sectional_t([-2.0, -3.0, -2.5]), 3)
    -8.66
    """
    count = len(standardised)
    mean = sum(standardised) / count
    spread = math.sqrt(sum((one - mean) ** 2 for one in standardised) / (count - 1))
    return mean / (spread / math.sqrt(count)) if spread else 0.0


def rank_z(ranks: list[list[float]], event_days: int) -> float:
    """The mean rank of the event days over the deviation of the days' mean ranks (Corrado and Zivney 1992).

    Each list holds an index's ranks in (0, 1), the event days last; lists of unequal length are cut to the latest days.
    """
    least = min(len(one) for one in ranks)
    means = np.array([one[-least:] for one in ranks]).mean(axis=0) - 0.5
    spread = math.sqrt(float((means**2).mean()))
    return float(means[-event_days:].sum()) / (math.sqrt(event_days) * spread) if spread else 0.0
