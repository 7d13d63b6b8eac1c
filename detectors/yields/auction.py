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

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta

from detectors.description import LookBack, Mechanism, SignalSpec
from detectors.detector import Detector, Finding, Reading, in_bp
from detectors.events import AuctionResult, Event
from detectors.rolling import Window
from detectors.sections.base import Bp, Section, Tail

if TYPE_CHECKING:
    from detectors.sections import Config


class Auction(Section, frozen=True, kw_only=True):
    """Auctions against those of the same tenor before, and against fixed lines while there are few."""

    table: ClassVar[str] = "auction"

    window: Annotated[int, Meta(gt=0, le=1_000)]
    min_auctions: Annotated[int, Meta(gt=1, le=1_000)]
    extreme_share: Tail
    tail_bp: Bp
    cover_ratio: Annotated[float, Meta(gt=0, le=100)]
    dealer_share_pct: Annotated[float, Meta(gt=0, le=100)]

    def __post_init__(self) -> None:
        if self.min_auctions > self.window:
            raise ValueError("min_auctions: inverted, it exceeds window")


HIGH, LOW = 1, -1


class AuctionStrength(Detector):
    """Judges each published figure of an auction against the tenor's own past."""

    name = "auction"
    sections = (Auction,)
    keeps_state = True
    rests_on = ("AUCTION:*",)
    signals = (
        SignalSpec(
            name="tail",
            label="Tail of an auction",
            levels=("sold well below the when-issued market",),
            unit="bp",
            happens=True,
        ),
        SignalSpec(
            name="cover", label="Bid-to-cover of an auction", levels=("few bids for the offering",), happens=True
        ),
        SignalSpec(
            name="dealers",
            label="Dealers' share of an auction",
            levels=("dealers had to take much of it",),
            unit="pct",
            happens=True,
        ),
        SignalSpec(
            name="weak",
            label="Weak auction",
            levels=("one of tail, cover and dealers' share is poor", "two are", "all three are"),
            happens=True,
        ),
    )
    mechanisms = (
        Mechanism(
            source="F chronology",
            says="25 February: the seven-year auction collapses",
            signal="weak",
            test="test_auction.py::test_the_auction_of_25_february_2021_was_poor_in_all_three",
        ),
    )
    kinds = (AuctionResult,)

    def __init__(self, config: Auction) -> None:
        super().__init__(config)
        self._config = config
        self._windows: dict[str, Window] = {}
        self._last: dict[str, float] = {}

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        return LookBack(warm_up_days=31 * config.of(Auction).min_auctions, window_days=31 * config.of(Auction).window)

    def update(self, event: Event) -> list[Finding]:
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
        findings, found = [], {}
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
            findings.append(self._pulse(name, 1, event, reading, values, rule, threshold))
            found[unit] = value
        if found:
            rule = "how many of tail, cover and dealers' share are poor"
            findings.append(self._pulse("weak", len(found), event, reading, found, rule, None))
        return findings

    def _pulse(
        self,
        name: str,
        level: int,
        event: AuctionResult,
        reading: Reading,
        values: dict[str, float],
        rule: str,
        threshold: float | None,
    ) -> Finding:
        return self.emit_once(
            Finding(
                name=name,
                subject=event.tenor,
                level=level,
                readings=[reading],
                known=event.known,
                values=values,
                rule=rule,
                threshold=threshold,
            )
        )

    def warming(self) -> tuple[str, ...]:
        """The tenors with a figure that is still held against the fixed lines, for want of auctions before."""
        least = self._config.min_auctions
        return tuple(sorted({key.partition(":")[0] for key, window in self._windows.items() if len(window) < least}))

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
