"""Fails to deliver, against their own history or against a fixed line.

Idea: when an issue cannot be borrowed, deliveries fail, and fails breed fails. Weekly fails of the primary dealers
run at tens of billions in calm weeks, so the framework's line of USD 50 bn is nearly always on; the desk's rule asks
for a high percentile of the last two years *and* a multiple of their median.

Signals: ``high`` (1), by issue or for the total, and by period. The history is kept from before the figure judged.
Trade-off: without ``min_weeks`` of history nothing is said: the market counts as blind on fails until then.
Source: framework, indicator 5; FR 2004 of the Federal Reserve Bank of New York; domain sheet 8.
"""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta

from detectors.description import LookBack, Mechanism, SignalSpec, weeks
from detectors.detector import Detector, Finding, Reading
from detectors.events import Event, SettlementFail
from detectors.rolling import Window
from detectors.sections.base import Positive, Section, Share, Usd
from detectors.view.margins import Margin, ladder

if TYPE_CHECKING:
    from detectors.sections import Config


class Fails(Section, frozen=True, kw_only=True):
    """Fails to deliver against their own history, or against a fixed line."""

    table: ClassVar[str] = "fails"

    window_weeks: Positive
    min_weeks: Positive
    percentile: Share | None = None
    median_multiple: Annotated[float, Meta(ge=1, le=1_000)]
    line_usd: Usd | None = None

    def __post_init__(self) -> None:
        if self.percentile is None and self.line_usd is None:
            raise ValueError("percentile: it or line_usd is required")
        if self.min_weeks > self.window_weeks:
            raise ValueError("min_weeks: inverted, it exceeds window_weeks")


SERIES_KEPT = 64
# How many figures of a period a week brings: the windows are in weeks, whatever the period.
A_WEEK = {"day": 5.0, "week": 1.0, "month": 0.25}


class SettlementFails(Detector):
    """Ranks each series of fails in its own window."""

    name = "fails"
    sections = (Fails,)
    keeps_state = True
    rests_on = ("FAILS:*",)
    signals = (
        SignalSpec(
            name="high",
            label="Fails to deliver",
            levels=("at an extreme of their own history, or above the line",),
            unit="usd",
        ),
    )
    feeds = ("fails",)
    mechanisms = (
        Mechanism(
            source="F indicator 5",
            says="fails above USD 50 bn in a week",
            signal="high",
            test="test_fails.py::test_framework_line_is_always_on_where_the_percentile_is_not",
        ),
    )
    kinds = (SettlementFail,)

    def __init__(self, config: Fails) -> None:
        super().__init__(config)
        self._config = config
        self._windows: dict[str, Window] = {}
        self._last: dict[str, float] = {}

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        table = config.of(Fails)
        if table.percentile is None:
            return LookBack()  # a line needs no history
        return LookBack(warm_up_days=weeks(table.min_weeks), window_days=weeks(table.window_weeks))

    @classmethod
    def lines(cls, config: "Config") -> dict[tuple[str, str], float]:
        """The fixed lines of its values."""
        line = config.of(Fails).line_usd
        return {} if line is None else {("fails_TOTAL:week_usd", "high"): line}

    def update(self, event: Event) -> list[Finding]:
        """Judge a figure against those before it."""
        assert isinstance(event, SettlementFail)
        if event.to_deliver_usd is None:
            return []
        subject = f"{event.issue or 'TOTAL'}:{event.period}"
        window = self._windows.pop(subject, None) or self._window(subject)
        self._windows[subject] = window  # the newest to be reported stands last
        while len(self._windows) > SERIES_KEPT:
            self._last.pop(oldest := next(iter(self._windows)), None)
            del self._windows[oldest]
        values = {"to_deliver_usd": event.to_deliver_usd}
        level, threshold, rule = self._judge(event.to_deliver_usd, window, values, self._wanted(subject))
        window.append(event.to_deliver_usd)
        self._last[subject] = event.to_deliver_usd
        reading = Reading.of(event, event.to_deliver_usd)
        return self.set_level(
            Finding(
                name="high",
                subject=subject,
                level=level,
                readings=[reading],
                known=event.known,
                values=values,
                rule=rule,
                threshold=threshold,
            )
        )

    def _window(self, subject: str, values: Iterable[float] = ()) -> Window:
        return Window(math.ceil(self._config.window_weeks * A_WEEK[subject.rpartition(":")[2]]), values)

    def _judge(
        self, fails_usd: float, window: Window, values: dict[str, float], wanted: float
    ) -> tuple[int, float | None, str]:
        config = self._config
        if config.line_usd is not None and fails_usd > config.line_usd:
            return 1, config.line_usd, "fails to deliver above the line"
        if config.percentile is None or len(window) < wanted:
            return 0, config.line_usd, "fails to deliver, against the line"
        values["percentile"] = 100 * window.rank(fails_usd)
        values["median_usd"] = window.median()
        threshold = max(window.quantile(config.percentile), config.median_multiple * values["median_usd"])
        rule = (
            f"at or above percentile {100 * config.percentile:g} and {config.median_multiple:g} medians of its history"
        )
        return int(fails_usd >= threshold and fails_usd > values["median_usd"]), threshold, rule

    def warming(self) -> tuple[str, ...]:
        """The series heard whose history is too short to rank them in; none where only the line counts."""
        if self._config.percentile is None:
            return ()
        return tuple(sorted(one for one, window in self._windows.items() if len(window) < self._wanted(one)))

    def _wanted(self, subject: str) -> float:
        return self._config.min_weeks * A_WEEK[subject.rpartition(":")[2]]

    def readings(self) -> dict[str, float]:
        """The last figure of each series, in US dollars."""
        return {f"fails_{subject}_usd": value for subject, value in self._last.items()}

    def margins(self, now: int) -> list[Margin]:
        """Each series' last figure against the line, or against what its history asks for by now."""
        del now
        found = []
        for subject, value in self._last.items():
            _, threshold, _ = self._judge(value, self._windows[subject], {}, self._wanted(subject))
            if threshold is not None:
                found += ladder("high", subject, value, (threshold,), "usd")
        return found

    def snapshot(self) -> dict[str, Any]:
        """The windows and the last figures."""
        windows = {subject: window.values() for subject, window in self._windows.items()}
        return {**super().snapshot(), "windows": windows, "last": dict(self._last)}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._windows = {subject: self._window(subject, values) for subject, values in plain["windows"].items()}
        self._last = dict(plain["last"])
