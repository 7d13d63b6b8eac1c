"""What is watched of Treasury yields."""

from typing import Annotated

from msgspec import Meta

from detectors.events import Tenor
from detectors.sections.base import Bp, Positive, RatePct, Section, Share, Tail, rising

Sigmas = Annotated[float, Meta(gt=0, le=50)]


class Levels(Section, frozen=True, kw_only=True):
    """Yield levels a tenor must not cross upwards unseen, in percent, rising."""

    levels_pct: dict[Tenor, tuple[RatePct, ...]]
    sustained_closes: Positive
    rearm_bp: Bp

    def __post_init__(self) -> None:
        for tenor, levels in self.levels_pct.items():
            rising(f"levels_pct.{tenor}", levels)


class Slope(Section, frozen=True, kw_only=True):
    """A slope: the yield of the long tenor less that of the short one."""

    long: Tenor
    short: Tenor

    def __post_init__(self) -> None:
        if self.long == self.short:
            raise ValueError("short: inverted, it is the long tenor itself")


class Curve(Section, frozen=True, kw_only=True):
    """Changes of slopes over some days, in standard scores of their own past."""

    slopes: Annotated[tuple[Slope, ...], Meta(max_length=32)]
    change_days: Annotated[int, Meta(gt=0, le=250)]
    span_days: Annotated[int, Meta(gt=0, le=5_000)]
    warm_up_days: Annotated[int, Meta(gt=1, le=5_000)]
    alert_z: Sigmas
    clear_z: Sigmas

    def __post_init__(self) -> None:
        if self.clear_z > self.alert_z:
            raise ValueError("clear_z: inverted, it exceeds alert_z")


class Volatility(Section, frozen=True, kw_only=True):
    """Realised volatility by day and within the day, and moves of one day in it."""

    tenors: tuple[Tenor, ...]
    decay: Share
    warm_up_days: Annotated[int, Meta(gt=1, le=5_000)]
    window_days: Annotated[int, Meta(gt=0, le=5_000)]
    min_days: Annotated[int, Meta(gt=0, le=5_000)]
    percentile: Share
    clear_percentile: Share
    move_sigmas: tuple[Sigmas, Sigmas]
    least_sigma_bp: Annotated[float, Meta(gt=0, le=1_000)]
    bucket_s: Annotated[int, Meta(gt=0, le=86_400)]
    min_buckets: Annotated[int, Meta(gt=0, le=5_000)]

    def __post_init__(self) -> None:
        rising("move_sigmas", self.move_sigmas)
        if self.min_days > self.window_days:
            raise ValueError("min_days: inverted, it exceeds window_days")
        if self.clear_percentile > self.percentile:
            raise ValueError("clear_percentile: inverted, it exceeds percentile")


class Auction(Section, frozen=True, kw_only=True):
    """Auctions against those of the same tenor before, and against fixed lines while there are few."""

    window: Annotated[int, Meta(gt=0, le=1_000)]
    min_auctions: Annotated[int, Meta(gt=1, le=1_000)]
    extreme_share: Tail
    tail_bp: Bp
    cover_ratio: Annotated[float, Meta(gt=0, le=100)]
    dealer_share_pct: Annotated[float, Meta(gt=0, le=100)]

    def __post_init__(self) -> None:
        if self.min_auctions > self.window:
            raise ValueError("min_auctions: inverted, it exceeds window")
