"""What is watched of repo rates, fails and facilities."""

import datetime as dt
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from detectors.sections.base import Bp, Name, Positive, RatePct, Section, Share, Tail, Usd, rising
from detectors.sections.models import Spread


class Corridor(Section, frozen=True, kw_only=True):
    """Repo rates against the target range and the administered rates."""

    watched: tuple[Name, ...]
    near_floor_bp: Bp | None = None
    below_iorb_bp: Bp | None = None
    clear_bp: Bp
    negative_bp: Bp
    above_bp: tuple[Bp, Bp]
    above_clear_bp: Bp

    def __post_init__(self) -> None:
        rising("above_bp", self.above_bp)
        if self.near_floor_bp is None and self.below_iorb_bp is None:
            raise ValueError("near_floor_bp: it or below_iorb_bp is wanted, without one there is no pre-warning")
        if self.near_floor_bp is not None and self.clear_bp <= self.near_floor_bp:
            raise ValueError("clear_bp: inverted, it must exceed near_floor_bp or the pre-warning flaps")
        if self.above_clear_bp >= self.above_bp[0]:
            raise ValueError("above_clear_bp: inverted, it must be below the first of above_bp")


class Specialness(Section, frozen=True, kw_only=True):
    """How far an issue's repo rate lies below general collateral of the same day."""

    gc_references: tuple[Name, ...]
    tiers_bp: tuple[Bp, Bp]
    near_floor_share: Share
    clear_bp: Bp
    forget_sessions: Positive

    def __post_init__(self) -> None:
        rising("tiers_bp", self.tiers_bp)
        if self.clear_bp >= self.tiers_bp[0]:
            raise ValueError("clear_bp: inverted, it must be below the first of tiers_bp")


class ChargeRegime(Section, frozen=True, kw_only=True):
    """The fails charge from a day on: ``max(cap - policy rate, minimum)``, in percent a year."""

    since: dt.date
    cap_pct: RatePct
    minimum_pct: RatePct


class Floor(Section, frozen=True, kw_only=True):
    """The rate below which failing is cheaper than delivering, and what confirms that it was breached."""

    charge: tuple[ChargeRegime, ...]
    fixed_floor_pct: RatePct | None = None
    approach_bp: Bp
    confirm_prints: Positive
    confirm_beyond_bp: Bp
    confirm_vwap: bool
    clear_bp: Bp
    clear_days: Positive
    forget_sessions: Positive

    def __post_init__(self) -> None:
        days = [regime.since for regime in self.charge]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("charge: inverted, the regimes must rise by their day 'since'")
        if not days and self.fixed_floor_pct is None:
            raise ValueError("charge: a regime of it, or fixed_floor_pct, is wanted")


class Fails(Section, frozen=True, kw_only=True):
    """Fails to deliver against their own history, or against a fixed line."""

    window_weeks: Positive
    min_weeks: Positive
    percentile: Share | None = None
    median_multiple: Annotated[float, Meta(ge=1, le=1_000)]
    line_usd: Usd | None = None

    def __post_init__(self) -> None:
        if self.percentile is None and self.line_usd is None:
            raise ValueError("percentile: it or line_usd is wanted")
        if self.min_weeks > self.window_weeks:
            raise ValueError("min_weeks: inverted, it exceeds window_weeks")


class Facility(Section, frozen=True, kw_only=True):
    """Take-up of the reverse-repo facility against its own history."""

    line_usd: Usd
    percentile: Share | None = None
    window_days: Positive
    min_days: Positive
    skip_quarter_ends: bool

    def __post_init__(self) -> None:
        if self.min_days > self.window_days:
            raise ValueError("min_days: inverted, it exceeds window_days")


class Scarcity(Section, frozen=True, kw_only=True):
    """Spreads that fall when collateral is scarce, against their own history and a least depth."""

    spreads: tuple[Spread, ...]
    window_days: Positive
    min_days: Positive
    scarce_share: Tail
    deep_share: Tail
    min_bp: Bp
    deep_bp: Bp

    def __post_init__(self) -> None:
        if self.min_days > self.window_days:
            raise ValueError("min_days: inverted, it exceeds window_days")
        if self.deep_share >= self.scarce_share:
            raise ValueError("deep_share: inverted, it must be below scarce_share")
        if self.deep_bp <= self.min_bp:
            raise ValueError("deep_bp: inverted, it must exceed min_bp")
