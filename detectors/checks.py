"""What a value may be: ranges, units and combinations that the types of a record cannot say.

The bounds are wide enough for every rate and volume on record since 1980 and narrow enough to catch a value in
the wrong unit: a rate in basis points, a volume in billions, a time in milliseconds.
"""

import datetime as dt
import math
import re
from collections.abc import Callable

import msgspec

from detectors import events as ev

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/+-]{0,63}")
MARKET = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}")
EARLIEST_NS = int(dt.datetime(1980, 1, 1, tzinfo=dt.UTC).timestamp()) * 10**9
LATEST_NS = int(dt.datetime(2100, 1, 1, tzinfo=dt.UTC).timestamp()) * 10**9
MAX_SEQUENCE = 2**62
RATE_BOUNDS_PCT = (-25.0, 50.0)
MONEY_BOUNDS_USD = (1e5, 1e14)
CONTRACTS_MAX = 1e9
POINTS_MAX = 1e7
MAX_LENGTH = 64


class CheckError(ValueError):
    """A value that cannot be what it says. ``code`` names the kind of fault, ``field`` where it is."""

    def __init__(self, code: str, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.code = code
        self.field = field


def check(event: ev.Event) -> None:
    """Raise CheckError when a record's values are absurd, in a wrong unit or contradict each other."""
    _common(event)
    for field in _PERCENT[type(event)]:
        _rate(field, getattr(event, field))
    for field in _MONEY[type(event)]:
        _money(field, getattr(event, field))
    extra = _EXTRA.get(type(event))
    if extra is not None:
        extra(event)


def _common(event: ev.Event) -> None:
    if not MARKET.fullmatch(event.market):
        raise CheckError("bad_name", "market", "capital letters, digits and ._- only, at most 32")
    for field in _TEXT[type(event)]:
        value = getattr(event, field)
        if value is not None and not NAME.fullmatch(value):
            raise CheckError("bad_name", field, f"1 to {MAX_LENGTH} letters, digits, spaces and ._:/+- only")
    if not 0 <= event.sequence <= MAX_SEQUENCE:
        raise CheckError("out_of_range", "sequence", f"not in 0 to {MAX_SEQUENCE}")
    _moment("ts", event.ts)
    _moment("known", event.known)
    if event.known < event.ts and not isinstance(event, ev.PolicyRate):
        raise CheckError("out_of_range", "known", "earlier than ts: only a policy rate is known before it holds")


def _moment(field: str, ns: int) -> None:
    if EARLIEST_NS <= ns < LATEST_NS:
        return
    for unit, factor in (("seconds", 10**9), ("milliseconds", 10**6), ("microseconds", 10**3)):
        if EARLIEST_NS <= ns * factor < LATEST_NS:
            raise CheckError("wrong_unit", field, f"looks like {unit}; nanoseconds since 1970 UTC are wanted")
    raise CheckError("out_of_range", field, "not between 1980 and 2100 in nanoseconds since 1970 UTC")


def _finite(field: str, value: float) -> None:
    if not math.isfinite(value):
        raise CheckError("not_finite", field, "not a finite number")


def _rate(field: str, value: float | None) -> None:
    if value is None:
        return
    _finite(field, value)
    low, high = RATE_BOUNDS_PCT
    if not low <= value <= high:
        raise CheckError("wrong_unit", field, f"{value:g} is no rate in percent ({low:g} to {high:g}); basis points?")


def _money(field: str, value: float | None) -> None:
    if value is None:
        return
    _finite(field, value)
    low, high = MONEY_BOUNDS_USD
    if value and abs(value) < low:
        raise CheckError("wrong_unit", field, f"{value:g} US dollars is below {low:g}; millions or billions?")
    if abs(value) > high:
        raise CheckError("out_of_range", field, f"{value:g} US dollars is beyond {high:g}")
    if value < 0 and field != "flow_usd":
        raise CheckError("out_of_range", field, "negative")


def _bounded(field: str, value: float | None, low: float, high: float) -> None:
    if value is None:
        return
    _finite(field, value)
    if not low <= value <= high:
        raise CheckError("out_of_range", field, f"{value:g} is not in {low:g} to {high:g}")


def _yield_quote(event: ev.YieldQuote) -> None:
    if event.mid_pct is None and (event.bid_pct is None or event.ask_pct is None):
        raise CheckError("missing_value", "mid_pct", "a mid, or a bid and an ask, is wanted")
    if event.bid_pct is not None and event.ask_pct is not None and event.bid_pct < event.ask_pct:
        raise CheckError("crossed", "bid_pct", "below the ask: quotes are yields, so the bid is the higher")
    mid, bid, ask = event.mid_pct, event.bid_pct, event.ask_pct
    if mid is not None and ((bid is not None and mid > bid) or (ask is not None and mid < ask)):
        raise CheckError("crossed", "mid_pct", "not between the ask and the bid")


def _repo_print(event: ev.RepoPrint) -> None:
    if (event.statistic == "percentile") != (event.percentile is not None):
        raise CheckError("missing_value", "percentile", "wanted exactly when the statistic is 'percentile'")
    _bounded("percentile", event.percentile, 0, 100)


def _futures_position(event: ev.FuturesPosition) -> None:
    for field in ("long_contracts", "short_contracts", "open_interest_contracts"):
        _bounded(field, getattr(event, field), 0, CONTRACTS_MAX)
    _moment("as_of", event.as_of)
    if event.as_of > event.known:
        raise CheckError("out_of_range", "as_of", "later than known")


def _settlement_fail(event: ev.SettlementFail) -> None:
    if (event.scope == "issue") != (event.issue is not None):
        raise CheckError("missing_value", "issue", "wanted exactly when the scope is 'issue'")
    if event.to_deliver_usd is None and event.to_receive_usd is None:
        raise CheckError("missing_value", "to_deliver_usd", "fails to deliver or to receive are wanted")


def _policy_rate(event: ev.PolicyRate) -> None:
    if event.target_low_pct > event.target_high_pct:
        raise CheckError("crossed", "target_low_pct", "above the upper limit of the range")


def _reverse_repo(event: ev.ReverseRepo) -> None:
    _bounded("counterparties", event.counterparties, 0, 10_000)


def _equity_index(event: ev.EquityIndex) -> None:
    _bounded("level_points", event.level_points, 1e-6, POINTS_MAX)


def _auction_result(event: ev.AuctionResult) -> None:
    _bounded("bid_to_cover_ratio", event.bid_to_cover_ratio, 0, 100)
    for field in ("indirect_share_pct", "direct_share_pct", "dealer_share_pct"):
        _bounded(field, getattr(event, field), 0, 100)


def _heartbeat(event: ev.Heartbeat) -> None:
    unknown = {event.stream, *event.roster} - set(ev.STREAMS)
    if unknown:
        raise CheckError("unknown_stream", "stream", f"no stream is called {min(unknown)!r:.80}")
    if len(event.roster) > len(ev.STREAMS):
        raise CheckError("out_of_range", "roster", "names more streams than there are")


_EXTRA: dict[type[ev.Event], Callable[..., None]] = {
    ev.YieldQuote: _yield_quote,
    ev.RepoPrint: _repo_print,
    ev.FuturesPosition: _futures_position,
    ev.SettlementFail: _settlement_fail,
    ev.PolicyRate: _policy_rate,
    ev.ReverseRepo: _reverse_repo,
    ev.EquityIndex: _equity_index,
    ev.AuctionResult: _auction_result,
    ev.Heartbeat: _heartbeat,
}


def _fields(kind: type[ev.Event], suffix: str) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(kind) if field.name.endswith(suffix))


def _texts(kind: type[ev.Event]) -> tuple[str, ...]:
    return tuple(f.name for f in msgspec.structs.fields(kind) if f.type in (str, str | None) and f.name != "market")


_PERCENT = {kind: tuple(f for f in _fields(kind, "_pct") if not f.endswith("_share_pct")) for kind in ev.KINDS}
_MONEY = {kind: _fields(kind, "_usd") for kind in ev.KINDS}
_TEXT = {kind: _texts(kind) for kind in ev.KINDS}
