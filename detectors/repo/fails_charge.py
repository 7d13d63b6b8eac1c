"""The fails charge: what failing to deliver costs, by the practice in force and the policy rate."""

import datetime as dt
from itertools import pairwise
from typing import ClassVar

from detectors import calendar
from detectors.repo.policy import PolicyBook
from detectors.sections.base import Bp, Positive, RatePct, Section


class ChargeRegime(Section, frozen=True, kw_only=True):
    """The fails charge from a day on: ``max(cap - policy rate, minimum)``, in percent a year."""

    since: dt.date
    cap_pct: RatePct
    minimum_pct: RatePct


class Floor(Section, frozen=True, kw_only=True):
    """The rate below which failing is cheaper than delivering, and what confirms that it was breached."""

    table: ClassVar[str] = "floor"

    charge: tuple[ChargeRegime, ...]
    fixed_floor_pct: RatePct | None = None
    approach_bp: Bp
    confirm_prints: Positive
    confirm_beyond_bp: Bp
    confirm_vwap: bool
    clear_bp: Bp
    clear_days: Positive
    forget_sessions: Positive

    def __post_init__(self) -> None:
        days = [regime.since for regime in self.charge]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("charge: inverted, the regimes must rise by their day 'since'")
        if not days and self.fixed_floor_pct is None:
            raise ValueError("charge: a regime of it, or fixed_floor_pct, is required")


class FailsCharge:
    """The charge in percent a year on a day, from the regimes in force and the policy rate."""

    def __init__(self, config: Floor) -> None:
        self._config = config

    def on(self, day: dt.date, book: PolicyBook) -> float | None:
        """The charge on a settlement day; None while no policy rate is known.

        A fixed floor of the configuration takes its place, and before the first regime the charge is zero.
        """
        if self._config.fixed_floor_pct is not None:
            return -self._config.fixed_floor_pct
        regime = next((one for one in reversed(self._config.charge) if one.since <= day), None)
        if regime is None:
            return 0.0
        # Where the history begins on this very day there is no session before to ask: take the day's own rate.
        policy = book.before_session(day) or book.at(calendar.ny(day, "17:00"))
        return None if policy is None else max(regime.cap_pct - policy.target_low_pct, regime.minimum_pct)
