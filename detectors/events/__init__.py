"""What comes in: frozen, tagged records, one class a kind of event.

Every record says which market it speaks of, who said it (``source``) and as which of that source's messages
(``sequence``), and carries two times in UTC nanoseconds: ``ts``, what the figure is about, and ``known``, when a
desk could first have had it. Order is by ``known``; windows are on ``ts``. Rates are in percent as quoted, money in
US dollars, and the unit stands in the field's name.

The classes hold types and their own checks; what is common to all is checked by :mod:`detectors.checks`, bytes by
:mod:`detectors.codec`. ``KINDS``, ``STREAMS`` and ``STREAM_OF`` are derived from the classes when first asked for.
"""

from detectors.events.balances import Balance, BalanceItem, DealerBucket, DealerFinancing, DealerPosition
from detectors.events.base import (
    FUND_TYPES,
    Event,
    FundType,
    Period,
    PositionCategory,
    Provenance,
    QuoteStatistic,
    RepoSegment,
    RepoStatistic,
    Tenor,
)
from detectors.events.bounds import CheckError
from detectors.events.equities import EquityIndex, VolatilityIndex
from detectors.events.heartbeat import Heartbeat
from detectors.events.holdings import FundFlow, FuturesPosition
from detectors.events.rates import OvernightRate, PolicyRate, SwapRate
from detectors.events.repo import RepoPrint, ReverseRepo, SecuritiesLending, SettlementFail
from detectors.events.treasuries import AuctionResult, YieldQuote

__all__ = [
    "FUND_TYPES",
    "KINDS",
    "STREAMS",
    "STREAM_OF",
    "AuctionResult",
    "Balance",
    "BalanceItem",
    "CheckError",
    "DealerBucket",
    "DealerFinancing",
    "DealerPosition",
    "EquityIndex",
    "Event",
    "FundFlow",
    "FundType",
    "FuturesPosition",
    "Heartbeat",
    "OvernightRate",
    "Period",
    "PolicyRate",
    "PositionCategory",
    "Provenance",
    "QuoteStatistic",
    "RepoPrint",
    "RepoSegment",
    "RepoStatistic",
    "ReverseRepo",
    "SecuritiesLending",
    "SettlementFail",
    "SwapRate",
    "Tenor",
    "VolatilityIndex",
    "YieldQuote",
    "order_key",
    "stream_of",
]

KINDS: tuple[type[Event], ...]
STREAMS: tuple[str, ...]
STREAM_OF: dict[type[Event], str]


def __getattr__(name: str) -> object:
    # Asked first: the import below asks this package for `catalogue` before it imports the module.
    if name not in {"KINDS", "STREAMS", "STREAM_OF"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Derived when asked for, not at import: a plugin that brings a kind may be in the middle of importing this package.
    from detectors.events import catalogue  # noqa: PLC0415 - it reads this package's modules

    if name == "KINDS":
        return catalogue.kinds()
    if name == "STREAMS":
        return catalogue.streams()
    return catalogue.streams_by_kind()


def stream_of(event: Event) -> str:
    """Name the stream an event travels on; a heartbeat says it itself."""
    return event.stream if isinstance(event, Heartbeat) else type(event).topic


def order_key(event: Event) -> tuple[int, str, int]:
    """The one total order: when it was known, then source, then sequence."""
    return event.known, event.source, event.sequence
