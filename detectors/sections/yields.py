"""What is watched of Treasury yields."""

from detectors.events import Tenor
from detectors.sections.base import Bp, Positive, RatePct, Section, rising


class Levels(Section, frozen=True, kw_only=True):
    """Yield levels a tenor must not cross upwards unseen, in percent, rising."""

    levels_pct: dict[Tenor, tuple[RatePct, ...]]
    sustained_closes: Positive
    rearm_bp: Bp

    def __post_init__(self) -> None:
        for tenor, levels in self.levels_pct.items():
            rising(f"levels_pct.{tenor}", levels)
