"""Treasuries: yields as they are quoted, and auctions."""

from typing import ClassVar, Literal

from detectors.events.base import Event, QuoteStatistic, Tenor
from detectors.events.bounds import CheckError, bounded

LEAST_COVER = 0.5
SHARES = ("indirect_share_pct", "direct_share_pct", "dealer_share_pct")
SHARES_MAX_PCT = 101.0
"""The shares of bidders are of what was awarded; a percent is left for rounding."""


class YieldQuote(Event, frozen=True, kw_only=True, tag="yield_quote"):
    """A Treasury yield in percent: a mid, or a bid and an ask (by yield, so the bid is the higher)."""

    topic: ClassVar[str] = "yields"
    feeds: ClassVar[dict[str, str]] = {"yields": "yields"}
    names: ClassVar[tuple[str, ...]] = ("cusip",)
    days: ClassVar[Literal["", "sessions", "repo", "weekdays"]] = "sessions"

    tenor: Tenor
    statistic: QuoteStatistic
    mid_pct: float | None = None
    bid_pct: float | None = None
    ask_pct: float | None = None
    cusip: str | None = None
    on_the_run: bool = False

    def series(self) -> str:
        """``YIELD:`` and the tenor."""
        return f"YIELD:{self.tenor}"

    def part(self) -> str:
        """The statistic, of an issue where it names one."""
        return self.statistic if self.cusip is None else f"{self.statistic}:{self.cusip}"

    def once_a_day(self) -> bool:
        """All but single prints."""
        return self.statistic != "print"

    def judged(self) -> tuple[str, ...]:
        """The yields of a day."""
        return ("mid_pct", "bid_pct", "ask_pct") if self.once_a_day() else ()

    @property
    def yield_pct(self) -> float:
        """The mid, or the middle of bid and ask; a checked quote has one of them."""
        if self.mid_pct is not None:
            return self.mid_pct
        if self.bid_pct is None or self.ask_pct is None:
            raise ValueError("a yield quote needs a mid, or a bid and an ask")
        return (self.bid_pct + self.ask_pct) / 2

    def check(self) -> None:
        """Raise CheckError for values that contradict each other or cannot be."""
        if self.mid_pct is None and (self.bid_pct is None or self.ask_pct is None):
            raise CheckError("missing_value", "mid_pct", "a mid, or a bid and an ask, is required")
        if self.bid_pct is not None and self.ask_pct is not None and self.bid_pct < self.ask_pct:
            raise CheckError("crossed", "bid_pct", "below the ask: quotes are yields, so the bid is the higher")
        mid, bid, ask = self.mid_pct, self.bid_pct, self.ask_pct
        if mid is not None and ((bid is not None and mid > bid) or (ask is not None and mid < ask)):
            raise CheckError("crossed", "mid_pct", "not between the ask and the bid")


class AuctionResult(Event, frozen=True, kw_only=True, tag="auction_result"):
    """A Treasury auction: high yield and when-issued yield in percent, shares in percent, cover as a ratio."""

    topic: ClassVar[str] = "auctions"

    tenor: Tenor
    high_yield_pct: float
    when_issued_pct: float | None = None
    bid_to_cover_ratio: float | None = None
    indirect_share_pct: float | None = None
    direct_share_pct: float | None = None
    dealer_share_pct: float | None = None
    offering_usd: float | None = None

    def series(self) -> str:
        """``AUCTION:`` and the tenor."""
        return f"AUCTION:{self.tenor}"

    def once_a_day(self) -> bool:
        """A tenor is auctioned once a day at most."""
        return True

    def check(self) -> None:
        """Raise CheckError for values that contradict each other or cannot be."""
        bounded("bid_to_cover_ratio", self.bid_to_cover_ratio, 0, 100)
        if self.bid_to_cover_ratio is not None and self.bid_to_cover_ratio < LEAST_COVER:
            detail = f"{self.bid_to_cover_ratio:g} is no auction: bids cover {LEAST_COVER:g} of the offering at least"
            raise CheckError("out_of_range", "bid_to_cover_ratio", detail)
        shares = {field: getattr(self, field) for field in SHARES if getattr(self, field) is not None}
        for field, share in shares.items():
            bounded(field, share, 0, 100)
        for field, share in shares.items():
            whole = field == "direct_share_pct" and max(shares.values()) >= 1  # direct bids were that few before 2009
            if 0 < share < 1 and not whole:
                raise CheckError("wrong_unit", field, f"{share:g} looks like a fraction; percent is required")
        if sum(shares.values()) > SHARES_MAX_PCT:
            raise CheckError("out_of_range", next(iter(shares)), "the bidders' shares exceed the whole")
