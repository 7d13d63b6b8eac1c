"""An online model beside the rules: is a repo spread unlike what it was lately.

Idea: river's GaussianScorer gives each value the probability mass between it and the mean of a rolling window,
``score = 2 |CDF(x) - 1/2|``. Scores of real spreads are not uniform, so no fixed cut means anything: the cut is the
``1 - false_alarm_share`` quantile of the model's own past scores. A value is scored before it is learned, and every
finite value is learned, odd ones too: a model that refuses them freezes after a shift of level; the window heals it.

Signals: ``spread`` (1), by spread, latched until a value scores below the cut. ``z_score`` says how many standard
deviations it is off. An anomaly alone never moves the state.
Guards: no score before ``warm_up`` values, no alarm before the calibration knows its quantile (the model is *warming*);
a value that is not finite is neither scored nor learned; a window without spread is given the resolution of the data.
Source: river 0.26, anomaly.GaussianScorer; domain sheet 8 (GCF less tri-party, SOFR less IORB).
"""

import math
from typing import Any

from river import anomaly

from detectors.detector import Detector, Draft, Reading
from detectors.events import Event, PolicyRate, RepoPrint
from detectors.repo.corridor import series_of
from detectors.repo.pairs import DayBook, Pair
from detectors.repo.policy import PolicyBook
from detectors.rolling import Window
from detectors.sections import Anomaly, Spread

RESOLUTION_BP = 0.5


class SpreadModel:
    """One scorer with its calibration. Its state is a few numbers and the window, so nothing is pickled."""

    def __init__(self, config: Anomaly) -> None:
        self._config = config
        self._scorer = anomaly.GaussianScorer(window_size=config.window, grace_period=config.warm_up)
        self._scores = Window(config.calibration_window)

    @property
    def warming(self) -> bool:
        """Whether it cannot raise an alarm yet."""
        return len(self._scores) * self._config.false_alarm_share < 1

    def step(self, value: float) -> tuple[float, float, float | None] | None:
        """Score a value, then learn it: (score, standard score, cut or None while warming); None for no score."""
        if not math.isfinite(value):
            return None
        scored = self._score(value)
        self._scorer.learn_one(None, value)
        if scored is None:
            return None
        score, z_score = scored
        cut = None if self.warming else self._scores.quantile(1 - self._config.false_alarm_share)
        self._scores.append(score)
        return score, z_score, cut

    def _score(self, value: float) -> tuple[float, float] | None:
        gaussian: Any = self._scorer.gaussian
        if gaussian.n_samples < self._config.warm_up:
            return None
        variance = gaussian._var.get()  # noqa: SLF001  sigma itself fails when rounding leaves a variance below zero
        sigma = math.sqrt(variance) if variance > RESOLUTION_BP**2 else RESOLUTION_BP
        z_score = (value - gaussian.mu) / sigma
        if variance > RESOLUTION_BP**2:
            return float(self._scorer.score_one(None, value)), z_score
        return math.erf(abs(z_score) / math.sqrt(2)), z_score

    def snapshot(self) -> dict[str, Any]:
        """The moments to the last bit, the window and the past scores."""
        rolling: Any = self._scorer.gaussian
        var = rolling.obj._var  # noqa: SLF001  exact moments: learning the window again would round differently
        return {
            "count": var.mean.n,
            "mean": var.mean._mean,  # noqa: SLF001
            "squares": var._S,  # noqa: SLF001
            "window": [args[0] for args, _ in rolling.window],
            "scores": self._scores.values(),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take it back."""
        rolling: Any = self._scorer.gaussian
        var = rolling.obj._var  # noqa: SLF001
        var.mean.n, var.mean._mean, var._S = plain["count"], plain["mean"], plain["squares"]  # noqa: SLF001
        rolling.window.extend(((value,), {}) for value in plain["window"])
        self._scores = Window(self._config.calibration_window, plain["scores"])


class SpreadAnomaly(Detector):
    """Pairs two series of one day, and asks the spread's model."""

    name = "anomaly"
    signals = ("spread",)
    kinds = (RepoPrint, PolicyRate)

    def __init__(self, config: Anomaly) -> None:
        super().__init__()
        self._config = config
        self._book = PolicyBook()
        self._models = {spread.name: SpreadModel(config) for spread in config.spreads}
        self._wanted = {side for spread in config.spreads for side in (spread.left, spread.right)}
        self._days = DayBook()
        self._last: dict[str, float] = {}

    def update(self, event: Event) -> list[Draft]:
        """Look at an average of a series some spread is made of, or take a policy decision."""
        if isinstance(event, PolicyRate):
            self._book.add(event)
            return []
        assert isinstance(event, RepoPrint)
        series = series_of(event)
        if series not in self._wanted or event.statistic not in {"average", "close"}:
            return []
        date = self._days.note(series, Reading.of(event, event.rate_pct))
        policy = self._book.at(event.ts)
        if policy is not None and policy.iorb_pct is not None:
            iorb = Reading(event.ts, policy.iorb_pct, policy.source, policy.sequence, policy.provenance)
            self._days.note("IORB", iorb)
        drafts = []
        for spread in self._config.spreads:
            if series in {spread.left, spread.right}:
                pair = self._days.pair(spread.name, spread.left, spread.right, date)
                drafts += [] if pair is None else self._judge(spread, pair, event.known)
        return drafts

    def _judge(self, spread: Spread, pair: Pair, known: int) -> list[Draft]:
        value = self._last[spread.name] = pair.spread_bp
        score, z_score, cut = self._models[spread.name].step(value) or (0.0, 0.0, None)
        if cut is None:
            return []
        return self.latch(
            "spread",
            spread.name,
            int(score >= cut),
            readings=pair.readings,
            known=known,
            values={"spread_bp": value, "score": score, "z_score": z_score},
            rule=f"score at or above the {1 - self._config.false_alarm_share:g} quantile of the model's own",
            threshold=cut,
        )

    def warming(self) -> tuple[str, ...]:
        """The spreads whose model cannot raise an alarm yet."""
        return tuple(name for name, model in self._models.items() if model.warming)

    def readings(self) -> dict[str, float]:
        """The last value of each spread, in basis points."""
        return {f"spread_{name}_bp": value for name, value in self._last.items()}

    def snapshot(self) -> dict[str, Any]:
        """The policy book, the days' rates and the models."""
        return {
            **super().snapshot(),
            "book": self._book.snapshot(),
            "days": self._days.snapshot(),
            "last": dict(self._last),
            "models": {name: model.snapshot() for name, model in self._models.items()},
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._book.restore(plain["book"])
        self._days.restore(plain["days"])
        self._last = dict(plain["last"])
        for name, model in self._models.items():
            model.restore(plain["models"][name])
