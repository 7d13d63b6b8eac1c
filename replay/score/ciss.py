"""A composite indicator of systemic stress, built as the ECB's CISS is, over four sub-indices of these markets.

Each series is turned into its recursive rank (what share of all figures so far it reaches), the ranks of a market are
averaged into its sub-index, and the sub-indices are put together like the risk of a portfolio: with weights w and
sub-indices s, (w·s)' C (w·s), where C are the sub-indices' correlations by exponential weighting about 0.5 with a
decay of 0.93. Stress in all markets at once counts for more than the same stress in one: 0 to 1. The weights are
equal; the ECB's are estimated from output.

Source: Hollo, Kremer and Lo Duca, CISS - a composite indicator of systemic stress in the financial system, ECB
Working Paper 1426, 2012, section 3.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from replay.score.axis import Axis
from replay.score.figures import Series

DECAY = 0.93
CARRIED_SESSIONS = 5
"""A figure stands for so many evenings after its own where none follows; then its market is missing."""
UNIFORM_VARIANCE = 1 / 12


def composite(markets: Mapping[str, Sequence[Series]], axis: Axis) -> NDArray[np.float64]:
    """The index of each session from the first there is; NaN where fewer than two markets have a sub-index.

    Args:
        markets: for each market its series of recursive ranks.
        axis: the sessions.
    """
    subindices = np.array([_subindex(series, axis) for series in markets.values()])
    covariance = np.diag(np.full(len(subindices), UNIFORM_VARIANCE))
    found = np.full(subindices.shape[1], np.nan)
    for session in range(subindices.shape[1]):
        there = np.flatnonzero(~np.isnan(subindices[:, session]))
        if len(there) < 2:
            continue
        now = subindices[there, session]
        pairs = np.ix_(there, there)
        covariance[pairs] = DECAY * covariance[pairs] + (1 - DECAY) * np.outer(now - 0.5, now - 0.5)
        found[session] = combined(now, covariance[pairs])
    return found


def combined(subindices: NDArray[np.float64], covariance: NDArray[np.float64]) -> float:
    """Sub-indices of equal weight and their covariances, as one number.

    >>> round(combined(np.array([1.0, 1.0]), np.array([[0.25, 0.25], [0.25, 0.25]])), 3)
    1.0
    >>> round(combined(np.array([1.0, 1.0]), np.array([[0.25, 0.0], [0.0, 0.25]])), 3)
    0.5
    """
    deviations = np.sqrt(np.diag(covariance))
    correlations = covariance / np.outer(deviations, deviations)
    weighted = subindices / len(subindices)
    return float(weighted @ correlations @ weighted)


def _subindex(series: Sequence[Series], axis: Axis) -> NDArray[np.float64]:
    """The mean of a market's ranks on each session, each carried for a few."""
    carried = np.array([_carried(one, axis) for one in series]).reshape(len(series), axis.count - axis.begin)
    there = ~np.isnan(carried)
    counted = there.sum(axis=0)
    total = np.where(there, carried, 0.0).sum(axis=0)
    return np.where(counted > 0, total / np.maximum(counted, 1), np.nan)


def _carried(series: Series, axis: Axis) -> NDArray[np.float64]:
    found = np.full(axis.count - axis.begin, np.nan)
    for one in series:
        first = one.session - axis.begin
        found[first : first + 1 + CARRIED_SESSIONS] = one.value
    return found
