"""The stress table's memory: of each signal, whether it is on, at which level, and until when it counts.

A condition of the table asks for a signal at a level, on now or within so many sessions. What is kept of a signal is
what an answer, and the evidence behind it, needs: the levels reached and when each was left, and the last signal.
"""

from typing import Any

import msgspec

from detectors import calendar
from detectors.events import Provenance
from detectors.sections import EVENTS, Condition
from detectors.signals import Cause, Signal

# The feeds a detector's signals rest on: when all of them are silent, what it last said is held, not known. What
# happens rather than holds (auctions, spillover) runs out by time and rests on none. The latch bounds how many
# conditions of a name are on at once, below STATES_KEPT: no mark that is on is ever dropped.
FEEDS_OF: dict[str, tuple[str, ...]] = {
    "levels": ("yields",),
    "curve": ("yields",),
    "volatility": ("yields",),
    "cta": ("yields",),
    "trend": ("yields",),
    "risk_parity": ("yields",),
    "balanced": ("yields",),
    "corridor": ("repo_gc",),
    "anomaly": ("repo_gc",),
    "shift": ("repo_gc",),
    "joint": ("repo_gc",),
    "feedback": ("yields", "repo_gc", "futures"),
    "inversion": ("repo_gc",),
    "regime": ("repo_gc", "specials"),
    "specialness": ("specials",),
    "floor": ("specials",),
    "fails": ("fails",),
    "facility": ("facility",),
    "scarcity": ("repo_gc",),
    "positions": ("futures",),
    "coordination": ("yields", "futures", "flows"),
}
FOREVER = 2**63 - 1
STATES_KEPT = 256


class SignalState(msgspec.Struct):
    """The last signal of one subject, and for each level when it was last left (FOREVER while it is on).

    What the signal said in figures is kept for people to read; nothing is decided from it.
    """

    id: str
    level: int
    known: int
    causes: tuple[Cause, ...]
    provenance: Provenance
    text: str
    left: dict[int, int] = {}
    values: dict[str, float] = {}
    threshold: float | None = None


class Memory:
    """Marks by detector, name and subject."""

    def __init__(self) -> None:
        self._marks: dict[tuple[str, str], dict[str, SignalState]] = {}

    def take(self, signal: Signal) -> None:
        """Note a signal."""
        marks = self._marks.setdefault((signal.detector, signal.name), {})
        before = marks.get(signal.subject)
        left = dict(before.left) if before is not None else {}
        happened = (signal.detector, signal.name) in EVENTS
        for level in range(1, max(signal.level, *left, 0) + 1):
            if level <= signal.level:
                left[level] = signal.known if happened else FOREVER
            elif left.get(level) == FOREVER:
                left[level] = signal.known
        if happened and not signal.level and before is not None:
            return  # a break that ends later is still the break that was said
        if signal.subject not in marks and len(marks) >= STATES_KEPT:
            off = [subject for subject, mark in marks.items() if not _on(mark)] or list(marks)
            del marks[min(off, key=lambda subject: (marks[subject].known, subject))]
        stands = f"at level {signal.level}:" if signal.level else "is off; its rule:"
        text = f"{signal.detector}.{signal.name} {signal.subject} {stands} {signal.rule}"
        marks[signal.subject] = SignalState(
            signal.id,
            signal.level,
            signal.known,
            signal.causes,
            signal.provenance,
            text,
            left,
            signal.values,
            signal.threshold,
        )

    def holding(self, condition: Condition, now: int) -> tuple[SignalState, int] | None:
        """The mark that makes a condition hold longest, and until when; None when none does."""
        best: tuple[SignalState, int] | None = None
        for subject in sorted(self._marks.get((condition.detector, condition.name), {})):
            if condition.subject not in {None, subject}:
                continue
            mark = self._marks[condition.detector, condition.name][subject]
            until = self._until(mark, condition)
            if until > now and (best is None or until > best[1]):
                best = mark, until
        return best

    @staticmethod
    def _until(mark: SignalState, condition: Condition) -> int:
        left = mark.left.get(condition.min_level)
        if left is None or left == FOREVER:
            return -1 if left is None else FOREVER
        return calendar.sessions_after(left, condition.within_sessions) if condition.within_sessions else left

    def latest(self, condition: Condition) -> SignalState | None:
        """The newest word on what a condition asks for, whatever it says."""
        marks = self._marks.get((condition.detector, condition.name), {})
        asked = [mark for subject, mark in marks.items() if condition.subject in {None, subject}]
        return max(asked, key=lambda mark: (mark.known, mark.text), default=None)  # a text is the same in every market

    def on(self, detectors: tuple[str, ...]) -> list[SignalState]:
        """The marks of these detectors that are on now."""
        return [
            mark
            for (detector, _), marks in sorted(self._marks.items())
            if detector in detectors
            for _, mark in sorted(marks.items())
            if _on(mark)
        ]

    def unseen(self, blind_on: tuple[str, ...]) -> list[tuple[str, str, str]]:
        """The signals now on whose every feed is blind, as (detector, name, subject)."""
        return [
            (detector, name, subject)
            for (detector, name), marks in sorted(self._marks.items())
            if rests_on_blind(detector, blind_on)
            for subject, mark in sorted(marks.items())
            if FOREVER in mark.left.values()
        ]

    def levels(self) -> dict[str, int]:
        """The highest level now on, by detector and name."""
        return {
            f"{detector}.{name}": max((level for mark in marks.values() for level in _on(mark)), default=0)
            for (detector, name), marks in sorted(self._marks.items())
        }

    def snapshot(self) -> list[Any]:
        """The marks as plain values."""
        return [
            [*key, subject, msgspec.to_builtins(mark, str_keys=False)]
            for key, marks in self._marks.items()
            for subject, mark in marks.items()
        ]

    def restore(self, plain: list[Any]) -> None:
        """Take them back."""
        self._marks = {}
        for detector, name, subject, mark in plain:
            marks = self._marks.setdefault((detector, name), {})
            marks[subject] = msgspec.convert(mark, type=SignalState)


def _on(mark: SignalState) -> list[int]:
    return [level for level, left in mark.left.items() if left == FOREVER]


def rests_on_blind(detector: str, blind_on: tuple[str, ...]) -> bool:
    """Whether all the feeds of a detector are silent."""
    feeds = FEEDS_OF.get(detector, ())
    return bool(feeds) and set(feeds) <= set(blind_on)
