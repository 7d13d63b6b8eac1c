"""Equity indices."""

from typing import ClassVar, Literal

from detectors.events.base import Event
from detectors.events.bounds import POINTS_MAX, bounded


class EquityIndex(Event, frozen=True, kw_only=True, tag="equity_index"):
    """An equity index in points; ``local_shock`` tags a day whose move has a cause at home."""

    topic: ClassVar[str] = "equities"

    index: str
    level_points: float
    session: Literal["open", "print", "close"]
    local_shock: str | None = None

    def series(self) -> str:
        """``EQUITY:`` and the index."""
        return f"EQUITY:{self.index}"

    def check(self) -> None:
        """Raise CheckError for values that contradict each other or cannot be."""
        bounded("level_points", self.level_points, 1e-6, POINTS_MAX)
