"""Yield levels: crossed at once, sustained after a run of closes, failed when the yield falls back before that.

Idea: trend followers sell when a yield breaks a level that many watch; a break that does not hold stops them out. So a
crossing is said at the first quote at or beyond the level, and *sustained* only after a configured run of closes
strictly beyond it, dated back to the first close of the run. A close at the level itself touches and does not hold:
the par curve is rounded to a basis point. A level is armed again by a close ``rearm_bp`` below it, and a break that
was never sustained is then said to have failed. A day has one close, the first to come; a figure about a time before
the close that armed a level does not cross it. A yield first seen beyond a level has crossed nothing.

Signals: ``crossed`` (1), ``sustained`` (1), ``failed`` (1, once). Subject: tenor@level, in percent.
Trade-off: a longer run of closes means fewer false breaks and a later answer.
Source: framework of February 2021, indicator 1; the run of five closes separates 8 January from 2 February 2021.
"""

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from detectors import calendar
from detectors.description import LookBack, Mechanism, SignalSpec, sessions
from detectors.detector import Detector, Finding, Reading, in_bp
from detectors.events import Event, Tenor, YieldQuote
from detectors.sections.base import Bp, Positive, RatePct, Section, rising
from detectors.view.margins import Margin

if TYPE_CHECKING:
    from detectors.sections import Config


class Levels(Section, frozen=True, kw_only=True):
    """Yield levels a tenor must not cross upwards unseen, in percent, rising."""

    table: ClassVar[str] = "levels"

    levels_pct: dict[Tenor, tuple[RatePct, ...]]
    sustained_closes: Positive
    rearm_bp: Bp

    def __post_init__(self) -> None:
        for tenor, levels in self.levels_pct.items():
            rising(f"levels_pct.{tenor}", levels)


class Watch(msgspec.Struct):
    """What is remembered of a level: whether it is armed (None: never seen), the run beyond it, how many closes."""

    armed: bool | None = None
    armed_ts: int = 0
    crossing: Reading | None = None
    run: list[Reading] = []
    last_close_date: str = ""
    closes: int = 0


class YieldLevels(Detector):
    """Watches every configured level of every configured tenor."""

    name = "levels"
    sections = (Levels,)
    keeps_state = True
    signals = (
        SignalSpec(
            name="crossed",
            label="Yield at or beyond a level",
            levels=("a quote at or beyond the level",),
            unit="pct",
            happens=True,
            rearmed=True,
        ),
        SignalSpec(
            name="sustained",
            label="Sell-off beyond a level, sustained",
            levels=("a run of closes beyond the level",),
            unit="pct",
            happens=True,
            rearmed=True,
        ),
        SignalSpec(
            name="failed",
            label="Break of a level that did not hold",
            levels=("a close back below before the run was complete",),
            unit="pct",
            happens=True,
        ),
    )
    feeds = ("yields",)
    mechanisms = (
        Mechanism(
            source="F indicator 1",
            says="10Y, 5Y, 2Y yields break 1.1, 1.3, 1.5 %",
            signal="crossed",
            test="test_levels.py::test_january_breaks_and_fails_february_breaks_and_holds",
        ),
        Mechanism(
            source="F chronology",
            says="8 January breaks and pulls back",
            signal="failed",
            test="test_levels.py::test_a_failed_break_says_where_it_began_and_ended",
        ),
        Mechanism(
            source="F chronology",
            says="2 February sustains the break",
            signal="sustained",
            test="test_levels.py::test_a_sustained_break_names_its_run_and_its_two_times",
        ),
    )
    kinds = (YieldQuote,)

    def __init__(self, config: Levels) -> None:
        super().__init__(config)
        self._config = config
        self._watches: dict[str, Watch] = {}
        self._last: dict[str, float] = {}

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        return LookBack(
            warm_up_days=sessions(config.of(Levels).sustained_closes),
            window_days=sessions(config.of(Levels).sustained_closes),
        )

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The series it rests on."""
        return tuple(f"YIELD:{tenor}" for tenor in config.of(Levels).levels_pct)

    @classmethod
    def lines(cls, config: "Config") -> dict[tuple[str, str], float]:
        """The fixed lines of its values."""
        return {
            (f"yield_{tenor}_pct", f"level {level:g} %"): level
            for tenor, levels in config.of(Levels).levels_pct.items()
            for level in levels
        }

    def takes(self, event: Event) -> bool:
        """Quotes of a watched tenor."""
        return isinstance(event, YieldQuote) and event.tenor in self._config.levels_pct

    def update(self, event: Event) -> list[Finding]:
        """Look at a quote of a watched tenor."""
        assert isinstance(event, YieldQuote)
        levels = self._config.levels_pct.get(event.tenor)
        if levels is None:
            return []
        reading = Reading.of(event, event.yield_pct)
        self._last[event.tenor] = reading.value
        findings = []
        for level in levels:
            findings += self._quote(f"{event.tenor}@{level:.2f}", level, reading, event)
        return findings

    def _quote(self, subject: str, level: float, reading: Reading, event: YieldQuote) -> list[Finding]:
        watch = self._watches.setdefault(subject, Watch())
        beyond_bp = in_bp(reading.value - level)
        if watch.armed is None:
            watch.armed = beyond_bp < 0
        findings = []
        if watch.armed and beyond_bp >= 0 and reading.ts > watch.armed_ts:
            watch.armed = False
            watch.crossing = reading
            findings += self._say("crossed", subject, 1, [reading], event.known, level, "yield at or beyond the level")
        date = calendar.ny_date(reading.ts).isoformat()
        if event.statistic == "close" and date > watch.last_close_date:
            watch.last_close_date = date
            watch.closes = min(watch.closes + 1, self._config.sustained_closes)
            findings += self._close(subject, level, beyond_bp, reading, event.known, watch)
        return findings

    def _close(
        self, subject: str, level: float, beyond_bp: float, reading: Reading, known: int, watch: Watch
    ) -> list[Finding]:
        if watch.crossing is not None and beyond_bp > 0:
            wanted = self._config.sustained_closes
            watch.run = [*watch.run, reading][:wanted]
            if len(watch.run) == wanted:
                rule = f"{wanted} closes in a row beyond the level, dated to the first"
                return self._say("sustained", subject, 1, watch.run, known, level, rule, watch.run[0].ts)
            return []
        watch.run = []
        if beyond_bp > -self._config.rearm_bp:
            return []
        return self._rearm(subject, level, reading, known, watch)

    def _rearm(self, subject: str, level: float, reading: Reading, known: int, watch: Watch) -> list[Finding]:
        rule = f"close {self._config.rearm_bp:g} bp or more below the level"
        findings = []
        if watch.crossing is not None and not self.level("sustained", subject):
            readings = [watch.crossing, reading]
            findings.append(
                self.emit_once(
                    Finding(
                        name="failed",
                        subject=subject,
                        level=1,
                        readings=readings,
                        known=known,
                        values={"yield_pct": reading.value, "crossing_pct": watch.crossing.value},
                        rule=rule + " before the break was sustained",
                        threshold=level,
                    )
                )
            )
        findings += self._say("sustained", subject, 0, [reading], known, level, rule)
        findings += self._say("crossed", subject, 0, [reading], known, level, rule)
        watch.armed, watch.armed_ts, watch.crossing = True, reading.ts, None
        return findings

    def _say(
        self,
        name: str,
        subject: str,
        on: int,
        readings: list[Reading],
        known: int,
        level: float,
        rule: str,
        ts: int | None = None,
    ) -> list[Finding]:
        values = {"yield_pct": readings[-1].value}
        if len(readings) > 1:
            values["first_close_pct"] = readings[0].value
        return self.set_level(
            Finding(
                name=name,
                subject=subject,
                level=on,
                readings=readings,
                known=known,
                values=values,
                rule=rule,
                threshold=level,
                ts=ts,
            )
        )

    def warming(self) -> tuple[str, ...]:
        """The tenors with too few closes for a run of them."""
        least, none = self._config.sustained_closes, Watch()
        return tuple(
            tenor
            for tenor, levels in self._config.levels_pct.items()
            if any(self._watches.get(f"{tenor}@{level:.2f}", none).closes < least for level in levels)
        )

    def readings(self) -> dict[str, float]:
        """The last yield of each watched tenor, in percent."""
        return {f"yield_{tenor}_pct": value for tenor, value in self._last.items()}

    def margins(self, now: int) -> list[Margin]:
        """Each tenor's last yield against each of its levels, and how long the run of closes beyond it is."""
        del now
        wanted = self._config.sustained_closes
        return [
            Margin(
                name="sustained",
                subject=f"{tenor}@{level:.2f}",
                level=1,
                value=self._last[tenor],
                threshold=level,
                unit="pct",
                rising=True,
                note=f"{len(self._watches[f'{tenor}@{level:.2f}'].run)} of {wanted} closes beyond it",
            )
            for tenor, levels in self._config.levels_pct.items()
            if tenor in self._last
            for level in levels
        ]

    def snapshot(self) -> dict[str, Any]:
        """The watches and the last yields."""
        return {**super().snapshot(), "watches": msgspec.to_builtins(self._watches), "last": dict(self._last)}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._watches = msgspec.convert(plain["watches"], type=dict[str, Watch])
        self._last = dict(plain["last"])
