"""Coordination: how many of the four types of funds reposition out of Treasuries at once.

Idea: CTAs, trend followers, risk parity and balanced funds each sell for a reason of their own; two of four together
amplify, three are extreme. The rule counts types over whatever evidence exists, in a sliding window of event time:
large outflows by type, and extreme short positions by category of the Commitments of Traders. A category speaks for a
group of types and cannot say which, so it vouches for one of them at most: the count is 'at least k'.

Signals: ``count`` (1 amplified, 2 extreme), subject ALL; its values name each type and group counted.
Caveat: replicated on 2006 to 2020 a count of three did not forecast a sell-off; it is coincident, and labelled so.
Source: framework, thread A; indicators 7 and 8; domain sheet 7.
"""

from typing import Any

import msgspec

from detectors import calendar
from detectors.detector import Detector, Draft, Reading
from detectors.events import Event, FundFlow
from detectors.rolling import Window
from detectors.sections import Coordination
from detectors.signals import Signal


class Entry(msgspec.Struct, frozen=True):
    """One piece of evidence: for which types, since when, and whether its source still holds it on."""

    types: tuple[str, ...]
    held: bool
    reading: Reading


class FundCoordination(Detector):
    """Counts the types of funds with living evidence of selling."""

    name = "coordination"
    signals = ("count",)
    kinds = (FundFlow,)
    listens = ("positions",)

    def __init__(self, config: Coordination) -> None:
        super().__init__()
        self._config = config
        self._entries: dict[str, Entry] = {}
        self._flows: dict[str, Window] = {}

    def update(self, event: Event) -> list[Draft]:
        """Judge a fund flow against that type's own history."""
        assert isinstance(event, FundFlow)
        config = self._config
        value = event.flow_usd / event.aum_usd if event.aum_usd else event.flow_usd
        basis = "share" if event.aum_usd else "usd"
        window = self._flows.setdefault(f"{event.fund_type}:{event.period}:{basis}", Window(config.flow_window))
        extreme = len(window) >= config.flow_min and value < 0 and value <= window.quantile(config.flow_extreme_share)
        window.append(value)
        if not extreme:
            return self._count(event.known, event.ts)
        self._entries[event.fund_type] = Entry((event.fund_type,), held=False, reading=Reading.of(event, value))
        return self._count(event.known, event.ts)

    def observe(self, signal: Signal) -> list[Draft]:
        """Take an extreme position on or off."""
        category = signal.subject.partition(":")[2]
        types = self._config.groups.get(category)
        if signal.name != "short_extreme" or types is None:
            return []
        cause = signal.causes[-1]
        reading = Reading(signal.ts, signal.values["percentile"], cause.source, cause.sequence, signal.provenance)
        if signal.active:
            self._entries[signal.subject] = Entry(types, held=True, reading=reading)
        elif signal.subject in self._entries:
            # It no longer stands at the extreme, but it did within the window.
            self._entries[signal.subject] = msgspec.structs.replace(
                self._entries[signal.subject], held=False, reading=reading
            )
        return self._count(signal.known, signal.ts)

    def wake_at(self) -> int | None:
        """When the oldest evidence that is not held on leaves the window."""
        return min((self._expiry(entry) for entry in self._entries.values() if not entry.held), default=None)

    def on_time(self, now: int) -> list[Draft]:
        """Count again without what has left the window."""
        return self._count(now, now)

    def _expiry(self, entry: Entry) -> int:
        return calendar.sessions_after(entry.reading.ts, self._config.window_sessions)

    def _count(self, known: int, ts: int) -> list[Draft]:
        gone = [key for key, entry in self._entries.items() if not entry.held and self._expiry(entry) <= max(known, ts)]
        readings = [self._entries.pop(key).reading for key in gone]
        direct = {entry.types[0] for entry in self._entries.values() if len(entry.types) == 1}
        groups = {entry.types for entry in self._entries.values() if len(entry.types) > 1}
        vouched = sorted(types for types in groups if not direct & set(types))
        count = len(direct) + len(vouched)
        config = self._config
        level = (count >= config.amplified_count) + (count >= config.extreme_count)
        values = {"count": float(count)}
        values |= {f"type_{name}": 1.0 for name in direct} | {f"one_of_{'_or_'.join(types)}": 1.0 for types in vouched}
        readings = [entry.reading for entry in self._entries.values()] or readings
        if not readings:
            return []
        threshold = float(config.extreme_count if level == 2 else config.amplified_count)
        rule = f"types of funds with evidence of selling within {config.window_sessions} sessions"
        readings.sort(key=lambda reading: (reading.ts, reading.source, reading.sequence))
        return self.latch(
            "count",
            "ALL",
            level,
            readings=readings,
            known=known,
            values=values,
            rule=rule,
            threshold=threshold,
            ts=ts,
        )

    def readings(self) -> dict[str, float]:
        """The latched level of the count."""
        return {"coordination_level": float(self.level("count", "ALL"))}

    def snapshot(self) -> dict[str, Any]:
        """The evidence and the flows' windows."""
        return {
            **super().snapshot(),
            "entries": msgspec.to_builtins(self._entries),
            "flows": {key: window.values() for key, window in self._flows.items()},
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._entries = msgspec.convert(plain["entries"], type=dict[str, Entry])
        self._flows = {key: Window(self._config.flow_window, values) for key, values in plain["flows"].items()}
