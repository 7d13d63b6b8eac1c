"""Events from quoted prints and marks: figures of the press and of auctions, each with its citation in the file."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from detectors.events import (
    AuctionResult,
    Event,
    Provenance,
    QuoteStatistic,
    RepoPrint,
    RepoStatistic,
    ReverseRepo,
    Tenor,
    YieldQuote,
)
from replay.dataset.catalogue import CATALOGUE, Dimension, RecordSeries
from replay.dataset.publication import AUCTION, WORDS, moment, times
from replay.dataset.tables import FileLine, Quote, in_event_unit
from replay.errors import DataError

Drafted = tuple[int, int, str, type[Event], dict[str, Any], Provenance, FileLine]

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_STATISTICS = frozenset(get_args(RepoStatistic)) - {"percentile"}
_QUOTE_STATISTICS = frozenset(get_args(QuoteStatistic))
_TENORS = frozenset(get_args(Tenor))
_AUCTION = re.compile(r"AUCTION_(\d+[MY])_([A-Z_]+)")
_AUCTION_FIELDS: dict[str, tuple[str, Dimension]] = {
    "HIGH_YIELD": ("high_yield_pct", "rate"),
    "WHEN_ISSUED": ("when_issued_pct", "rate"),
    "BID_TO_COVER": ("bid_to_cover_ratio", "ratio"),
    "INDIRECT_SHARE": ("indirect_share_pct", "rate"),
    "DIRECT_SHARE": ("direct_share_pct", "rate"),
    "DEALER_SHARE": ("dealer_share_pct", "rate"),
    "OFFERING": ("offering_usd", "money"),
}


def quoted_times(day: dt.date, time_et: str, place: FileLine) -> tuple[int, int]:
    """The two times of a quote: its own wall time where one is given, else the assumption for its word.

    A quote with a clock time is known at that time: it is the screen that is quoted, not the story about it.
    """
    if _CLOCK.fullmatch(time_et):
        at = moment("America/New_York", day, time_et)
        return at, at
    rule = WORDS.get(time_et.lower())
    if rule is None:
        words = ", ".join(repr(word) for word in WORDS)
        raise DataError(*place, f"time_et {time_et!r} is neither HH:MM nor one of {words}")
    return times(rule, day)


def print_drafts(prints: Iterable[Quote]) -> Iterator[Drafted]:
    """Quoted prints of special repo, one event each."""
    for quote in prints:
        _one_of(quote, _STATISTICS)
        ts, known = quoted_times(quote.day, quote.time_et, quote.place)
        fields = {
            "segment": "SPECIAL",
            "instrument": quote.subject,
            "statistic": quote.kind,
            "rate_pct": quote.value,
        }
        yield known, ts, f"quoted.special.{quote.subject}", RepoPrint, fields, "quoted", quote.place


def _one_of(quote: Quote, kinds: frozenset[str]) -> None:
    if quote.kind not in kinds:
        raise DataError(*quote.place, f"kind {quote.kind!r} is not one of {', '.join(sorted(kinds))}")


def mark_drafts(marks: Iterable[Quote]) -> Iterator[Drafted]:
    """Intraday marks, one event each, and the rows of each auction put together into one."""
    auctions: dict[tuple[dt.date, str], dict[str, Quote]] = defaultdict(dict)
    for mark in marks:
        auction = _AUCTION.fullmatch(mark.subject)
        if auction is not None:
            auctions[mark.day, auction[1]][auction[2]] = mark
        else:
            yield _mark(mark)
    for (day, tenor), rows in auctions.items():
        yield _auction(day, tenor, rows)


def _mark(mark: Quote) -> Drafted:
    ts, known = quoted_times(mark.day, mark.time_et, mark.place)
    series = CATALOGUE.get(mark.subject)
    source, kind, fields = _mark_fields(mark, series.spec if series is not None else None)
    return known, ts, source, kind, fields, "quoted", mark.place


def _mark_fields(mark: Quote, spec: object) -> tuple[str, type[Event], dict[str, Any]]:
    if isinstance(spec, RecordSeries) and spec.kind is YieldQuote:
        tenor = spec.fields["tenor"]
        _one_of(mark, _QUOTE_STATISTICS)
        fields = {"tenor": tenor, "statistic": mark.kind, "mid_pct": _value(mark, "rate")}
        return f"quoted.yield.{tenor}", YieldQuote, fields
    if mark.subject == "GC_TSY":
        _one_of(mark, _STATISTICS)
        rate = {"segment": "GC", "instrument": "TSY", "statistic": mark.kind, "rate_pct": _value(mark, "rate")}
        return "quoted.gc.TSY", RepoPrint, rate
    if mark.subject.startswith("SOMA_LENT_"):
        fields = {"facility": "SOMA_LENDING", "takeup_usd": _value(mark, "money")}
        return f"quoted.{mark.subject.lower().replace('_', '.')}", ReverseRepo, fields
    raise DataError(*mark.place, f"no mark is called {mark.subject!r}: DGS…, GC_TSY, SOMA_LENT_… or AUCTION_…")


def _value(mark: Quote, dimension: Dimension) -> float:
    return in_event_unit(repr(mark.value), mark.unit, dimension, mark.place)


def _auction(day: dt.date, tenor: str, rows: dict[str, Quote]) -> Drafted:
    first = next(iter(rows.values()))
    if tenor not in _TENORS:
        raise DataError(*first.place, f"{tenor!r} is not a tenor: {', '.join(sorted(_TENORS))}")
    if "HIGH_YIELD" not in rows:
        raise DataError(*first.place, f"the {tenor} auction of {day} lacks its AUCTION_{tenor}_HIGH_YIELD row")
    fields: dict[str, Any] = {"tenor": tenor}
    for name, mark in rows.items():
        if name not in _AUCTION_FIELDS:
            raise DataError(*mark.place, f"no figure of an auction is called {name}: {', '.join(_AUCTION_FIELDS)}")
        key, dimension = _AUCTION_FIELDS[name]
        fields[key] = _value(mark, dimension)
    ts, known = times(AUCTION, day)
    return known, ts, f"ust.auction.{tenor}", AuctionResult, fields, "official", first.place
