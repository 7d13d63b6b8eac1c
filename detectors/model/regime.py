"""The regime map: of which kind stress is, read off the evidence by a table of rules.

Idea: the same high special or falling yield means different things. He, Nagel and Song's two shocks and what lies
outside their model divide the map (domain sheet 4):

    supply     wedge up, Treasury-OIS up: dealers' balance sheets are full (September 2019, March 2020)
    scarcity   wedge down, general collateral itself dear: Treasuries are wanted (2007 and 2008)
    squeeze    one issue special while the wedge is calm: a short base is caught (February and March 2021)
    mixed      supply together with one of the others

General collateral and single issues are kept apart: the wedge (GCF less tri-party) speaks for supply and demand, the
special rate of an issue for the squeeze, and neither for the other (the paper, footnote 22, leaves specials out: its
wedge is one for all tenors). A squeeze is scarcity of an issue, so it is named where both hold.

Signals: ``kind`` (1) by subject ``supply``, ``scarcity``, ``squeeze`` or ``mixed``; one at a time, none when no rule
holds. ``rule`` names the rules of the table that hold. A rule holds while every of its conditions does, now or within
so many sessions of its end; time alone ends it.
Trade-off: the table says what is, not how bad; a rule on a condition of long memory keeps its kind that long.
Source: domain sheet 4; He, Nagel and Song, NBER working paper 27416. The rules of the preset are ours.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from detectors import calendar
from detectors.description import Mechanism, SignalSpec
from detectors.detector import Detector, Finding, Reading, Ways
from detectors.sections.base import (
    Name,
    Section,
)
from detectors.sections.stress import Condition
from detectors.signals import Signal

if TYPE_CHECKING:
    from detectors.catalogue import Catalogue

Kind = Literal["supply", "scarcity", "squeeze"]


class RegimeRule(Section, frozen=True, kw_only=True):
    """When all its conditions hold, stress is of this kind."""

    name: Name
    kind: Kind
    all: Annotated[tuple[Condition, ...], Meta(min_length=1)]


class Regime(Section, frozen=True, kw_only=True):
    """The map from evidence to the kind of stress."""

    table: ClassVar[str] = "regime"

    rules: Annotated[tuple[RegimeRule, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rules]
        if len(set(names)) != len(names):
            raise ValueError("rules: two rules have the same name")
        if any(condition.detector == "regime" for rule in self.rules for condition in rule.all):
            raise ValueError("rules: regime rules must not name the regime itself")

    def check(self, catalogue: "Catalogue") -> None:
        """Every condition names a signal that some detector emits."""
        for place, rule in enumerate(self.rules):
            for index, one in enumerate(rule.all):
                catalogue.check(one, f"rules[{place}].all[{index}]", rule.name)


FOREVER = 2**63 - 1
SUBJECTS_KEPT = 32
CAUSES_KEPT = 4
KINDS = ("supply", "scarcity", "squeeze", "mixed")


class ConditionMemory(msgspec.Struct):
    """What is known of one condition: the subjects now at its level, when the last of them left it, and why."""

    on: dict[str, int] = {}
    left: int | None = None
    because: tuple[Reading, ...] = ()

    def take(self, signal: Signal, condition: Condition, *, happens: bool) -> None:
        """Note a signal that the condition asks for; one that happens counts from the moment it was emitted."""
        reached = signal.level >= condition.min_level
        if not reached and signal.subject not in self.on:
            return
        if reached:
            provenance = signal.provenance
            readings = (Reading(signal.ts, 0.0, one.source, one.sequence, provenance) for one in signal.causes)
            self.because = tuple(readings)[-CAUSES_KEPT:]
        if happens:
            self.left = signal.known if reached else self.left
        elif reached:
            self.on[signal.subject] = signal.known
            while len(self.on) > SUBJECTS_KEPT:
                del self.on[next(iter(self.on))]
        else:
            del self.on[signal.subject]
            self.left = signal.known

    def until(self, condition: Condition) -> int:
        """Until when the condition holds, from what was said so far."""
        if self.on:
            return FOREVER
        if self.left is None or not condition.within_sessions:
            return -1
        return calendar.sessions_after(self.left, condition.within_sessions)


class RegimeMap(Detector):
    """Listens to the detectors of its rules and names the kind of stress."""

    name = "regime"
    sections = (Regime,)
    signals = (SignalSpec(name="kind", label="Kind of stress", levels=("this kind",)),)
    feeds = ("repo_gc", "specials")
    mechanisms = (
        Mechanism(
            source="H section 4.2",
            says="March 2020: supply, balance sheets full",
            signal="kind",
            test="test_regime.py::test_september_2019_and_march_2020_are_supply",
        ),
        Mechanism(
            source="H footnote 22, F",
            says="one issue squeezed: outside general collateral",
            signal="kind",
            test="test_regime.py::test_march_2021_is_a_squeeze_after_scarcity_and_never_supply",
        ),
    )

    def __init__(self, config: Regime) -> None:
        super().__init__(config)
        self.listens = tuple(sorted({condition.detector for rule in config.rules for condition in rule.all}))
        self._happens: frozenset[tuple[str, str]] = frozenset()
        self._rules = config.rules
        self._held = [[ConditionMemory() for _ in rule.all] for rule in config.rules]
        self._because: tuple[Reading, ...] = ()
        self._resting: Ways = ()
        self._kind = "none"
        self._now = -1

    def meet(self, catalogue: "Catalogue") -> None:
        """Learn which signals happen rather than hold."""
        self._happens = catalogue.happens

    def observe(self, signal: Signal) -> list[Finding]:
        """Take a signal into every condition that asks for it."""
        return self._evaluate(signal.known, None) if self._take(signal) else []

    def recall(self, signals: Sequence[Signal]) -> list[Finding]:
        """Take all that still holds, then look once: in between a kind would seem to end and to begin again."""
        asked = [self._take(signal) for signal in signals]
        return self._evaluate(max((signal.known for signal in signals), default=-1), None) if any(asked) else []

    def _take(self, signal: Signal) -> bool:
        asked = False
        key = (signal.detector, signal.name)
        for rule, held in zip(self._rules, self._held, strict=True):
            for condition, one in zip(rule.all, held, strict=True):
                if (condition.detector, condition.name) == key and condition.subject in {None, signal.subject}:
                    one.take(signal, condition, happens=key in self._happens)
                    asked = True
        return asked

    def wake_at(self) -> int | None:
        """When the next condition ends by itself."""
        ends = [until for until in self._ends() if self._now < until < FOREVER]
        return min(ends, default=None)

    def _ends(self) -> list[int]:
        return [
            one.until(condition)
            for rule, held in zip(self._rules, self._held, strict=True)
            for condition, one in zip(rule.all, held, strict=True)
        ]

    def on_time(self, now: int) -> list[Finding]:
        """See what has ended."""
        return self._evaluate(now, now)

    def overrule(self, name: str, subject: str, now: int) -> list[Finding]:
        """Take a kind off, and forget what it rested on: it would be said again at once."""
        if self.level(name, subject):
            self._held = [[ConditionMemory() for _ in rule.all] for rule in self._rules]
            self._kind = "none"
        return super().overrule(name, subject, now)

    def _evaluate(self, now: int, ts: int | None) -> list[Finding]:
        self._now = max(self._now, now)
        holding = [
            (rule, held)
            for rule, held in zip(self._rules, self._held, strict=True)
            if all(one.until(condition) > now for condition, one in zip(rule.all, held, strict=True))
        ]
        self._resting = _ways(rule for rule, _ in holding)
        kinds = {rule.kind for rule, _ in holding}
        kind = next((one for one in ("squeeze", "scarcity") if one in kinds), "none")
        if "supply" in kinds:
            kind = "supply" if kind == "none" else "mixed"
        if kind == self._kind:
            return []
        before, self._kind = self._kind, kind
        readings = {reading for _, held in holding for one in held for reading in one.because}
        because = tuple(sorted(readings, key=lambda one: (one.ts, one.source, one.sequence))) or self._because
        self._because = because
        names = ", ".join(rule.name for rule, _ in holding) or "no rule holds any more"
        values = {f"rules_{one}": float(sum(rule.kind == one for rule, _ in holding)) for one in KINDS[:3]}
        findings = []
        for subject, level in ((before, 0), (kind, 1)):
            if subject != "none":
                findings += self.set_level(
                    Finding(
                        name="kind",
                        subject=subject,
                        level=level,
                        readings=list(because),
                        known=now,
                        values=values,
                        rule=names,
                        threshold=None,
                        ts=ts,
                        ways=self._resting,
                    )
                )
        return findings

    def resting(self) -> dict[tuple[str, str], Ways]:
        """Any one rule that holds will do; what it rests on is what was heard."""
        return {("kind", subject): self._resting for _, subject in self.levels()}

    def readings(self) -> dict[str, float]:
        """Which kind it is: one of them 1, or none."""
        return {f"regime_{kind}": float(kind == self._kind) for kind in KINDS}

    def snapshot(self) -> dict[str, Any]:
        """What is held of each condition, and the kind."""
        return {
            **super().snapshot(),
            "held": [[[dict(one.on), one.left, _packed(one.because)] for one in held] for held in self._held],
            "because": _packed(self._because),
            "resting": [list(way) for way in self._resting],
            "kind": self._kind,
            "now": self._now,
        }

    def take_over(self, plain: dict[str, Any], version: int) -> None:
        """Keep the kind that was named last; what it rested on is recalled."""
        super().take_over(plain, version)
        self._kind = next((subject for _, subject in self._levels), "none")
        self._because = tuple(self._latest.values())

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._held = [
            [ConditionMemory(dict(on), left, _unpacked(why)) for on, left, why in held] for held in plain["held"]
        ]
        self._because = _unpacked(plain["because"])
        self._resting = tuple(tuple(way) for way in plain.get("resting", ()))
        self._kind, self._now = plain["kind"], plain["now"]


def _ways(rules: Iterable[RegimeRule]) -> Ways:
    """One way a rule: every signal that its conditions ask for."""
    return tuple(
        tuple(f"@{one.detector}.{one.name}" + (f":{one.subject}" if one.subject else "") for one in rule.all)
        for rule in rules
    )


def _packed(readings: tuple[Reading, ...]) -> list[list[Any]]:
    return [[one.ts, one.source, one.sequence, one.provenance] for one in readings]


def _unpacked(plain: list[list[Any]]) -> tuple[Reading, ...]:
    return tuple(Reading(ts, 0.0, source, sequence, provenance) for ts, source, sequence, provenance in plain)
