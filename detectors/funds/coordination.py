"""Coordination: how many of the four types of funds reposition out of Treasuries at once.

Idea: CTAs, trend followers, risk parity and balanced funds each sell for a reason of their own; two of four together
amplify, three are extreme. Two counts are kept. ``k_flow``: types seen to sell lately. ``k_stance``: types that stand
low now. Each type counts once, over whatever evidence there is, in windows of event time:

* prices: a type's ``flow`` flag counts until ``flow_sessions`` days, the flagged ones included, have passed since it
  was last on; its ``stance`` flag counts while it is on; one that no close confirmed (*withdrawn*) counts no more;
* outflows: a fund flow below the lowest share of that type's own history counts as flow for ``window_sessions``;
* positions: an extreme short of a category of the Commitments of Traders counts as stance while it holds and for
  ``window_sessions`` more, and as flow for ``window_sessions`` from its onset. A category speaks for a group of types
  and cannot say which, so it vouches for one of them at most, and for none if one of the group is seen otherwise.

Signals: ``flow_count`` and ``stance_count`` (1 amplified, 2 extreme), and ``count``, subject ALL, the higher of both.
Their values name each type and group counted, by what evidence and since when, and say how unusual the count is:
``base_rate_pct``, the share of earlier days with as many types or more (this engine's own history, from when all four
could be flagged), and ``p_independent_pct``, the same probability if the types were flagged independently, each at its
own past rate: where the first is far above the second, the types share their reasons. Outflows and positions join the
first as they come; the second knows direct evidence only.
Caveat: coincident, not a forecast. On 2006 to 2020 two or more flows held on 15.7 % of days, three on 4.4 % and four on
2.2 % (independence: 12.9 and 1.6 %), three stances on 10.3 % and four on 2.3 %; after three flows a rise of 15 bp in
five days was no likelier than after none. The sheet's advice is to alert on three stances together with two flows.
Source: framework, thread A; indicators 7 and 8; domain sheet 7.
"""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from detectors import calendar
from detectors.calendar import NS
from detectors.description import LookBack, Mechanism, SignalSpec, sessions, weeks
from detectors.detector import OVERRULED, Detector, Finding, Reading, Ways, heard
from detectors.events import Event, FundFlow, FundType, YieldQuote
from detectors.funds.balanced import BalancedExposure
from detectors.funds.counts import SIDES, Count, Entry, PastCounts, Side
from detectors.funds.cta import CtaExposure
from detectors.funds.exposure import FundExposure
from detectors.funds.exposure_config import Funds
from detectors.funds.risk_parity import RiskParityExposure
from detectors.funds.trend import TrendExposure
from detectors.rolling import Window
from detectors.sections.base import Name, Positive, Section, Tail
from detectors.signals import Signal
from detectors.view.margins import Margin, ladder

if TYPE_CHECKING:
    from detectors.sections import Config


class Coordination(Section, frozen=True, kw_only=True):
    """How many of the four types of funds reposition at once."""

    table: ClassVar[str] = "coordination"

    window_sessions: Positive
    flow_sessions: Annotated[int, Meta(gt=0, le=250)]
    amplified_count: Annotated[int, Meta(ge=1, le=4)]
    extreme_count: Annotated[int, Meta(ge=1, le=4)]
    flow_window: Positive
    flow_min: Positive
    flow_extreme_share: Tail
    groups: dict[Name, tuple[FundType, ...]]

    def __post_init__(self) -> None:
        if self.extreme_count <= self.amplified_count:
            raise ValueError("extreme_count: inverted, it must exceed amplified_count")
        if self.flow_min > self.flow_window:
            raise ValueError("flow_min: inverted, it exceeds flow_window")


class FundCoordination(Detector):
    """Counts the types of funds with living evidence of selling."""

    name = "coordination"
    sections = (Coordination,)
    signals = (
        SignalSpec(
            name="count",
            label="Types of funds that reposition",
            levels=("two of four amplify", "three or more are extreme"),
            unit="types",
        ),
        SignalSpec(
            name="flow_count",
            label="Types of funds that sell",
            levels=("two of four amplify", "three or more are extreme"),
            unit="types",
        ),
        SignalSpec(
            name="stance_count",
            label="Types of funds that stand short",
            levels=("two of four amplify", "three or more are extreme"),
            unit="types",
        ),
    )
    feeds = ("yields", "futures", "flows")
    mechanisms = (
        Mechanism(
            source="F indicator 8",
            says="fund net outflows",
            signal="count",
            test="test_coordination.py::test_one_type_is_nothing_two_amplify_three_are_extreme",
        ),
        Mechanism(
            source="F rule",
            says="two of four amplify, three are extreme: repositioning",
            signal="flow_count",
            test="test_coordination.py::test_flow_and_stance_are_counted_apart_and_the_higher_is_the_count",
        ),
        Mechanism(
            source="F rule",
            says="two of four, three of four: how they stand",
            signal="stance_count",
            test="test_coordination.py::test_a_stance_counts_while_it_is_on",
        ),
    )
    kinds = (FundFlow, YieldQuote)
    listens = ("positions", "cta", "trend", "risk_parity", "balanced")

    def __init__(self, config: Coordination, *, tenor: str = "10Y", ready_after: int = 0) -> None:
        """Take the windows, the tenor whose closes are the days of the history, and how many of them are warm-up."""
        super().__init__(config)
        self._config = config
        self._wanted = (float(config.amplified_count), float(config.extreme_count))
        self._tenor = tenor
        self._ready_after = ready_after
        self._entries: dict[str, Entry] = {}
        self._flows: dict[str, Window] = {}
        self._past: dict[str, PastCounts] = {side: PastCounts() for side in SIDES}
        self._day = 0
        self._closes = 0
        self._last: dict[str, float] = {}

    @classmethod
    def build(cls, config: "Config") -> "FundCoordination":
        """It counts days by the funds' tenor, and has a history once every type of fund could have been flagged."""
        return cls(config.of(Coordination), tenor=config.of(Funds).tenor, ready_after=cls.closes_needed(config))

    def identity(self) -> dict[str, Any]:
        """The tenor whose closes are its days, beside its name, version and table."""
        return {**super().identity(), "tenor": self._tenor}

    @classmethod
    def closes_needed(cls, config: "Config") -> int:
        """Closes until the last of the four types can be flagged."""
        funds: tuple[type[FundExposure], ...] = (CtaExposure, TrendExposure, RiskParityExposure, BalancedExposure)
        return max(fund.build(config).closes_needed for fund in funds)

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        return LookBack(
            warm_up_days=sessions(cls.closes_needed(config)),
            window_days=max(sessions(cls.closes_needed(config)), weeks(config.of(Coordination).flow_window)),
        )

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The series it rests on."""
        return ("FLOW:*", f"YIELD:{config.of(Funds).tenor}")

    @classmethod
    def lines(cls, config: "Config") -> dict[tuple[str, str], float]:
        """The fixed lines of its values."""
        table = config.of(Coordination)
        return {
            (f"coordination_{side}_count", name): count
            for side in ("flow", "stance")
            for name, count in (("amplified", table.amplified_count), ("extreme", table.extreme_count))
        }

    def takes(self, event: Event) -> bool:
        """Flows, and the closes that are its days."""
        if not isinstance(event, YieldQuote):
            return True
        return event.tenor == self._tenor and event.statistic == "close"

    def update(self, event: Event) -> list[Finding]:
        """Judge a fund flow against that type's own history; or end a day of the counts' history."""
        if isinstance(event, YieldQuote):
            if self.takes(event):
                self._end_day(calendar.ny_date(event.ts).toordinal(), event.known)
            return []
        assert isinstance(event, FundFlow)
        config = self._config
        value = event.flow_usd / event.aum_usd if event.aum_usd else event.flow_usd
        basis = "share" if event.aum_usd else "usd"
        window = self._flows.setdefault(f"{event.fund_type}:{event.period}:{basis}", Window(config.flow_window))
        extreme = len(window) >= config.flow_min and value < 0 and value < window.quantile(config.flow_extreme_share)
        window.append(value)
        if extreme:
            key = f"outflow:{event.fund_type}"
            before = self._entries.get(key)
            self._entries[key] = Entry(
                "FLOW",
                (event.fund_type,),
                "outflow",
                event.ts if before is None else min(before.since, event.ts),
                calendar.sessions_after(event.ts, config.window_sessions),
                (Reading.of(event, value),),
                rests=event.series(),
            )
        return self._count(event.known, event.ts)

    def observe(self, signal: Signal) -> list[Finding]:
        """Take a flag of a type, or an extreme position of a category, on or off."""
        readings = tuple(
            Reading(signal.ts, 0.0, cause.source, cause.sequence, signal.provenance) for cause in signal.causes
        )
        if signal.detector == "positions":
            types = self._config.groups.get(signal.subject.partition(":")[2])
            if signal.name != "short_extreme" or types is None:
                return []
            self._position(signal, types, readings)
        else:
            self._flag(signal, "FLOW" if signal.name == "flow" else "STANCE", readings)
        return self._count(signal.known, signal.ts)

    def _position(self, signal: Signal, types: tuple[str, ...], readings: tuple[Reading, ...]) -> None:
        flow, stance = f"flow:{signal.subject}", f"stance:{signal.subject}"
        window = calendar.sessions_after(signal.ts, self._config.window_sessions)
        if signal.active:
            self._entries[flow] = Entry("FLOW", types, "positions", signal.ts, window, readings, rests=heard(signal))
            self._entries[stance] = Entry("STANCE", types, "positions", signal.ts, None, readings, rests=heard(signal))
        elif stance in self._entries:
            # It no longer stands at the extreme, but it did within the window.
            self._entries[stance] = msgspec.structs.replace(self._entries[stance], until=window, readings=readings)

    def _flag(self, signal: Signal, side: Side, readings: tuple[Reading, ...]) -> None:
        key = f"{side}:{signal.subject}"
        if signal.active:
            before = self._entries.get(key)
            still = before is not None and (before.until is None or before.until > signal.known)
            since = before.since if before is not None and still else signal.ts
            former = before.until or 0 if before is not None and still else 0
            self._entries[key] = Entry(side, (signal.subject,), "prices", since, None, readings, former, heard(signal))
            return
        # It was last on the session before: that one and this one are two of the window's.
        left = self._config.flow_sessions - 2
        if key not in self._entries:
            return
        if side == "STANCE" or left < 0:
            until = signal.ts
        elif signal.rule == OVERRULED:
            until = signal.known  # what was seen of it was too long ago to count for some days more
        elif "withdrawn" in signal.values:
            until = max(self._entries[key].former, signal.ts)
        else:
            until = calendar.sessions_after(signal.ts, left)
        self._entries[key] = msgspec.structs.replace(self._entries[key], until=until, readings=readings)

    def wake_at(self) -> int | None:
        """When the oldest evidence that is not held on leaves the window."""
        return min((entry.until for entry in self._entries.values() if entry.until is not None), default=None)

    def on_time(self, now: int) -> list[Finding]:
        """Count again without what has left the window."""
        return self._count(now, now)

    def _drop(self, now: int) -> list[Reading]:
        gone = [key for key, entry in self._entries.items() if entry.until is not None and entry.until <= now]
        return [reading for key in gone for reading in self._entries.pop(key).readings]

    def _counted(self, side: Side) -> Count:
        entries = [entry for entry in self._entries.values() if entry.side == side]
        seen = [entry for entry in entries if len(entry.types) == 1]
        direct = {entry.types[0] for entry in seen}
        vouching = [entry for entry in entries if len(entry.types) > 1 and not direct & set(entry.types)]
        count = len(direct) + len({entry.types for entry in vouching})
        values: dict[str, float] = {"count": float(count)}
        for entry in (*seen, *vouching):
            who = f"type_{entry.types[0]}" if len(entry.types) == 1 else f"one_of_{'_or_'.join(entry.types)}"
            since = entry.since / NS
            values |= {who: 1.0, f"{who}_by_{entry.by}": 1.0}
            values[f"{who}_since_s"] = min(since, values.get(f"{who}_since_s", since))
        past = self._past[side]
        if past.days:
            values["base_rate_pct"] = 100 * past.base_rate(count)
            values["p_independent_pct"] = 100 * past.independent(count)
            values["history_days"] = float(past.days)
        config = self._config
        level = (count >= config.amplified_count) + (count >= config.extreme_count)
        readings = tuple(reading for entry in (*seen, *vouching) for reading in entry.readings)
        units: dict[tuple[str, ...], list[str]] = {}
        for entry in (*seen, *vouching):
            units.setdefault(entry.types, []).append(entry.rests)
        rests = tuple(tuple(units[types]) for types in sorted(units))
        return Count(side, count, level, tuple(sorted(direct)), values, readings, rests)

    def _counts(self) -> tuple[tuple[str, str, Count], ...]:
        flow, stance = (self._counted(side) for side in SIDES)
        both = stance if stance.count > flow.count else flow
        return ("flow_count", "FLOW", flow), ("stance_count", "STANCE", stance), ("count", "ALL", both)

    def resting(self) -> dict[tuple[str, str], Ways]:
        """What the counts rest on changes with the evidence, whether or not their level does."""
        return {
            (name, subject): one.ways(int(self._wanted[level - 1]))
            for name, subject, one in self._counts()
            if (level := self.level(name, subject))
        }

    def _count(self, known: int, ts: int) -> list[Finding]:
        gone = self._drop(max(known, ts))
        counts = self._counts()
        self._last |= {f"coordination_{one.side.lower()}_count": float(one.count) for _, _, one in counts[:2]}
        findings = []
        for name, subject, one in counts:
            # What ended is as much a cause as what goes on.
            both = (*one.readings, *gone)
            readings = sorted(both, key=lambda reading: (reading.ts, reading.source, reading.sequence))
            if self.level(name, subject) == one.level:
                continue
            threshold = self._wanted[max(one.level, 1) - 1]
            findings += self.set_level(
                Finding(
                    name=name,
                    subject=subject,
                    level=one.level,
                    readings=readings or [self._latest[name, subject]],
                    known=known,
                    values=one.values,
                    rule=f"types of funds with evidence of selling ({one.side.lower()}); coincident, not a forecast",
                    threshold=threshold,
                    ts=ts,
                    ways=one.ways(int(threshold)),
                )
            )
        return findings

    def _end_day(self, day: int, known: int) -> None:
        if day <= self._day:
            return
        self._day = day
        self._closes = min(self._closes + 1, self._ready_after + 1)
        for side in SIDES:
            # What leaves the window by now is counted no more, whether or not the grid has said so yet.
            living = {key: entry for key, entry in self._entries.items() if entry.until is None or entry.until > known}
            kept, self._entries = self._entries, living
            one = self._counted(side)
            self._entries = kept
            label = side.lower()
            for name in ("count", "base_rate_pct", "p_independent_pct"):
                if name in one.values:
                    self._last[f"coordination_{label}_{name}"] = one.values[name]
            if self._closes <= self._ready_after:
                continue
            past = self._past[side]
            past.days += 1
            past.counts[one.count] += 1
            for who in one.direct:
                past.types[who] = past.types.get(who, 0) + 1

    def warming(self) -> tuple[str, ...]:
        """The base rates, while not every type could have been flagged; and the outflows that cannot be ranked."""
        flows = (f"outflow:{key}" for key, window in sorted(self._flows.items()) if len(window) < self._config.flow_min)
        return (*(() if self._past["FLOW"].days else ("base_rate",)), *flows)

    def readings(self) -> dict[str, float]:
        """The latched level of the count, the counts, and how unusual they were at the last close."""
        return {"coordination_level": float(self.level("count", "ALL")), **self._last}

    def margins(self, now: int) -> list[Margin]:
        """How many types of funds are counted now, against the counts that amplify and that are extreme."""
        del now
        return [
            margin
            for name, subject, one in self._counts()
            for margin in ladder(name, subject, float(one.count), self._wanted, "types")
        ]

    def snapshot(self) -> dict[str, Any]:
        """The evidence, the flows' windows and the counts' history."""
        return {
            **super().snapshot(),
            "entries": msgspec.to_builtins(self._entries),
            "flows": {key: window.values() for key, window in self._flows.items()},
            "past": msgspec.to_builtins(self._past),
            "day": self._day,
            "closes": self._closes,
            "last": dict(self._last),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._entries = msgspec.convert(plain["entries"], type=dict[str, Entry])
        self._flows = {key: Window(self._config.flow_window, values) for key, values in plain["flows"].items()}
        self._past = msgspec.convert(plain["past"], type=dict[str, PastCounts])
        self._day, self._closes = plain["day"], plain["closes"]
        self._last = dict(plain["last"])
