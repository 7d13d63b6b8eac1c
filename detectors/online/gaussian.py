"""River's Gaussian scorer with what a desk needs around it: a floor under sigma, a guard, and a state of plain numbers.

``score = 2 |CDF(x) - 1/2|``: the mass between a value and the mean. Rates are published to the basis point, so a window
that hardly moves is given the resolution of the data as its deviation: a hair above a constant is no anomaly.
Source: river 0.26, anomaly.GaussianScorer.
"""

import math
from typing import Any

from river import anomaly

from detectors.online import river_internals

RESOLUTION_BP = 0.5


class Gaussian:
    """A scorer over the last ``window`` values (all, for None); its state is exact to the last bit, and not pickled."""

    def __init__(self, window: int | None, warm_up: int) -> None:
        self._warm_up = warm_up
        self._windowed = window is not None
        self._scorer = anomaly.GaussianScorer(window_size=window, grace_period=warm_up)

    def learn(self, value: float) -> None:
        """Take a finite value."""
        self._scorer.learn_one(None, value)

    def score(self, value: float) -> tuple[float, float] | None:
        """Score and standard score of a value; None while warming up."""
        gaussian: Any = self._scorer.gaussian
        if gaussian.n_samples < self._warm_up:
            return None
        variance = self._var().get()  # sigma itself fails when rounding leaves a variance below zero
        rough = variance <= RESOLUTION_BP**2
        z_score = (value - gaussian.mu) / (RESOLUTION_BP if rough else math.sqrt(variance))
        score = math.erf(abs(z_score) / math.sqrt(2)) if rough else float(self._scorer.score_one(None, value))
        return score, z_score

    @property
    def mean(self) -> float:
        """The mean of what was learned."""
        return float(self._var().mean.get())

    @property
    def count(self) -> int:
        """How many values it rests on."""
        return int(self._var().mean.n)

    def _var(self) -> Any:
        gaussian: Any = self._scorer.gaussian
        return river_internals.variance(gaussian, windowed=self._windowed)

    def snapshot(self) -> dict[str, Any]:
        """The moments and the window."""
        count, mean, squares = river_internals.moments(self._var())
        gaussian: Any = self._scorer.gaussian
        return {
            "count": count,
            "mean": mean,
            "squares": squares,
            "window": [args[0] for args, _ in gaussian.window] if self._windowed else [],
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back: learning the window again would round differently."""
        river_internals.set_moments(self._var(), (plain["count"], plain["mean"], plain["squares"]))
        if self._windowed:
            gaussian: Any = self._scorer.gaussian
            gaussian.window.extend(((value,), {}) for value in plain["window"])
