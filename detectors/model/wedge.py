"""The wedge by one tri-party series: its past levels and what turns do to it, apart from those of its stand-ins."""

from typing import TYPE_CHECKING, Any

from detectors.model.calendar_effects import CalendarEffects
from detectors.model.observation import Observation

if TYPE_CHECKING:
    from detectors.model.inversion import Inversion


class Wedge:
    """GCF less one tri-party series: levels of two series are never spliced."""

    def __init__(self, config: "Inversion") -> None:
        self._config = config
        self.past = Observation(config, config.wedge_noise_bp)
        self.turns = CalendarEffects(config.calendar)
        self.stepped = ""

    @property
    def begun(self) -> bool:
        """Whether there was a day of it."""
        return bool(self.stepped)

    def snapshot(self) -> list[Any]:
        """Its past, the turns, and the last day."""
        return [self.past.snapshot(), self.turns.snapshot(), self.stepped]

    def restore(self, plain: list[Any]) -> None:
        """Take them back."""
        past, turns, self.stepped = plain
        self.past.restore(self._config, past)
        self.turns.restore(turns)
