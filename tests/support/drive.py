"""Drive one detector by hand: events in, what it said out, in a form a test can state."""

from collections.abc import Iterable

from detectors.detector import Detector, Draft
from detectors.events import Event


def feed(detector: Detector, *events: Event | Iterable[Event]) -> list[Draft]:
    """Give a detector events, one after the other or as lists, and collect what it says."""
    drafts: list[Draft] = []
    for one in events:
        for event in (one,) if isinstance(one, Event) else one:
            drafts += detector.update(event)
    return drafts


def brief(drafts: Iterable[Draft]) -> list[tuple[str, int]]:
    """What was said, as (name, level)."""
    return [(draft.name, draft.level) for draft in drafts]


def causes(draft: Draft) -> list[int]:
    """The sequence numbers of the events behind a draft."""
    return [cause.sequence for cause in draft.causes]
