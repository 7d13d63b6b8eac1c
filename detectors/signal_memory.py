"""The stress table's memory: of each signal, whether it is on, at which level, and until when it counts.

A condition of the table asks for a signal at a level, on now or within so many sessions. What is kept of a signal is
what an answer, and the evidence behind it, needs: the levels reached and when each was left, and the last signal.
"""

from typing import Any

import msgspec

from detectors import calendar
from detectors.catalogue import Catalogue
from detectors.events import Provenance
from detectors.sections import Condition
from detectors.signals import Cause, Signal

# The bound on levels that are on at once (SUBJECTS_KEPT of a name) is below STATES_KEPT: none that is on is dropped.
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


class SignalMemory:
    """Marks by detector, name and subject."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._states: dict[tuple[str, str], dict[str, SignalState]] = {}

    def take(self, signal: Signal) -> None:
        """Note a signal."""
        states = self._states.setdefault((signal.detector, signal.name), {})
        before = states.get(signal.subject)
        left = dict(before.left) if before is not None else {}
        happened = (signal.detector, signal.name) in self.catalogue.happens
        for level in range(1, max(signal.level, *left, 0) + 1):
            if level <= signal.level:
                left[level] = signal.known if happened else FOREVER
            elif left.get(level) == FOREVER:
                left[level] = signal.known
        if happened and not signal.level and before is not None:
            return  # a break that ends later is still the break that was said
        if signal.subject not in states and len(states) >= STATES_KEPT:
            off = [subject for subject, state in states.items() if not _on(state)] or list(states)
            del states[min(off, key=lambda subject: (states[subject].known, subject))]
        stands = f"at level {signal.level}:" if signal.level else "is off; its rule:"
        text = f"{signal.detector}.{signal.name} {signal.subject} {stands} {signal.rule}"
        states[signal.subject] = SignalState(
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
        """The state that makes a condition hold longest, and until when; None when none does."""
        best: tuple[SignalState, int] | None = None
        for subject in sorted(self._states.get((condition.detector, condition.name), {})):
            if condition.subject not in {None, subject}:
                continue
            state = self._states[condition.detector, condition.name][subject]
            until = self._until(state, condition)
            if until > now and (best is None or until > best[1]):
                best = state, until
        return best

    @staticmethod
    def _until(state: SignalState, condition: Condition) -> int:
        left = state.left.get(condition.min_level)
        if left is None or left == FOREVER:
            return -1 if left is None else FOREVER
        return calendar.sessions_after(left, condition.within_sessions) if condition.within_sessions else left

    def latest(self, condition: Condition) -> SignalState | None:
        """The newest word on what a condition asks for, whatever it says."""
        states = self._states.get((condition.detector, condition.name), {})
        asked = [state for subject, state in states.items() if condition.subject in {None, subject}]
        return max(
            asked, key=lambda state: (state.known, state.text), default=None
        )  # a text is the same in every market

    def on(self, detectors: tuple[str, ...]) -> list[SignalState]:
        """The states of these detectors that are on now."""
        return [
            state
            for (detector, _), states in sorted(self._states.items())
            if detector in detectors
            for _, state in sorted(states.items())
            if _on(state)
        ]

    def unseen(self, blind_on: tuple[str, ...]) -> list[tuple[str, str, str]]:
        """The signals now on whose every feed is blind, as (detector, name, subject)."""
        return [
            (detector, name, subject)
            for (detector, name), states in sorted(self._states.items())
            if self.catalogue.rests_on_blind(detector, blind_on)
            for subject, state in sorted(states.items())
            if FOREVER in state.left.values()
        ]

    def levels(self) -> dict[str, int]:
        """The highest level now on, by detector and name."""
        return {
            f"{detector}.{name}": max((level for state in states.values() for level in _on(state)), default=0)
            for (detector, name), states in sorted(self._states.items())
        }

    def recalled(self, detectors: tuple[str, ...], market: str) -> list[Signal]:
        """What these detectors last said and what is on now, in the order in which it was said."""
        found = [
            Signal(
                id=state.id,
                market=market,
                ts=state.known,
                known=state.known,
                detector=detector,
                name=name,
                subject=subject,
                level=state.level,
                values=state.values,
                rule=state.text,
                threshold=state.threshold,
                causes=state.causes,
                provenance=state.provenance,
                config_hash="",
            )
            for (detector, name), states in self._states.items()
            if detector in detectors
            for subject, state in states.items()
            if _on(state)
        ]
        return sorted(found, key=lambda signal: (signal.known, signal.id))

    def snapshot(self) -> list[Any]:
        """The states as plain values."""
        return [
            [*key, subject, msgspec.to_builtins(state, str_keys=False)]
            for key, states in self._states.items()
            for subject, state in states.items()
        ]

    def restore(self, plain: list[Any]) -> None:
        """Take back those of detectors that there still are."""
        self._states = {}
        for detector, name, subject, state in plain:
            if self.catalogue.spec(detector, name) is None:
                continue  # of a detector that is no more: nobody could ever take it off
            states = self._states.setdefault((detector, name), {})
            states[subject] = msgspec.convert(state, type=SignalState)


def _on(state: SignalState) -> list[int]:
    return [level for level, left in state.left.items() if left == FOREVER]
