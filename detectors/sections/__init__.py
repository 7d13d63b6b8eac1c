"""The tables of the configuration, typed: one class a table, checked where it stands.

A message of a check begins with the key it speaks of; :mod:`detectors.config` puts the table's path before it.
"""

from detectors.sections.base import Name, Section
from detectors.sections.feedback import Feedback, Loop
from detectors.sections.funds import Coordination, Positions
from detectors.sections.merge import Merge
from detectors.sections.models import Anomaly, Joint, Shift, Spread
from detectors.sections.repo import ChargeRegime, Corridor, Facility, Fails, Floor, Scarcity, Specialness
from detectors.sections.stress import EVENTS, SIGNALS, Condition, Feed, Rule, Step, Stress
from detectors.sections.yields import Levels

__all__ = [
    "EVENTS",
    "SIGNALS",
    "Anomaly",
    "ChargeRegime",
    "Condition",
    "Config",
    "Coordination",
    "Corridor",
    "Facility",
    "Fails",
    "Feed",
    "Feedback",
    "Floor",
    "Joint",
    "Levels",
    "Loop",
    "Merge",
    "Positions",
    "Rule",
    "Scarcity",
    "Section",
    "Shift",
    "Specialness",
    "Spread",
    "Step",
    "Stress",
]


class Config(Section, frozen=True, kw_only=True):
    """All of it."""

    preset: Name
    merge: Merge
    levels: Levels
    corridor: Corridor
    specialness: Specialness
    floor: Floor
    fails: Fails
    facility: Facility
    scarcity: Scarcity
    positions: Positions
    coordination: Coordination
    anomaly: Anomaly
    shift: Shift
    joint: Joint
    feedback: Feedback
    stress: Stress
