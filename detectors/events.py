"""What comes in: frozen, tagged records, one class a kind of event.

Every record says which market it speaks of, who said it (``source``) and as which of that source's messages
(``sequence``), and carries two times in UTC nanoseconds: ``ts``, what the figure is about, and ``known``, when a
desk could first have had it. Order is by ``known``; windows are on ``ts``. Rates are in percent as quoted, money in
US dollars, and the unit stands in the field's name.

The classes hold types; ranges and combinations are checked by :mod:`detectors.checks`, bytes by
:mod:`detectors.codec`.
"""

from typing import Literal, get_args

import msgspec

Provenance = Literal["official", "quoted", "reconstructed", "synthetic"]
Tenor = Literal["1M", "2M", "3M", "6M", "1Y", "2Y", "3Y", "5Y", "7Y", "10Y", "20Y", "30Y"]
QuoteStatistic = Literal["print", "open", "high", "low", "close"]
RepoSegment = Literal["GC", "GCF", "TRIPARTY", "DVP", "SPECIAL"]
RepoStatistic = Literal["print", "low", "high", "average", "close", "percentile"]
PositionCategory = Literal["LEVERAGED", "ASSET_MANAGER", "DEALER", "NONCOMMERCIAL", "OTHER"]
FundType = Literal["CTA", "TREND", "RISK_PARITY", "BALANCED"]
Period = Literal["day", "week", "month"]

FUND_TYPES: tuple[str, ...] = get_args(FundType)
STREAMS: tuple[str, ...] = (
    "yields",
    "repo",
    "futures",
    "fails",
    "policy",
    "facility",
    "flows",
    "swaps",
    "equities",
    "auctions",
)


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What every record has: market, source and sequence, the two times (UTC ns), and where the figure is from."""

    market: str
    source: str
    sequence: int
    ts: int
    known: int
    provenance: Provenance


class YieldQuote(Event, frozen=True, kw_only=True, tag="yield_quote"):
    """A Treasury yield in percent: a mid, or a bid and an ask (by yield, so the bid is the higher)."""

    tenor: Tenor
    statistic: QuoteStatistic
    mid_pct: float | None = None
    bid_pct: float | None = None
    ask_pct: float | None = None
    cusip: str | None = None
    on_the_run: bool = False

    @property
    def yield_pct(self) -> float:
        """The mid, or the middle of bid and ask; a checked quote has one of them."""
        if self.mid_pct is not None:
            return self.mid_pct
        if self.bid_pct is None or self.ask_pct is None:
            raise ValueError("a yield quote needs a mid, or a bid and an ask")
        return (self.bid_pct + self.ask_pct) / 2


class RepoPrint(Event, frozen=True, kw_only=True, tag="repo_print"):
    """An overnight repo rate in percent. ``instrument`` names the collateral or the index within its segment."""

    segment: RepoSegment
    instrument: str
    rate_pct: float
    statistic: RepoStatistic
    volume_usd: float | None = None
    percentile: float | None = None


class FuturesPosition(Event, frozen=True, kw_only=True, tag="futures_position"):
    """Open positions of one category of holders in one contract, in contracts, as of ``as_of`` (UTC ns)."""

    contract: str
    report: Literal["TFF", "LEGACY"]
    category: PositionCategory
    long_contracts: float
    short_contracts: float
    as_of: int
    open_interest_contracts: float | None = None


class SettlementFail(Event, frozen=True, kw_only=True, tag="settlement_fail"):
    """Fails to deliver and to receive in US dollars over a period, of one issue or of all."""

    scope: Literal["issue", "total"]
    period: Period
    issue: str | None = None
    to_deliver_usd: float | None = None
    to_receive_usd: float | None = None


class PolicyRate(Event, frozen=True, kw_only=True, tag="policy_rate"):
    """The target range and the administered rates in percent, effective at ``ts``."""

    target_low_pct: float
    target_high_pct: float
    iorb_pct: float | None = None
    on_rrp_pct: float | None = None


class ReverseRepo(Event, frozen=True, kw_only=True, tag="reverse_repo"):
    """A day's take-up at a facility of the Federal Reserve, in US dollars."""

    facility: Literal["ON_RRP", "SOMA_LENDING"]
    takeup_usd: float
    counterparties: int | None = None


class FundFlow(Event, frozen=True, kw_only=True, tag="fund_flow"):
    """Net flow into (+) or out of (-) Treasuries by one type of fund over a period, in US dollars."""

    fund_type: FundType
    flow_usd: float
    period: Period
    aum_usd: float | None = None


class SwapRate(Event, frozen=True, kw_only=True, tag="swap_rate"):
    """A swap rate in percent against an overnight index."""

    tenor: Tenor
    index: str
    rate_pct: float


class EquityIndex(Event, frozen=True, kw_only=True, tag="equity_index"):
    """An equity index in points; ``local_shock`` tags a day whose move has a cause at home."""

    index: str
    level_points: float
    session: Literal["open", "print", "close"]
    local_shock: str | None = None


class AuctionResult(Event, frozen=True, kw_only=True, tag="auction_result"):
    """A Treasury auction: high yield and when-issued yield in percent, shares in percent, cover as a ratio."""

    tenor: Tenor
    high_yield_pct: float
    when_issued_pct: float | None = None
    bid_to_cover_ratio: float | None = None
    indirect_share_pct: float | None = None
    direct_share_pct: float | None = None
    dealer_share_pct: float | None = None
    offering_usd: float | None = None


class Heartbeat(Event, frozen=True, kw_only=True, tag="heartbeat"):
    """Time, in band: on this stream nothing known before ``known`` follows, but for the allowed lateness.

    ``roster`` names the streams the market consists of; once one of them was heard, the merge waits for all.
    """

    stream: str
    roster: tuple[str, ...] = ()


KINDS: tuple[type[Event], ...] = (
    YieldQuote,
    RepoPrint,
    FuturesPosition,
    SettlementFail,
    PolicyRate,
    ReverseRepo,
    FundFlow,
    SwapRate,
    EquityIndex,
    AuctionResult,
    Heartbeat,
)
AnyEvent = (
    YieldQuote
    | RepoPrint
    | FuturesPosition
    | SettlementFail
    | PolicyRate
    | ReverseRepo
    | FundFlow
    | SwapRate
    | EquityIndex
    | AuctionResult
    | Heartbeat
)
STREAM_OF: dict[type[Event], str] = {
    YieldQuote: "yields",
    RepoPrint: "repo",
    FuturesPosition: "futures",
    SettlementFail: "fails",
    PolicyRate: "policy",
    ReverseRepo: "facility",
    FundFlow: "flows",
    SwapRate: "swaps",
    EquityIndex: "equities",
    AuctionResult: "auctions",
}


def stream_of(event: Event) -> str:
    """Name the stream an event travels on; a heartbeat says it itself."""
    return event.stream if isinstance(event, Heartbeat) else STREAM_OF[type(event)]


def order_key(event: Event) -> tuple[int, str, int]:
    """The one total order: when it was known, then source, then sequence."""
    return event.known, event.source, event.sequence
