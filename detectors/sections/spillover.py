"""What is watched of foreign markets after a Treasury shock."""

from typing import Annotated

from msgspec import Meta

from detectors.sections.base import Name, Section

Sigmas = Annotated[float, Meta(gt=0, le=50)]


class Spillover(Section, frozen=True, kw_only=True):
    """Foreign indices against a market model, on the days after a Treasury shock."""

    shock_tenor: Name
    shock_sigma: Sigmas
    world: Name
    foreign: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=32)]
    estimation_days: Annotated[int, Meta(ge=20, le=2_000)]
    gap_days: Annotated[int, Meta(ge=0, le=250)]
    min_days: Annotated[int, Meta(ge=10, le=2_000)]
    window_days: Annotated[int, Meta(ge=1, le=20)]
    abnormal_t: Sigmas
    significant_t: Sigmas
    rank_z: Sigmas
    expiry_sessions: Annotated[int, Meta(ge=1, le=60)]

    def __post_init__(self) -> None:
        if self.min_days > self.estimation_days:
            raise ValueError("min_days: inverted, it exceeds estimation_days")
        if self.window_days > self.expiry_sessions:
            raise ValueError("window_days: inverted, it exceeds expiry_sessions")
        if self.world in self.foreign:
            raise ValueError("foreign: holds the world index itself")
