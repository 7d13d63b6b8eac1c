"""The tables of the configuration, typed: one class a table, checked where it stands.

A message of a check begins with the key it speaks of; :mod:`detectors.config` puts the table's path before it.
"""

from detectors.sections.base import Name, Section
from detectors.sections.feedback import Feedback, Loop
from detectors.sections.funds import Balanced, Coordination, Cta, Fund, Funds, Positions, RiskParity, Trend
from detectors.sections.merge import Merge
from detectors.sections.model import (
    REGIME_HEARS,
    Calendar,
    Inversion,
    Regime,
    RegimeCondition,
    RegimeRule,
    TurnEffect,
)
from detectors.sections.models import Anomaly, Joint, Shift, Spread
from detectors.sections.repo import ChargeRegime, Corridor, Facility, Fails, Floor, Scarcity, Specialness
from detectors.sections.spillover import Spillover
from detectors.sections.stress import EVENTS, SIGNALS, SUPPORTING, Condition, Feed, Rule, Step, Stress
from detectors.sections.yields import Auction, Curve, Levels, Slope, Volatility

__all__ = [
    "EVENTS",
    "REGIME_HEARS",
    "SIGNALS",
    "SUPPORTING",
    "Anomaly",
    "Auction",
    "Balanced",
    "Calendar",
    "ChargeRegime",
    "Condition",
    "Config",
    "Coordination",
    "Corridor",
    "Cta",
    "Curve",
    "Facility",
    "Fails",
    "Feed",
    "Feedback",
    "Floor",
    "Fund",
    "Funds",
    "Inversion",
    "Joint",
    "Levels",
    "Loop",
    "Merge",
    "Positions",
    "Regime",
    "RegimeCondition",
    "RegimeRule",
    "RiskParity",
    "Rule",
    "Scarcity",
    "Section",
    "Shift",
    "Slope",
    "Specialness",
    "Spillover",
    "Spread",
    "Step",
    "Stress",
    "Trend",
    "TurnEffect",
    "Volatility",
]


class Config(Section, frozen=True, kw_only=True):
    """All of it."""

    preset: Name
    merge: Merge
    levels: Levels
    curve: Curve
    volatility: Volatility
    auction: Auction
    corridor: Corridor
    specialness: Specialness
    floor: Floor
    fails: Fails
    facility: Facility
    scarcity: Scarcity
    positions: Positions
    funds: Funds
    cta: Cta
    trend: Trend
    risk_parity: RiskParity
    balanced: Balanced
    coordination: Coordination
    spillover: Spillover
    anomaly: Anomaly
    shift: Shift
    joint: Joint
    feedback: Feedback
    inversion: Inversion
    regime: Regime
    stress: Stress
