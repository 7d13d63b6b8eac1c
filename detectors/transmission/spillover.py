"""Spillover: do foreign share markets fall abnormally after a shock in Treasuries.

Idea: when funds are forced to cut, they sell what they hold elsewhere. A *shock* is a day whose ten-year yield moved by
``shock_sigma`` standard deviations of the days before (from :mod:`detectors.yields.volatility`). For each foreign index

    r_i = a + b r_world + e,   ordinary least squares on its trading days -120 to -11 before the shock
    AR = r_i - a - b r_world,   CAR = AR_1 + AR_2,   t = CAR / (sigma_e sqrt 2)

Time zones are settled by what was known when: ``r_world`` is the change of the last known close of the world index
between two closes of the foreign one (for Asia the US session of the day before), and day +1 is the first foreign
close after the moment the shock is about. The US afternoon of day t is day t+1 in Hong Kong; holidays on either side
need no table. Day 0 is the last close before. Logarithms of closes throughout.
A day tagged with a shock at home is excluded: from the estimation always, and from a verdict, which is then not given.

Signals, each once a shock. ``abnormal`` by index (1, 2): the first day's |t| at ``abnormal_t``, or twice that.
``externally_induced`` by index: t at or below ``-significant_t`` on day +1 (1), or over days +1 and +2 (2: it did not
come back). Subject ALL, where two or more indices can be judged, by the same levels: the standardised cross-sectional
test of Boehmer, Musumeci and Poulsen below its 5 % point of Student's t with n-1 degrees, and the rank test of Corrado
beyond ``rank_z``; both must hold. With three indices the first has little power (4.30) and the second treats them as
independent, which they are not. A rise is never called induced.
Trade-off: a market model with US equities takes away what came through Wall Street the same day; what is left is
conservative. Association in time, not cause: 'externally induced' says that home causes were not known.
Source: Boehmer, Musumeci and Poulsen 1991; Corrado 1989, Corrado and Zivney 1992 [M for the formulas]; domain sheet 8.
"""

import math
from collections import deque
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from detectors import calendar
from detectors.description import LookBack, Mechanism, SignalSpec, sessions
from detectors.detector import Detector, Finding, Reading
from detectors.events import EquityIndex, Event
from detectors.sections.base import Name, Section, Sigmas
from detectors.signals import Signal
from detectors.transmission.abnormal import STUDENT_5_PCT, MarketDay, MarketModel, cross_sectional_t, rank_z
from detectors.transmission.shock_verdict import Shock, ShockVerdict

if TYPE_CHECKING:
    from detectors.sections import Config


class Spillover(Section, frozen=True, kw_only=True):
    """Foreign indices against a market model, on the days after a Treasury shock."""

    table: ClassVar[str] = "spillover"

    shock_tenor: Name
    shock_sigma: Sigmas
    world: Name
    foreign: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=32)]
    estimation_days: Annotated[int, Meta(ge=20, le=2_000)]
    gap_days: Annotated[int, Meta(ge=0, le=250)]
    min_days: Annotated[int, Meta(ge=10, le=2_000)]
    window_days: Annotated[int, Meta(ge=1, le=20)]
    abnormal_t: Sigmas
    significant_t: Sigmas
    rank_z: Sigmas
    expiry_sessions: Annotated[int, Meta(ge=1, le=60)]

    def __post_init__(self) -> None:
        if self.min_days > self.estimation_days:
            raise ValueError("min_days: inverted, it exceeds estimation_days")
        if self.window_days > self.expiry_sessions:
            raise ValueError("window_days: inverted, it exceeds expiry_sessions")
        if self.world in self.foreign:
            raise ValueError("foreign: holds the world index itself")


SHOCKS_KEPT = 8
ALL = "ALL"


class ForeignSpillover(Detector):
    """Waits for foreign closes after a shock, and tests them."""

    name = "spillover"
    sections = (Spillover,)
    signals = (
        SignalSpec(
            name="abnormal",
            label="Abnormal return abroad after a Treasury shock",
            levels=("beyond the line", "beyond twice the line"),
            happens=True,
        ),
        SignalSpec(
            name="externally_induced",
            label="Fall abroad after a Treasury shock",
            levels=("on the first day", "over the whole window: it did not come back"),
            happens=True,
        ),
    )
    mechanisms = (
        Mechanism(
            source="F spillover",
            says="A-shares and Hong Kong fall with Treasuries",
            signal="abnormal",
            test="test_spillover.py::test_the_days_after_25_february_2021_against_a_second_computation",
        ),
        Mechanism(
            source="F spillover",
            says="'externally induced'",
            signal="externally_induced",
            test="test_spillover.py::test_a_day_with_a_shock_at_home_has_no_verdict",
        ),
    )
    kinds = (EquityIndex,)
    listens = ("volatility",)

    def __init__(self, config: Spillover) -> None:
        super().__init__(config)
        self._config = config
        size = config.estimation_days + config.gap_days + config.window_days + config.expiry_sessions
        self._days: dict[str, deque[MarketDay]] = {index: deque(maxlen=size) for index in config.foreign}
        self._closes: dict[str, tuple[int, float, float | None]] = {}
        self._world: tuple[int, float] | None = None
        self._shocks: list[Shock] = []
        self._horizons = (1,) if config.window_days == 1 else (1, config.window_days)
        self._verdicts: dict[str, dict[str, ShockVerdict]] = {}
        self._last: dict[str, float] = {}

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        return LookBack(
            warm_up_days=sessions(config.of(Spillover).min_days + config.of(Spillover).gap_days),
            window_days=sessions(
                config.of(Spillover).estimation_days
                + config.of(Spillover).gap_days
                + config.of(Spillover).expiry_sessions
            ),
        )

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The series it rests on."""
        return tuple(f"EQUITY:{index}" for index in (config.of(Spillover).world, *config.of(Spillover).foreign))

    def update(self, event: Event) -> list[Finding]:
        """Take a close of the world index or of a foreign one."""
        assert isinstance(event, EquityIndex)
        if event.session != "close":
            return []
        day = calendar.ny_date(event.ts).toordinal()
        level = math.log(event.level_points)
        if event.index == self._config.world:
            if self._world is None or day > self._world[0]:
                self._world = (day, level)
            return []
        days = self._days.get(event.index)
        before = self._closes.get(event.index)
        if days is None or (before is not None and day <= before[0]):
            return []
        world = None if self._world is None else self._world[1]
        self._closes[event.index] = (day, level, world)
        if before is None or before[2] is None or world is None or not self.sight.seen(f"EQUITY:{self._config.world}"):
            return []  # without the world there is nothing to hold a return against
        days.append(
            MarketDay(
                event.ts,
                level - before[1],
                world - before[2],
                event.local_shock is not None,
                event.level_points,
                event.source,
                event.sequence,
                event.provenance,
                event.series(),
            )
        )
        return self._judge(event.known)

    def observe(self, signal: Signal) -> list[Finding]:
        """Take a shock."""
        config = self._config
        if signal.name != "move" or signal.subject != config.shock_tenor:
            return []
        if abs(signal.values["move_sigmas"]) < config.shock_sigma:
            return []
        cause = signal.causes[-1]
        series = f"YIELD:{config.shock_tenor}"
        reading = Reading(signal.ts, signal.values["move_bp"], cause.source, cause.sequence, signal.provenance, series)
        until = calendar.sessions_after(signal.ts, config.expiry_sessions)
        shock = Shock(signal.ts, until, signal.values["move_bp"], signal.values["move_sigmas"], reading)
        self._shocks = [*self._shocks, shock][-SHOCKS_KEPT:]
        self._last["spillover_shock_sigmas"] = shock.move_sigmas
        return self._judge(signal.known)

    def _judge(self, known: int) -> list[Finding]:
        findings, waiting = [], []
        for shock in self._shocks:
            key = str(shock.ts)
            verdicts = self._verdicts.setdefault(key, {})
            for index in self._config.foreign:
                findings += self._judge_index(index, shock, verdicts, known)
            for level, days in enumerate(self._horizons, start=1):
                findings += self._judge_all(level, days, shock, verdicts, known)
            if known < shock.until and f"{ALL}:{self._horizons[-1]}" not in verdicts:
                waiting.append(shock)
        self._shocks = waiting
        keys = {str(shock.ts) for shock in waiting}
        self._verdicts = {key: verdicts for key, verdicts in self._verdicts.items() if key in keys}
        return findings

    def _judge_index(self, index: str, shock: Shock, verdicts: dict[str, ShockVerdict], known: int) -> list[Finding]:
        config = self._config
        if f"{index}:{self._horizons[-1]}" in verdicts:
            return []
        days = list(self._days[index])
        zero = sum(day.ts <= shock.ts for day in days)
        after = days[zero : zero + config.window_days]
        if not after or f"{index}:{len(after)}" in verdicts:
            return []
        # The last of ``days[:zero]`` is day 0; the estimation ends ``gap_days`` and one before it.
        window = [day for day in days[: max(zero - config.gap_days - 1, 0)][-config.estimation_days :] if not day.local]
        enough = len(window) >= config.min_days and not any(day.local for day in after)
        model = MarketModel.of([day.foreign for day in window], [day.world for day in window]) if enough else None
        findings = []
        for level, horizon in enumerate(self._horizons, start=1):
            if len(after) < horizon or f"{index}:{horizon}" in verdicts:
                continue
            if model is None or not model.sigma:
                verdicts[f"{index}:{horizon}"] = ShockVerdict(excluded=True)
                continue
            verdict = ShockVerdict.of(after[:horizon], window, model)
            verdicts[f"{index}:{horizon}"] = verdict
            findings += self._say(index, level, horizon, shock, model, verdict, known)
        return findings

    def _say(
        self, index: str, level: int, horizon: int, shock: Shock, model: MarketModel, verdict: ShockVerdict, known: int
    ) -> list[Finding]:
        self._last[f"spillover_{index}_day_{horizon}_car_pct"] = 100 * verdict.car
        self._last[f"spillover_{index}_day_{horizon}_t"] = verdict.t
        values = {
            "shock_bp": shock.move_bp,
            "shock_sigmas": shock.move_sigmas,
            "beta": model.beta,
            "days": float(horizon),
            "sigma_pct": 100 * model.sigma,
            "car_pct": 100 * verdict.car,
            "t": verdict.t,
        }
        about = Finding(
            name="abnormal",
            subject=index,
            level=level,
            readings=[shock.reading, *verdict.readings],
            known=known,
            values=values,
            rule="",
        )
        return [*self._abnormal(about, verdict), *self._induced(about, verdict)]

    def _abnormal(self, about: Finding, verdict: ShockVerdict) -> list[Finding]:
        """The first day's return, whichever way it went."""
        line = self._config.abnormal_t
        if about.level != 1 or abs(verdict.t) < line:
            return []
        tier = 1 + (abs(verdict.t) >= 2 * line)
        rule = "abnormal return of the first close after a Treasury shock, in sigmas of the market model"
        return [self.emit_once(msgspec.structs.replace(about, level=tier, rule=rule, threshold=line * tier))]

    def _induced(self, about: Finding, verdict: ShockVerdict) -> list[Finding]:
        """A fall, on the first day or over the whole window."""
        line = -self._config.significant_t
        if verdict.t > line:
            return []
        rule = "abnormal return over this many days after a Treasury shock below zero, in sigmas of its sum"
        return [self.emit_once(msgspec.structs.replace(about, name="externally_induced", rule=rule, threshold=line))]

    def _judge_all(
        self, level: int, horizon: int, shock: Shock, verdicts: dict[str, ShockVerdict], known: int
    ) -> list[Finding]:
        config = self._config
        found = [verdicts[f"{index}:{horizon}"] for index in config.foreign if f"{index}:{horizon}" in verdicts]
        if f"{ALL}:{horizon}" in verdicts or (len(found) < len(config.foreign) and known < shock.until):
            return []
        verdicts[f"{ALL}:{horizon}"] = ShockVerdict(excluded=True)
        good = [one for one in found if not one.excluded]
        if len(good) < 2:
            return []
        cross = cross_sectional_t([one.standardised for one in good])
        rank = rank_z([one.ranks for one in good], horizon)
        self._last[f"spillover_day_{horizon}_cross_sectional_t"] = cross
        self._last[f"spillover_day_{horizon}_rank_z"] = rank
        limit = STUDENT_5_PCT[min(len(good) - 1, len(STUDENT_5_PCT)) - 1]
        mean = sum(one.car for one in good) / len(good)
        if mean >= 0 or cross > -limit or rank > -config.rank_z:
            return []
        readings = [shock.reading, *sorted((r for one in good for r in one.readings), key=lambda r: (r.ts, r.source))]
        values = {"indices": float(len(good)), "car_pct": 100 * mean, "cross_sectional_t": cross, "rank_z": rank}
        values |= {"shock_bp": shock.move_bp, "shock_sigmas": shock.move_sigmas, "days": float(horizon)}
        return [
            self.emit_once(
                Finding(
                    name="externally_induced",
                    subject=ALL,
                    level=level,
                    readings=readings,
                    known=known,
                    values=values,
                    rule="abnormal across indices: standardised cross-sectional test and rank test, both",
                    threshold=-limit,
                )
            )
        ]

    def warming(self) -> tuple[str, ...]:
        """The foreign indices with too few days before a shock that came now."""
        wanted = self._config.min_days + self._config.gap_days + 1
        return tuple(index for index, days in self._days.items() if sum(not day.local for day in days) < wanted)

    def readings(self) -> dict[str, float]:
        """The last shock, abnormal returns and tests."""
        return dict(self._last)

    def snapshot(self) -> dict[str, Any]:
        """The returns, the last closes, and the shocks that wait."""
        return {
            **super().snapshot(),
            "days": {index: msgspec.to_builtins(list(days)) for index, days in self._days.items()},
            "closes": {index: list(close) for index, close in self._closes.items()},
            "world": None if self._world is None else list(self._world),
            "shocks": msgspec.to_builtins(self._shocks),
            "verdicts": msgspec.to_builtins(self._verdicts),
            "last": dict(self._last),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        for index, days in plain["days"].items():
            self._days[index].extend(msgspec.convert(days, type=list[MarketDay]))
        self._closes = {index: (close[0], close[1], close[2]) for index, close in plain["closes"].items()}
        world = plain["world"]
        self._world = None if world is None else (world[0], world[1])
        self._shocks = msgspec.convert(plain["shocks"], type=list[Shock])
        self._verdicts = msgspec.convert(plain["verdicts"], type=dict[str, dict[str, ShockVerdict]])
        self._last = dict(plain["last"])
