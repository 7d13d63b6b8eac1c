"""What coordination counts: a piece of evidence, a count of types, and how often so many counted in the past."""

from itertools import combinations, islice, product
from typing import Literal

import msgspec

from detectors.detector import Reading, Ways
from detectors.events import FUND_TYPES

Side = Literal["FLOW", "STANCE"]
WAYS_KEPT = 32


SIDES: tuple[Side, Side] = ("FLOW", "STANCE")


class Entry(msgspec.Struct, frozen=True):
    """One piece of evidence: for which types, of what sort, since when, and until when (None: while it is held on).

    ``former`` is until when it would count had its last flag not been raised: should no close confirm that one.
    ``rests`` is the series, or the signal that was heard, on which it rests.
    """

    side: Side
    types: tuple[str, ...]
    by: Literal["prices", "outflow", "positions"]
    since: int
    until: int | None
    readings: tuple[Reading, ...]
    former: int = 0
    rests: str = ""


class PastCounts(msgspec.Struct):
    """On how many days of the past so many types counted, and each type by itself."""

    days: int = 0
    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(FUND_TYPES) + 1))
    types: dict[str, int] = {}

    def base_rate(self, count: int) -> float:
        """The share of days with as many types or more."""
        return sum(self.counts[count:]) / self.days

    def independent(self, count: int) -> float:
        """The probability of as many types or more, were each flagged at its own rate and without the others."""
        chances = [1.0]
        for one in FUND_TYPES:
            rate = self.types.get(one, 0) / self.days
            chances = [
                stay * (1 - rate) + come * rate for stay, come in zip([*chances, 0.0], [0.0, *chances], strict=True)
            ]
        return sum(chances[count:])


class Count(msgspec.Struct, frozen=True):
    """A count, with what was counted; ``units`` are the types and groups, each with the names its evidence rests on."""

    side: Side
    count: int
    level: int
    direct: tuple[str, ...]
    values: dict[str, float]
    readings: tuple[Reading, ...]
    units: tuple[tuple[str, ...], ...] = ()

    def ways(self, wanted: int) -> Ways:
        """The ways of seeing as many types as are wanted: so many of those counted, each by any of its evidence."""
        found = (way for units in combinations(self.units, wanted) for way in product(*units))
        return tuple(islice(found, WAYS_KEPT))
