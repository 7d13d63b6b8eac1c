"""Inversion: the supply or demand shock that today's spreads imply under He, Nagel and Song's model.

Idea: the model turns a shock into a repo wedge (GCF less tri-party), a Treasury-OIS spread and a move of the curve;
this turns them back. Levels cannot be used (since 2015 averages are 11 and 36 bp, a ratio of 3.3 where the model allows
0.2 to 1), so each figure enters as its *change* from its median of the past 60 days. The wedge is rid of what quarter-
and month-ends do to it first (:mod:`detectors.model.calendar_effects`); the inverse is :mod:`detectors.model.branches`.

Once a New York day, when the day's wedge is complete (tri-party comes last), with that day's last ten-year and
three-month yields (a close before any quote) and the ten-year OIS, each if it is there; a missing one leaves its row
out. Without the wedge nothing is estimated: yields alone move for a thousand reasons. For the same reason the noise of
each row is what its own changes of the past year say (1.4826 times their median size), and the configured noise its
floor: at 6 bp every month of falling yields would be a demand shock. And a shock that is accepted must be in the
spreads by themselves; yields weigh its size, they do not make it.

The cost lambda = gamma is the desk's. The paper's 0.01 ends at 17.8 bp, and 16 March 2020 had 53 to 63 bp. With 0.05 a
wedge of 63 bp goes with +59 bp in the ten-year yield, and from 9 to 18 March 2020 it rose by 64 (0.54 to 1.18 %); with
0.03 the model ends at 50 bp, with 0.1 it says +32. At 0.05 the largest supply shock has a wedge of 80 bp. More is *at
the bound*: no equilibrium bears it.

Signals: ``shock`` by subject ``supply`` or ``demand``: 1 accepted by chi-square and the implied wedge at the first
of ``wedge_bp`` or above, 2 at the second or at the bound. Values: shock, wedge, standard error, z,
misfit, amplification.
Warm-up: nothing is said before ``min_days`` days of wedges and as many changes of them.
Trade-off: each day is estimated alone. A random walk for the shock (0.1 of its range a day) was left out: it would have
halved 16 March 2020, which came and went within two days; the medians are the memory.
Source: He, Nagel and Song, NBER working paper 27416; domain sheet 4 for the inversion, 8 for the calendar.
"""

import datetime as dt
import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from detectors import calendar
from detectors.description import LookBack, Mechanism, SignalSpec, sessions
from detectors.detector import Detector, Finding, Reading, in_bp
from detectors.events import Event, RepoPrint, SwapRate, YieldQuote
from detectors.model.branches import OBSERVATIONS, Estimate, inverse
from detectors.model.calendar_effects import Calendar, Noise
from detectors.model.observation import Observation
from detectors.model.wedge import Wedge
from detectors.repo.spreads import Side, named, ranked
from detectors.sections.base import Bp, Name, Positive, Section, Share, rising

if TYPE_CHECKING:
    from detectors.sections import Config

Cost = Annotated[float, Meta(gt=0, le=10)]
Chi2 = Annotated[float, Meta(gt=0, le=1000)]
Years = Annotated[float, Meta(ge=10, le=100)]


class Inversion(Section, frozen=True, kw_only=True):
    """The implied shock: ``gcf`` less ``triparty``, and yields, against the model's equilibria.

    ``triparty`` may be an order of preference: while the first is silent the next takes its place, with its own past.
    ``cost`` is the model's lambda and gamma; noises are floors under what each observation's own past says.
    """

    table: ClassVar[str] = "inversion"

    gcf: Name
    triparty: Side
    horizon: Years
    cost: Cost
    grid_points: Annotated[int, Meta(ge=11, le=201)]
    share_of_fold: Share
    median_days: Positive
    min_days: Positive
    noise_days: Positive
    wedge_noise_bp: Noise
    treasury_ois_noise_bp: Noise
    yield_noise_bp: Noise
    slope_noise_bp: Noise
    accept_chi2: Chi2
    beat_chi2: Chi2
    wedge_bp: tuple[Bp, Bp]
    calendar: Calendar

    def __post_init__(self) -> None:
        named("triparty", self.triparty)
        rising("wedge_bp", self.wedge_bp)
        if self.min_days > self.median_days:
            raise ValueError("min_days: inverted, it exceeds median_days")
        if self.min_days > self.noise_days:
            raise ValueError("min_days: inverted, it exceeds noise_days")


DAYS_KEPT = 6
SIGNS = ("supply", "demand")


class ShockInversion(Detector):
    """Collects a day's figures, and inverts them when the wedge is complete."""

    name = "inversion"
    version = 2
    sections = (Inversion,)
    signals = (
        SignalSpec(
            name="shock",
            label="Implied shock",
            levels=("the implied wedge at the first level", "at the second, or at the edge of the model"),
            unit="bp",
        ),
    )
    feeds = ("repo_gc",)
    mechanisms = (
        Mechanism(
            source="H sections 4.2, 4.3",
            says="signs tell supply from demand",
            signal="shock",
            test="test_inversion.py::test_the_sign_is_right_in_95_of_100_over_wedges_above_3_bp",
        ),
        Mechanism(
            source="H section 5",
            says="quarter-ends move the wedge",
            signal="shock",
            test="test_inversion.py::test_a_turn_that_brings_nothing_is_no_demand_shock",
        ),
    )
    kinds = (RepoPrint, YieldQuote, SwapRate)

    def __init__(self, config: Inversion) -> None:
        super().__init__(config)
        self._config = config
        floors = (config.treasury_ois_noise_bp, config.yield_noise_bp, config.slope_noise_bp)
        self._series = {name: Observation(config, floor) for name, floor in zip(OBSERVATIONS[1:], floors, strict=True)}
        self._wedges = {name: Wedge(config) for name in ranked(config.triparty)}
        self._days: dict[str, dict[str, Reading]] = {}
        self._last: dict[str, float] = {}

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        return LookBack(
            warm_up_days=sessions(2 * config.of(Inversion).min_days),
            window_days=sessions(config.of(Inversion).median_days + config.of(Inversion).noise_days),
        )

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The series it rests on."""
        table = config.of(Inversion)
        return (table.gcf, *ranked(table.triparty), "YIELD:10Y", "YIELD:3M", "SWAP:OIS:10Y")

    @classmethod
    def preferences(cls, config: "Config") -> tuple[tuple[str, ...], ...]:
        """Which series is tri-party."""
        return (ranked(config.of(Inversion).triparty),)

    @classmethod
    def lines(cls, config: "Config") -> dict[tuple[str, str], float]:
        """The fixed lines of its values."""
        low, high = config.of(Inversion).wedge_bp
        return {
            ("implied_wedge_bp", f"{sign}, {name}"): factor * value
            for sign, factor in (("supply", 1), ("demand", -1))
            for name, value in (("first level", low), ("second level", high))
        }

    def takes(self, event: Event) -> bool:
        """The figures of the day that are inverted."""
        return self._noted(event) is not None

    def update(self, event: Event) -> list[Finding]:
        """Look at a figure of the day; the later of GCF and tri-party makes the estimate."""
        noted = self._noted(event)
        if noted is None:
            return []
        series, value = noted
        if not math.isfinite(value):
            return []
        day = calendar.ny_date(event.ts)
        date = day.isoformat()
        figures = self._days.setdefault(date, {})
        if series.endswith("?") and series[:-1] in figures:
            return []  # the close was there before
        figures[series] = Reading.of(event, value)
        while len(self._days) > DAYS_KEPT:
            del self._days[min(self._days)]
        gcf, findings = self._config.gcf, []
        for name, wedge in self._wedges.items():
            if series in {gcf, name} and gcf in figures and name in figures and date > wedge.stepped:
                wedge.stepped = date
                findings += self._step(name, day, figures, event.known)
        return findings

    def _speaking(self) -> str:
        """The tri-party series whose wedge is judged now; the preferred one where none is alive."""
        alive = [name for name, wedge in self._wedges.items() if wedge.begun and self.sight.seen(name)]
        warm = (name for name in alive if not self._wedges[name].past.warming)
        return next(warm, alive[0] if alive else next(iter(self._wedges)))

    def _noted(self, event: Event) -> tuple[str, float] | None:
        """The name under which a figure is kept, with a mark on what a close would replace."""
        if isinstance(event, RepoPrint):
            series = event.series()
            average = event.statistic in {"average", "close"}
            return (series, event.rate_pct) if average and series in {self._config.gcf, *self._wedges} else None
        if isinstance(event, YieldQuote):
            if event.cusip is not None or event.tenor not in {"10Y", "3M"} or event.statistic in {"high", "low"}:
                return None
            return f"{event.tenor}{'' if event.statistic == 'close' else '?'}", event.yield_pct
        assert isinstance(event, SwapRate)
        return (f"OIS:{event.tenor}", event.rate_pct) if (event.tenor, event.index) == ("10Y", "OIS") else None

    def _step(self, triparty: str, day: dt.date, figures: dict[str, Reading], known: int) -> list[Finding]:
        wedge, readings = self._wedges[triparty], [figures[self._config.gcf], figures[triparty]]
        raw_bp = in_bp(readings[0].value - readings[1].value)
        wedge_bp, doubt = wedge.turns.taken_off(raw_bp, day)
        findings = []
        if triparty == self._speaking():
            levels = {"wedge": wedge_bp, **self._beside(figures, readings)}
            findings = [] if wedge.past.warming else self._judge(triparty, levels, doubt, readings, known)
            for name, level in levels.items():
                if name != "wedge":
                    self._series[name].learn(level)
            self._last |= {f"turn_{kind}_bp": effect for kind, effect in self._learnt(wedge, raw_bp, day).items()}
        else:
            wedge.turns.learn(raw_bp, day)
        wedge.past.learn(wedge_bp, size=doubt == 0)
        return findings

    @staticmethod
    def _learnt(wedge: Wedge, raw_bp: float, day: dt.date) -> dict[str, float]:
        wedge.turns.learn(raw_bp, day)
        return wedge.turns.effects()

    @staticmethod
    def _beside(figures: dict[str, Reading], readings: list[Reading]) -> dict[str, float]:
        """What the day has beside the wedge, in basis points; the figures used are added to ``readings``."""
        levels = {}
        ten = figures.get("10Y", figures.get("10Y?"))
        short = figures.get("3M", figures.get("3M?"))
        swap = figures.get("OIS:10Y")
        if ten is not None:
            readings.append(ten)
            levels["yield"] = in_bp(ten.value)
            if short is not None:
                readings.append(short)
                levels["slope"] = in_bp(ten.value - short.value)
            if swap is not None:
                readings.append(swap)
                levels["treasury_ois"] = in_bp(ten.value - swap.value)
        return levels

    def _judge(
        self, triparty: str, levels: dict[str, float], doubt: float, readings: list[Reading], known: int
    ) -> list[Finding]:
        config = self._config
        changes, noises = {}, {}
        for name, level in levels.items():
            series = self._wedges[triparty].past if name == "wedge" else self._series[name]
            change = series.change(level)
            if change is not None and not series.warming:
                changes[name] = change
                noises[name] = math.sqrt(series.noise() ** 2 + (doubt if name == "wedge" else 0.0))
        tables = inverse(config.horizon, config.cost, config.grid_points, config.share_of_fold)
        found = tables.estimate(changes, noises, accept=config.accept_chi2, beat=config.beat_chi2)
        if found is None:
            return []
        if found.spread_gain <= config.accept_chi2:
            found = msgspec.structs.replace(found, sign="none")
        values = _values(found, changes, noises)
        shown = ("implied_wedge_bp", "implied_shock", "amplification", "misfit")
        self._last = {name: values[name] for name in shown}
        self._last["distance_to_breakdown_pct"] = tables.distance_pct(found)
        level = self._level(found)
        ordered = sorted(readings, key=lambda reading: (reading.ts, reading.source))
        findings = []
        for sign in sorted(SIGNS, key=lambda sign: sign == found.sign):  # what ends is said before what begins
            reached = level if sign == found.sign else 0
            findings += self.set_level(
                Finding(
                    name="shock",
                    subject=sign,
                    level=reached,
                    readings=ordered,
                    known=known,
                    values=values,
                    rule=f"the implied wedge, accepted at chi-square {config.accept_chi2:g}, against the levels"
                    + (f" (tri-party is {triparty})" if triparty != next(iter(self._wedges)) else ""),
                    threshold=config.wedge_bp[max(reached, 1) - 1],
                    ways=((config.gcf, triparty),),  # without the wedge there is no answer, without the rest there is
                )
            )
        return findings

    def _level(self, found: Estimate) -> int:
        size = abs(found.wedge_bp)
        low, high = self._config.wedge_bp
        return 2 if size >= high or found.at_bound else int(size >= low)

    def warming(self) -> tuple[str, ...]:
        """The wedge, while its past is too short."""
        return ("wedge",) if self._wedges[self._speaking()].past.warming else ()

    def readings(self) -> dict[str, float]:
        """The last implied wedge and shock, distance from breakdown, amplification and misfit; the turns' effects."""
        return dict(self._last)

    def snapshot(self) -> dict[str, Any]:
        """The days not complete, each series' past, and the turns."""
        return {
            **super().snapshot(),
            "days": msgspec.to_builtins(self._days),
            "series": {name: series.snapshot() for name, series in self._series.items()},
            "wedges": {name: wedge.snapshot() for name, wedge in self._wedges.items()},
            "last": dict(self._last),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._days = msgspec.convert(plain["days"], type=dict[str, dict[str, Reading]])
        for name, series in self._series.items():
            series.restore(self._config, plain["series"][name])
        for name, wedge in self._wedges.items():
            wedge.restore(plain["wedges"][name])
        self._last = dict(plain["last"])


def _values(found: Estimate, changes: dict[str, float], noises: dict[str, float]) -> dict[str, float]:
    return {
        "implied_shock": found.beta,
        "implied_wedge_bp": found.wedge_bp,
        "standard_error_bp": found.error_bp,
        "z_score": found.z_score,
        "misfit": found.misfit,
        "chi2_gain": found.gain,
        "chi2_gain_spreads": found.spread_gain,
        "amplification": found.amplification,
        "at_bound": float(found.at_bound),
        **{f"{name}_change_bp": change for name, change in changes.items()},
        **{f"{name}_noise_bp": noises[name] for name in changes},
    }
