"""Balanced (60/40) funds: bonds as the hedge of equities held at a fixed share.

Idea: holding equities at 60 %, the bonds that hedge them are ``E = -0.6 rho sigma_e / sigma_b = -0.6 cov / var_b``
(EWMAs with a half-life of 21 days, means taken as zero). E falls as the correlation of bonds and equities turns
positive: bonds hedge nothing any more and are reduced, the framework's mechanism. The share of minimum variance also
rises with the correlation and is not used.
The other flow of such funds has the opposite sign in a sell-off and is kept beside it as a stabiliser: bringing the
month's drift back to 60/40 at its end buys ``drift = w_e w_b (R_e - R_b) / (1 + w_e R_e + w_b R_b)`` of assets in
bonds, with the returns of the month so far. It is published in percent of assets and flagged by nobody.
Source: domain sheet 7; framework, thread A.
"""

import datetime as dt
import math
from typing import Any, ClassVar

import msgspec

from detectors.description import Mechanism
from detectors.events import FundType
from detectors.funds.exposure import PAIRED_KINDS, FundExposure
from detectors.funds.exposure_config import Days, Fund, Funds
from detectors.funds.exposure_history import Look
from detectors.funds.returns import Step
from detectors.rolling import Ewma
from detectors.sections.base import Share


class Balanced(Fund, frozen=True, kw_only=True):
    """Equities at a fixed share, hedged by bonds."""

    table: ClassVar[str] = "balanced"

    equity_share: Share
    half_life_days: Days
    warm_up_days: Days


Sums = tuple[float, float]


class BalancedState(msgspec.Struct, frozen=True):
    """The model's state after a step: two means, the days seen, and the month's growth of bonds and equities."""

    variance: Sums
    covariance: Sums
    days: int
    month: int
    bonds: float
    stocks: float


class BalancedExposure(FundExposure):
    """The balanced fund."""

    name = "balanced"
    after = ("risk_parity",)
    sections = (Funds, Balanced)
    mechanisms = (
        Mechanism(
            source="F thread A",
            says="60/40 sells as the correlation turns",
            signal="flow",
            test="test_funds.py::test_the_balanced_fund_had_bonds_to_buy_at_the_end_of_february",
        ),
    )
    fund: ClassVar[FundType] = "BALANCED"
    paired = True
    kinds = PAIRED_KINDS

    def __init__(self, config: Funds, own: Balanced) -> None:
        super().__init__(config, own, own.warm_up_days)
        self._rule = own
        alpha = 1 - math.pow(0.5, 1 / own.half_life_days)
        self._variance, self._covariance = Ewma(alpha), Ewma(alpha)
        self._days = 0
        self._month = (0, 1.0, 1.0)

    def look(self, step: Step) -> Look:
        """The hedge after a step."""
        month, bonds, stocks = self._month
        now = _month_of(step.day)
        if now != month:
            bonds = stocks = 1.0
        after = BalancedState(
            self._variance.after(step.bond**2),
            self._covariance.after(step.bond * step.equity),
            self._days + 1,
            now,
            bonds * (1 + step.bond),
            stocks * (1 + step.equity),
        )
        if after.days < self._rule.warm_up_days or not after.variance[0]:
            return Look(None, {}, after)
        share = self._rule.equity_share
        beta = after.covariance[0] / after.variance[0]
        values = {"equity_beta": beta, "drift_rebalance_pct": 100 * _drift(share, after.bonds - 1, after.stocks - 1)}
        return Look(-share * beta, values, after)

    def keep(self, state: BalancedState) -> None:
        """Take the state after a close."""
        self._variance.sums, self._covariance.sums = state.variance, state.covariance
        self._days = min(state.days, self._rule.warm_up_days)
        self._month = (state.month, state.bonds, state.stocks)

    def snapshot(self) -> dict[str, Any]:
        """The means and the month so far."""
        model = {
            "variance": self._variance.sums,
            "covariance": self._covariance.sums,
            "days": self._days,
            "month": list(self._month),
        }
        return {**super().snapshot(), "model": model}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        model = plain["model"]
        self._variance.sums, self._covariance.sums = tuple(model["variance"]), tuple(model["covariance"])
        self._days = model["days"]
        month, bonds, stocks = model["month"]
        self._month = (month, bonds, stocks)


def _month_of(day: int) -> int:
    date = dt.date.fromordinal(day)
    return 12 * date.year + date.month


def _drift(share: float, bonds: float, stocks: float) -> float:
    """What rebalancing buys in bonds, as a share of assets: positive when equities have outrun bonds."""
    return share * (1 - share) * (stocks - bonds) / (1 + share * stocks + (1 - share) * bonds)
