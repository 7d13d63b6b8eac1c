"""Futures positions of the Commitments of Traders: is a category's net at an extreme of its own history.

Idea: ``net = long - short``, over open interest when that is reported, ranked in the last three years. A report is as
of Tuesday and known on Friday at 15:30 in New York; order by ``known`` keeps that lag. The two bases are never mixed
in one window: a category reported without open interest is ranked in contracts.

Signals: ``short_extreme`` and ``long_extreme`` (1), by contract, report and category, at or beyond the outer share of
the window. Caveat: leveraged funds' shorts hold the basis trade's hedges as well as views; asset managers' longs fell
in the week to 2 March 2021 while leveraged funds stayed net long: the record supports real-money selling there.
Source: framework, indicator 7; CFTC, Traders in Financial Futures and legacy reports; domain sheet 6 and 7.
"""

from typing import Any

from detectors.detector import Detector, Draft, Reading
from detectors.events import Event, FuturesPosition
from detectors.rolling import Window
from detectors.sections import Positions


class FuturesPositions(Detector):
    """Ranks each watched category's net position."""

    name = "positions"
    signals = ("short_extreme", "long_extreme")
    kinds = (FuturesPosition,)

    def __init__(self, config: Positions) -> None:
        super().__init__()
        self._config = config
        self._windows: dict[str, Window] = {}
        self._as_of: dict[str, int] = {}
        self._last: dict[str, float] = {}

    def update(self, event: Event) -> list[Draft]:
        """Judge a report against those before it."""
        assert isinstance(event, FuturesPosition)
        category = f"{event.report}:{event.category}"
        if event.contract not in self._config.contracts or category not in self._config.categories:
            return []
        subject = f"{event.contract}:{category}"
        net = event.long_contracts - event.short_contracts
        self._last[subject] = net
        basis, value = "net_contracts", net
        if event.open_interest_contracts:
            basis, value = "net_share", net / event.open_interest_contracts
        window = self._windows.setdefault(f"{subject}:{basis}", Window(self._config.window_weeks))
        before = self._as_of.get(subject, 0)
        if event.as_of < before:
            return []
        if event.as_of == before:
            window.drop_newest()  # a corrected report takes the place of the first
        self._as_of[subject] = event.as_of
        drafts = []
        if len(window) >= self._config.min_weeks:
            drafts = self._judge(subject, event, {"net_contracts": net, basis: value}, value, window)
        window.append(value)
        return drafts

    def _judge(
        self, subject: str, event: FuturesPosition, values: dict[str, float], value: float, window: Window
    ) -> list[Draft]:
        share = self._config.extreme_share
        low, middle, high = window.quantile(share), window.median(), window.quantile(1 - share)
        values["percentile"] = 100 * window.rank(value)
        reading = Reading.of(event, value)
        drafts = []
        for name, extreme, threshold, side in (
            ("short_extreme", value <= low and value < middle, low, "lowest"),
            ("long_extreme", value >= high and value > middle, high, "highest"),
        ):
            rule = f"net position in the {side} {100 * share:g} % of {self._config.window_weeks} weeks"
            drafts += self.latch(
                name,
                subject,
                int(extreme),
                readings=[reading],
                known=event.known,
                values=values,
                rule=rule,
                threshold=threshold,
            )
        return drafts

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
