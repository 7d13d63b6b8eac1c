"""What one detector was told since an earlier moment, so that a figure can be taken back and all since told again.

A detector is a pure function of what it is told, and its state can be taken and given back exactly. So a correction
needs no formula of its own in any detector: its state before the wrong figure is restored, and what it was told since
is told again with the right one in its place. Windows, means, regressions and models end as if it had always stood
there, whichever day it is of.

Trade-off: memory is bounded. A tape has ``PARTS`` parts of ``PART`` calls, each with the state it began with; what lies
before the first cannot be taken back. For daily figures that is weeks, for weekly ones years, for a flood of ticks it
may be minutes; a detector that lets ticks of others pass (:meth:`Detector.takes`) keeps them off its tape.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from detectors.detector import Detector, Finding, Sight
from detectors.events import Event
from detectors.signals import Signal

PART = 384
PARTS = 2

At = tuple[int, ...]
"""A place in the one order of calls: the step, the place of the detector that speaks first, and so on down to this."""


class Told(NamedTuple):
    """One call of a detector, where it stands in the order of all, what happened at it, and what was unseen then.

    ``unseen`` is None for a call that a correction brings: it goes by what was unseen at the call before it.
    """

    at: At
    call: str
    args: tuple[Any, ...]
    happened: tuple[tuple[str, str, int, int], ...] = ()
    unseen: frozenset[str] | None = None


class Part:
    """A run of calls, and the detector's state before the first of them, as bytes."""

    def __init__(self, since: At, state: bytes, told: Iterable[Told] = ()) -> None:
        self.since = since
        self.state = state
        self.told = list(told)


class Replayed(NamedTuple):
    """What a detector says when it is told again: findings with their places; what had happened, and what was on."""

    found: list[tuple[At, Told, Finding]]
    happened: frozenset[tuple[str, str, int, int]]
    levels: dict[tuple[str, str], int]


class Tape:
    """The calls of a detector, in parts; all its calls go through here."""

    def __init__(self, detector: Detector, blank: Callable[[], Detector]) -> None:
        """Begin a tape.

        Args:
            detector: as it stands now.
            blank: makes another one like it that was told nothing.
        """
        self.detector = detector
        self._blank = blank
        self._happens = frozenset(spec.name for spec in detector.signals if spec.happens)
        self.parts: list[Part] = []
        self._since: At = ()

    def forget(self, since: At) -> None:
        """Forget what was told before a place: the detector was begun anew, or given another state."""
        self.parts, self._since = [], since

    def tell(self, at: At, call: str, args: tuple[Any, ...]) -> list[Finding]:
        """Call a method of the detector, and remember it."""
        if not self.parts or len(self.parts[-1].told) >= PART:
            since = at if self.parts else self._since
            self.parts = [*self.parts, Part(since, self._state(self.detector))][-PARTS:]
        unseen = self.detector.sight.unseen
        findings: list[Finding] = getattr(self.detector, call)(*args)
        self.parts[-1].told.append(Told(at, call, args, self._happened(findings), unseen))
        return findings

    def reaches(self, at: At) -> bool:
        """Whether the state at a place can be brought back."""
        return (self.parts[0].since if self.parts else self._since) <= at

    def put_right(self, wrong: tuple[str, int], right: Event) -> At | None:
        """Put a record in the place of the one it corrects, named by source and sequence; None if that is forgotten."""
        for part in reversed(self.parts):
            for index in reversed(range(len(part.told))):
                told = part.told[index]
                if told.call != "update" or type(told.args[0]) is not type(right):
                    continue
                event: Event = told.args[0]
                if (event.source, event.sequence) == wrong:
                    part.told[index] = told._replace(args=(msgspec.structs.replace(right, known=event.known),))
                    return told.at
        return None

    def hear_again(self, supplier: str, since: At, heard: list[Told]) -> bool:
        """Put what a detector now says from a place on instead of what it said; whether that is anything else."""
        before = [told for part in self.parts for told in part.told if told.at >= since and _is_of(told, supplier)]
        if [(told.at, told.args) for told in before] == [(told.at, told.args) for told in heard]:
            return False
        ends = [*(part.since for part in self.parts[1:]), None]
        for part, end in zip(self.parts, ends, strict=True):
            kept = [told for told in part.told if told.at < since or not _is_of(told, supplier)]
            mine = [told for told in heard if told.at >= part.since and (end is None or told.at < end)]
            part.told = sorted([*kept, *mine], key=lambda told: told.at)
        return True

    def replay(self, since: At) -> Replayed:
        """Tell again from a place on; the detector then is as if it had never been told otherwise."""
        levels = self.detector.levels()
        if not self.parts:
            self.parts = [Part(self._since, self._state(self.detector))]
        first = max(index for index, part in enumerate(self.parts) if index == 0 or part.since <= since)
        again = self._blank()
        again.restore(msgspec.msgpack.decode(self.parts[first].state, strict=False))
        again.sight = then = Sight()
        found: list[tuple[At, Told, Finding]] = []
        happened: set[tuple[str, str, int, int]] = set()
        for part in self.parts[first:]:
            part.state = self._state(again)
            for index, told in enumerate(part.told):
                then.unseen = then.unseen if told.unseen is None else told.unseen
                said = self._again(again, told)
                if told.at >= since:
                    happened.update(told.happened)
                    found += [(told.at, told, finding) for finding in said]
                part.told[index] = told._replace(happened=self._happened(said))
        again.sight = self.detector.sight
        vars(self.detector).clear()
        vars(self.detector).update(vars(again))
        return Replayed(found, frozenset(happened), levels)

    @staticmethod
    def _again(detector: Detector, told: Told) -> list[Finding]:
        if told.call == "on_time":
            deadline = detector.wake_at()
            if deadline is None or deadline > told.args[0]:
                return []
        findings: list[Finding] = getattr(detector, told.call)(*told.args)
        return findings

    def _happened(self, findings: list[Finding]) -> tuple[tuple[str, str, int, int], ...]:
        if not findings or not self._happens:
            return ()
        return tuple(what_happened(one) for one in findings if one.name in self._happens)

    @staticmethod
    def _state(detector: Detector) -> bytes:
        return msgspec.msgpack.encode(detector.snapshot())


def what_happened(finding: Finding) -> tuple[str, str, int, int]:
    """What tells one happening from another: name, subject, level and moment."""
    return finding.name, finding.subject, finding.level, finding.readings[-1].ts if finding.ts is None else finding.ts


def _is_of(told: Told, supplier: str) -> bool:
    return told.call == "observe" and isinstance(told.args[0], Signal) and told.args[0].detector == supplier
