"""How odd a figure is beside those before it: percentiles, robust z-scores, moves; each by what had come until then."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from replay.score.figures import Figure, Series

Values = NDArray[np.float64]
WINDOW = 250
LEAST = 125
"""Fewer figures than this before one say nothing of it: half a year."""
CONSISTENT = 1.4826
"""The median absolute deviation of a normal variable times this is its standard deviation."""
FLOOR_PCT = 0.01
"""Rates are published to the basis point: less spread than this is not known."""
MOVE_DAYS, VOLATILITY_DAYS = 5, 21


def values_of(series: Series) -> Values:
    """The values alone."""
    return np.array([one.value for one in series], dtype=np.float64)


def with_values(series: Series, values: Values) -> Series:
    """The same days with other values."""
    return [Figure(one.session, one.day, float(value)) for one, value in zip(series, values, strict=True)]


def mid_rank(value: float, past: Values) -> float:
    """The share of past values below a value, ties by half.

    >>> mid_rank(3.0, np.array([1.0, 2.0, 3.0, 4.0]))
    0.625
    """
    return float((past < value).sum() + 0.5 * (past == value).sum()) / len(past)


def percentile(values: Values) -> Values:
    """For each value its rank among the 250 before it; NaN while there are fewer than half of them."""
    return _against_past(values, mid_rank)


def robust_z(values: Values) -> Values:
    """|value - median| / MAD of the 250 before it, in standard deviations; the MAD is at least a basis point."""

    def z(value: float, past: Values) -> float:
        median = float(np.median(past))
        mad = float(np.median(np.abs(past - median)))
        return abs(value - median) / max(CONSISTENT * mad, FLOOR_PCT)

    return _against_past(values, z)


def move_z(values: Values) -> Values:
    """|change over five days| over the root mean square of the 250 such changes before it."""
    changes = np.full(len(values), np.nan)
    changes[MOVE_DAYS:] = values[MOVE_DAYS:] - values[:-MOVE_DAYS]

    def z(value: float, past: Values) -> float:
        return abs(value) / max(float(np.sqrt(np.mean(past**2))), FLOOR_PCT)

    return _against_past(changes, z)


def realised(values: Values) -> Values:
    """The standard deviation of the last 21 daily changes, in the values' own units."""
    changes = np.diff(values, prepend=np.nan)
    found = np.full(len(values), np.nan)
    for index in range(VOLATILITY_DAYS, len(values)):
        found[index] = changes[index - VOLATILITY_DAYS + 1 : index + 1].std()
    return found


def recursive_rank(values: Values) -> Values:
    """The rank of each value among all until then, itself counted (Hollo, Kremer, Lo Duca); NaN for the first 250."""
    found = np.full(len(values), np.nan)
    for index in range(len(values)):
        past = values[: index + 1]
        past = past[~np.isnan(past)]
        if len(past) > WINDOW and not np.isnan(values[index]):
            found[index] = float((past <= values[index]).sum()) / len(past)
    return found


def _against_past(values: Values, measure: Callable[[float, Values], float]) -> Values:
    found = np.full(len(values), np.nan)
    for index in range(LEAST, len(values)):
        past = values[max(index - WINDOW, 0) : index]
        past = past[~np.isnan(past)]
        if len(past) >= LEAST and not np.isnan(values[index]):
            found[index] = measure(float(values[index]), past)
    return found
