"""What is watched of funds and their positions."""

from typing import Annotated

from msgspec import Meta

from detectors.events import FundType
from detectors.sections.base import Name, Positive, Section, Tail


class Positions(Section, frozen=True, kw_only=True):
    """Net futures positions over open interest against their own history."""

    contracts: tuple[Name, ...]
    categories: tuple[Name, ...]
    window_weeks: Positive
    min_weeks: Positive
    extreme_share: Tail

    def __post_init__(self) -> None:
        if self.min_weeks > self.window_weeks:
            raise ValueError("min_weeks: inverted, it exceeds window_weeks")


class Coordination(Section, frozen=True, kw_only=True):
    """How many of the four types of funds reposition at once."""

    window_sessions: Positive
    amplified_count: Annotated[int, Meta(ge=1, le=4)]
    extreme_count: Annotated[int, Meta(ge=1, le=4)]
    flow_window: Positive
    flow_min: Positive
    flow_extreme_share: Tail
    groups: dict[Name, tuple[FundType, ...]]

    def __post_init__(self) -> None:
        if self.extreme_count <= self.amplified_count:
            raise ValueError("extreme_count: inverted, it must exceed amplified_count")
        if self.flow_min > self.flow_window:
            raise ValueError("flow_min: inverted, it exceeds flow_window")
