"""Equity indices, and what options say of the swings to come."""

from typing import ClassVar, Literal

from detectors.events.base import Event
from detectors.events.bounds import POINTS_MAX, bounded


class EquityIndex(Event, frozen=True, kw_only=True, tag="equity_index"):
    """An equity index in points; ``local_shock`` tags a day whose move has a cause at home."""

    topic: ClassVar[str] = "equities"
    names: ClassVar[tuple[str, ...]] = ("index",)
    days: ClassVar[Literal["", "sessions", "repo", "weekdays"]] = "weekdays"

    index: str
    level_points: float
    session: Literal["open", "print", "close"]
    local_shock: str | None = None

    def series(self) -> str:
        """``EQUITY:`` and the index."""
        return f"EQUITY:{self.index}"

    def part(self) -> str:
        """Which level of the day."""
        return self.session

    def once_a_day(self) -> bool:
        """All but single prints."""
        return self.session != "print"

    def judged(self) -> tuple[str, ...]:
        """The level of a day."""
        return ("level_points",) if self.once_a_day() else ()

    def check(self) -> None:
        """Raise CheckError for values that contradict each other or cannot be."""
        bounded("level_points", self.level_points, 1e-6, POINTS_MAX)


class VolatilityIndex(Event, frozen=True, kw_only=True, tag="volatility_index"):
    """An index of implied volatility: VIX in percent a year, MOVE in basis points a year. Context alone."""

    topic: ClassVar[str] = "equities"

    index: Literal["VIX", "MOVE"]
    level_points: float

    def check(self) -> None:
        """Raise CheckError for values that contradict each other or cannot be."""
        bounded("level_points", self.level_points, 1e-6, 1_000)

    def series(self) -> str:
        """``VOLATILITY:`` and the index."""
        return f"VOLATILITY:{self.index}"
