"""What every detector is: one class that looks at events, remembers a little, and says when something changes.

A detector hands back findings; the engine signs them: market, configuration and id make a signal of each. A finding is
made when a condition's level changes and never again for the same level: :meth:`Detector.set_level` sees to that.

A detector describes itself beside its class (:mod:`detectors.description`): its table of the configuration, its
signals, the feeds and series it rests on, how much past it needs. Nothing else lists it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import msgspec

from detectors.description import LookBack, Mechanism, SignalSpec
from detectors.events import Event, Provenance
from detectors.sections.base import Section
from detectors.signals import Cause, Signal, rounded, weakest
from detectors.view.margins import Margin

if TYPE_CHECKING:
    from detectors.catalogue import Catalogue
    from detectors.sections import Config

SUBJECTS_KEPT = 64
OVERRULED = "overruled: its feed is silent, and the living evidence is calm"
Ways = tuple[tuple[str, ...], ...]


def heard(signal: Signal) -> str:
    """The name under which a listener rests on a signal it heard."""
    return f"@{signal.detector}.{signal.name}:{signal.subject}"


class Sight:
    """What is unseen now: feed health keeps it, and every detector of a market may ask; by default nothing is."""

    def __init__(self) -> None:
        self.unseen: frozenset[str] = frozenset()

    def seen(self, series: str) -> bool:
        """Whether a series is alive, or was never heard."""
        return series not in self.unseen


class Reading(msgspec.Struct, frozen=True):
    """A remembered figure with where it came from, so that it can be evidence later; and the series it continues."""

    ts: int
    value: float
    source: str
    sequence: int
    provenance: Provenance
    series: str = ""

    @classmethod
    def of(cls, event: Event, value: float) -> "Reading":
        """Remember a value of an event."""
        return cls(event.ts, value, event.source, event.sequence, event.provenance, event.series())

    @property
    def cause(self) -> Cause:
        """The event the figure came from."""
        return Cause(self.source, self.sequence)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a detector found, before the engine signs it.

    Attributes:
        name: of the signal.
        subject: what it is about: an issue, a tenor, a spread.
        level: 0 when the condition is off; from 1 up it grows with severity.
        readings: the figures that caused it, newest last.
        known: when it could first be said (UTC ns).
        values: the figures of the decision, each with its unit in its name.
        rule: the rule in words.
        threshold: what the figure was held against, in its unit; None where that is no single number.
        ts: the moment it is about; by default the newest reading's.
        ways: the series it rests on, where they are not simply those of its readings: see :attr:`rests`.
    """

    name: str
    subject: str
    level: int
    readings: Sequence[Reading]
    known: int
    values: dict[str, float]
    rule: str
    threshold: float | None = None
    ts: int | None = None
    ways: Ways | None = None

    @property
    def rests(self) -> Ways:
        """On what it rests: ways of seeing it, each a list of names of which all must be alive; one whole way will do.

        A name is a series, a feed, or what was heard, as ``@detector.signal:subject``. By default there is one way:
        every series of the readings. It is no part of the signal; the stress table keeps it beside the last word.
        """
        if self.ways is not None:
            return self.ways
        series = tuple(sorted({reading.series for reading in self.readings} - {""}))
        return (series,) if series else ()

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The events behind it, each once and in order."""
        return tuple(sorted({reading.cause for reading in self.readings}))

    @property
    def provenance(self) -> Provenance:
        """As good as the weakest figure behind it."""
        return weakest({reading.provenance for reading in self.readings})

    def settled(self) -> Self:
        """With its moment filled in and its figures rounded: as it is signed."""
        return msgspec.structs.replace(
            self,
            ts=self.readings[-1].ts if self.ts is None else self.ts,
            values=rounded(self.values),
            threshold=None if self.threshold is None else round(self.threshold, 6),
        )

    def signed(self, market: str, detector: str, config_hash: str) -> Signal:
        """The signal of it, still without its id."""
        return Signal(
            market=market,
            ts=self.readings[-1].ts if self.ts is None else self.ts,
            known=self.known,
            detector=detector,
            name=self.name,
            subject=self.subject,
            level=self.level,
            values=self.values,
            rule=self.rule,
            threshold=self.threshold,
            causes=self.causes,
            provenance=self.provenance,
            config_hash=config_hash,
        )


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
    """The base: what a detector says of itself, the kinds of events it asks for, and the levels of its conditions."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    """Of its state and its formulas: another version warms anew and gives other ids."""
    sections: ClassVar[tuple[type[Section], ...]] = ()
    """The tables of the configuration it is built from, in the order of its constructor."""
    signals: ClassVar[tuple[SignalSpec, ...]]
    kinds: tuple[type[Event], ...] = ()
    """The kinds of events it asks for."""
    listens: tuple[str, ...] = ()
    """The detectors whose signals it hears; they stand before it."""
    after: ClassVar[tuple[str, ...]] = ()
    """Detectors that see an event before it although it does not hear them: those whose word comes first."""
    feeds: ClassVar[tuple[str, ...]] = ()
    """The feeds its conditions rest on: when all are silent, what it last said is held, not known."""
    rests_on: ClassVar[tuple[str, ...]] = ()
    """The series its conditions rest on, where no configuration changes them."""
    supporting: ClassVar[bool] = False
    """Whether it only supports a state or precedes it: alone it never moves one."""
    keeps_state: ClassVar[bool] = False
    """Whether its state holds figures as they came, so that it fits other tables of the same version too."""
    mechanisms: ClassVar[tuple[Mechanism, ...]] = ()

    def __init__(self, *tables: Section) -> None:
        self.tables = tables
        self.sight = Sight()
        self._levels: dict[tuple[str, str], int] = {}
        self._latest: dict[tuple[str, str], Reading] = {}
        self._rests: dict[tuple[str, str], Ways] = {}

    @classmethod
    def build(cls, config: "Config") -> Self:
        """One as the configuration says; the default hands its tables to the constructor."""
        return cls(*(config.of(section) for section in cls.sections))

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:  # noqa: ARG003 - most need a window of their own table
        """How much past it needs; nothing for one that judges each figure by itself."""
        return LookBack()

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:  # noqa: ARG003 - see above
        """The series it rests on, as ``SEGMENT:INSTRUMENT`` and the like; ``*`` stands for every one of a kind."""
        return cls.rests_on

    @classmethod
    def preferences(cls, config: "Config") -> tuple[tuple[str, ...], ...]:  # noqa: ARG003 - see above
        """Where one of several series will do: each order of preference, the preferred first."""
        return ()

    @classmethod
    def lines(cls, config: "Config") -> dict[tuple[str, str], float]:  # noqa: ARG003 - see above
        """The fixed lines its published values are held against, by series and name, in the series' unit."""
        return {}

    @classmethod
    def spec(cls, name: str) -> SignalSpec:
        """What it says of one of its signals; raises LookupError for a name it has not."""
        found = next((one for one in cls.signals if one.name == name), None)
        if found is None:
            raise LookupError(f"{cls.name} has no signal called {name}")
        return found

    def identity(self) -> dict[str, Any]:
        """What its outputs and its state rest on: name, version and tables, as plain values."""
        tables = {table.table: msgspec.to_builtins(table) for table in self.tables}
        return {"detector": self.name, "version": self.version, "tables": tables}

    def meet(self, catalogue: "Catalogue") -> None:
        """Be told, once and before all else, of the detectors that run beside it."""

    def takes(self, event: Event) -> bool:  # noqa: ARG002 - most look at every event of their kinds
        """Whether an event of one of ``kinds`` can change anything here; one that cannot is not shown to it."""
        return True

    def update(self, event: Event) -> list[Finding]:
        """Look at an event of one of ``kinds``."""
        raise AssertionError(f"{self.name} asks for no events, it was given {type(event).__name__}")

    def observe(self, signal: Signal) -> list[Finding]:
        """Look at a signal of one of the detectors in ``listens``."""
        raise AssertionError(f"{self.name} listens to no signals, it was given {signal.name}")

    def recall(self, signals: Sequence[Signal]) -> list[Finding]:
        """Hear what those in ``listens`` last said and what still holds, after it was started anew."""
        return [finding for signal in signals for finding in self.observe(signal)]

    def wake_at(self) -> int | None:
        """The event time at which time alone changes something, or None."""
        return None

    def on_time(self, now: int) -> list[Finding]:
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
        """The level a condition is at; 0 when it was never raised."""
        return self._levels.get((name, subject), 0)

    def levels(self) -> dict[tuple[str, str], int]:
        """All levels that are on, by (name, subject)."""
        return dict(self._levels)

    def resting(self) -> dict[tuple[str, str], Ways]:
        """What each condition that is on rests on now, by (name, subject): see :attr:`Finding.rests`."""
        return dict(self._rests)

    def set_level(self, finding: Finding) -> list[Finding]:
        """Set a condition's level: the finding if it changed, nothing if it did not."""
        key, level = (finding.name, finding.subject), finding.level
        if level:
            self._rests[key] = finding.rests  # said again on other figures it rests on those
        if self.level(*key) == level:
            return []
        displaced = self._displaced(finding) if level else []
        if level:
            self._levels[key] = level
            self._latest[key] = finding.readings[-1]
        else:
            del self._levels[key], self._latest[key]
            self._rests.pop(key, None)
        return [*displaced, self.emit_once(finding)]

    def _displaced(self, finding: Finding) -> list[Finding]:
        """Room for one more condition of a name: beyond the bound the one raised first is let go, and said to be."""
        on = [subject for one, subject in self._levels if one == finding.name]
        if finding.subject in on or len(on) < SUBJECTS_KEPT:
            return []
        rule = f"let go: more than {SUBJECTS_KEPT} at once, a later one took its place"
        return self.let_go(finding.name, on[0], finding.known, rule)

    def overrule(self, name: str, subject: str, now: int) -> list[Finding]:
        """Take a condition off because its feed is silent and living evidence has been calm for long enough."""
        return self.let_go(name, subject, now, OVERRULED)

    def let_go(self, name: str, subject: str, known: int, rule: str) -> list[Finding]:
        """Take a condition off for a reason that no new figure gives; nothing if it is not on."""
        reading = self._latest.get((name, subject))
        if reading is None:
            return []
        gone = Finding(
            name=name, subject=subject, level=0, readings=[reading], known=known, values={}, rule=rule, ts=known
        )
        return self.set_level(gone)

    @staticmethod
    def emit_once(finding: Finding) -> Finding:
        """A finding whatever was found before: for what happens rather than holds."""
        return finding.settled()

    def snapshot(self) -> dict[str, Any]:
        """All state as plain values; a subclass adds its own to it."""
        levels = [
            [*key, level, msgspec.to_builtins(self._latest[key]), [list(way) for way in self._rests.get(key, ())]]
            for key, level in self._levels.items()
        ]
        return {"levels": levels}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take all state back; a subclass takes its own besides."""
        self._levels, self._latest, self._rests = {}, {}, {}
        for name, subject, level, reading, *ways in plain["levels"]:
            self._levels[name, subject] = level
            self._latest[name, subject] = msgspec.convert(reading, type=Reading)
            self._rests[name, subject] = tuple(tuple(way) for way in (ways[0] if ways else ()))

    def take_over(self, plain: dict[str, Any], version: int) -> None:
        """Begin anew after other tables, or another version of itself, whose state this is.

        What was on stays on as its last word until there is past enough to judge again; all else is forgotten, unless
        the state holds figures as they came. A subclass whose state has to agree with its levels sees to that besides.
        """
        if self.keeps_state and version == self.version:
            self.restore(plain)
            return
        known = {one.name for one in self.signals}
        kept = [entry for entry in plain.get("levels", ()) if entry[0] in known]
        Detector.restore(self, {"levels": kept})
