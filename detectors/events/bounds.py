"""Bounds that a record's own check may hold its values to, and the error that says which was broken.

The bounds are wide enough for every rate and volume on record since 1980 and narrow enough to catch a value in
the wrong unit: a rate in basis points, a volume in billions, a time in milliseconds.
"""

import datetime as dt
import math

EARLIEST_NS = int(dt.datetime(1980, 1, 1, tzinfo=dt.UTC).timestamp()) * 10**9
LATEST_NS = int(dt.datetime(2100, 1, 1, tzinfo=dt.UTC).timestamp()) * 10**9
RATE_BOUNDS_PCT = (-25.0, 50.0)
MONEY_BOUNDS_USD = (1e5, 1e14)
CONTRACTS_MAX = 1e9
POINTS_MAX = 1e7


class CheckError(ValueError):
    """A value that cannot be what it says. ``code`` names the kind of fault, ``field`` where it is."""

    def __init__(self, code: str, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.code = code
        self.field = field


def finite(field: str, value: float) -> None:
    """Reject NaN and the infinities."""
    if not math.isfinite(value):
        raise CheckError("not_finite", field, "not a finite number")


def bounded(field: str, value: float | None, low: float, high: float) -> None:
    """Reject a value outside ``low`` to ``high``; an absent one passes."""
    if value is None:
        return
    finite(field, value)
    if not low <= value <= high:
        raise CheckError("out_of_range", field, f"{value:g} is not in {low:g} to {high:g}")


def moment(field: str, ns: int) -> None:
    """Reject a time that is no nanoseconds since 1970 UTC between 1980 and 2100."""
    if EARLIEST_NS <= ns < LATEST_NS:
        return
    for unit, factor in (("seconds", 10**9), ("milliseconds", 10**6), ("microseconds", 10**3)):
        if EARLIEST_NS <= ns * factor < LATEST_NS:
            raise CheckError("wrong_unit", field, f"looks like {unit}; nanoseconds since 1970 UTC are required")
    raise CheckError("out_of_range", field, "not between 1980 and 2100 in nanoseconds since 1970 UTC")


def rate(field: str, value: float | None) -> None:
    """Reject a rate or yield that no market has quoted in percent; an absent one passes."""
    if value is None:
        return
    finite(field, value)
    low, high = RATE_BOUNDS_PCT
    if not low <= value <= high:
        raise CheckError("wrong_unit", field, f"{value:g} is no rate in percent ({low:g} to {high:g}); basis points?")


def money(field: str, value: float | None, *, signed: bool = False) -> None:
    """Reject an amount that is no plausible number of US dollars; zero and an absent one pass."""
    if value is None:
        return
    finite(field, value)
    low, high = MONEY_BOUNDS_USD
    if value and abs(value) < low:
        raise CheckError("wrong_unit", field, f"{value:g} US dollars is below {low:g}; millions or billions?")
    if abs(value) > high:
        raise CheckError("out_of_range", field, f"{value:g} US dollars is beyond {high:g}")
    if value < 0 and not signed:
        raise CheckError("out_of_range", field, "negative")
