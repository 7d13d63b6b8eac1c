"""Events from quoted prints and marks: figures of the press, each with its citation in the file.

The rows of auctions, which lie among the marks, are :mod:`replay.dataset.auctions`.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from detectors.events import Event, QuoteStatistic, RepoPrint, RepoStatistic, ReverseRepo, YieldQuote
from replay.dataset.catalogue import CATALOGUE, RecordSeries
from replay.dataset.publication import WORDS, moment, times
from replay.dataset.quoted_facts import canonical, of_whole_issues, on_sessions, once
from replay.dataset.records import Draft
from replay.dataset.tables import FileLine, Quote, in_event_unit
from replay.dataset.units import Dimension
from replay.errors import DataError

CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
AUCTION = "AUCTION_"
_LENT = "SOMA_LENT_"
_STATISTICS = frozenset(get_args(RepoStatistic)) - {"percentile"}
_QUOTE_STATISTICS = frozenset(get_args(QuoteStatistic))


def quoted_times(day: dt.date, time_et: str, place: FileLine) -> tuple[int, int]:
    """The two times of a quote: its own wall time where one is given, else the assumption for its word.

    A quote with a clock time is known at that time: it is the screen that is quoted, not the story about it.
    """
    if CLOCK.fullmatch(time_et):
        at = moment("America/New_York", day, time_et)
        return at, at
    rule = WORDS.get(time_et.lower())
    if rule is None:
        words = ", ".join(repr(word) for word in WORDS)
        raise DataError(*place, f"time_et {time_et!r} is neither HH:MM nor one of {words}")
    return times(rule, day)


def _times(quote: Quote) -> tuple[int, int]:
    """The two times of a quote; what it says of itself comes before the rule."""
    ts, known = quoted_times(quote.day, quote.time_et, quote.place)
    if quote.known is None:
        return ts, known
    if quote.known < ts:
        raise DataError(*quote.place, f"its 'known' is earlier than what it is about, {quote.time_et or 'the day'}")
    return ts, quote.known


def _known(quote: Quote) -> int:
    return _times(quote)[1]


def print_drafts(prints: Iterable[Quote], warnings: list[str]) -> Iterator[Draft]:
    """Quoted prints of special repo, one event each."""
    quotes = of_whole_issues(on_sessions(canonical(prints), "repo", warnings), warnings)
    for quote in quotes:
        _one_of(quote, _STATISTICS)
    for quote in once(quotes, _known):
        ts, known = _times(quote)
        fields = {
            "segment": "SPECIAL",
            "instrument": quote.subject,
            "statistic": quote.kind,
            "rate_pct": quote.value,
        }
        yield Draft(known, ts, f"quoted.special.{quote.subject}", RepoPrint, fields, "quoted", quote.place)


def _one_of(quote: Quote, kinds: frozenset[str]) -> None:
    if quote.kind not in kinds:
        raise DataError(*quote.place, f"kind {quote.kind!r} is not one of {', '.join(sorted(kinds))}")


def mark_drafts(marks: Iterable[Quote], warnings: list[str]) -> Iterator[Draft]:
    """Intraday marks, one event each; what the Federal Reserve lent of each issue, one event a day."""
    quotes = on_sessions(canonical(marks), "repo", warnings)
    lent: dict[dt.date, list[Quote]] = defaultdict(list)
    for mark in once([quote for quote in quotes if not quote.subject.startswith(AUCTION)], _known):
        if mark.subject.startswith(_LENT):
            lent[mark.day].append(mark)
        else:
            ts, known = _times(mark)
            yield Draft(known, ts, *_mark_fields(mark), "quoted", mark.place)
    for of_day in lent.values():
        yield from _lent(of_day)


def _mark_fields(mark: Quote) -> tuple[str, type[Event], dict[str, Any]]:
    series = CATALOGUE.get(mark.subject)
    spec = series.spec if series is not None else None
    if isinstance(spec, RecordSeries) and spec.kind is YieldQuote:
        tenor = spec.fields["tenor"]
        _one_of(mark, _QUOTE_STATISTICS)
        fields = {"tenor": tenor, "statistic": mark.kind, "mid_pct": in_unit(mark, "rate")}
        return f"quoted.yield.{tenor}", YieldQuote, fields
    if mark.subject == "GC_TSY":
        _one_of(mark, _STATISTICS)
        rate = {"segment": "GC", "instrument": "TSY", "statistic": mark.kind, "rate_pct": in_unit(mark, "rate")}
        return "quoted.gc.TSY", RepoPrint, rate
    raise DataError(*mark.place, f"no mark is called {mark.subject!r}: DGS…, GC_TSY, SOMA_LENT_… or AUCTION_…")


def _lent(of_day: list[Quote]) -> Iterator[Draft]:
    """A day's lending of all issues: their sum, when all of them were known, and again when one is corrected."""
    issues = {mark.subject for mark in of_day}
    now: dict[str, float] = {}
    for mark in sorted(of_day, key=_known):
        now[mark.subject] = in_unit(mark, "money")
        if len(now) == len(issues):
            ts, known = _times(mark)
            fields = {"facility": "SOMA_LENDING", "takeup_usd": sum(now.values())}
            yield Draft(known, ts, "quoted.soma.lent", ReverseRepo, fields, "quoted", mark.place)


def in_unit(mark: Quote, dimension: Dimension) -> float:
    """The value of a mark in the unit of the events; money has to be written with its unit."""
    absent = None if dimension == "money" else {"rate": "percent", "ratio": "ratio"}[dimension]
    return in_event_unit(repr(mark.value), mark.unit, dimension, mark.place, absent=absent)
