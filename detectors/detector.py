"""What every detector is: one class that looks at events, remembers a little, and says when something changes.

A detector hands back drafts; the engine makes signals of them, with market, configuration and id. A draft is made when
a condition's level changes, never again for the same level: the latch does that.
"""

from typing import Any, ClassVar

import msgspec

from detectors.events import Event, Provenance
from detectors.signals import Cause, Signal, rounded, weakest
from detectors.view.margins import Margin

SUBJECTS_KEPT = 64


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A signal before the engine signs it: fields as in :class:`detectors.signals.Signal`."""

    ts: int
    known: int
    name: str
    subject: str
    level: int
    values: dict[str, float]
    rule: str
    threshold: float | None
    causes: tuple[Cause, ...]
    provenance: Provenance


class Reading(msgspec.Struct, frozen=True):
    """A remembered figure with where it came from, so that it can be evidence later."""

    ts: int
    value: float
    source: str
    sequence: int
    provenance: Provenance

    @classmethod
    def of(cls, event: Event, value: float) -> "Reading":
        """Remember a value of an event."""
        return cls(event.ts, value, event.source, event.sequence, event.provenance)

    @property
    def cause(self) -> Cause:
        """The event the figure came from."""
        return Cause(self.source, self.sequence)


def tier(value: float, tiers: tuple[float, ...], clear: float, current: int) -> int:
    """How many of rising ``tiers`` a value has reached; once raised, it stays at 1 until the value is below ``clear``.

    >>> [tier(30, (25, 100), 5, 0), tier(10, (25, 100), 5, 1), tier(4, (25, 100), 5, 1), tier(10, (25, 100), 5, 0)]
    [1, 1, 0, 0]
    """
    reached = sum(value >= one for one in tiers)
    return max(reached, 1 if current and value >= clear else 0)


def in_bp(difference_pct: float) -> float:
    """Percent to basis points, rid of the noise of binary fractions.

    >>> in_bp(0.3 - 0.1)
    20.0
    """
    return round(difference_pct * 100, 6) + 0.0


class Detector:
    """The base: the kinds of events asked for, the names of signals given, and the latch."""

    name: ClassVar[str]
    signals: ClassVar[tuple[str, ...]]
    kinds: ClassVar[tuple[type[Event], ...]] = ()
    listens: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self._latched: dict[tuple[str, str], int] = {}
        self._latest: dict[tuple[str, str], Reading] = {}

    def update(self, event: Event) -> list[Draft]:
        """Look at an event of one of ``kinds``."""
        raise AssertionError(f"{self.name} asks for no events, it was given {type(event).__name__}")

    def observe(self, signal: Signal) -> list[Draft]:
        """Look at a signal of one of the detectors in ``listens``."""
        raise AssertionError(f"{self.name} listens to no signals, it was given {signal.name}")

    def wake_at(self) -> int | None:
        """The event time at which time alone changes something, or None."""
        return None

    def on_time(self, now: int) -> list[Draft]:
        """Say what time alone has changed by ``now``, a point of the engine's grid."""
        raise AssertionError(f"{self.name} waits for no time, it was woken at {now}")

    def readings(self) -> dict[str, float]:
        """The last values by series, for a gauge; bounded by the configuration."""
        return {}

    def margins(self, now: int) -> list[Margin]:  # noqa: ARG002 - some measure against what is in force now
        """How far the last figures are from the levels of its signals; none where that is no single number."""
        return []

    def warming(self) -> tuple[str, ...]:
        """What of it cannot say anything yet, for want of history."""
        return ()

    def level(self, name: str, subject: str) -> int:
        """The latched level of a condition; 0 when it was never raised."""
        return self._latched.get((name, subject), 0)

    def levels(self) -> dict[tuple[str, str], int]:
        """All levels that are on, by (name, subject)."""
        return dict(self._latched)

    def latch(
        self,
        name: str,
        subject: str,
        level: int,
        *,
        readings: list[Reading],
        known: int,
        values: dict[str, float],
        rule: str,
        threshold: float | None,
        ts: int | None = None,
    ) -> list[Draft]:
        """Set a condition's level; a draft if it changed, nothing if it did not.

        ``readings`` are the figures that caused it, newest last; ``ts`` defaults to the newest one's.
        """
        if self.level(name, subject) == level:
            return []
        displaced = self._displaced(name, subject, known) if level else []
        if level:
            self._latched[name, subject] = level
            self._latest[name, subject] = readings[-1]
        else:
            del self._latched[name, subject], self._latest[name, subject]
        said = self.pulse(
            name,
            subject,
            level,
            readings=readings,
            known=known,
            values=values,
            rule=rule,
            threshold=threshold,
            ts=ts,
        )
        return [*displaced, said]

    def _displaced(self, name: str, subject: str, known: int) -> list[Draft]:
        """Room for one more condition of a name: beyond the bound the one raised first is let go, and said to be."""
        on = [other for one, other in self._latched if one == name]
        if subject in on or len(on) < SUBJECTS_KEPT:
            return []
        return self.let_go(name, on[0], known, f"let go: more than {SUBJECTS_KEPT} at once, a later one took its place")

    def overrule(self, name: str, subject: str, now: int) -> list[Draft]:
        """Take a condition off because its feed is silent and living evidence has been calm for long enough."""
        return self.let_go(name, subject, now, "overruled: its feed is silent, and the living evidence is calm")

    def let_go(self, name: str, subject: str, known: int, rule: str) -> list[Draft]:
        """Take a condition off for a reason that no new figure gives; nothing if it is not on."""
        reading = self._latest.get((name, subject))
        if reading is None:
            return []
        return self.latch(
            name, subject, 0, readings=[reading], known=known, values={}, rule=rule, threshold=None, ts=known
        )

    @staticmethod
    def pulse(
        name: str,
        subject: str,
        level: int,
        *,
        readings: list[Reading],
        known: int,
        values: dict[str, float],
        rule: str,
        threshold: float | None,
        ts: int | None = None,
    ) -> Draft:
        """A draft whatever was said before: for what happens once rather than holds."""
        return Draft(
            ts=readings[-1].ts if ts is None else ts,
            known=known,
            name=name,
            subject=subject,
            level=level,
            values=rounded(values),
            rule=rule,
            threshold=None if threshold is None else round(threshold, 6),
            causes=tuple(sorted({reading.cause for reading in readings})),
            provenance=weakest({reading.provenance for reading in readings}),
        )

    def snapshot(self) -> dict[str, Any]:
        """All state as plain values; a subclass adds its own to it."""
        latched = [[*key, level, msgspec.to_builtins(self._latest[key])] for key, level in self._latched.items()]
        return {"latched": latched}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take all state back; a subclass takes its own besides."""
        self._latched = {(name, subject): level for name, subject, level, _ in plain["latched"]}
        self._latest = {
            (name, subject): msgspec.convert(reading, type=Reading) for name, subject, _, reading in plain["latched"]
        }
