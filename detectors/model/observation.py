"""One of the figures that are inverted: its past levels, and the usual size of its changes."""

from typing import TYPE_CHECKING

from detectors.rolling import Window

if TYPE_CHECKING:
    from detectors.model.inversion import Inversion


TO_SIGMA = 1.4826


class Observation:
    """One observation's past: its levels, and the sizes of its changes from their median."""

    def __init__(self, config: "Inversion", floor_bp: float) -> None:
        self._min = config.min_days
        self._floor_bp = floor_bp
        self._levels = Window(config.median_days)
        self._sizes = Window(config.noise_days)

    @property
    def warming(self) -> bool:
        """Whether its past is too short to judge by."""
        return len(self._sizes) < self._min

    def change(self, level_bp: float) -> float | None:
        """How far a level lies from the median of those before it; None while there are too few."""
        return level_bp - self._levels.median() if len(self._levels) >= self._min else None

    def noise(self) -> float:
        """The usual size of a change, as a standard deviation, and never below the floor."""
        return max(TO_SIGMA * self._sizes.median(), self._floor_bp)

    def learn(self, level_bp: float, *, size: bool = True) -> None:
        """Take a level in, and its change among the usual sizes unless its day was unusual by the calendar."""
        change = self.change(level_bp)
        if change is not None and size:
            self._sizes.append(abs(change))
        self._levels.append(level_bp)

    def snapshot(self) -> list[list[float]]:
        """Levels and sizes, oldest first."""
        return [self._levels.values(), self._sizes.values()]

    def restore(self, config: "Inversion", plain: list[list[float]]) -> None:
        """Take them back."""
        self._levels = Window(config.median_days, plain[0])
        self._sizes = Window(config.noise_days, plain[1])
