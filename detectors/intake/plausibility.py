"""Whether a figure can be believed beside its series' own past.

Three faults of the hand are looked for, each against the last figures of the same series and statistic, and only once
there are ``ENOUGH`` of them:

* *zero*: exactly nothing, where the series has never been near it;
* *tenfold*: ten times or a tenth of the figure before and of the median, a decimal point or a unit that slipped;
* *hundredfold*: a hundred times the largest there was.

A ratio alone says nothing of small figures: 0.01 after 0.10 is a move of 9 basis points. So a figure is odd only if it
is also further from the last one than ``FAR`` in its unit, and than ``FAR_MOVES`` of the largest moves the series made.
Rates that follow the policy rate, SOFR in September 2019 and March 2020, and take-up that grows from nothing stay
below that, and a rate that leaps up from near zero is what repo does under stress: only a hundredfold one is odd. A
slip within a hair of zero is not seen. Limits: [D]; no rate, take-up, position or fail in the public record of 2017 to
2023 is odd by them.
"""

import statistics
from itertools import pairwise

from detectors.intake.facts import unit_of

ENOUGH = 20
TENFOLD = 8.0
"""A slip by one place moves a figure by ten; that much is left for what it moved besides."""
HUNDREDFOLD = 100.0
NEAR_ZERO = {"pct": 0.25, "usd": 1e9, "contracts": 1e4}
"""A figure this small has been near zero; of what is no rate a tenth of the median as well."""
FAR = {"pct": 0.30, "usd": 5e10, "contracts": 1e4, "points": 0.0, "ratio": 1.0}
FAR_MOVES = 4.0


def ordinary(value: float, before: float | None) -> bool:
    """Whether a figure is so near to the one before that none of the three can be: most are, and need no more looks."""
    if before is None:
        return True
    return bool(value) and abs(value) < TENFOLD * abs(before) and abs(before) < TENFOLD * abs(value)


def odd(field: str, value: float, past: list[float]) -> str | None:
    """Why a figure is odd beside the past of its series, oldest first; None when it is not, or the past is short."""
    unit = unit_of(field)
    if len(past) < ENOUGH or unit not in FAR:
        return None
    sizes = [abs(one) for one in past]
    if not value and min(sizes) > 0 and min(sizes) >= _near_zero(unit, past):
        return f"zero, where its last {len(past)} figures were never below {min(sizes):g}"
    last, middle = past[-1], statistics.median(past)
    moves = max(abs(later - earlier) for earlier, later in pairwise(past))
    if abs(value - last) < max(FAR[unit], FAR_MOVES * moves):
        return None
    spike = unit == "pct" and abs(value) > abs(last) and abs(last) < NEAR_ZERO["pct"]
    if _slipped(value, last) and _slipped(value, middle) and not spike:
        return f"ten times or a tenth of the figure before, {last:g}, and of the median, {middle:g}"
    if abs(value) >= HUNDREDFOLD * max(sizes) > 0:
        return f"a hundred times the largest of its last {len(past)} figures, {max(sizes):g}"
    return None


def agree(field: str, value: float, other: float, past: list[float]) -> bool:
    """Whether another figure of the series bears an odd one out: it lies nearer to it than to the past."""
    near = _near_zero(unit_of(field), past)
    if not value:
        return abs(other) <= near
    return not _slipped(other, value) and abs(other - value) < abs(other - past[-1])


def _near_zero(unit: str, past: list[float]) -> float:
    fixed = NEAR_ZERO.get(unit, 0.0)
    return fixed if unit == "pct" else max(fixed, abs(statistics.median(past)) / 10)


def _slipped(value: float, other: float) -> bool:
    """Whether one is about ten times the other, or more, with the same sign."""
    small, large = sorted((abs(value), abs(other)))
    return value * other > 0 and large >= TENFOLD * small
