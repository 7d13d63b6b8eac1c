"""What coordination counts: a piece of evidence, a count of types, and how often so many counted in the past."""

from typing import Literal

import msgspec

from detectors.detector import Reading
from detectors.events import FUND_TYPES

Side = Literal["FLOW", "STANCE"]


SIDES: tuple[Side, Side] = ("FLOW", "STANCE")


class Entry(msgspec.Struct, frozen=True):
    """One piece of evidence: for which types, of what sort, since when, and until when (None: while it is held on).

    ``former`` is until when it would count had its last flag not been raised: should no close confirm that one.
    """

    side: Side
    types: tuple[str, ...]
    by: Literal["prices", "outflow", "positions"]
    since: int
    until: int | None
    readings: tuple[Reading, ...]
    former: int = 0


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
    """A count, with what was counted."""

    side: Side
    count: int
    level: int
    direct: tuple[str, ...]
    values: dict[str, float]
    readings: tuple[Reading, ...]
