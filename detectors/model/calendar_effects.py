"""What quarter-ends and month-ends do to the wedge, learned as they pass.

Idea: balance sheets are shown at quarter-ends and foreign dealers shrink theirs, so the wedge jumps for a day: by 23 bp
after 2015 in He, Nagel and Song's table 1, by 218 on the last day of 2018, by nothing in 2020 and 2021. A fixed
subtraction would fake a demand shock of 23 bp on such a day. So the effect is a regression,

    wedge_t = a + b QE_t + c ME_t + d BESIDE_t,

(a quarter-end is no month-end here; BESIDE are the session before and the two after a quarter-end), estimated by
recursive least squares with forgetting, from priors of the configuration. A day is judged by what was learned before
it. What is learned from one day is cut at three of its standard deviations, or one 218 would stand for years.
How far days of a kind lie from their effect is learned too: on a turn the effect is taken off the wedge, and what the
turn is not known by is added to its noise. A turn has to be odd among turns to be a shock.
Source: domain sheet 8; Ljung and Soderstrom (1983) for the recursion. The cut and the kinds of day are ours.
"""

import datetime as dt
import math
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from detectors import calendar
from detectors.sections.base import Section

Noise = Annotated[float, Meta(gt=0, le=1000)]


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


KINDS = ("ordinary", "quarter_end", "month_end", "beside_quarter_end")
CUT = 3.0
# How fast the spread of each kind of day follows: some fifty ordinary days, ten month-ends, five quarter-ends.
PACE = {"ordinary": 0.02, "quarter_end": 0.2, "month_end": 0.1, "beside_quarter_end": 0.08}


def kind_of(day: dt.date) -> str:
    """Which kind of day it is."""
    if calendar.is_quarter_end(day):
        return "quarter_end"
    if calendar.is_month_end(day):
        return "month_end"
    before = calendar.previous_business_day(day)
    beside = (before, calendar.previous_business_day(before), calendar.next_business_day(day))
    return "beside_quarter_end" if any(calendar.is_quarter_end(one) for one in beside) else "ordinary"


class CalendarEffects:
    """The regression's state: coefficients, their covariance, and the spread of each kind of day."""

    def __init__(self, config: Calendar) -> None:
        self._config = config
        priors = [getattr(config, kind) for kind in KINDS]
        self._effects = np.array([prior.effect_bp for prior in priors])
        self._covariance = np.diag([prior.error_bp**2 for prior in priors])
        self._spreads = {kind: prior.spread_bp**2 for kind, prior in zip(KINDS, priors, strict=True)}

    def taken_off(self, wedge_bp: float, day: dt.date) -> tuple[float, float]:
        """The wedge without its day's effect, and the variance this adds to it, both from what was learned before."""
        kind = kind_of(day)
        if kind == "ordinary":
            return wedge_bp, 0.0
        index = KINDS.index(kind)
        more = max(self._spreads[kind] - self._spreads["ordinary"], 0.0)
        return wedge_bp - float(self._effects[index]), more + float(self._covariance[index, index])

    def learn(self, wedge_bp: float, day: dt.date) -> None:
        """Take a day in."""
        kind = kind_of(day)
        x = np.array([1.0, *(float(kind == one) for one in KINDS[1:])])
        covariance = self._covariance / (1 - 1 / self._config.memory_days)
        limit = np.array([getattr(self._config, one).error_bp for one in KINDS])
        shrink = np.minimum(1.0, limit / np.sqrt(np.diag(covariance)))  # forgetting never makes it less sure than new
        covariance = covariance * shrink[:, None] * shrink[None, :]
        pushed = covariance @ x
        spread = self._spreads[kind]
        total = spread + float(x @ pushed)
        reach = CUT * math.sqrt(total)
        surprise = min(max(wedge_bp - float(x @ self._effects), -reach), reach)
        gain = pushed / total
        self._effects = self._effects + gain * surprise
        self._covariance = covariance - np.outer(gain, pushed)
        self._spreads[kind] = float(max(spread + PACE[kind] * (surprise**2 - spread), 0.25))

    def effects(self) -> dict[str, float]:
        """The effects of the turns as they are now thought to be, in basis points."""
        return {kind: float(effect) for kind, effect in zip(KINDS[1:], self._effects[1:], strict=True)}

    def snapshot(self) -> dict[str, Any]:
        """The state as plain values."""
        return {
            "effects": self._effects.tolist(),
            "covariance": self._covariance.tolist(),
            "spreads": dict(self._spreads),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take it back."""
        self._effects = np.array(plain["effects"])
        self._covariance = np.array(plain["covariance"])
        self._spreads = dict(plain["spreads"])
