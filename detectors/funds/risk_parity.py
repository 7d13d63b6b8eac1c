"""Risk-parity funds: bonds and equities at equal risk, levered to a target volatility.

Idea: they sell bonds when bonds move, or when bonds and equities fall together, whatever anybody thinks of yields::

    w_b = (1/sigma_b) / (1/sigma_b + 1/sigma_e),  w_e = 1 - w_b
    sigma_p**2 = (w_b sigma_b)**2 + (w_e sigma_e)**2 + 2 rho w_b w_e sigma_b sigma_e
    L = min(target / sigma_p, cap),  E = L w_b

with annual volatilities (261 days) of EWMAs with decay 0.94, rho of EWMAs with a centre of mass of 60 days, a target
of 10 % and a cap of 3. E is bonds held per unit of capital. Means are taken as zero. Trade-off: real funds smooth over
months and rebalance weekly or monthly; this one answers at once, so it leads them.
Source: domain sheet 7; RiskMetrics 1996 (decay) [M].
"""

import math
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from detectors.description import Mechanism
from detectors.events import FundType
from detectors.funds.cta import DAYS_A_YEAR
from detectors.funds.exposure import PAIRED_KINDS, FundExposure
from detectors.funds.exposure_config import AnnualVolatility, Days, Fund, Funds
from detectors.funds.exposure_history import Look
from detectors.funds.returns import Step
from detectors.rolling import Ewma
from detectors.sections.base import Share


class RiskParity(Fund, frozen=True, kw_only=True):
    """Equal risk in bonds and equities, levered to a target."""

    table: ClassVar[str] = "risk_parity"

    decay: Share
    correlation_com_days: Days
    warm_up_days: Days
    target_volatility: AnnualVolatility
    leverage_max: Annotated[float, Meta(gt=0, le=50)]


Sums = tuple[float, float]


class RiskParityState(msgspec.Struct, frozen=True):
    """The model's state after a step: five means, and how many days they have seen."""

    fast: tuple[Sums, Sums]
    slow: tuple[Sums, Sums, Sums]
    days: int


class RiskParityExposure(FundExposure):
    """The risk-parity fund."""

    name = "risk_parity"
    after = ("trend",)
    sections = (Funds, RiskParity)
    mechanisms = (
        Mechanism(
            source="F thread A",
            says="risk parity rebalances on volatility",
            signal="flow",
            test="test_funds.py::test_risk_parity_flows_first_then_balanced_and_trend_follow",
        ),
    )
    fund: ClassVar[FundType] = "RISK_PARITY"
    paired = True
    kinds = PAIRED_KINDS

    def __init__(self, config: Funds, own: RiskParity) -> None:
        super().__init__(config, own, own.warm_up_days)
        self._rule = own
        self._fast = (Ewma(1 - own.decay), Ewma(1 - own.decay))
        slow = 1 / (1 + own.correlation_com_days)
        self._slow = (Ewma(slow), Ewma(slow), Ewma(slow))
        self._days = 0

    def look(self, step: Step) -> Look:
        """The bonds held after a step."""
        bonds, stocks, both = step.bond**2, step.equity**2, step.bond * step.equity
        fast = (self._fast[0].after(bonds), self._fast[1].after(stocks))
        slow = (self._slow[0].after(bonds), self._slow[1].after(stocks), self._slow[2].after(both))
        after = RiskParityState(fast, slow, self._days + 1)
        if after.days < self._rule.warm_up_days:
            return Look(None, {}, after)
        sigma_b, sigma_e = (math.sqrt(DAYS_A_YEAR * total / weight) for total, weight in fast)
        scale = math.sqrt(slow[0][0] * slow[1][0])
        if not sigma_b or not sigma_e or not scale:
            return Look(None, {}, after)
        rho = slow[2][0] / scale
        weight = (1 / sigma_b) / (1 / sigma_b + 1 / sigma_e)
        risk_b, risk_e = weight * sigma_b, (1 - weight) * sigma_e
        sigma_p = math.sqrt(max(risk_b**2 + risk_e**2 + 2 * rho * risk_b * risk_e, 0.0))
        cap = self._rule.leverage_max
        leverage = min(self._rule.target_volatility / sigma_p, cap) if sigma_p else cap
        values = {"leverage": leverage, "volatility": sigma_b, "equity_volatility": sigma_e, "correlation": rho}
        return Look(leverage * weight, values, after)

    def keep(self, state: RiskParityState) -> None:
        """Take the state after a close."""
        for mean, sums in zip((*self._fast, *self._slow), (*state.fast, *state.slow), strict=True):
            mean.sums = sums
        self._days = min(state.days, self._rule.warm_up_days)

    def snapshot(self) -> dict[str, Any]:
        """The five means."""
        sums = [mean.sums for mean in (*self._fast, *self._slow)]
        return {**super().snapshot(), "model": {"sums": sums, "days": self._days}}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        for mean, sums in zip((*self._fast, *self._slow), plain["model"]["sums"], strict=True):
            mean.sums = tuple(sums)
        self._days = plain["model"]["days"]
