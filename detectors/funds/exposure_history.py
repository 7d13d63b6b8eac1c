"""A replicated exposure over time: what a step gives, the history with its ranks, and the correction by reports."""

from bisect import bisect_right
from collections import deque
from typing import Any

import msgspec

from detectors.detector import Reading
from detectors.funds.exposure_config import Funds
from detectors.rolling import Window


class Look(msgspec.Struct, frozen=True):
    """What a model makes of a step: the exposure (None while warming), figures beside it, and its state after it."""

    exposure: float | None
    values: dict[str, float]
    state: Any


class ExposureHistory:
    """The exposures so far, replicated and corrected, with the ranks of levels and of changes."""

    def __init__(self, config: Funds) -> None:
        self._config = config
        size = config.window_days + config.flow_days[1]
        self.days: deque[int] = deque(maxlen=size)
        self.replicated: deque[float] = deque(maxlen=size)
        self.exposures: deque[float] = deque(maxlen=size)
        self.levels, self.own_levels = Window(config.window_days), Window(config.window_days)
        self.changes = {days: Window(config.window_days) for days in config.flow_days}
        self.own_changes = {days: Window(config.window_days) for days in config.flow_days}

    def append(self, day: int, replicated: float, exposure: float) -> None:
        """Learn a day."""
        for days in self._config.flow_days:
            if len(self.days) >= days:
                self.changes[days].append(exposure - self.exposures[-days])
                self.own_changes[days].append(replicated - self.replicated[-days])
        self.levels.append(exposure)
        self.own_levels.append(replicated)
        self.days.append(day)
        self.replicated.append(replicated)
        self.exposures.append(exposure)

    def at(self, day: int) -> int | None:
        """The place of the last day not after ``day``; None when all are later."""
        place = bisect_right(self.days, day) - 1
        return None if place < 0 else place

    def snapshot(self) -> list[list[Any]]:
        """The three series; ranks are computed again."""
        return [list(self.days), list(self.replicated), list(self.exposures)]

    def restore(self, plain: list[list[Any]]) -> None:
        """Take them back."""
        self.days.extend(plain[0])
        self.replicated.extend(plain[1])
        self.exposures.extend(plain[2])
        size, days = self._config.window_days, self._config.flow_days
        self.levels, self.own_levels = Window(size, self.exposures), Window(size, self.replicated)
        self.changes = {lag: Window(size, _changes(plain[2], lag)) for lag in days}
        self.own_changes = {lag: Window(size, _changes(plain[1], lag)) for lag in days}


def _changes(values: list[float], lag: int) -> list[float]:
    return [new - old for old, new in zip(values, values[lag:], strict=False)]


class Correction(msgspec.Struct):
    """How far the last report of a sort moves the exposure off its replica, which it was, and what it is about."""

    shift: float = 0.0
    as_of: int = 0
    reading: Reading | None = None
