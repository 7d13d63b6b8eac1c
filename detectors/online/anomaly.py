"""An online model beside the rules: is a repo spread unlike what it was lately.

Idea: river's GaussianScorer gives each value the probability mass between it and the mean of a rolling window,
``score = 2 |CDF(x) - 1/2|``. Scores of real spreads are not uniform, so no fixed cut means anything: the cut is the
``1 - false_alarm_share`` quantile of the model's own past scores. A value is scored before it is learned, and every
finite value is learned, odd ones too: the window heals a shift of level (:mod:`detectors.online.shift` freezes and
thaws instead). The last session of a month is another population: it is neither learned nor held against ordinary days,
but against the turns before it.

Signals: ``spread`` (1), by spread, latched until a value scores below the cut. ``z_score`` says how many standard
deviations it is off. An anomaly alone never moves the state.
Guards: no score before ``warm_up`` values, no alarm before the calibration knows its quantile (the model is *warming*);
a value that is not finite is neither scored nor learned.
Source: river 0.26, anomaly.GaussianScorer; domain sheet 8 (GCF less tri-party, SOFR less IORB).
"""

import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta

from detectors import calendar
from detectors.description import LookBack, Mechanism, SignalSpec, sessions
from detectors.detector import Finding
from detectors.online.gaussian import Gaussian
from detectors.repo.pairs import Pair
from detectors.repo.spreads import Spread, SpreadDetector, Variant, preferences_of, series_of
from detectors.rolling import Window
from detectors.sections.base import Positive, Section

if TYPE_CHECKING:
    from detectors.sections import Config


class Anomaly(Section, frozen=True, kw_only=True):
    """An online Gaussian scorer on each spread, calibrated by the quantile of its own past scores."""

    table: ClassVar[str] = "anomaly"

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


TURNS_KEPT = 36
TURNS_WANTED = 8
# A calm model's cut may be as low as 0, for a spread that never moves: within one deviation nothing is odd.
LEAST_SCORE = math.erf(1 / math.sqrt(2))


class SpreadModel:
    """One scorer with its calibration."""

    def __init__(self, config: Anomaly) -> None:
        self._config = config
        self._gaussian = Gaussian(config.window, config.warm_up)
        self._scores = Window(config.calibration_window)

    @property
    def warming(self) -> bool:
        """Whether it cannot raise an alarm yet."""
        return len(self._scores) * self._config.false_alarm_share < 1

    def look(self, value: float) -> tuple[float, float] | None:
        """Score and standard score of a value that is not learned; None while warming up."""
        return self._gaussian.score(value)

    def step(self, value: float) -> tuple[float, float, float | None] | None:
        """Score a value, then learn it: (score, standard score, cut or None while warming); None for no score."""
        if not math.isfinite(value):
            return None
        scored = self.look(value)
        self._gaussian.learn(value)
        if scored is None:
            return None
        score, z_score = scored
        quantile = None if self.warming else self._scores.quantile(1 - self._config.false_alarm_share)
        cut = None if quantile is None else max(quantile, LEAST_SCORE)
        self._scores.append(score)
        return score, z_score, cut

    def snapshot(self) -> dict[str, Any]:
        """The scorer and the past scores."""
        return {"gaussian": self._gaussian.snapshot(), "scores": self._scores.values()}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        self._gaussian.restore(plain["gaussian"])
        self._scores = Window(self._config.calibration_window, plain["scores"])


class Turn:
    """The last sessions of months, judged among themselves: a spike that every month-end brings is no anomaly."""

    def __init__(self) -> None:
        self._scores = Window(TURNS_KEPT)

    def step(self, z_score: float) -> float | None:
        """The largest deviation of earlier turns, or None while too few are known; this one is remembered."""
        cut = self._scores.quantile(1.0) if len(self._scores) >= TURNS_WANTED else None
        self._scores.append(abs(z_score))
        return cut

    def snapshot(self) -> list[float]:
        """The deviations."""
        return self._scores.values()

    def restore(self, plain: list[float]) -> None:
        """Take them back."""
        self._scores = Window(TURNS_KEPT, plain)


class SpreadAnomaly(SpreadDetector):
    """Asks each spread's model, once a day."""

    name = "anomaly"
    sections = (Anomaly,)
    signals = (
        SignalSpec(
            name="spread",
            label="A spread unlike what it was lately",
            levels=("its score at or above the model's own quantile",),
        ),
    )
    feeds = ("repo_gc",)
    supporting = True
    mechanisms = (
        Mechanism(
            source="beside both",
            says="a spread unlike itself",
            signal="spread",
            test="test_anomaly.py::test_a_spike_is_an_anomaly_and_the_next_value_is_not",
        ),
    )

    def __init__(self, config: Anomaly) -> None:
        super().__init__(config, config.spreads)
        self._config = config
        self._models = {one.key: SpreadModel(config) for one in self._variants.all}
        self._turns = {one.key: Turn() for one in self._variants.all}

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        return LookBack(
            warm_up_days=sessions(config.of(Anomaly).warm_up + 1 / config.of(Anomaly).false_alarm_share),
            window_days=max(
                sessions(config.of(Anomaly).warm_up + config.of(Anomaly).calibration_window), 31 * TURNS_KEPT
            ),
        )

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The series it rests on."""
        return series_of(config.of(Anomaly).spreads)

    @classmethod
    def preferences(cls, config: "Config") -> tuple[tuple[str, ...], ...]:
        """The orders of preference of its spreads' sides."""
        return preferences_of(config.of(Anomaly).spreads)

    def is_warm(self, spread: Variant) -> bool:
        """Whether a variant can be scored."""
        return not self._models[spread.key].warming

    def judge(self, spread: Variant, pair: Pair, known: int) -> list[Finding]:
        """Score the day's spread against ordinary days, or a turn against turns."""
        value = pair.spread_bp
        model = self._models[spread.key]
        if calendar.is_month_end(calendar.day_of(pair.date)):
            return self._turn(spread, pair, known)
        score, z_score, cut = model.step(value) or (0.0, 0.0, None)
        if cut is None:
            return []
        rule = f"score at or above the {1 - self._config.false_alarm_share:g} quantile of the model's own"
        values = {"spread_bp": value, "score": score, "z_score": z_score}
        return self._say(spread, pair, known, int(score >= cut), values, rule, cut)

    def _turn(self, spread: Variant, pair: Pair, known: int) -> list[Finding]:
        scored = self._models[spread.key].look(pair.spread_bp)
        if scored is None:
            return []
        score, z_score = scored
        cut = self._turns[spread.key].step(z_score)
        if cut is None or self._models[spread.key].warming:
            return []
        values = {"spread_bp": pair.spread_bp, "score": score, "z_score": z_score}
        rule = f"further off than any of the last {TURNS_KEPT} ends of months"
        return self._say(spread, pair, known, int(abs(z_score) > cut), values, rule, cut)

    def _say(
        self, spread: Variant, pair: Pair, known: int, level: int, values: dict[str, float], rule: str, cut: float
    ) -> list[Finding]:
        if not self.speaks(spread):
            return []
        return self.set_level(
            Finding(
                name="spread",
                subject=spread.name,
                level=level,
                readings=pair.readings,
                known=known,
                values=values,
                rule=rule + spread.said,
                threshold=cut,
            )
        )

    def warming(self) -> tuple[str, ...]:
        """The spreads whose model cannot raise an alarm yet."""
        return tuple(name for name in self._variants.by_spread if self._models[self.voice(name)].warming)

    def snapshot(self) -> dict[str, Any]:
        """The pairs and the models."""
        return {
            **super().snapshot(),
            "models": {name: model.snapshot() for name, model in self._models.items()},
            "turns": {name: turn.snapshot() for name, turn in self._turns.items()},
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        for name, model in self._models.items():
            model.restore(plain["models"][name])
            self._turns[name].restore(plain["turns"][name])
