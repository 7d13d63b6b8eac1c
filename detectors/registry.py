"""Every detector of a market, in the order in which they see an event."""

from detectors.detector import Detector
from detectors.funds.balanced import BalancedExposure
from detectors.funds.coordination import FundCoordination
from detectors.funds.cta import CtaExposure
from detectors.funds.exposure import FundExposure
from detectors.funds.positions import FuturesPositions
from detectors.funds.risk_parity import RiskParityExposure
from detectors.funds.trend import TrendExposure
from detectors.model.inversion import ShockInversion
from detectors.model.regime import RegimeMap
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
from detectors.transmission.feedback import FeedbackLoop
from detectors.transmission.spillover import ForeignSpillover
from detectors.yields.auction import AuctionStrength
from detectors.yields.curve import CurveSlopes
from detectors.yields.levels import YieldLevels
from detectors.yields.volatility import RealisedVolatility


def detectors_of(config: Config) -> tuple[Detector, ...]:
    """A fresh set; a detector that listens to another's signals stands after it."""
    funds = _funds(config)
    return (
        YieldLevels(config.levels),
        CurveSlopes(config.curve),
        RealisedVolatility(config.volatility),
        AuctionStrength(config.auction),
        PolicyCorridor(config.corridor),
        SpecialnessTiers(config.specialness, config.floor),
        FailsFloor(config.floor),
        SettlementFails(config.fails),
        FacilityTakeUp(config.facility),
        CollateralScarcity(config.scarcity),
        FuturesPositions(config.positions),
        *funds,
        FundCoordination(
            config.coordination,
            tenor=config.funds.tenor,
            ready_after=max(fund.closes_needed for fund in funds),
        ),
        ForeignSpillover(config.spillover),
        SpreadAnomaly(config.anomaly),
        SpreadShift(config.shift),
        JointAnomaly(config.joint),
        FeedbackLoop(config.feedback),
        ShockInversion(config.inversion),
        RegimeMap(config.regime),
    )


def _funds(config: Config) -> tuple[FundExposure, ...]:
    return (
        CtaExposure(config.funds, config.cta),
        TrendExposure(config.funds, config.trend),
        RiskParityExposure(config.funds, config.risk_parity),
        BalancedExposure(config.funds, config.balanced),
    )
