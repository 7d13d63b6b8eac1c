"""A Treasury shock that waits for foreign closes, and what an index made of it."""

import math
from typing import Self

import msgspec
import numpy as np

from detectors.detector import Reading
from detectors.transmission.abnormal import MarketDay, MarketModel


class Shock(msgspec.Struct, frozen=True):
    """A Treasury shock that waits for foreign closes."""

    ts: int
    until: int
    move_bp: float
    move_sigmas: float
    reading: Reading


class ShockVerdict(msgspec.Struct, frozen=True):
    """What an index made of a shock; nothing but ``excluded`` when a day was tagged or the history is short."""

    excluded: bool
    car: float = 0.0
    t: float = 0.0
    standardised: float = 0.0
    ranks: list[float] = []
    readings: list[Reading] = []

    @classmethod
    def of(cls, after: list[MarketDay], window: list[MarketDay], model: MarketModel) -> Self:
        """Hold the days after a shock against the market model of those before it."""
        rests = [model.abnormal(day) for day in after]
        car = sum(rests)
        every = np.array([*(model.abnormal(day) for day in window), *rests])
        # Mid-ranks, so that ties are fair; scaled to (0, 1).
        below = (every[:, None] > every[None, :]).sum(axis=1)
        level = (every[:, None] == every[None, :]).sum(axis=1)
        ranks = (below + (level + 1) / 2) / (len(every) + 1)
        return cls(
            excluded=False,
            car=car,
            t=car / (model.sigma * math.sqrt(len(after))),
            standardised=car / model.deviation(after),
            ranks=[float(rank) for rank in ranks],
            readings=[day.reading for day in after],
        )
