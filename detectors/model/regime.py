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

from typing import Any

import msgspec

from detectors import calendar
from detectors.detector import Detector, Draft, Reading
from detectors.sections import EVENTS, REGIME_HEARS, Regime, RegimeCondition
from detectors.signals import Signal

FOREVER = 2**63 - 1
SUBJECTS_KEPT = 32
CAUSES_KEPT = 4
KINDS = ("supply", "scarcity", "squeeze", "mixed")


class Held(msgspec.Struct):
    """What is known of one condition: the subjects now at its level, when the last of them left it, and why."""

    on: dict[str, int] = {}
    left: int | None = None
    because: tuple[Reading, ...] = ()

    def take(self, signal: Signal, condition: RegimeCondition) -> None:
        """Note a signal that the condition asks for."""
        reached = signal.level >= condition.min_level
        if not reached and signal.subject not in self.on:
            return
        if reached:
            provenance = signal.provenance
            readings = (Reading(signal.ts, 0.0, one.source, one.sequence, provenance) for one in signal.causes)
            self.because = tuple(readings)[-CAUSES_KEPT:]
        if (signal.detector, signal.name) in EVENTS:
            self.left = signal.known if reached else self.left
        elif reached:
            self.on[signal.subject] = signal.known
            while len(self.on) > SUBJECTS_KEPT:
                del self.on[next(iter(self.on))]
        else:
            del self.on[signal.subject]
            self.left = signal.known

    def until(self, condition: RegimeCondition) -> int:
        """Until when the condition holds, from what was said so far."""
        if self.on:
            return FOREVER
        if self.left is None or not condition.within_sessions:
            return -1
        return calendar.sessions_after(self.left, condition.within_sessions)


class RegimeMap(Detector):
    """Listens to the detectors of its rules and names the kind of stress."""

    name = "regime"
    signals = ("kind",)
    listens = REGIME_HEARS

    def __init__(self, config: Regime) -> None:
        super().__init__()
        self._rules = config.rules
        self._held = [[Held() for _ in rule.all] for rule in config.rules]
        self._because: tuple[Reading, ...] = ()
        self._kind = "none"
        self._now = -1

    def observe(self, signal: Signal) -> list[Draft]:
        """Take a signal into every condition that asks for it."""
        asked = False
        for rule, held in zip(self._rules, self._held, strict=True):
            for condition, one in zip(rule.all, held, strict=True):
                if (condition.detector, condition.name) == (signal.detector, signal.name) and (
                    condition.subject in {None, signal.subject}
                ):
                    one.take(signal, condition)
                    asked = True
        return self._evaluate(signal.known, None) if asked else []

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

    def on_time(self, now: int) -> list[Draft]:
        """See what has ended."""
        return self._evaluate(now, now)

    def overrule(self, name: str, subject: str, now: int) -> list[Draft]:
        """Take a kind off, and forget what it rested on: it would be said again at once."""
        if self.level(name, subject):
            self._held = [[Held() for _ in rule.all] for rule in self._rules]
            self._kind = "none"
        return super().overrule(name, subject, now)

    def _evaluate(self, now: int, ts: int | None) -> list[Draft]:
        self._now = max(self._now, now)
        holding = [
            (rule, held)
            for rule, held in zip(self._rules, self._held, strict=True)
            if all(one.until(condition) > now for condition, one in zip(rule.all, held, strict=True))
        ]
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
        drafts = []
        for subject, level in ((before, 0), (kind, 1)):
            if subject != "none":
                drafts += self.latch(
                    "kind",
                    subject,
                    level,
                    readings=list(because),
                    known=now,
                    values=values,
                    rule=names,
                    threshold=None,
                    ts=ts,
                )
        return drafts

    def readings(self) -> dict[str, float]:
        """Which kind it is: one of them 1, or none."""
        return {f"regime_{kind}": float(kind == self._kind) for kind in KINDS}

    def snapshot(self) -> dict[str, Any]:
        """What is held of each condition, and the kind."""
        return {
            **super().snapshot(),
            "held": [[[dict(one.on), one.left, _packed(one.because)] for one in held] for held in self._held],
            "because": _packed(self._because),
            "kind": self._kind,
            "now": self._now,
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._held = [[Held(dict(on), left, _unpacked(why)) for on, left, why in held] for held in plain["held"]]
        self._because = _unpacked(plain["because"])
        self._kind, self._now = plain["kind"], plain["now"]


def _packed(readings: tuple[Reading, ...]) -> list[list[Any]]:
    return [[one.ts, one.source, one.sequence, one.provenance] for one in readings]


def _unpacked(plain: list[list[Any]]) -> tuple[Reading, ...]:
    return tuple(Reading(ts, 0.0, source, sequence, provenance) for ts, source, sequence, provenance in plain)
