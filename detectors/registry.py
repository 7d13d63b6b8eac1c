"""Every detector of a market, in the order in which they see an event."""

from detectors.detector import Detector
from detectors.feedback import FeedbackLoop
from detectors.funds.coordination import FundCoordination
from detectors.funds.positions import FuturesPositions
from detectors.online.anomaly import SpreadAnomaly
from detectors.online.joint import JointAnomaly
from detectors.online.shift import SpreadShift
from detectors.repo.corridor import PolicyCorridor
from detectors.repo.facility import FacilityTakeUp
from detectors.repo.fails import SettlementFails
from detectors.repo.floor import FailsFloor
from detectors.repo.scarcity import CollateralScarcity
from detectors.repo.specialness import SpecialnessTiers
from detectors.sections import Config
from detectors.yields.levels import YieldLevels


def detectors_of(config: Config) -> tuple[Detector, ...]:
    """A fresh set; a detector that listens to another's signals stands after it."""
    return (
        YieldLevels(config.levels),
        PolicyCorridor(config.corridor),
        SpecialnessTiers(config.specialness, config.floor),
        FailsFloor(config.floor),
        SettlementFails(config.fails),
        FacilityTakeUp(config.facility),
        CollateralScarcity(config.scarcity),
        FuturesPositions(config.positions),
        FundCoordination(config.coordination),
        SpreadAnomaly(config.anomaly),
        SpreadShift(config.shift),
        JointAnomaly(config.joint),
        FeedbackLoop(config.feedback),
    )
