"""A drift-aware scorer on every key spread: a baseline that refuses the odd, and thaws when the odd has become normal.

Idea: a rolling window learns a crisis as it comes and forgets what calm was. Here the baseline (river's GaussianScorer
without a window) learns only values within ``refuse_z`` of itself, so that a squeeze stays odd while it lasts. Alone
that would freeze for ever after a change of regime; so river's Page-Hinkley test runs over the standard scores, and
when it finds a drift the baseline is made anew from those of the last ``thaw_days`` values that lie at the new level.

Signals: ``off`` (1) by spread while the standard score is beyond ``refuse_z``; ``drift`` (1, once) when the baseline
thaws, with the old and the new mean. Ends of months are neither learned nor judged.
Trade-off: a low threshold thaws soon and calls a squeeze the new normal; a high one keeps crying over a new regime.
Source: Page 1954; river 0.26, drift.PageHinkley; river issue 948 (a filter that refuses anomalies freezes).
"""

import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta
from river import drift

from detectors import calendar
from detectors.description import LookBack, Mechanism, SignalSpec, sessions
from detectors.detector import Finding
from detectors.online import river_internals
from detectors.online.gaussian import Gaussian
from detectors.repo.pairs import Pair
from detectors.repo.spreads import Spread, SpreadDetector, Variant, preferences_of, series_of
from detectors.rolling import Window
from detectors.sections.base import (
    Positive,
    Section,
)

if TYPE_CHECKING:
    from detectors.sections import Config


class Shift(Section, frozen=True, kw_only=True):
    """A baseline on each spread that refuses the odd, and a drift test that thaws it; in standard scores."""

    table: ClassVar[str] = "shift"

    spreads: tuple[Spread, ...]
    warm_up: Positive
    refuse_z: Annotated[float, Meta(gt=0, le=20)]
    delta_z: Annotated[float, Meta(ge=0, le=5)]
    threshold_z: Annotated[float, Meta(gt=0, le=1_000)]
    thaw_days: Annotated[int, Meta(ge=2, le=250)]


# However far off, a day counts for no more than this: a squeeze has to last to become the new normal.
CLIP_Z = 4.0


class FrozenBaseline:
    """One spread's baseline with its drift test."""

    def __init__(self, config: Shift) -> None:
        self._config = config
        self._recent = Window(config.thaw_days)
        self._warm_up = config.warm_up
        self._gaussian = Gaussian(None, self._warm_up)
        self._test = self._new_test()

    def _new_test(self) -> Any:
        config = self._config
        return drift.PageHinkley(min_instances=config.thaw_days, delta=config.delta_z, threshold=config.threshold_z)

    @property
    def mean(self) -> float:
        """The mean of what is normal."""
        return self._gaussian.mean

    @property
    def warming(self) -> bool:
        """Whether it has no baseline yet."""
        return self._gaussian.count < self._warm_up

    def step(self, value: float) -> tuple[float, bool] | None:
        """Judge a value: (standard score, whether the baseline thawed); None while warming or for no number."""
        if not math.isfinite(value):
            return None
        self._recent.append(value)
        scored = self._gaussian.score(value)
        if scored is None:
            self._gaussian.learn(value)
            return None
        z_score = scored[1]
        if abs(z_score) <= self._config.refuse_z:
            self._gaussian.learn(value)
        self._test.update(max(-CLIP_Z, min(CLIP_Z, z_score)))
        thawed = bool(self._test.drift_detected)
        if thawed:
            shifted = self._shifted()
            self._warm_up = min(self._warm_up, len(shifted))
            self._gaussian = Gaussian(None, self._warm_up)
            for recent in shifted:
                self._gaussian.learn(recent)
            self._test = self._new_test()
        return z_score, thawed

    def _shifted(self) -> list[float]:
        """The recent values of the new level: at least half as far off as the middle one of the last five."""
        recent, mean = self._recent.values(), self._gaussian.mean
        half = (sorted(recent[-5:])[len(recent[-5:]) // 2] - mean) / 2
        return [value for value in recent if (value - mean) * half >= half * half]

    def snapshot(self) -> dict[str, Any]:
        """The baseline, the recent values and the test's sums."""
        return {
            "warm_up": self._warm_up,
            "gaussian": self._gaussian.snapshot(),
            "recent": self._recent.values(),
            "mean": river_internals.drift_mean(self._test),
            "sums": river_internals.drift_sums(self._test),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        self._warm_up = plain["warm_up"]
        self._gaussian = Gaussian(None, self._warm_up)
        self._gaussian.restore(plain["gaussian"])
        self._recent = Window(self._config.thaw_days, plain["recent"])
        river_internals.set_drift(self._test, plain["mean"], plain["sums"])


class SpreadShift(SpreadDetector):
    """Asks each spread's baseline, once an ordinary day."""

    name = "shift"
    sections = (Shift,)
    signals = (
        SignalSpec(name="off", label="A spread off its baseline", levels=("further off than the baseline learns",)),
        SignalSpec(
            name="drift", label="A spread's level has shifted", levels=("the baseline is made anew",), happens=True
        ),
    )
    feeds = ("repo_gc",)
    supporting = True
    mechanisms = (
        Mechanism(
            source="beside both",
            says="a level that has shifted",
            signal="drift",
            test="test_online.py::test_a_new_regime_thaws_it_and_is_then_normal",
        ),
    )

    def __init__(self, config: Shift) -> None:
        super().__init__(config, config.spreads)
        self._config = config
        self._baselines = {one.key: FrozenBaseline(config) for one in self._variants.all}

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        return LookBack(warm_up_days=sessions(config.of(Shift).warm_up), window_days=sessions(config.of(Shift).warm_up))

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The series it rests on."""
        return series_of(config.of(Shift).spreads)

    @classmethod
    def preferences(cls, config: "Config") -> tuple[tuple[str, ...], ...]:
        """The orders of preference of its spreads' sides."""
        return preferences_of(config.of(Shift).spreads)

    def is_warm(self, spread: Variant) -> bool:
        """Whether a variant can be scored."""
        return not self._baselines[spread.key].warming

    def judge(self, spread: Variant, pair: Pair, known: int) -> list[Finding]:
        """Hold the day's spread against its baseline."""
        if calendar.is_month_end(calendar.day_of(pair.date)):
            return []
        baseline = self._baselines[spread.key]
        mean = baseline.mean
        stepped = baseline.step(pair.spread_bp)
        if stepped is None or not self.speaks(spread):
            return []
        z_score, thawed = stepped
        values = {"spread_bp": pair.spread_bp, "baseline_bp": mean, "z_score": z_score}
        findings = self.set_level(
            Finding(
                name="off",
                subject=spread.name,
                level=int(abs(z_score) > self._config.refuse_z and not thawed),
                readings=pair.readings,
                known=known,
                values=values,
                rule=f"further than {self._config.refuse_z:g} deviations from a baseline that refuses the odd"
                + spread.said,
                threshold=self._config.refuse_z,
            )
        )
        if thawed:
            findings.append(
                self.emit_once(
                    Finding(
                        name="drift",
                        subject=spread.name,
                        level=1,
                        readings=pair.readings,
                        known=known,
                        values={**values, "new_baseline_bp": baseline.mean},
                        rule="Page-Hinkley on the standard scores: the level has shifted, the baseline is made anew",
                        threshold=self._config.threshold_z,
                    )
                )
            )
        return findings

    def readings(self) -> dict[str, float]:
        """The mean of each baseline, in basis points."""
        speaking = {name: self._baselines[self.voice(name)] for name in self._variants.by_spread}
        return {f"baseline_{name}_bp": one.mean for name, one in speaking.items() if not one.warming}

    def warming(self) -> tuple[str, ...]:
        """The spreads without a baseline yet."""
        return tuple(name for name in self._variants.by_spread if self._baselines[self.voice(name)].warming)

    def snapshot(self) -> dict[str, Any]:
        """The pairs and the baselines."""
        return {**super().snapshot(), "baselines": {name: one.snapshot() for name, one in self._baselines.items()}}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        for name, one in self._baselines.items():
            one.restore(plain["baselines"][name])
