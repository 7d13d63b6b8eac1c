"""What processing events brings: outputs in order, and what was not used, by name."""

import msgspec

from detectors.events import Event
from detectors.intake.intake import SET_ASIDE
from detectors.log_positions import LogPosition
from detectors.ordering import Verdict
from detectors.signals import Output

_UNUSED = (Verdict.LATE, Verdict.FAR_FUTURE, Verdict.CONFLICT, Verdict.CROWDED)
LATE_REASONS: tuple[str, ...] = (*(one.value for one in _UNUSED), *SET_ASIDE)


class RejectedEvent(msgspec.Struct, frozen=True):
    """An event that was not used, and why: one of ``LATE_REASONS``."""

    reason: str
    event: Event
    place: LogPosition | None = None


class Result(msgspec.Struct):
    """What processing brought: outputs in order, late events, refused ones, and how many were duplicates."""

    outputs: list[Output] = []
    late: list[RejectedEvent] = []
    conflicts: list[RejectedEvent] = []
    duplicates: int = 0
