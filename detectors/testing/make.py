"""Events for tests: a New York day and time in, a checked record out.

Every factory takes ``at``, a New York moment such as ``"2021-03-03 09:30"`` (or UTC nanoseconds), as the time the
figure is about; ``known`` is the same unless it is said. Sequence numbers rise by themselves; :func:`restart` sets
them back. What a test does not name gets a calm default; any other field of the record is given by its name.
"""

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any, TypeVar

from detectors import events as ev
from detectors.calendar import next_business_day, ny
from detectors.checks import check

MARKET = "UST"
SOURCE = "test"
Moment = str | int
E = TypeVar("E", bound=ev.Event)

_sequence = itertools.count(1)


def restart(first: int = 1) -> None:
    """Begin the sequence numbers anew."""
    global _sequence  # noqa: PLW0603  one counter for all factories is the point
    _sequence = itertools.count(first)


def day(text: str) -> dt.date:
    """A date of ISO text."""
    return dt.date.fromisoformat(text)


def moment(at: Moment) -> int:
    """UTC nanoseconds of ``YYYY-MM-DD HH:MM`` in New York; a day alone means noon, a number is taken as it is."""
    if isinstance(at, int):
        return at
    date, _, clock = at.partition(" ")
    return ny(day(date), clock or "12:00")


def sessions(first: str, count: int) -> Iterator[str]:
    """That many sessions from a day on, as ISO text; the day itself is the first and must be a session."""
    date = day(first)
    for _ in range(count):
        yield date.isoformat()
        date = next_business_day(date)


def weeks(first: str, count: int) -> Iterator[str]:
    """That many days, each a week after the one before, as ISO text."""
    date = day(first)
    for index in range(count):
        yield (date + dt.timedelta(weeks=index)).isoformat()


def _make(kind: type[E], at: Moment, known: Moment | None, fields: dict[str, Any]) -> E:
    ts = moment(at)
    common: dict[str, Any] = {
        "market": MARKET,
        "source": SOURCE,
        "sequence": next(_sequence),
        "ts": ts,
        "known": ts if known is None else moment(known),
        "provenance": "synthetic",
    }
    event = kind(**(common | fields))
    check(event)
    return event


def quote(at: Moment, yield_pct: float, *, known: Moment | None = None, **fields: Any) -> ev.YieldQuote:
    """A 10-year yield as a print."""
    return _make(ev.YieldQuote, at, known, {"tenor": "10Y", "statistic": "print", "mid_pct": yield_pct} | fields)


def close(date: str, yield_pct: float, *, known: Moment | None = None, **fields: Any) -> ev.YieldQuote:
    """A 10-year yield at the close of a day, 17:00 New York."""
    return quote(f"{date} 17:00", yield_pct, known=known, **({"statistic": "close"} | fields))


def repo(at: Moment, series: str, rate_pct: float, *, known: Moment | None = None, **fields: Any) -> ev.RepoPrint:
    """A print of a repo series named ``SEGMENT:INSTRUMENT``."""
    segment, _, instrument = series.partition(":")
    defaults = {"segment": segment, "instrument": instrument, "rate_pct": rate_pct, "statistic": "print"}
    return _make(ev.RepoPrint, at, known, defaults | fields)


def average(at: Moment, series: str, rate_pct: float, *, known: Moment | None = None, **fields: Any) -> ev.RepoPrint:
    """A day's average of a repo series."""
    return repo(at, series, rate_pct, known=known, **({"statistic": "average"} | fields))


def special(
    at: Moment, rate_pct: float, *, issue: str = "10Y-OTR", known: Moment | None = None, **fields: Any
) -> ev.RepoPrint:
    """A print of one issue's special rate."""
    return repo(at, f"SPECIAL:{issue}", rate_pct, known=known, **fields)


def policy(
    at: Moment, low_pct: float, high_pct: float | None = None, *, known: Moment | None = None, **fields: Any
) -> ev.PolicyRate:
    """A target range effective at ``at``, a quarter of a percent wide unless it is said."""
    high = low_pct + 0.25 if high_pct is None else high_pct
    return _make(ev.PolicyRate, at, known, {"target_low_pct": low_pct, "target_high_pct": high} | fields)


def zero_bound(at: Moment = "2020-03-16", **fields: Any) -> ev.PolicyRate:
    """The range of 0 to 0.25 % with IOER at 0.10 and ON RRP at 0.00, as it stood in February and March 2021."""
    return policy(at, 0.0, 0.25, **({"iorb_pct": 0.10, "on_rrp_pct": 0.0} | fields))


def position(
    as_of: str, net: float, *, category: str = "TFF:LEVERAGED", known: Moment | None = None, **fields: Any
) -> ev.FuturesPosition:
    """A weekly report of TY: net contracts as of a Tuesday's close, known on Friday at 15:30."""
    report, _, holder = category.partition(":")
    ts = moment(f"{as_of} 17:00")
    friday = day(as_of) + dt.timedelta(days=3)
    defaults = {
        "contract": "TY",
        "report": report,
        "category": holder,
        "long_contracts": max(net, 0.0),
        "short_contracts": max(-net, 0.0),
        "as_of": ts,
    }
    said = moment(f"{friday.isoformat()} 15:30") if known is None else known
    return _make(ev.FuturesPosition, ts, said, defaults | fields)


def fail(at: Moment, to_deliver_usd: float | None, *, known: Moment | None = None, **fields: Any) -> ev.SettlementFail:
    """A week's fails to deliver, of all issues."""
    defaults = {"scope": "total", "period": "week", "to_deliver_usd": to_deliver_usd}
    return _make(ev.SettlementFail, at, known, defaults | fields)


def takeup(at: Moment, usd: float, *, known: Moment | None = None, **fields: Any) -> ev.ReverseRepo:
    """A day's take-up at the ON RRP facility."""
    return _make(ev.ReverseRepo, at, known, {"facility": "ON_RRP", "takeup_usd": usd} | fields)


def flow(at: Moment, fund: str, usd: float, *, known: Moment | None = None, **fields: Any) -> ev.FundFlow:
    """A week's net flow into Treasuries by one type of fund."""
    return _make(ev.FundFlow, at, known, {"fund_type": fund, "flow_usd": usd, "period": "week"} | fields)


def swap(at: Moment, rate_pct: float = 0.08, *, known: Moment | None = None, **fields: Any) -> ev.SwapRate:
    """A 3-month OIS rate."""
    return _make(ev.SwapRate, at, known, {"tenor": "3M", "index": "OIS", "rate_pct": rate_pct} | fields)


def equity(at: Moment, points: float = 29_000.0, *, known: Moment | None = None, **fields: Any) -> ev.EquityIndex:
    """A close of the Hang Seng index."""
    defaults = {"index": "HANG_SENG", "level_points": points, "session": "close"}
    return _make(ev.EquityIndex, at, known, defaults | fields)


def auction(at: Moment, yield_pct: float = 1.195, *, known: Moment | None = None, **fields: Any) -> ev.AuctionResult:
    """A 7-year auction with nothing but its high yield."""
    return _make(ev.AuctionResult, at, known, {"tenor": "7Y", "high_yield_pct": yield_pct} | fields)


def heartbeat(at: Moment, stream: str, *, roster: tuple[str, ...] = (), **fields: Any) -> ev.Heartbeat:
    """Time on a stream."""
    return _make(ev.Heartbeat, at, None, {"stream": stream, "roster": roster} | fields)


def of_kind(kind: type[E], at: Moment, *, known: Moment | None = None, **fields: Any) -> E:
    """A record of any kind, by its fields."""
    return _make(kind, at, known, fields)


def bare() -> tuple[ev.Event, ...]:
    """Records of every kind with nothing but what they must have."""
    return (
        quote("2021-03-03", 1.5),
        quote("2021-03-03", 1.5, mid_pct=None, bid_pct=1.51, ask_pct=1.49),
        close("2021-03-03", 1.5, cusip="912828XX"),
        repo("2021-03-03", "GC:SOFR", 0.02),
        average("2021-03-03", "GC:SOFR", -0.02),
        repo("2021-03-03", "GC:SOFR", 0.02, statistic="percentile", percentile=0.0),
        average("2021-03-03", "DVP:OFR-DVP", 0.02),
        average("2021-03-03", "TRIPARTY:OFR-TRIPARTY", 0.02),
        special("2021-03-03", -4.0),
        position("2021-03-02", 0.0),
        position("2021-03-02", 0.0, open_interest_contracts=0.0),
        fail("2021-03-03", None, to_receive_usd=1e9),
        fail("2021-03-03", 0.0, scope="issue", issue="X"),
        policy("2021-03-03", 0.0),
        policy("2021-03-03", 0.0, 0.0),
        takeup("2021-03-03", 0.0),
        flow("2021-03-03", "CTA", 0.0),
        flow("2021-03-03", "CTA", -1e9, aum_usd=0.0),
        swap("2021-03-03"),
        equity("2021-03-03"),
        auction("2021-03-03"),
        of_kind(ev.OvernightRate, "2021-03-03", index="EFFR", rate_pct=0.07),
        of_kind(ev.SecuritiesLending, "2021-03-03", issue="X", lent_usd=0.0),
        of_kind(ev.Balance, "2021-03-03", item="RESERVES", amount_usd=3e12),
        of_kind(ev.DealerPosition, "2021-03-03", bucket="ALL", net_usd=-1e9),
        of_kind(ev.DealerFinancing, "2021-03-03", side="repo", collateral="ALL", clearing="ALL", amount_usd=1e12),
        of_kind(ev.VolatilityIndex, "2021-03-03", index="VIX", level_points=20.0),
    )
