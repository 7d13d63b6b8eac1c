"""What the four types of funds have in common: a replicated exposure, corrected by reports, and two flags.

Idea: what a type of fund holds is not published, but what its rule would hold is computed from prices (each type's
file says how). The replicated exposure ``R`` steps once a New York day, at the close. Reports correct it, softly::

    E = R + c,    at a report:  c = g (M - R_T)

so that on the day ``T`` the report is about (a Tuesday, known on Friday) E would have been ``R + g (M - R)``, the
replica being the prior and ``g`` the gain; c then stands until the next report. ``M`` is the report on the exposure's
scale: the category's net over open interest is ranked among its last reports, and ``M`` is the replica's own value at
that rank. A fund flow of a week or a month is ranked likewise and has a c of its own: g times the replica's change at
that rank less its change over those days. History is kept as it was known: a report changes today's exposure and no
earlier one.

Signals: ``flow`` (1): the change over one of two horizons lies in the lowest share of its history, and is negative.
``stance`` (1): the exposure itself lies in the lowest share of its history. Subject: the type. An exposure is a number
without unit, positive when long; ``flow_short`` and ``flow_long`` are its changes over ``flow_days``.
A quote within a day is looked at and never learned: it can raise a flag, marked ``provisional``, and only the close
takes one off; one that no close has confirmed goes off as ``withdrawn``.
Warm-up: nothing is said before ``min_days`` of history. Memory: two series of ``window_days``, a few dozen reports.
Trade-off: ranks make types comparable and forget the size of what was sold. Leveraged funds' net holds the short leg
of the basis trade, which is no view on yields: ``g`` for the types anchored to it is a choice; 0 trusts prices alone.
Source: domain sheet 7; Coincident, not a forecast.
"""

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from detectors import calendar
from detectors.description import LookBack, SignalSpec, sessions, weeks
from detectors.detector import Detector, Finding, Reading
from detectors.events import EquityIndex, Event, FundFlow, FundType, FuturesPosition, YieldQuote
from detectors.funds.exposure_config import Fund, Funds
from detectors.funds.exposure_history import Correction, ExposureHistory, Look
from detectors.funds.returns import Returns, Step
from detectors.rolling import Window

if TYPE_CHECKING:
    from detectors.sections import Config


class FundExposure(Detector):
    """One type of fund: subclasses say what its rule holds."""

    signals = (
        SignalSpec(name="flow", label="It sells", levels=("its change in the lowest share of its history",)),
        SignalSpec(name="stance", label="It stands short", levels=("its exposure in the lowest share of its history",)),
    )
    feeds = ("yields",)
    fund: ClassVar[FundType]
    paired: ClassVar[bool] = False
    kinds: tuple[type[Event], ...] = (YieldQuote, FuturesPosition, FundFlow)

    def __init__(self, config: Funds, own: Fund, warm_up_days: int) -> None:
        super().__init__(config, own)
        self._config = config
        self._own = own
        self._tenors = (config.tenor, config.financing_tenor)
        self._priced_by = (f"YIELD:{config.tenor}", *((f"EQUITY:{config.equity}",) if self.paired else ()))
        self._returns = Returns(config, paired=self.paired)
        self._history = ExposureHistory(config)
        self._corrections = {"position": Correction(), "week": Correction(), "month": Correction()}
        self._reports: dict[str, Window] = {}
        self._unconfirmed: list[str] = []
        self._last: dict[str, float] = {}
        self.closes_needed = warm_up_days + config.flow_days[1] + config.min_days

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """The warm-up of its rule and the days of its flags; its history, and the reports it is ranked among."""
        made = cls.build(config)
        table = config.of(Funds)
        days = sessions(made.closes_needed - table.min_days + table.window_days)
        return LookBack(
            warm_up_days=sessions(made.closes_needed),
            window_days=max(days, weeks(table.anchor_weeks), weeks(table.flow_reports)),
        )

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The yields it is replicated from, equities where it holds both, and the reports that correct it."""
        table = config.of(Funds)
        equity = (f"EQUITY:{table.equity}",) if cls.paired else ()
        yields = (f"YIELD:{table.tenor}", f"YIELD:{table.financing_tenor}")
        return (*yields, *equity, f"{table.contract}:*", f"FLOW:{cls.fund}")

    def look(self, step: Step) -> Look:
        """What the type's rule holds after a step; learns nothing."""
        raise AssertionError(f"{self.name} has no rule for {step}")

    def keep(self, state: Any) -> None:
        """Learn: take the state that a look at a day's close ended in."""
        raise AssertionError(f"{self.name} keeps no {type(state).__name__}")

    def takes(self, event: Event) -> bool:
        """All but yields of other tenors."""
        return not isinstance(event, YieldQuote) or event.tenor in self._tenors

    def update(self, event: Event) -> list[Finding]:
        """Step at a day's close, look at a quote, or take a report."""
        if not self.takes(event):
            return []
        if isinstance(event, FuturesPosition):
            return self._anchor(event)
        if isinstance(event, FundFlow):
            return self._flow(event)
        step = self._returns.take(event, self.sight)
        if step is None:
            return []
        seen = self.look(step)
        if not step.provisional:
            self.keep(seen.state)
        if seen.exposure is None:
            return []
        exposure = seen.exposure + self._shift()
        findings = self._judge(step, seen, exposure)
        if not step.provisional:
            self._history.append(step.day, seen.exposure, exposure)
        return findings

    def _judge(self, step: Step, seen: Look, exposure: float) -> list[Finding]:
        config, history = self._config, self._history
        values = {"exposure": exposure, "correction": self._shift(), **seen.values}
        enough, falling = False, False
        for name, days in zip(("flow_short", "flow_long"), config.flow_days, strict=True):
            if len(history.exposures) < days:
                continue
            change, window = exposure - history.exposures[-days], history.changes[days]
            rank = window.rank(change)
            values |= {name: change, f"{name}_percentile": 100 * rank}
            if len(window) >= config.min_days:
                enough = True
                falling |= change < 0 and rank <= config.flow_share
        values["stance_percentile"] = 100 * history.levels.rank(exposure)
        if not step.provisional:
            self._last = values
        findings = []
        if enough:
            short, long = config.flow_days
            rule = f"change over {short} or {long} days negative and at or below this percentile of its history"
            findings += self._flag("flow", int(falling), step, values, rule, 100 * config.flow_share)
        if len(history.levels) >= config.min_days:
            low = values["stance_percentile"] <= 100 * config.stance_share
            rule = "exposure at or below this percentile of its history"
            findings += self._flag("stance", int(low), step, values, rule, 100 * config.stance_share)
        return findings

    def _flag(
        self, name: str, level: int, step: Step, values: dict[str, float], rule: str, threshold: float
    ) -> list[Finding]:
        current = self.level(name, self.fund)
        if step.provisional:
            if not level or current:
                return []
            self._unconfirmed.append(name)
            values = values | {"provisional": 1.0}
        elif name in self._unconfirmed:
            self._unconfirmed.remove(name)
            if not level:
                values = values | {"withdrawn": 1.0}
        reports = [one.reading for one in self._corrections.values() if one.reading is not None]
        return self.set_level(
            Finding(
                name=name,
                subject=self.fund,
                level=level,
                readings=[*reports, *step.readings],
                known=step.known,
                values=values,
                rule=rule,
                threshold=threshold,
                ways=(self._priced_by,),  # a report corrects; without one the replica goes on
            )
        )

    def _ranked(self, key: str, size: int, least: int, value: float) -> float | None:
        window = self._reports.setdefault(key, Window(size))
        rank = window.rank(value) if len(window) >= least else None
        window.append(value)
        return rank

    def _anchor(self, event: FuturesPosition) -> list[Finding]:
        config, own = self._config, self._own
        if event.contract != config.contract or f"{event.report}:{event.category}" != own.anchor:
            return []
        correction = self._corrections["position"]
        if own.position_gain == 0 or event.as_of <= correction.as_of:
            return []
        correction.as_of = event.as_of
        net = event.long_contracts - event.short_contracts
        basis, value = "contracts", net
        if event.open_interest_contracts:
            basis, value = "share", net / event.open_interest_contracts
        rank = self._ranked(f"position:{basis}", config.anchor_weeks, config.anchor_min_weeks, value)
        place = self._history.at(calendar.ny_date(event.as_of).toordinal())
        if rank is not None and place is not None and len(self._history.own_levels) >= config.min_days:
            observed = self._history.own_levels.quantile(rank)
            correction.shift = own.position_gain * (observed - self._history.replicated[place])
            correction.reading = Reading.of(event, value)
        return []

    def _flow(self, event: FundFlow) -> list[Finding]:
        config = self._config
        days = dict(zip(("week", "month"), config.flow_days, strict=True)).get(event.period)
        if event.fund_type != self.fund or days is None or self._own.position_gain == 0:
            return []
        correction = self._corrections[event.period]
        if event.ts <= correction.as_of:
            return []
        correction.as_of = event.ts
        value = event.flow_usd / event.aum_usd if event.aum_usd else event.flow_usd
        key = f"flow:{event.period}:{'share' if event.aum_usd else 'usd'}"
        rank = self._ranked(key, config.flow_reports, config.flow_reports_min, value)
        place = self._history.at(calendar.ny_date(event.ts).toordinal())
        window = self._history.own_changes[days]
        if rank is not None and place is not None and place >= days and len(window) >= config.min_days:
            moved = self._history.replicated[place] - self._history.replicated[place - days]
            correction.shift = self._own.position_gain * (window.quantile(rank) - moved)
            correction.reading = Reading.of(event, value)
        return []

    def _shift(self) -> float:
        return sum(one.shift for one in self._corrections.values())

    def warming(self) -> tuple[str, ...]:
        """The flags that want more history."""
        least = self._config.min_days
        flow = all(len(window) < least for window in self._history.changes.values())
        stance = len(self._history.levels) < least
        return tuple(name for name, warm in (("flow", flow), ("stance", stance)) if warm)

    def readings(self) -> dict[str, float]:
        """The exposure at the last close, its changes and percentiles."""
        return {f"fund_{self.fund}_{name}": value for name, value in sorted(self._last.items())}

    def snapshot(self) -> dict[str, Any]:
        """The days, the history and the reports; a subclass adds its model."""
        return {
            **super().snapshot(),
            "returns": self._returns.snapshot(),
            "history": self._history.snapshot(),
            "corrections": msgspec.to_builtins(self._corrections),
            "reports": {key: window.values() for key, window in self._reports.items()},
            "unconfirmed": list(self._unconfirmed),
            "last": dict(self._last),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._returns.restore(plain["returns"])
        self._history.restore(plain["history"])
        self._corrections = msgspec.convert(plain["corrections"], type=dict[str, Correction])
        config = self._config
        sizes = {"position": config.anchor_weeks, "flow": config.flow_reports}
        self._reports = {key: Window(sizes[key.partition(":")[0]], values) for key, values in plain["reports"].items()}
        self._unconfirmed = list(plain["unconfirmed"])
        self._last = dict(plain["last"])


PAIRED_KINDS: tuple[type[Event], ...] = (YieldQuote, EquityIndex, FuturesPosition, FundFlow)
