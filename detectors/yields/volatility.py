"""Realised volatility of yields, in basis points a day, and moves of one day measured in it.

Idea: volatility is what makes risk-parity funds sell, dealers widen and margins rise. By day::

    sigma_t = sqrt(EWMA(dy**2)),  decay 0.94, dy the change of the close in bp,

and within a day, where quotes come, ``realised = sqrt(sum dy**2)`` over changes of the last quote of each five minutes.
sigma is ranked in its own last three years before it joins them; ``realised`` is ranked among the whole days before,
and may alarm before the day is over, since it can only grow. Fewer than ``min_buckets`` changes are no measurement.
A move is divided by the sigma of the days *before* it, never by one that holds it.

Signals, by tenor: ``high`` (1): sigma above the percentile, until it is at or below the lower one.
``realised_high`` (1): likewise within the day; the day's end, seen by a quote of a later day, judges it again.
``move`` (once; 1 and 2 by tier): the close moved by so many sigmas. ``intraday_move`` (once a day and tier): a quote.
Trade-off: EWMAs answer in days and forget in weeks (half-life 11 days); the par curve is rounded to a basis point, so
sigma is never taken to be below ``least_sigma_bp``. Quotes carry noise of their own; realised is ranked only in itself.
Source: RiskMetrics 1996 (decay) [M]; domain sheet 8.
"""

import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta

from detectors import calendar
from detectors.calendar import NS
from detectors.description import LookBack, Mechanism, SignalSpec, sessions
from detectors.detector import Detector, Finding, Reading, in_bp
from detectors.events import Event, Tenor, YieldQuote
from detectors.rolling import Window
from detectors.sections.base import Section, Share, Sigmas, rising
from detectors.yields.tenor_volatility import TenorVolatility, Today

if TYPE_CHECKING:
    from detectors.sections import Config


class Volatility(Section, frozen=True, kw_only=True):
    """Realised volatility by day and within the day, and moves of one day in it."""

    table: ClassVar[str] = "volatility"

    tenors: tuple[Tenor, ...]
    decay: Share
    warm_up_days: Annotated[int, Meta(gt=1, le=5_000)]
    window_days: Annotated[int, Meta(gt=0, le=5_000)]
    min_days: Annotated[int, Meta(gt=0, le=5_000)]
    percentile: Share
    clear_percentile: Share
    move_sigmas: tuple[Sigmas, Sigmas]
    least_sigma_bp: Annotated[float, Meta(gt=0, le=1_000)]
    bucket_s: Annotated[int, Meta(gt=0, le=86_400)]
    min_buckets: Annotated[int, Meta(gt=0, le=5_000)]

    def __post_init__(self) -> None:
        rising("move_sigmas", self.move_sigmas)
        if self.min_days > self.window_days:
            raise ValueError("min_days: inverted, it exceeds window_days")
        if self.clear_percentile > self.percentile:
            raise ValueError("clear_percentile: inverted, it exceeds percentile")


class RealisedVolatility(Detector):
    """Measures every configured tenor, by day and within it."""

    name = "volatility"
    sections = (Volatility,)
    signals = (
        SignalSpec(name="high", label="Volatility", levels=("above the percentile of its own past",), unit="bp"),
        SignalSpec(
            name="realised_high",
            label="Volatility within the day",
            levels=("above the percentile of the days before",),
            unit="bp",
        ),
        SignalSpec(
            name="move",
            label="Move of a day",
            levels=("beyond the first number of standard deviations", "beyond the second"),
            unit="bp",
            happens=True,
        ),
        SignalSpec(
            name="intraday_move",
            label="Move within the day",
            levels=("beyond the first number of standard deviations", "beyond the second"),
            unit="bp",
            happens=True,
        ),
    )
    feeds = ("yields",)
    mechanisms = (
        Mechanism(
            source="F thread A",
            says="bond volatility rises",
            signal="high",
            test="test_volatility.py::test_the_volatility_of_february_2021_is_of_the_order_of_the_sheets",
        ),
        Mechanism(
            source="F chronology",
            says="25 February: a flash crash within the day",
            signal="move",
            test="test_volatility.py::test_a_move_is_divided_by_the_sigma_before_it",
        ),
    )
    kinds = (YieldQuote,)

    def __init__(self, config: Volatility) -> None:
        super().__init__(config)
        self._config = config
        self._tenors = {tenor: TenorVolatility(config) for tenor in config.tenors}
        self._last: dict[str, float] = {}

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        return LookBack(
            warm_up_days=sessions(config.of(Volatility).warm_up_days + config.of(Volatility).min_days),
            window_days=sessions(config.of(Volatility).warm_up_days + config.of(Volatility).window_days),
        )

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The series it rests on."""
        return tuple(f"YIELD:{tenor}" for tenor in config.of(Volatility).tenors)

    def takes(self, event: Event) -> bool:
        """Closes and quotes of a watched tenor, off the run left out."""
        if not isinstance(event, YieldQuote) or event.tenor not in self._tenors:
            return False
        if event.cusip and not event.on_the_run:
            return False
        return event.statistic in {"close", "print", "open"}

    def update(self, event: Event) -> list[Finding]:
        """Look at a close or a quote of a watched tenor."""
        assert isinstance(event, YieldQuote)
        if not self.takes(event):
            return []
        state = self._tenors[event.tenor]
        day = calendar.ny_date(event.ts).toordinal()
        reading = Reading.of(event, event.yield_pct)
        if event.statistic == "close":
            return self._closed(event.tenor, state, day, reading, event.known) if day > state.day else []
        return self._quoted(event.tenor, state, day, reading, event.known)

    def _sigma(self, state: TenorVolatility) -> float | None:
        if state.count < self._config.warm_up_days:
            return None
        return max(math.sqrt(state.square.value), self._config.least_sigma_bp)

    def _closed(self, tenor: str, state: TenorVolatility, day: int, reading: Reading, known: int) -> list[Finding]:
        before, state.close, state.day = state.close, reading, day
        if before is None:
            return []
        move = in_bp(reading.value - before.value)
        findings = self._moved("move", tenor, self._sigma(state), move, [before, reading], known)
        state.square.add(move * move)
        state.count = min(state.count + 1, self._config.warm_up_days)
        sigma = self._sigma(state)
        if sigma is None:
            return findings
        self._last[f"volatility_{tenor}_bp"] = sigma
        findings += self._ranked("high", tenor, sigma, state.sigmas, [before, reading], known)
        state.sigmas.append(sigma)
        return findings

    def _tier(self, sigma: float | None, move: float) -> int:
        if sigma is None:
            return 0
        return sum(abs(move) >= tier * sigma for tier in self._config.move_sigmas)

    def _moved(
        self, name: str, tenor: str, sigma: float | None, move: float, readings: list[Reading], known: int
    ) -> list[Finding]:
        level = self._tier(sigma, move)
        if not level or sigma is None:
            return []
        values = {"move_bp": move, "sigma_bp": sigma, "move_sigmas": move / sigma}
        rule = "change since the last close, against the volatility of the days before"
        threshold = self._config.move_sigmas[level - 1] * sigma
        return [
            self.emit_once(
                Finding(
                    name=name,
                    subject=tenor,
                    level=level,
                    readings=readings,
                    known=known,
                    values=values,
                    rule=rule,
                    threshold=threshold,
                )
            )
        ]

    def _ranked(
        self, name: str, tenor: str, value: float, window: Window, readings: list[Reading], known: int
    ) -> list[Finding]:
        config = self._config
        if len(window) < config.min_days:
            return []
        threshold = window.quantile(config.percentile)
        on = value > threshold
        if not on and self.level(name, tenor):
            on = value > window.quantile(config.clear_percentile)
        return self.set_level(
            Finding(
                name=name,
                subject=tenor,
                level=int(on),
                readings=readings,
                known=known,
                values={"volatility_bp": value, "percentile": 100 * window.rank(value)},
                rule=f"above percentile {100 * config.percentile:g} of its own past",
                threshold=threshold,
            )
        )

    def _quoted(self, tenor: str, state: TenorVolatility, day: int, reading: Reading, known: int) -> list[Finding]:
        today = state.today
        bucket = reading.ts // (self._config.bucket_s * NS)
        findings = []
        if today is None or day > today.day:
            if today is not None:
                findings += self._day_ended(tenor, state, today, known)
            today = state.today = Today(day, bucket, None, reading)
        elif day < today.day or bucket < today.bucket:
            return []
        elif bucket > today.bucket:
            if today.base is not None:
                today.squares += in_bp(today.last.value - today.base) ** 2
                today.changes += 1
            today.base, today.bucket, today.last = today.last.value, bucket, reading
            findings += self._so_far(tenor, state, today, known)
        else:
            today.last = reading
        if state.close is not None and day > state.day:
            move = in_bp(reading.value - state.close.value)
            sigma = self._sigma(state)
            if self._tier(sigma, move) > today.moved:
                today.moved = self._tier(sigma, move)
                findings += self._moved("intraday_move", tenor, sigma, move, [state.close, reading], known)
        return findings

    def _so_far(self, tenor: str, state: TenorVolatility, today: Today, known: int) -> list[Finding]:
        if today.changes < self._config.min_buckets:
            return []
        realised = math.sqrt(today.squares)
        self._last[f"realised_{tenor}_bp"] = realised
        if self.level("realised_high", tenor) or len(state.realised) < self._config.min_days:
            return []
        if realised <= state.realised.quantile(self._config.percentile):
            return []
        return self._ranked("realised_high", tenor, realised, state.realised, [today.last], known)

    def _day_ended(self, tenor: str, state: TenorVolatility, today: Today, known: int) -> list[Finding]:
        squares, changes = today.squares, today.changes
        if today.base is not None:
            squares += in_bp(today.last.value - today.base) ** 2
            changes += 1
        if changes < self._config.min_buckets:
            return []
        realised = math.sqrt(squares)
        self._last[f"realised_{tenor}_bp"] = realised
        findings = self._ranked("realised_high", tenor, realised, state.realised, [today.last], known)
        state.realised.append(realised)
        return findings

    def warming(self) -> tuple[str, ...]:
        """The tenors whose volatility cannot be ranked yet; that within the day only where it is measured at all."""
        least = self._config.min_days
        daily = (tenor for tenor, state in self._tenors.items() if len(state.sigmas) < least)
        within = (f"{tenor}:realised" for tenor, state in self._tenors.items() if 0 < len(state.realised) < least)
        return (*daily, *within)

    def readings(self) -> dict[str, float]:
        """The last sigma and the last realised volatility of a day, in basis points a day."""
        return dict(self._last)

    def snapshot(self) -> dict[str, Any]:
        """Every tenor, and the last values."""
        tenors = {tenor: state.snapshot() for tenor, state in self._tenors.items()}
        return {**super().snapshot(), "tenors": tenors, "last": dict(self._last)}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        for tenor, state in self._tenors.items():
            state.restore(plain["tenors"][tenor], self._config.window_days)
        self._last = dict(plain["last"])
