"""He, Nagel and Song's model of dealers' balance sheets: the inversion and the regime map."""

from typing import Annotated, Literal

from msgspec import Meta

from detectors.sections.base import Bp, Name, Positive, Section, Sessions, Share, rising
from detectors.sections.stress import SIGNALS

Cost = Annotated[float, Meta(gt=0, le=10)]
Noise = Annotated[float, Meta(gt=0, le=1000)]
Chi2 = Annotated[float, Meta(gt=0, le=1000)]
Years = Annotated[float, Meta(ge=10, le=100)]
REGIME_HEARS = ("levels", "corridor", "specialness", "floor", "fails", "scarcity", "inversion")
Kind = Literal["supply", "scarcity", "squeeze"]


class TurnEffect(Section, frozen=True, kw_only=True):
    """What a kind of day is thought to add to the wedge before it is learned.

    ``effect_bp`` is the mean, ``error_bp`` how well it is known, ``spread_bp`` how far single days lie from it.
    """

    effect_bp: Annotated[float, Meta(ge=-1000, le=1000)]
    error_bp: Noise
    spread_bp: Noise


class Calendar(Section, frozen=True, kw_only=True):
    """The effect of quarter-ends, month-ends and the sessions beside a quarter-end, learned by recursive regression.

    A day weighs ``1 - 1/memory_days`` of what it weighed the day before.
    """

    memory_days: Annotated[int, Meta(ge=10, le=100_000)]
    ordinary: TurnEffect
    quarter_end: TurnEffect
    month_end: TurnEffect
    beside_quarter_end: TurnEffect


class Inversion(Section, frozen=True, kw_only=True):
    """The implied shock: ``gcf`` less ``triparty``, and yields, against the model's equilibria.

    ``cost`` is the model's lambda and gamma; noises are floors under what each observation's own past says.
    """

    gcf: Name
    triparty: Name
    horizon: Years
    cost: Cost
    grid_points: Annotated[int, Meta(ge=11, le=201)]
    share_of_fold: Share
    median_days: Positive
    min_days: Positive
    noise_days: Positive
    wedge_noise_bp: Noise
    treasury_ois_noise_bp: Noise
    yield_noise_bp: Noise
    slope_noise_bp: Noise
    accept_chi2: Chi2
    beat_chi2: Chi2
    wedge_bp: tuple[Bp, Bp]
    calendar: Calendar

    def __post_init__(self) -> None:
        rising("wedge_bp", self.wedge_bp)
        if self.min_days > self.median_days:
            raise ValueError("min_days: inverted, it exceeds median_days")
        if self.min_days > self.noise_days:
            raise ValueError("min_days: inverted, it exceeds noise_days")


class RegimeCondition(Section, frozen=True, kw_only=True):
    """A signal on now, or within so many sessions, at a level or above; of one subject where it is named."""

    detector: Name
    name: Name
    subject: Name | None = None
    min_level: Positive
    within_sessions: Sessions

    def __post_init__(self) -> None:
        if self.name not in SIGNALS.get(self.detector, ()):
            raise ValueError(f"name: no signal is called {self.detector}.{self.name}")


class RegimeRule(Section, frozen=True, kw_only=True):
    """When all its conditions hold, stress is of this kind."""

    name: Name
    kind: Kind
    all: Annotated[tuple[RegimeCondition, ...], Meta(min_length=1)]


class Regime(Section, frozen=True, kw_only=True):
    """The map from evidence to the kind of stress."""

    rules: Annotated[tuple[RegimeRule, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rules]
        if len(set(names)) != len(names):
            raise ValueError("rules: two have one name")
        if any(condition.detector == "regime" for rule in self.rules for condition in rule.all):
            raise ValueError("rules: the regime cannot rest on itself")
        unheard = {condition.detector for rule in self.rules for condition in rule.all} - set(REGIME_HEARS)
        if unheard:
            raise ValueError(f"rules: the regime does not hear {', '.join(sorted(unheard))}")
