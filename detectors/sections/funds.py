"""What is watched of funds and their positions."""

from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from detectors.events import FundType, Tenor
from detectors.sections.base import Name, Positive, Section, Share, Tail

Days = Annotated[int, Meta(gt=0, le=5_000)]
Gain = Annotated[float, Meta(ge=0, le=1)]
Volatility = Annotated[float, Meta(gt=0, le=5)]


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


class Funds(Section, frozen=True, kw_only=True):
    """What the four replicated exposures share: prices, windows, lines, and the history reports are ranked in."""

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


class Cta(Fund, frozen=True, kw_only=True):
    """Crossovers of moving averages, and channels."""

    crossovers: Annotated[tuple[tuple[Days, Days], ...], Meta(min_length=1, max_length=8)]
    price_days: Annotated[int, Meta(ge=3, le=1_000)]
    signal_days: Annotated[int, Meta(ge=3, le=1_000)]
    channels: Annotated[tuple[Days, ...], Meta(min_length=1, max_length=8)]
    volatility_com_days: Days
    target_volatility: Volatility

    def __post_init__(self) -> None:
        if any(short >= long for short, long in self.crossovers):
            raise ValueError("crossovers: inverted, the short average of a pair first")
        if any(later <= earlier for earlier, later in pairwise(self.channels)):
            raise ValueError("channels: inverted, they must rise")


class Trend(Fund, frozen=True, kw_only=True):
    """Signs of past returns, and t statistics of their trend."""

    sign_days: Annotated[tuple[Days, ...], Meta(min_length=1, max_length=8)]
    t_days: Annotated[tuple[Annotated[int, Meta(ge=10, le=5_000)], ...], Meta(min_length=1, max_length=8)]
    volatility_com_days: Days
    target_volatility: Volatility

    def __post_init__(self) -> None:
        for key, days in (("sign_days", self.sign_days), ("t_days", self.t_days)):
            if any(later <= earlier for earlier, later in pairwise(days)):
                raise ValueError(f"{key}: inverted, they must rise")


class RiskParity(Fund, frozen=True, kw_only=True):
    """Equal risk in bonds and equities, levered to a target."""

    decay: Share
    correlation_com_days: Days
    warm_up_days: Days
    target_volatility: Volatility
    leverage_max: Annotated[float, Meta(gt=0, le=50)]


class Balanced(Fund, frozen=True, kw_only=True):
    """Equities at a fixed share, hedged by bonds."""

    equity_share: Share
    half_life_days: Days
    warm_up_days: Days


class Coordination(Section, frozen=True, kw_only=True):
    """How many of the four types of funds reposition at once."""

    window_sessions: Positive
    flow_sessions: Annotated[int, Meta(gt=0, le=250)]
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
