"""Take-up of a facility of the Federal Reserve, against a line and against its own recent history.

Idea: cash that finds no collateral goes to the ON RRP facility; securities that cannot be borrowed are lent by SOMA.
ON RRP hands out general collateral, so a surge says that collateral is short, not that an issue was supplied: the
relief of 4 March 2021 was SOMA securities lending. Quarter-ends move take-up for reasons of reporting and are neither
judged nor remembered.

Signals: ``high`` (1), by facility: at or above the line, and at or above a percentile of the last days.
Source: framework, indicator 6; domain sheet 6 and 8.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from detectors import calendar
from detectors.description import LookBack, Mechanism, SignalSpec, sessions
from detectors.detector import Detector, Finding, Reading
from detectors.events import Event, ReverseRepo
from detectors.rolling import Window
from detectors.sections.base import (
    Positive,
    Section,
    Share,
    Usd,
)
from detectors.view.margins import Margin, ladder

if TYPE_CHECKING:
    from detectors.sections import Config


class Facility(Section, frozen=True, kw_only=True):
    """Take-up of the reverse-repo facility against its own history."""

    table: ClassVar[str] = "facility"

    line_usd: Usd
    percentile: Share | None = None
    window_days: Positive
    min_days: Positive
    skip_quarter_ends: bool

    def __post_init__(self) -> None:
        if self.min_days > self.window_days:
            raise ValueError("min_days: inverted, it exceeds window_days")


class FacilityTakeUp(Detector):
    """Ranks each facility's take-up in its own window."""

    name = "facility"
    sections = (Facility,)
    keeps_state = True
    rests_on = ("FACILITY:*",)
    signals = (
        SignalSpec(
            name="high",
            label="Take-up at the facility",
            levels=("at or above the line and the percentile of its last days",),
            unit="usd",
        ),
    )
    feeds = ("facility",)
    mechanisms = (
        Mechanism(
            source="F indicator 6",
            says="reverse repo facility above tens of billions",
            signal="high",
            test="test_facility.py::test_march_2021",
        ),
        Mechanism(
            source="F chain",
            says="the Federal Reserve supplies the issue: SOMA lending, not ON RRP",
            signal="high",
            metric="value(takeup_SOMA_LENDING_usd)",
            test="test_facility.py::test_facilities_are_apart",
        ),
    )
    kinds = (ReverseRepo,)

    def __init__(self, config: Facility) -> None:
        super().__init__(config)
        self._config = config
        self._windows: dict[str, Window] = {}
        self._last: dict[str, float] = {}

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        table = config.of(Facility)
        if table.percentile is None:
            return LookBack()  # a line needs no history
        return LookBack(warm_up_days=sessions(table.min_days), window_days=sessions(table.window_days))

    @classmethod
    def lines(cls, config: "Config") -> dict[tuple[str, str], float]:
        """The fixed lines of its values."""
        return {("takeup_ON_RRP_usd", "high"): config.of(Facility).line_usd}

    def update(self, event: Event) -> list[Finding]:
        """Judge a day's take-up against those before it."""
        assert isinstance(event, ReverseRepo)
        config = self._config
        self._last[event.facility] = event.takeup_usd
        if config.skip_quarter_ends and calendar.is_quarter_end(calendar.ny_date(event.ts)):
            return []
        window = self._windows.setdefault(event.facility, Window(config.window_days))
        threshold = self._threshold(window)
        values = {"takeup_usd": event.takeup_usd}
        rule = "take-up at or above the line"
        if config.percentile is not None:
            rule += f" and percentile {100 * config.percentile:g} of its last days"
            if threshold is not None:
                values["percentile"] = 100 * window.rank(event.takeup_usd)
        window.append(event.takeup_usd)
        return self.set_level(
            Finding(
                name="high",
                subject=event.facility,
                level=int(threshold is not None and event.takeup_usd >= threshold),
                readings=[Reading.of(event, event.takeup_usd)],
                known=event.known,
                values=values,
                rule=rule,
                threshold=config.line_usd if threshold is None else threshold,
            )
        )

    def _threshold(self, window: Window) -> float | None:
        """The line, or the percentile of the last days where that is higher; None while they are too few."""
        config = self._config
        if config.percentile is None:
            return config.line_usd
        if len(window) < config.min_days:
            return None
        return max(config.line_usd, window.quantile(config.percentile))

    def warming(self) -> tuple[str, ...]:
        """The facilities heard that have too few days to rank their take-up in; none where only the line counts."""
        return tuple(sorted(one for one, window in self._windows.items() if self._threshold(window) is None))

    def readings(self) -> dict[str, float]:
        """The last take-up of each facility, in US dollars."""
        return {f"takeup_{facility}_usd": value for facility, value in self._last.items()}

    def margins(self, now: int) -> list[Margin]:
        """Each facility's last take-up against the line and the percentile of its last days, once they are enough."""
        del now
        found = []
        for facility, window in self._windows.items():
            threshold = self._threshold(window)
            if threshold is not None:
                found += ladder("high", facility, self._last[facility], (threshold,), "usd")
        return found

    def snapshot(self) -> dict[str, Any]:
        """The windows and the last take-ups."""
        windows = {facility: window.values() for facility, window in self._windows.items()}
        return {**super().snapshot(), "windows": windows, "last": dict(self._last)}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        size = self._config.window_days
        self._windows = {facility: Window(size, values) for facility, values in plain["windows"].items()}
        self._last = dict(plain["last"])
