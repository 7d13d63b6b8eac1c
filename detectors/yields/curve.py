"""Curve: is a slope changing unlike it did lately.

Idea: inflation expectations steepen the curve, flights flatten it. For each slope ``s = long - short``, in bp::

    z = (s_t - s_{t-5} - mu) / sigma

with mu and sigma of past five-day changes, exponentially weighted with a span of 252 days. The change is scored before
it is learned, once a New York day, when both tenors have closed; a day that lacks one is passed over. Quotes within a
day give a provisional score of the slope so far: it can raise a signal, which the close confirms or takes off.

Signals: ``steepening`` and ``flattening`` (1), by slope, as ``5Y-3M``: on at ``alert_z``, off below ``clear_z``.
Beware of 30y-10y: under He, Nagel and Song (w27416) a sale of Treasuries that dealers must hold raises the middle of
the curve most (0.25y +7 bp, 5y +19, 10y +16, 30y +7 for a shock of 5 bp), so that supply *flattens* 30y-10y by 9 bp
while 5y-3m steepens: a steepening signal built on 30y-10y has the wrong sign there. It is watched, as the framework
asks, and the stress table should rest on 5y-3m and 10y-2y.
Five-day changes overlap: a score stays high for days after one large move, and counts as one.
Source: framework, indicator 2; domain sheet 2 and 8.
"""

import math
from collections import deque
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from detectors import calendar
from detectors.description import LookBack, Mechanism, SignalSpec, sessions
from detectors.detector import Detector, Finding, Reading, in_bp
from detectors.events import Event, Tenor, YieldQuote
from detectors.rolling import Ewma
from detectors.sections.base import Section, Sigmas

if TYPE_CHECKING:
    from detectors.sections import Config


class Slope(Section, frozen=True, kw_only=True):
    """A slope: the yield of the long tenor less that of the short one."""

    long: Tenor
    short: Tenor

    def __post_init__(self) -> None:
        if self.long == self.short:
            raise ValueError("short: inverted, it is the long tenor itself")


class Curve(Section, frozen=True, kw_only=True):
    """Changes of slopes over some days, in standard scores of their own past."""

    table: ClassVar[str] = "curve"

    slopes: Annotated[tuple[Slope, ...], Meta(max_length=32)]
    change_days: Annotated[int, Meta(gt=0, le=250)]
    span_days: Annotated[int, Meta(gt=0, le=5_000)]
    warm_up_days: Annotated[int, Meta(gt=1, le=5_000)]
    alert_z: Sigmas
    clear_z: Sigmas

    def __post_init__(self) -> None:
        if self.clear_z > self.alert_z:
            raise ValueError("clear_z: inverted, it exceeds alert_z")


KEPT = 8
LEAST_SIGMA_BP = 0.5


class SlopeModel:
    """The last slopes and the mean and variance of their changes."""

    def __init__(self, config: Curve) -> None:
        alpha = 2 / (config.span_days + 1)
        self._days = config.change_days
        self._warm_up = config.warm_up_days
        self._mean, self._square = Ewma(alpha), Ewma(alpha)
        self._slopes: deque[float] = deque(maxlen=config.change_days)
        self._count = 0
        self.day = 0

    @property
    def warming(self) -> bool:
        """Whether it cannot score yet."""
        return self._count < self._warm_up

    def score(self, slope: float) -> tuple[float, float] | None:
        """The change over the days and its standard score; None while warming."""
        if self.warming:
            return None
        change = in_bp(slope - self._slopes[0])
        mean = self._mean.value
        variance = self._square.value - mean * mean
        sigma = max(math.sqrt(max(variance, 0.0)), LEAST_SIGMA_BP)
        return change, (change - mean) / sigma

    def learn(self, day: int, slope: float) -> None:
        """Take the slope of a day's close."""
        if len(self._slopes) == self._days:
            change = in_bp(slope - self._slopes[0])
            self._mean.add(change)
            self._square.add(change * change)
            self._count = min(self._count + 1, self._warm_up)
        self._slopes.append(slope)
        self.day = day

    def snapshot(self) -> list[Any]:
        """The moments, the slopes, how many changes were learned, and the last day."""
        return [self._mean.sums, self._square.sums, list(self._slopes), self._count, self.day]

    def restore(self, plain: list[Any]) -> None:
        """Take them back."""
        mean, square, slopes, self._count, self.day = plain
        self._mean.sums, self._square.sums = tuple(mean), tuple(square)
        self._slopes.extend(slopes)


class CurveSlopes(Detector):
    """Scores the changes of every configured slope."""

    name = "curve"
    sections = (Curve,)
    signals = (
        SignalSpec(
            name="steepening", label="Curve steepens unlike lately", levels=("the change's score at or above the line",)
        ),
        SignalSpec(
            name="flattening", label="Curve flattens unlike lately", levels=("the change's score at or below the line",)
        ),
    )
    feeds = ("yields",)
    mechanisms = (
        Mechanism(
            source="F indicator 2",
            says="30Y, 10Y, 5Y steepening abnormally",
            signal="steepening",
            test="test_curve.py::test_the_sell_off_of_february_2021_steepens_5y_3m_and_10y_2y",
        ),
        Mechanism(
            source="H figure 5",
            says="the curve steepens from 0 to five years, and flattens beyond",
            signal="flattening",
            test="test_curve.py::test_a_steepening_and_a_flattening_by_hand",
        ),
    )
    kinds = (YieldQuote,)

    def __init__(self, config: Curve) -> None:
        super().__init__(config)
        self._config = config
        self._models = {_name(slope): SlopeModel(config) for slope in config.slopes}
        self._wanted = {tenor for slope in config.slopes for tenor in (slope.long, slope.short)}
        self._closes: dict[str, dict[int, Reading]] = {tenor: {} for tenor in sorted(self._wanted)}
        self._quotes: dict[str, tuple[int, Reading]] = {}
        self._last: dict[str, float] = {}

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        return LookBack(
            warm_up_days=sessions(config.of(Curve).warm_up_days + config.of(Curve).change_days),
            window_days=sessions(config.of(Curve).span_days + config.of(Curve).change_days),
        )

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The series it rests on."""
        return tuple(
            sorted({f"YIELD:{tenor}" for slope in config.of(Curve).slopes for tenor in (slope.long, slope.short)})
        )

    @classmethod
    def lines(cls, config: "Config") -> dict[tuple[str, str], float]:
        """The fixed lines of its values."""
        table = config.of(Curve)
        return {
            (f"slope_{_name(slope)}_z_score", name): score
            for slope in table.slopes
            for name, score in (("steepening", table.alert_z), ("flattening", -table.alert_z))
        }

    def takes(self, event: Event) -> bool:
        """Closes and quotes of a tenor some slope is made of, off the run left out."""
        if not isinstance(event, YieldQuote) or event.tenor not in self._wanted:
            return False
        if event.cusip and not event.on_the_run:
            return False
        return event.statistic in {"close", "print", "open"}

    def update(self, event: Event) -> list[Finding]:
        """Look at a close or a quote of a tenor some slope is made of."""
        assert isinstance(event, YieldQuote)
        if not self.takes(event):
            return []
        day = calendar.ny_date(event.ts).toordinal()
        reading = Reading.of(event, event.yield_pct)
        closed = event.statistic == "close"
        if closed:
            closes = self._closes[event.tenor]
            if day in closes:
                return []
            closes[day] = reading
            while len(closes) > KEPT:
                del closes[min(closes)]
        else:
            self._quotes[event.tenor] = (day, reading)
        findings = []
        for slope in self._config.slopes:
            if event.tenor in {slope.long, slope.short}:
                findings += self._pair(slope, day, event.known, closed=closed)
        return findings

    def _pair(self, slope: Slope, day: int, known: int, *, closed: bool) -> list[Finding]:
        name = _name(slope)
        model = self._models[name]
        if day <= model.day:
            return []
        long, short = self._of(slope.long, day, closed=closed), self._of(slope.short, day, closed=closed)
        if long is None or short is None:
            return []
        value = long.value - short.value
        scored = model.score(value)
        if closed:
            model.learn(day, value)
            self._last[f"slope_{name}_bp"] = in_bp(value)
        if scored is None:
            return []
        change, z_score = scored
        values = {"slope_bp": in_bp(value), "change_bp": change, "z_score": z_score}
        if closed:
            self._last[f"slope_{name}_z_score"] = z_score
        else:
            values["provisional"] = 1.0
        readings = sorted((short, long), key=lambda reading: (reading.ts, reading.source, reading.sequence))
        return self._say(name, z_score, readings, known, values, closed=closed)

    def _of(self, tenor: str, day: int, *, closed: bool) -> Reading | None:
        close = self._closes[tenor].get(day)
        if close is not None or closed:
            return close
        quoted = self._quotes.get(tenor)
        return quoted[1] if quoted is not None and quoted[0] == day else None

    def _say(
        self, name: str, z_score: float, readings: list[Reading], known: int, values: dict[str, float], *, closed: bool
    ) -> list[Finding]:
        config, findings = self._config, []
        rule = f"standard score of the change over {config.change_days} days, off below {config.clear_z:g}"
        for signal, towards in (("steepening", z_score), ("flattening", -z_score)):
            current = self.level(signal, name)
            level = int(towards >= (config.clear_z if current else config.alert_z))
            if level < current and not closed:
                continue
            findings += self.set_level(
                Finding(
                    name=signal,
                    subject=name,
                    level=level,
                    readings=readings,
                    known=known,
                    values=values,
                    rule=rule,
                    threshold=config.alert_z if signal == "steepening" else -config.alert_z,
                )
            )
        return findings

    def warming(self) -> tuple[str, ...]:
        """The slopes that cannot be scored yet."""
        return tuple(name for name, model in self._models.items() if model.warming)

    def readings(self) -> dict[str, float]:
        """The last slope, in basis points, and its score, at the close."""
        return dict(self._last)

    def snapshot(self) -> dict[str, Any]:
        """The models, the last closes and quotes."""
        return {
            **super().snapshot(),
            "models": {name: model.snapshot() for name, model in self._models.items()},
            "closes": {
                tenor: [[day, msgspec.to_builtins(one)] for day, one in closes.items()]
                for tenor, closes in self._closes.items()
            },
            "quotes": {tenor: [day, msgspec.to_builtins(one)] for tenor, (day, one) in self._quotes.items()},
            "last": dict(self._last),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        for name, model in self._models.items():
            model.restore(plain["models"][name])
        self._closes = {
            tenor: {day: msgspec.convert(one, type=Reading) for day, one in closes}
            for tenor, closes in plain["closes"].items()
        }
        self._quotes = {
            tenor: (day, msgspec.convert(one, type=Reading)) for tenor, (day, one) in plain["quotes"].items()
        }
        self._last = dict(plain["last"])


def _name(slope: Slope) -> str:
    return f"{slope.long}-{slope.short}"
