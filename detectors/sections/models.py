"""The online models."""

from typing import Annotated

from msgspec import Meta

from detectors.sections.base import Name, Positive, Section


class Spread(Section, frozen=True, kw_only=True):
    """A spread of two repo series of one day: ``left`` less ``right``, each as SEGMENT:INSTRUMENT or IORB."""

    name: Name
    left: Name
    right: Name


class Anomaly(Section, frozen=True, kw_only=True):
    """An online Gaussian scorer on each spread, calibrated by the quantile of its own past scores."""

    spreads: tuple[Spread, ...]
    window: Positive
    warm_up: Positive
    calibration_window: Positive
    false_alarm_share: Annotated[float, Meta(gt=0, le=0.5)]

    def __post_init__(self) -> None:
        if self.warm_up > self.window:
            raise ValueError("warm_up: inverted, it exceeds window")
        if self.calibration_window * self.false_alarm_share < 1:
            raise ValueError("calibration_window: too short to know a quantile of false_alarm_share")


class Shift(Section, frozen=True, kw_only=True):
    """A baseline on each spread that refuses the odd, and a drift test that thaws it; in standard scores."""

    spreads: tuple[Spread, ...]
    warm_up: Positive
    refuse_z: Annotated[float, Meta(gt=0, le=20)]
    delta_z: Annotated[float, Meta(ge=0, le=5)]
    threshold_z: Annotated[float, Meta(gt=0, le=1_000)]
    thaw_days: Annotated[int, Meta(ge=2, le=250)]


class Joint(Section, frozen=True, kw_only=True):
    """Trees over all spreads together, calibrated by the quantile of their own past scores."""

    spreads: Annotated[tuple[Spread, ...], Meta(min_length=2, max_length=16)]
    baseline: Positive
    warm_up: Positive
    window: Positive
    calibration_window: Positive
    false_alarm_share: Annotated[float, Meta(gt=0, le=0.5)]

    def __post_init__(self) -> None:
        if self.warm_up > self.baseline:
            raise ValueError("warm_up: inverted, it exceeds baseline")
        if self.calibration_window * self.false_alarm_share < 1:
            raise ValueError("calibration_window: too short to know a quantile of false_alarm_share")
