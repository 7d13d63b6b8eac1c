"""Trend followers: the signs of past returns, and how sure a trend is.

Idea: with ``r = log(1 + b)`` of the bond's excess return::

    S = (mean over (21, 63, 252) days of sign(sum r) + mean over (63, 126, 252) days of clip(t, -1, 1)) / 2

where t is the t statistic of the mean of r with the Newey-West variance, Bartlett weights and
``floor(4 (n/100)**(2/9))`` lags. The exposure is S, from -1 to 1; ``position = S * 40 % / sigma`` is what such a fund
would hold per instrument, published and not flagged (see :mod:`detectors.funds.cta`).
Source: Moskowitz, Ooi and Pedersen 2012, JFE 104, 228-250 (sign of the past year's return, 40 %, com of 60 days);
Baltas and Kosowski (t statistic); Newey and West 1987, 1994 (lags); domain sheet 7.
"""

import math
from collections import deque
from itertools import pairwise
from typing import Annotated, Any, ClassVar

import msgspec
import numpy as np
from msgspec import Meta

from detectors.description import Mechanism
from detectors.events import FundType
from detectors.funds.cta import DAYS_A_YEAR
from detectors.funds.exposure import FundExposure
from detectors.funds.exposure_config import AnnualVolatility, Days, Fund, Funds
from detectors.funds.exposure_history import Look
from detectors.funds.returns import Step
from detectors.rolling import Ewma


class Trend(Fund, frozen=True, kw_only=True):
    """Signs of past returns, and t statistics of their trend."""

    table: ClassVar[str] = "trend"

    sign_days: Annotated[tuple[Days, ...], Meta(min_length=1, max_length=8)]
    t_days: Annotated[tuple[Annotated[int, Meta(ge=10, le=5_000)], ...], Meta(min_length=1, max_length=8)]
    volatility_com_days: Days
    target_volatility: AnnualVolatility

    def __post_init__(self) -> None:
        for key, days in (("sign_days", self.sign_days), ("t_days", self.t_days)):
            if any(later <= earlier for earlier, later in pairwise(days)):
                raise ValueError(f"{key}: inverted, they must rise")


Returns = np.ndarray[Any, np.dtype[np.float64]]


class TrendState(msgspec.Struct, frozen=True):
    """The model's state after a step."""

    moved: float
    variance: tuple[float, float]


def newey_west_t(values: Returns) -> float:
    """The t statistic of the mean of a series that may be correlated with its own past.

    >>> round(newey_west_t(np.array([1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0, 3.0])), 4)
    14.1421
    """
    count = len(values)
    mean = float(values.mean())
    centred = values - mean
    lags = int(4 * (count / 100) ** (2 / 9))
    variance = float(centred @ centred)
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(centred[lag:] @ centred[:-lag])
    deviation = math.sqrt(max(variance, 0.0)) / count
    return mean / deviation if deviation else math.copysign(math.inf, mean) if mean else 0.0


class TrendExposure(FundExposure):
    """The trend-following fund."""

    name = "trend"
    after = ("cta",)
    sections = (Funds, Trend)
    mechanisms = (
        Mechanism(
            source="F thread A",
            says="trend followers add",
            signal="flow",
            test="test_funds.py::test_flags_are_those_of_a_second_computation",
        ),
    )
    fund: ClassVar[FundType] = "TREND"

    def __init__(self, config: Funds, own: Trend) -> None:
        self._longest = max(*own.sign_days, *own.t_days)
        super().__init__(config, own, self._longest)
        self._rule = own
        self._moves: deque[float] = deque(maxlen=self._longest)
        self._variance = Ewma(1 / (1 + own.volatility_com_days))

    def look(self, step: Step) -> Look:
        """The signal after a step."""
        after = TrendState(math.log1p(step.bond), self._variance.after(step.bond**2))
        if len(self._moves) < self._longest - 1:
            return Look(None, {}, after)
        moves = np.array([*self._moves, after.moved][-self._longest :])
        signs = [float(np.sign(moves[-days:].sum())) for days in self._rule.sign_days]
        sure = [min(max(newey_west_t(moves[-days:]), -1.0), 1.0) for days in self._rule.t_days]
        signal = (sum(signs) / len(signs) + sum(sure) / len(sure)) / 2
        sigma = math.sqrt(DAYS_A_YEAR * after.variance[0] / after.variance[1])
        position = signal * self._rule.target_volatility / sigma if sigma else 0.0
        return Look(signal, {"position": position, "volatility": sigma}, after)

    def keep(self, state: TrendState) -> None:
        """Take the state after a close."""
        self._moves.append(state.moved)
        self._variance.sums = state.variance

    def snapshot(self) -> dict[str, Any]:
        """The past returns and their variance."""
        return {**super().snapshot(), "model": {"moves": list(self._moves), "variance": self._variance.sums}}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._moves.clear()
        self._moves.extend(plain["model"]["moves"])
        self._variance.sums = tuple(plain["model"]["variance"])
