"""CTAs: futures funds that follow crossovers of moving averages and breaks of channels.

Idea: with ``P`` the index of the bond's excess return, for each pair of averages::

    x = EWMA_short(P) - EWMA_long(P)  (alpha = 1/n),  y = x / sd_63(P),  z = y / sd_252(y),  phi = z exp(-z*z/4) / 0.89

and for each channel D = +1 at an n-day high of P, -1 at an n-day low, else as it was. The exposure is the signal
``S = (mean phi + mean D) / 2``, between about -1 and 1. ``position = S * target / sigma`` is the position such a fund
would size by volatility, sigma**2 = 261 EWMA(b*b, com 60 days): it is published and not flagged, because a spike of
volatility makes a short fund cover when its signal has not moved.
Windows: (8, 24), (16, 48), (32, 96); 63 and 252 days; channels of 20, 55 and 100 days. Standard deviations are of
samples. Trade-off: the signal saturates; a fund that is short already cannot initiate.
Source: Baz, Granger, Harvey, Le Roux and Rattray 2015, Dissecting Investment Strategies; channels [M]; domain sheet 7.
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
from detectors.funds.exposure import FundExposure
from detectors.funds.exposure_config import AnnualVolatility, Days, Fund, Funds
from detectors.funds.exposure_history import Look
from detectors.funds.returns import Step
from detectors.rolling import Ewma


class Cta(Fund, frozen=True, kw_only=True):
    """Crossovers of moving averages, and channels."""

    table: ClassVar[str] = "cta"

    crossovers: Annotated[tuple[tuple[Days, Days], ...], Meta(min_length=1, max_length=8)]
    price_days: Annotated[int, Meta(ge=3, le=1_000)]
    signal_days: Annotated[int, Meta(ge=3, le=1_000)]
    channels: Annotated[tuple[Days, ...], Meta(min_length=1, max_length=8)]
    volatility_com_days: Days
    target_volatility: AnnualVolatility

    def __post_init__(self) -> None:
        if any(short >= long for short, long in self.crossovers):
            raise ValueError("crossovers: inverted, the short average of a pair first")
        if any(later <= earlier for earlier, later in pairwise(self.channels)):
            raise ValueError("channels: inverted, they must rise")


PEAK = 0.89
DAYS_A_YEAR = 261


class CtaState(msgspec.Struct, frozen=True):
    """The model's state after a step."""

    price: float
    variance: tuple[float, float]
    averages: list[tuple[tuple[float, float], tuple[float, float]]]
    strengths: list[float | None]
    channels: list[float]


class CtaExposure(FundExposure):
    """The crossover and channel fund."""

    name = "cta"
    after = ("positions",)
    sections = (Funds, Cta)
    mechanisms = (
        Mechanism(
            source="F thread A",
            says="CTAs sell on momentum",
            signal="stance",
            test="test_funds.py::test_the_exposure_is_that_of_a_second_computation",
        ),
    )
    fund: ClassVar[FundType] = "CTA"

    def __init__(self, config: Funds, own: Cta) -> None:
        # A day's first price is the base of the index, so that many prices need one step less.
        super().__init__(config, own, own.price_days + own.signal_days - 1)
        self._rule = own
        self._price = 1.0
        self._prices = deque([1.0], maxlen=max(own.price_days, *own.channels))
        self._variance = Ewma(1 / (1 + own.volatility_com_days))
        self._averages = [(Ewma(1 / short), Ewma(1 / long)) for short, long in own.crossovers]
        for pair in self._averages:
            for average in pair:
                average.add(1.0)
        self._strengths: list[deque[float]] = [deque(maxlen=own.signal_days) for _ in own.crossovers]
        self._channels = [0.0] * len(own.channels)

    def look(self, step: Step) -> Look:
        """The signal after a step."""
        price = self._price * (1 + step.bond)
        prices = [*self._prices, price]
        after = CtaState(
            price,
            self._variance.after(step.bond**2),
            [(short.after(price), long.after(price)) for short, long in self._averages],
            *self._crossed(price, prices),
            self._broken(price, prices),
        )
        scores = [self._score(past, one) for past, one in zip(self._strengths, after.strengths, strict=True)]
        if None in scores:
            return Look(None, {}, after)
        signal = (_mean([one for one in scores if one is not None]) + _mean(after.channels)) / 2
        sigma = math.sqrt(DAYS_A_YEAR * after.variance[0] / after.variance[1])
        position = signal * self._rule.target_volatility / sigma if sigma else 0.0
        return Look(signal, {"position": position, "volatility": sigma}, after)

    def _crossed(self, price: float, prices: list[float]) -> tuple[list[float | None]]:
        days = self._rule.price_days
        if len(prices) < days:
            return ([None for _ in self._averages],)
        spread = _deviation(prices[-days:])
        strengths: list[float | None] = []
        for short, long in self._averages:
            (up, up_weight), (down, down_weight) = short.after(price), long.after(price)
            strengths.append((up / up_weight - down / down_weight) / spread if spread else 0.0)
        return (strengths,)

    def _score(self, past: deque[float], strength: float | None) -> float | None:
        if strength is None or len(past) < self._rule.signal_days - 1:
            return None
        spread = _deviation([*past, strength][-self._rule.signal_days :])
        z = strength / spread if spread else 0.0
        return z * math.exp(-z * z / 4) / PEAK

    def _broken(self, price: float, prices: list[float]) -> list[float]:
        held = []
        for days, before in zip(self._rule.channels, self._channels, strict=True):
            window = prices[-days:]
            high, low = max(window), min(window)
            moved = len(window) == days and high > low
            held.append(1.0 if moved and price >= high else -1.0 if moved and price <= low else before)
        return held

    def keep(self, state: CtaState) -> None:
        """Take the state after a close."""
        self._price = state.price
        self._prices.append(state.price)
        self._variance.sums = state.variance
        self._channels = state.channels
        for pair, sums in zip(self._averages, state.averages, strict=True):
            pair[0].sums, pair[1].sums = sums
        for past, strength in zip(self._strengths, state.strengths, strict=True):
            if strength is not None:
                past.append(strength)

    def snapshot(self) -> dict[str, Any]:
        """The index, its averages, strengths and channels."""
        model = {
            "prices": list(self._prices),
            "variance": self._variance.sums,
            "averages": [[short.sums, long.sums] for short, long in self._averages],
            "strengths": [list(past) for past in self._strengths],
            "channels": self._channels,
        }
        return {**super().snapshot(), "model": model}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        model = plain["model"]
        self._prices.clear()
        self._prices.extend(model["prices"])
        self._price = self._prices[-1]
        self._variance.sums = tuple(model["variance"])
        for pair, (short, long) in zip(self._averages, model["averages"], strict=True):
            pair[0].sums, pair[1].sums = tuple(short), tuple(long)
        for past, values in zip(self._strengths, model["strengths"], strict=True):
            past.clear()
            past.extend(values)
        self._channels = list(model["channels"])


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _deviation(values: list[float]) -> float:
    array = np.array(values)
    centred = array - array.mean()
    return math.sqrt(float(centred @ centred) / (len(values) - 1))
