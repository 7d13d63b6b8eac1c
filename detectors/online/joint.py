"""A multivariate score: is the set of spreads unlike any recent set, though each alone may pass.

Idea: river's HalfSpaceTrees cut the space of features at random and count what falls where; a point in thin air scores
high. Features are the day's spreads as standard scores of their own rolling baselines, clipped and mapped to [0, 1].
Normal points score 0.9 and odd ones 0.99, so no fixed cut means anything: the cut is a quantile of the model's own past
scores. The trees are drawn once from a fixed seed, so that the same events give the same scores everywhere; the state
is their masses, plain integers.

Signals: ``score`` (1), subject ALL. Values: the score, and each spread's standard score. Only a day on which every
spread is there is scored: a missing feature would still get a score, and a wrong one. A day's spreads are published on
different days, so several days are put together at once. Ends of months are neither learned nor judged.
Trade-off: blind for two windows; it says that a day is odd, not how.
Source: Tan, Ting and Liu 2011; river 0.26, anomaly.HalfSpaceTrees (0 during the first window, see its documentation).
"""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
from msgspec import Meta
from river import anomaly

from detectors import calendar
from detectors.description import LookBack, Mechanism, SignalSpec, sessions
from detectors.detector import Finding, Reading
from detectors.online import river_internals
from detectors.online.gaussian import Gaussian
from detectors.repo.pairs import DAYS_KEPT, Pair
from detectors.repo.spreads import Spread, SpreadDetector, Variant, preferences_of, series_of
from detectors.rolling import Window
from detectors.sections.base import (
    Positive,
    Section,
)

if TYPE_CHECKING:
    from detectors.sections import Config


class Joint(Section, frozen=True, kw_only=True):
    """Trees over all spreads together, calibrated by the quantile of their own past scores."""

    table: ClassVar[str] = "joint"

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


SEED = 1
CLIP_Z = 6.0
TREES = 25
HEIGHT = 6


class Forest:
    """The trees over a fixed list of features, with a calibration by their own past scores."""

    def __init__(self, features: tuple[str, ...], config: Joint) -> None:
        self._features = features
        self._config = config
        self._drawn: Any = None
        self._masses: dict[str, Any] | None = None
        self._scores = Window(config.calibration_window)

    @property
    def _trees(self) -> Any:
        """The trees, drawn when a point comes and not before: it takes longer than all else of an engine's start."""
        if self._drawn is None:
            window = self._config.window
            trees: Any = anomaly.HalfSpaceTrees(n_trees=TREES, height=HEIGHT, window_size=window, seed=SEED)
            trees.learn_one(dict.fromkeys(self._features, 0.5))  # river draws them at its own first point
            if self._masses is not None:
                trees.counter = self._masses["counter"]
                river_internals.set_forest(trees, first=self._masses["first"], found=self._masses["masses"])
            self._drawn, self._masses = trees, None
        return self._drawn

    @property
    def warming(self) -> bool:
        """Whether it cannot raise an alarm yet."""
        return len(self._scores) * self._config.false_alarm_share < 1

    def step(self, z_scores: dict[str, float]) -> tuple[float, float | None] | None:
        """Score a point, then learn it: (score, cut or None while warming); None in the first window."""
        point = {name: (max(-CLIP_Z, min(CLIP_Z, z_scores[name])) / CLIP_Z + 1) / 2 for name in self._features}
        score = float(self._trees.score_one(point))
        first = river_internals.in_first_window(self._trees)  # a score of 0 is how river says the same
        self._trees.learn_one(point)
        if first:
            return None
        cut = None if self.warming else self._scores.quantile(1 - self._config.false_alarm_share)
        self._scores.append(score)
        return score, cut

    def snapshot(self) -> dict[str, Any]:
        """The masses of every node and the counter, once there are trees, and the past scores."""
        found = self._masses or {}
        if self._drawn is not None:
            found = {
                "counter": self._drawn.counter,
                "first": river_internals.in_first_window(self._drawn),
                "masses": river_internals.masses(self._drawn),
            }
        return {**found, "scores": self._scores.values()}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take the masses; the same trees are drawn again when the next point comes."""
        self._drawn, self._masses = None, plain if "masses" in plain else None
        self._scores = Window(self._config.calibration_window, plain["scores"])


class Parts(msgspec.Struct):
    """A day that is being put together: standard scores by spread, and the readings behind them."""

    z_scores: dict[str, float] = {}
    readings: list[Reading] = []


class JointAnomaly(SpreadDetector):
    """Waits until a day has every spread, then asks the forest."""

    name = "joint"
    sections = (Joint,)
    signals = (
        SignalSpec(
            name="score",
            label="All spreads together unlike lately",
            levels=("their score at or above the model's own quantile",),
        ),
    )
    feeds = ("repo_gc",)
    supporting = True
    mechanisms = (
        Mechanism(
            source="beside both",
            says="spreads odd together",
            signal="score",
            test="test_online.py::test_an_odd_set_is_found_and_an_ordinary_one_is_not",
        ),
    )

    def __init__(self, config: Joint) -> None:
        super().__init__(config, config.spreads)
        self._config = config
        self._gaussians = {one.key: Gaussian(config.baseline, config.warm_up) for one in self._variants.all}
        self._forest = Forest(tuple(sorted(self._variants.by_spread)), config)
        self._parts: dict[str, Parts] = {}
        self._score: float | None = None

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        return LookBack(
            warm_up_days=sessions(
                config.of(Joint).warm_up + config.of(Joint).window + 1 / config.of(Joint).false_alarm_share
            ),
            window_days=sessions(
                config.of(Joint).warm_up + config.of(Joint).window + config.of(Joint).calibration_window
            ),
        )

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The series it rests on."""
        return series_of(config.of(Joint).spreads)

    @classmethod
    def preferences(cls, config: "Config") -> tuple[tuple[str, ...], ...]:
        """The orders of preference of its spreads' sides."""
        return preferences_of(config.of(Joint).spreads)

    def is_warm(self, spread: Variant) -> bool:
        """Whether a variant can be scored."""
        return self._gaussians[spread.key].count >= self._config.warm_up

    def judge(self, spread: Variant, pair: Pair, known: int) -> list[Finding]:
        """Add one spread to its day."""
        if calendar.is_month_end(calendar.day_of(pair.date)):
            return []
        gaussian = self._gaussians[spread.key]
        scored = gaussian.score(pair.spread_bp)
        gaussian.learn(pair.spread_bp)
        if scored is None or not self.speaks(spread):
            return []
        parts = self._parts.setdefault(pair.date, Parts())
        while len(self._parts) > DAYS_KEPT:
            del self._parts[min(self._parts)]
        parts.z_scores[spread.name] = scored[1]
        parts.readings += [reading for reading in pair.readings if reading not in parts.readings]
        if len(parts.z_scores) < len(self._variants.by_spread):
            return []
        self._parts = {date: part for date, part in self._parts.items() if date > pair.date}
        return self._whole(parts, known)

    def _whole(self, parts: Parts, known: int) -> list[Finding]:
        score, cut = self._forest.step(parts.z_scores) or (None, None)
        if score is None or cut is None:
            return []
        self._score = score
        return self.set_level(
            Finding(
                name="score",
                subject="ALL",
                level=int(score >= cut),
                readings=sorted(parts.readings, key=lambda reading: (reading.ts, reading.source)),
                known=known,
                values={"score": score, **{f"z_{name}": z_score for name, z_score in parts.z_scores.items()}},
                rule=f"score of all spreads together at or above the {1 - self._config.false_alarm_share:g} quantile",
                threshold=cut,
            )
        )

    def readings(self) -> dict[str, float]:
        """The last joint score."""
        return {} if self._score is None else {"joint_score": self._score}

    def warming(self) -> tuple[str, ...]:
        """The forest, until it knows its quantile."""
        return ("ALL",) if self._forest.warming else ()

    def snapshot(self) -> dict[str, Any]:
        """The pairs, the baselines, the forest and the day in the making."""
        return {
            **super().snapshot(),
            "gaussians": {name: one.snapshot() for name, one in self._gaussians.items()},
            "forest": self._forest.snapshot(),
            "parts": msgspec.to_builtins(self._parts),
            "score": self._score,
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        for name, one in self._gaussians.items():
            one.restore(plain["gaussians"][name])
        self._forest.restore(plain["forest"])
        self._parts = msgspec.convert(plain["parts"], type=dict[str, Parts])
        self._score = plain["score"]
