"""The tables of the configuration, typed: one class a table, checked where it stands.

A message of a check begins with the key it speaks of; :mod:`detectors.config` puts the table's path before it.
"""

import datetime as dt
from itertools import pairwise
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from detectors.events import Tenor

Positive = Annotated[int, Meta(gt=0)]
NonNegative = Annotated[int, Meta(ge=0)]
Bp = Annotated[float, Meta(ge=0, le=10_000)]
Share = Annotated[float, Meta(gt=0, lt=1)]
Usd = Annotated[float, Meta(ge=0, le=1e14)]
RatePct = Annotated[float, Meta(ge=-25, le=50)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:/+-]{1,64}$")]

# What the rules of the stress table may name: every detector's signals. A contract test holds it to the detectors.
SIGNALS: dict[str, tuple[str, ...]] = {
    "levels": ("crossed", "sustained", "failed"),
    "corridor": ("prewarning", "negative", "above"),
    "specialness": ("special",),
    "floor": ("below", "breach"),
    "fails": ("high",),
    "facility": ("high",),
    "positions": ("short_extreme", "long_extreme"),
    "coordination": ("count",),
    "anomaly": ("spread",),
}

# Signals that happen rather than hold: the table counts them from the moment they were said.
EVENTS = (("levels", "crossed"), ("levels", "sustained"), ("levels", "failed"), ("floor", "below"))


def _catalogue() -> str:
    return ", ".join(f"{detector}.{name}" for detector, names in SIGNALS.items() for name in names)


def _rising(field: str, values: tuple[float, ...]) -> None:
    if any(later <= earlier for earlier, later in pairwise(values)):
        raise ValueError(f"{field}: inverted, its thresholds must rise")


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the configuration; every key is wanted, no other is taken."""


class Merge(Section, frozen=True, kw_only=True):
    """How events are put in order, and how long memory is."""

    lateness_s: NonNegative
    grid_s: Annotated[int, Meta(gt=0, le=86_400)]
    dedup_ids: Positive
    max_ahead_days: Positive


class Levels(Section, frozen=True, kw_only=True):
    """Yield levels a tenor must not cross upwards unseen, in percent, rising."""

    levels_pct: dict[Tenor, tuple[RatePct, ...]]
    sustained_closes: Positive
    rearm_bp: Bp

    def __post_init__(self) -> None:
        for tenor, levels in self.levels_pct.items():
            _rising(f"levels_pct.{tenor}", levels)


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
        _rising("above_bp", self.above_bp)
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

    def __post_init__(self) -> None:
        _rising("tiers_bp", self.tiers_bp)
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
    median_multiple: Annotated[float, Meta(ge=1)]
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


class Positions(Section, frozen=True, kw_only=True):
    """Net futures positions over open interest against their own history."""

    contracts: tuple[Name, ...]
    categories: tuple[Name, ...]
    window_weeks: Positive
    min_weeks: Positive
    extreme_share: Annotated[float, Meta(gt=0, lt=0.5)]

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
    flow_extreme_share: Annotated[float, Meta(gt=0, lt=0.5)]
    groups: dict[Name, tuple[Literal["CTA", "TREND", "RISK_PARITY", "BALANCED"], ...]]

    def __post_init__(self) -> None:
        if self.extreme_count <= self.amplified_count:
            raise ValueError("extreme_count: inverted, it must exceed amplified_count")
        if self.flow_min > self.flow_window:
            raise ValueError("flow_min: inverted, it exceeds flow_window")


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


class Feed(Section, frozen=True, kw_only=True):
    """One kind of evidence, and after how many sessions of silence the market is blind on it."""

    name: Name
    stale_sessions: Positive | None = None


class Condition(Section, frozen=True, kw_only=True):
    """A signal that must be on, or have been on within so many sessions, at a level or above.

    A break of a yield level is an event and not a condition: it counts from the moment it was said, however long the
    yield stays beyond.
    """

    detector: Name
    name: Name
    min_level: Positive
    within_sessions: NonNegative

    def __post_init__(self) -> None:
        if self.name not in SIGNALS.get(self.detector, ()):
            raise ValueError(f"name: no signal is called {self.detector}.{self.name}; there are {_catalogue()}")


class Rule(Section, frozen=True, kw_only=True):
    """When all its conditions hold, the state is at least ``state``, for stress of this ``kind``."""

    name: Name
    state: Literal["crunch", "de_facto_default"]
    kind: Literal["supply", "scarcity", "squeeze", "selloff"]
    all: Annotated[tuple[Condition, ...], Meta(min_length=1)]


class Step(Section, frozen=True, kw_only=True):
    """How long a state's rules must hold to enter it, and be off, in sessions, to leave it."""

    entry_dwell_s: NonNegative
    exit_sessions: NonNegative


class Stress(Section, frozen=True, kw_only=True):
    """The table of rules, the steps, and what must be seen to leave a state whose own evidence has gone silent."""

    crunch: Step
    de_facto_default: Step
    living: tuple[Name, ...]
    blind_exit_sessions: Positive
    feeds: tuple[Feed, ...]
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rules]
        if len(set(names)) != len(names):
            raise ValueError("rules: two have one name")
        unknown = set(self.living) - {feed.name for feed in self.feeds}
        if unknown:
            raise ValueError(f"living: names no feed: {', '.join(sorted(unknown))}")
        if not self.living:
            raise ValueError("living: empty, without living evidence silence would lower the state")


class Config(Section, frozen=True, kw_only=True):
    """All of it."""

    preset: Name
    merge: Merge
    levels: Levels
    corridor: Corridor
    specialness: Specialness
    floor: Floor
    fails: Fails
    facility: Facility
    positions: Positions
    coordination: Coordination
    anomaly: Anomaly
    stress: Stress
