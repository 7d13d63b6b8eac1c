"""How events are put in order."""

from typing import Annotated, ClassVar

from msgspec import Meta

from detectors.sections.base import Positive, Seconds, Section


class Merge(Section, frozen=True, kw_only=True):
    """How events are put in order, and how long memory is."""

    table: ClassVar[str] = "merge"

    lateness_s: Seconds
    grid_s: Annotated[int, Meta(gt=0, le=86_400)]
    dedup_ids: Positive
    max_ahead_days: Annotated[int, Meta(gt=0, le=3_660)]
