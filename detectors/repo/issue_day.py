"""One issue's day of special prints, as the floor needs it."""

import msgspec

from detectors.detector import Reading


class IssueDay(msgspec.Struct):
    """One issue's day so far, in bounded memory: the worst rate, the first prints below the floor, volumes summed.

    A low, a high or a close sums up prints: it counts as a print of its own only at a rate no counted print had, and
    says nothing of volume.
    """

    date: str
    floor_pct: float
    worst: Reading
    entered: bool = False
    below: list[Reading] = []
    prints_below: int = 0
    average: Reading | None = None
    volume_usd: float = 0.0
    rate_volume: float = 0.0
    unweighted: bool = False
    clear_before: int = 0
