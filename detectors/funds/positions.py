"""Futures positions of the Commitments of Traders: is a category's net at an extreme of its own history.

Idea: ``net = long - short``, over open interest when that is reported, ranked in the last three years. A report is as
of Tuesday and known on Friday at 15:30 in New York; order by ``known`` keeps that lag. The two bases are never mixed
in one window: a category reported without open interest is ranked in contracts.

Signals: ``short_extreme`` and ``long_extreme`` (1), by contract, report and category, at or beyond the outer share of
the window. Caveat: leveraged funds' shorts hold the basis trade's hedges as well as views; asset managers' longs fell
in the week to 2 March 2021 while leveraged funds stayed net long: the record supports real-money selling there.
Source: framework, indicator 7; CFTC, Traders in Financial Futures and legacy reports; domain sheet 6 and 7.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from detectors.description import LookBack, Mechanism, SignalSpec, weeks
from detectors.detector import Detector, Finding, Reading
from detectors.events import Event, FuturesPosition
from detectors.rolling import Window
from detectors.sections.base import (
    Name,
    Positive,
    Section,
    Tail,
)

if TYPE_CHECKING:
    from detectors.sections import Config


class Positions(Section, frozen=True, kw_only=True):
    """Net futures positions over open interest against their own history."""

    table: ClassVar[str] = "positions"

    contracts: tuple[Name, ...]
    categories: tuple[Name, ...]
    window_weeks: Positive
    min_weeks: Positive
    extreme_share: Tail

    def __post_init__(self) -> None:
        if self.min_weeks > self.window_weeks:
            raise ValueError("min_weeks: inverted, it exceeds window_weeks")


class FuturesPositions(Detector):
    """Ranks each watched category's net position."""

    name = "positions"
    sections = (Positions,)
    keeps_state = True
    signals = (
        SignalSpec(
            name="short_extreme", label="Futures net short at an extreme", levels=("in the lowest share of its window",)
        ),
        SignalSpec(
            name="long_extreme", label="Futures net long at an extreme", levels=("in the highest share of its window",)
        ),
    )
    feeds = ("futures",)
    mechanisms = (
        Mechanism(
            source="F indicator 7",
            says="non-commercial net short at an extreme",
            signal="short_extreme",
            test="test_positions.py::test_the_edges_of_the_window",
        ),
    )
    kinds = (FuturesPosition,)

    def __init__(self, config: Positions) -> None:
        super().__init__(config)
        self._config = config
        self._windows: dict[str, Window] = {}
        self._as_of: dict[str, int] = {}
        self._last: dict[str, float] = {}

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        return LookBack(
            warm_up_days=weeks(config.of(Positions).min_weeks), window_days=weeks(config.of(Positions).window_weeks)
        )

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The series it rests on."""
        return tuple(
            f"{contract}:{category}"
            for contract in config.of(Positions).contracts
            for category in config.of(Positions).categories
        )

    def update(self, event: Event) -> list[Finding]:
        """Judge a report against those before it."""
        assert isinstance(event, FuturesPosition)
        category = f"{event.report}:{event.category}"
        if event.contract not in self._config.contracts or category not in self._config.categories:
            return []
        subject = f"{event.contract}:{category}"
        if event.as_of <= self._as_of.get(subject, 0):
            return []  # a corrected report is told in the place of the first
        net = event.long_contracts - event.short_contracts
        self._last[subject] = net
        basis, value = "net_contracts", net
        if event.open_interest_contracts:
            basis, value = "net_share", net / event.open_interest_contracts
        window = self._windows.setdefault(f"{subject}:{basis}", Window(self._config.window_weeks))
        self._as_of[subject] = event.as_of
        findings = []
        if len(window) >= self._config.min_weeks:
            findings = self._judge(subject, event, {"net_contracts": net, basis: value}, value, window)
        window.append(value)
        return findings

    def _judge(
        self, subject: str, event: FuturesPosition, values: dict[str, float], value: float, window: Window
    ) -> list[Finding]:
        share = self._config.extreme_share
        low, middle, high = window.quantile(share), window.median(), window.quantile(1 - share)
        values["percentile"] = 100 * window.rank(value)
        reading = Reading.of(event, value)
        findings = []
        for name, extreme, threshold, side in (
            ("short_extreme", value <= low and value < middle, low, "lowest"),
            ("long_extreme", value >= high and value > middle, high, "highest"),
        ):
            rule = f"net position in the {side} {100 * share:g} % of {self._config.window_weeks} weeks"
            findings += self.set_level(
                Finding(
                    name=name,
                    subject=subject,
                    level=int(extreme),
                    readings=[reading],
                    known=event.known,
                    values=values,
                    rule=rule,
                    threshold=threshold,
                )
            )
        return findings

    def warming(self) -> tuple[str, ...]:
        """The watched categories with too few reports to rank them in, on either basis."""
        least = self._config.min_weeks
        warm = {key.rpartition(":")[0] for key, window in self._windows.items() if len(window) >= least}
        contracts, categories = self._config.contracts, self._config.categories
        watched = (f"{contract}:{category}" for contract in contracts for category in categories)
        return tuple(subject for subject in watched if subject not in warm)

    def readings(self) -> dict[str, float]:
        """The last net position of each watched category, in contracts."""
        return {f"net_{subject}_contracts": value for subject, value in self._last.items()}

    def snapshot(self) -> dict[str, Any]:
        """The windows and the last positions."""
        windows = {key: window.values() for key, window in self._windows.items()}
        return {**super().snapshot(), "windows": windows, "as_of": dict(self._as_of), "last": dict(self._last)}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._windows = {key: Window(self._config.window_weeks, values) for key, values in plain["windows"].items()}
        self._as_of = dict(plain["as_of"])
        self._last = dict(plain["last"])
