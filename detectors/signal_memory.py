"""The stress table's memory: of each signal, whether it is on, at which level, and until when it counts.

A condition of the table asks for a signal at a level, on now or within so many sessions. What is kept of a signal is
what an answer, and the evidence behind it, needs: the levels reached and when each was left, and the last signal.
"""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from detectors import calendar
from detectors.catalogue import Catalogue
from detectors.detector import Ways
from detectors.events import Provenance
from detectors.sections import Condition
from detectors.signals import Cause, Signal

# The bound on levels that are on at once (SUBJECTS_KEPT of a name) is below STATES_KEPT: none that is on is dropped.
FOREVER = 2**63 - 1
STATES_KEPT = 256
WAYS_KEPT = 32
DEEPEST = 8
"""How far a signal that rests on what was heard is followed: no chain of listeners is longer."""


class SignalState(msgspec.Struct):
    """The last signal of one subject, and for each level when it was last left (FOREVER while it is on).

    ``rests`` are the ways of seeing what it rests on (:attr:`detectors.detector.Finding.rests`). What the signal said
    in figures is kept for people to read; nothing is decided from it.
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
    rests: Ways = ()


class SignalMemory:
    """Marks by detector, name and subject."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._states: dict[tuple[str, str], dict[str, SignalState]] = {}

    def take(self, signal: Signal, rests: Ways = ()) -> None:
        """Note a signal, and on what it rests."""
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
            rests[:WAYS_KEPT],
        )

    def rest(self, detector: str, resting: Mapping[tuple[str, str], Ways]) -> None:
        """What signals that are on rest on by now, said again on other figures without a word."""
        for (name, subject), ways in resting.items():
            state = self._states.get((detector, name), {}).get(subject)
            if state is not None and _on(state):
                state.rests = ways[:WAYS_KEPT]

    def holding(
        self, condition: Condition, now: int, unseen: Collection[str] = ()
    ) -> tuple[SignalState, int, bool] | None:
        """The state that makes a condition hold, until when, and whether it is seen; None when none does.

        One that is seen comes before one that is not, then the one that holds longest.
        """
        best: tuple[SignalState, int, bool] | None = None
        for subject in sorted(self._states.get((condition.detector, condition.name), {})):
            if condition.subject not in {None, subject}:
                continue
            state = self._states[condition.detector, condition.name][subject]
            until = self._until(state, condition)
            if until <= now:
                continue
            seen = not self.is_unseen(condition.detector, state, unseen)
            if best is None or (seen, until) > (best[2], best[1]):
                best = state, until, seen
        return best

    def is_unseen(self, detector: str, state: SignalState, unseen: Collection[str], depth: int = DEEPEST) -> bool:
        """Whether no way is left of seeing what a signal rests on; if it does not say, its detector's feeds decide."""
        if not unseen:
            return False
        if state.rests:
            return all(any(self._gone(name, unseen, depth) for name in way) for way in state.rests)
        return self.catalogue.rests_on_blind(detector, unseen)

    def _gone(self, name: str, unseen: Collection[str], depth: int) -> bool:
        """Whether a series or feed is silent, or a signal that was heard is unseen: ``@detector.signal[:subject]``."""
        if not name.startswith("@"):
            return name in unseen
        detector, states = self._heard(name)
        return depth > 0 and bool(states) and all(self.is_unseen(detector, one, unseen, depth - 1) for one in states)

    def _heard(self, name: str) -> tuple[str, list[SignalState]]:
        """The detector of a signal that was heard, and its states that are on now; where none is, the last."""
        signal, _, subject = name[1:].partition(":")
        detector, _, own = signal.partition(".")
        states = self._states.get((detector, own), {})
        asked = [states[subject]] if subject in states else [] if subject else [states[one] for one in sorted(states)]
        return detector, [one for one in asked if _on(one)] or sorted(asked, key=lambda one: one.known)[-1:]

    def silent_behind(self, detector: str, state: SignalState | None, unseen: Collection[str]) -> tuple[str, ...]:
        """The silent series and feeds for which a signal, or a detector that has said nothing, is unseen; by name."""
        if state is None or not state.rests:
            feeds = self.catalogue.feeds.get(detector, ())
            return tuple(feeds) if self.catalogue.rests_on_blind(detector, unseen) else ()
        if not self.is_unseen(detector, state, unseen):
            return ()
        return tuple(
            sorted({one for way in state.rests for name in way for one in self._silent(name, unseen, DEEPEST)})
        )

    def _silent(self, name: str, unseen: Collection[str], depth: int) -> set[str]:
        if not name.startswith("@"):
            return {name} & set(unseen)
        if depth == 0 or not self._gone(name, unseen, depth):
            return set()
        _, states = self._heard(name)
        return {
            one
            for state in states
            for way in state.rests
            for below in way
            for one in self._silent(below, unseen, depth - 1)
        }

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

    def unseen(self, unseen: Collection[str]) -> list[tuple[str, str, str]]:
        """The signals now on of which nothing is left to see, as (detector, name, subject)."""
        return [
            (detector, name, subject)
            for (detector, name), states in sorted(self._states.items())
            for subject, state in sorted(states.items())
            if FOREVER in state.left.values() and self.is_unseen(detector, state, unseen)
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
