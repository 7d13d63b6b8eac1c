"""Auctions: did the market take the new issue.

Idea: an auction is the one moment at which supply meets demand in the open. ``tail = high yield - when-issued`` in
basis points (positive: sold below the market's price), the ratio of bids to the offering, and the share the dealers had
to take. Each is held against the last auctions of its own tenor, judged before it joins them: in the worst
``extreme_share`` of them, and for a tail above zero besides. While there are fewer than ``min_auctions``, fixed lines
take their place; they are a desk's rules of thumb [M], and a two-year covers better than a seven-year.

Signals, by tenor, each once an auction (1): ``tail``, ``cover``, ``dealers``; and ``weak``, whose level is how many of
the three hold. A figure that was not published is not judged, and the rest are.
Reopenings and new issues share one history. Source: framework, 25 February 2021; US Treasury, auction results;
domain sheet 6 (tail 4.1 to 4.4 bp, cover 2.04, dealers 39.81 %).
"""

from typing import Any

from detectors.detector import Detector, Draft, Reading, in_bp
from detectors.events import AuctionResult, Event
from detectors.rolling import Window
from detectors.sections import Auction

HIGH, LOW = 1, -1


class AuctionStrength(Detector):
    """Judges each published figure of an auction against the tenor's own past."""

    name = "auction"
    signals = ("tail", "cover", "dealers", "weak")
    kinds = (AuctionResult,)

    def __init__(self, config: Auction) -> None:
        super().__init__()
        self._config = config
        self._windows: dict[str, Window] = {}
        self._last: dict[str, float] = {}

    def update(self, event: Event) -> list[Draft]:
        """Judge an auction."""
        assert isinstance(event, AuctionResult)
        config = self._config
        tail = None if event.when_issued_pct is None else in_bp(event.high_yield_pct - event.when_issued_pct)
        figures = (
            ("tail", "tail_bp", tail, HIGH, config.tail_bp),
            ("cover", "bid_to_cover_ratio", event.bid_to_cover_ratio, LOW, config.cover_ratio),
            ("dealers", "dealer_share_pct", event.dealer_share_pct, HIGH, config.dealer_share_pct),
        )
        reading = Reading.of(event, event.high_yield_pct)
        drafts, found = [], {}
        for name, unit, value, side, line in figures:
            if value is None:
                continue
            self._last[f"auction_{event.tenor}_{unit}"] = value
            window = self._windows.setdefault(f"{event.tenor}:{name}", Window(config.window))
            known = len(window) >= config.min_auctions
            threshold = line
            values = {unit: value}
            if known:
                threshold = window.quantile(1 - config.extreme_share if side == HIGH else config.extreme_share)
                values["percentile"] = 100 * window.rank(value)
            window.append(value)
            beyond = side * (value - threshold)
            # At the fixed line is poor; like the worst of a past that never varied is not.
            if beyond < 0 or (known and not beyond) or (name == "tail" and value <= 0):
                continue
            rule = (
                f"in the worst {100 * config.extreme_share:g} % of its tenor's auctions" if known else "the fixed line"
            )
            drafts.append(self._pulse(name, 1, event, reading, values, rule, threshold))
            found[unit] = value
        if found:
            rule = "how many of tail, cover and dealers' share are poor"
            drafts.append(self._pulse("weak", len(found), event, reading, found, rule, None))
        return drafts

    def _pulse(
        self,
        name: str,
        level: int,
        event: AuctionResult,
        reading: Reading,
        values: dict[str, float],
        rule: str,
        threshold: float | None,
    ) -> Draft:
        return self.pulse(
            name,
            event.tenor,
            level,
            readings=[reading],
            known=event.known,
            values=values,
            rule=rule,
            threshold=threshold,
        )

    def readings(self) -> dict[str, float]:
        """The last figures of each tenor's auctions."""
        return dict(self._last)

    def snapshot(self) -> dict[str, Any]:
        """The windows and the last figures."""
        windows = {key: window.values() for key, window in self._windows.items()}
        return {**super().snapshot(), "windows": windows, "last": dict(self._last)}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._windows = {key: Window(self._config.window, values) for key, values in plain["windows"].items()}
        self._last = dict(plain["last"])
