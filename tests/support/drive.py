"""Drive one detector by hand: events in, what it said out, in a form a test can state."""

from collections.abc import Iterable

from detectors.calendar import sessions_after
from detectors.detector import Detector, Finding
from detectors.events import Event


def feed(detector: Detector, *events: Event | Iterable[Event]) -> list[Finding]:
    """Give a detector events, one after the other or as lists, and collect what it says."""
    drafts: list[Finding] = []
    for one in events:
        for event in (one,) if isinstance(one, Event) else one:
            drafts += until(detector, event.known)
            drafts += detector.update(event)
    return drafts


def until(detector: Detector, now: int) -> list[Finding]:
    """Let time pass as the engine does: what it alone brings about by this moment."""
    drafts: list[Finding] = []
    while (wake := detector.wake_at()) is not None and wake <= now:
        drafts += detector.on_time(wake)
    return drafts


def through(detector: Detector, *events: Event | Iterable[Event]) -> list[Finding]:
    """Feed, and let the day of the last event end."""
    given = [event for one in events for event in ((one,) if isinstance(one, Event) else one)]
    return feed(detector, given) + until(detector, sessions_after(given[-1].known, 0))


def brief(drafts: Iterable[Finding]) -> list[tuple[str, int]]:
    """What was said, as (name, level)."""
    return [(draft.name, draft.level) for draft in drafts]


def causes(draft: Finding) -> list[int]:
    """The sequence numbers of the events behind a draft."""
    return [cause.sequence for cause in draft.causes]
