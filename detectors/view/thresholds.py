"""The lines that series are held against, for charts: as each detector says them, in the unit of its series.

Lines that move (the corridor, the floor) are readings of their detectors; quantiles that a model learns are in the
evidence of its signals. Nothing is decided here.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from detectors.sections import Config

if TYPE_CHECKING:
    from detectors.detector import Detector


def thresholds(config: Config, detectors: "Iterable[type[Detector]] | None" = None) -> dict[tuple[str, str], float]:
    """Fixed lines by series and name; of the detectors that a configuration runs, unless others are given."""
    lines: dict[tuple[str, str], float] = {}
    for one in config.detector_types if detectors is None else detectors:
        lines |= one.lines(config)
    return lines
