"""Rates beside Treasuries and repo: what the Federal Reserve sets, what it steers by that, and swaps."""

from typing import ClassVar, Literal

from detectors.events.base import Event, Tenor
from detectors.events.bounds import CheckError, bounded


class PolicyRate(Event, frozen=True, kw_only=True, tag="policy_rate"):
    """The target range and the administered rates in percent, effective at ``ts``."""

    topic: ClassVar[str] = "policy"
    feeds: ClassVar[dict[str, str]] = {"policy": "policy rates"}
    announced: ClassVar[bool] = True

    target_low_pct: float
    target_high_pct: float
    iorb_pct: float | None = None
    on_rrp_pct: float | None = None

    def series(self) -> str:
        """All the rates that the Federal Reserve sets are one."""
        return "POLICY"

    def check(self) -> None:
        """Raise CheckError for values that contradict each other or cannot be."""
        if self.target_low_pct > self.target_high_pct:
            raise CheckError("crossed", "target_low_pct", "above the upper limit of the range")


class OvernightRate(Event, frozen=True, kw_only=True, tag="overnight_rate"):
    """An unsecured overnight rate in percent: the volume-weighted median, or a percentile of the day's trades."""

    topic: ClassVar[str] = "repo"

    index: Literal["EFFR", "OBFR"]
    rate_pct: float
    volume_usd: float | None = None
    percentile: float | None = None

    def check(self) -> None:
        """Raise CheckError for values that contradict each other or cannot be."""
        bounded("percentile", self.percentile, 0, 100)

    def series(self) -> str:
        """The index, and the rank of a percentile: ``EFFR:P99``."""
        return self.index if self.percentile is None else f"{self.index}:P{self.percentile:g}"


class SwapRate(Event, frozen=True, kw_only=True, tag="swap_rate"):
    """A swap rate in percent against an overnight index."""

    topic: ClassVar[str] = "swaps"
    names: ClassVar[tuple[str, ...]] = ("index",)

    tenor: Tenor
    index: str
    rate_pct: float

    def series(self) -> str:
        """``SWAP:INDEX:TENOR``."""
        return f"SWAP:{self.index}:{self.tenor}"

    def judged(self) -> tuple[str, ...]:
        """The rate."""
        return ("rate_pct",)
