"""How far a figure is from changing a signal: for people who ask what would change the state. Decides nothing."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Unit = Literal["pct", "bp", "usd", "types"]


class Margin(msgspec.Struct, frozen=True, kw_only=True):
    """A figure against the threshold of one level of a signal.

    ``value`` and ``threshold`` are in ``unit``; the level is reached at or beyond the threshold, upwards if ``rising``,
    else downwards. ``note`` says what is wanted besides, such as a run of closes.
    """

    name: str
    subject: str
    level: int
    value: float
    threshold: float
    unit: Unit
    rising: bool
    note: str = ""

    @property
    def beyond(self) -> float:
        """How far beyond the threshold the figure is, in basis points for rates; negative: so much is missing.

        >>> round(Margin(name="breach", subject="X", level=1, value=-2.6, threshold=-3.0, unit="pct",
        ...              rising=False).beyond)
        -40
        """
        gap = self.value - self.threshold if self.rising else self.threshold - self.value
        return gap * 100 if self.unit == "pct" else gap

    @property
    def reached(self) -> bool:
        """Whether the figure is at the threshold or beyond it."""
        return round(self.beyond, 6) >= 0


def ladder(
    name: str, subject: str, value: float, thresholds: Iterable[float], unit: Unit, *, rising: bool = True
) -> list[Margin]:
    """One figure against the thresholds of levels 1, 2 and so on."""
    return [
        Margin(name=name, subject=subject, level=level, value=value, threshold=at, unit=unit, rising=rising)
        for level, at in enumerate(thresholds, start=1)
    ]
