"""What the four replicated exposures share in the configuration."""

from typing import Annotated, ClassVar

from msgspec import Meta

from detectors.events import Tenor
from detectors.sections.base import Name, Section, Tail

Days = Annotated[int, Meta(gt=0, le=5_000)]
Gain = Annotated[float, Meta(ge=0, le=1)]
AnnualVolatility = Annotated[float, Meta(gt=0, le=5)]


class Funds(Section, frozen=True, kw_only=True):
    """What the four replicated exposures share: prices, windows, lines, and the history reports are ranked in."""

    table: ClassVar[str] = "funds"

    tenor: Tenor
    maturity_years: Annotated[int, Meta(gt=0, le=50)]
    financing_tenor: Tenor
    equity: Name
    window_days: Days
    min_days: Days
    flow_days: tuple[Days, Days]
    flow_share: Tail
    stance_share: Tail
    provisional_s: Annotated[int, Meta(gt=0, le=86_400)]
    contract: Name
    anchor_weeks: Days
    anchor_min_weeks: Days
    flow_reports: Days
    flow_reports_min: Days

    def __post_init__(self) -> None:
        if self.min_days > self.window_days:
            raise ValueError("min_days: inverted, it exceeds window_days")
        if self.anchor_min_weeks > self.anchor_weeks:
            raise ValueError("anchor_min_weeks: inverted, it exceeds anchor_weeks")
        if self.flow_reports_min > self.flow_reports:
            raise ValueError("flow_reports_min: inverted, it exceeds flow_reports")
        if self.flow_days[0] >= self.flow_days[1]:
            raise ValueError("flow_days: inverted, the short change first")
        if self.flow_days[1] > self.window_days:
            raise ValueError("flow_days: inverted, it exceeds window_days")


class Fund(Section, frozen=True, kw_only=True):
    """What every replicated type has: the category of the Commitments of Traders that anchors it, and how firmly."""

    anchor: Name
    position_gain: Gain
