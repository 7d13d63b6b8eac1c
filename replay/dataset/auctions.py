"""Auction results from the rows of marks: the rows of one auction make one event, and a correction another.

An auction ends at the hour of its rows, 13:00 where they give none, and its results are known five minutes later.
What cannot be the result of an auction is refused: a cover near zero, a share that is a fraction, a yield far from
the one it was quoted at before.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import get_args

from detectors.calendar import NS
from detectors.events import AuctionResult, Tenor
from replay.dataset.publication import AUCTION as RULE
from replay.dataset.publication import times
from replay.dataset.quoted_facts import canonical, on_sessions, once
from replay.dataset.quotes import AUCTION, CLOCK, in_unit, quoted_times
from replay.dataset.records import Draft
from replay.dataset.tables import Quote
from replay.dataset.units import Dimension
from replay.errors import DataError

_SUBJECT = re.compile(r"AUCTION_(\d+[MY])_([A-Z_]+)")
_TENORS = frozenset(get_args(Tenor))
_FIELDS: dict[str, tuple[str, Dimension]] = {
    "HIGH_YIELD": ("high_yield_pct", "rate"),
    "WHEN_ISSUED": ("when_issued_pct", "rate"),
    "BID_TO_COVER": ("bid_to_cover_ratio", "ratio"),
    "INDIRECT_SHARE": ("indirect_share_pct", "rate"),
    "DIRECT_SHARE": ("direct_share_pct", "rate"),
    "DEALER_SHARE": ("dealer_share_pct", "rate"),
    "OFFERING": ("offering_usd", "money"),
}
RESULTS_AFTER_NS = 5 * 60 * NS
LEAST_COVER_RATIO = 0.5  # the least on record since 1980 is above 1; less than half is no auction
LARGEST_TAIL_PCT = 0.5
LEAST_SHARE_PCT = 1.0
WHOLE_PCT = (99.0, 101.0)


def auction_drafts(marks: Iterable[Quote], warnings: list[str]) -> Iterator[Draft]:
    """One event for each auction, and one for each later correction of its rows.

    Raises:
        DataError: two values of one figure, a figure that no auction has, or a result that cannot be.
    """
    rows = [quote for quote in canonical(marks) if quote.subject.startswith(AUCTION)]
    # The word in 'kind' says nothing of an auction's figure: there is one of each.
    sessions = on_sessions((row._replace(kind="result") for row in rows), "sifma", warnings)
    auctions: dict[tuple[dt.date, str], list[Quote]] = defaultdict(list)
    for row in once(sessions, _known):
        auctions[row.day, _named(row)[0]].append(row)
    for (day, tenor), of_one in auctions.items():
        yield from _auction(day, tenor, of_one)


def _named(row: Quote) -> tuple[str, str]:
    """Tenor and figure of a row."""
    match = _SUBJECT.fullmatch(row.subject)
    if match is None:
        raise DataError(*row.place, f"no mark is called {row.subject!r}: AUCTION_7Y_HIGH_YIELD and its companions")
    tenor, figure = match[1], match[2]
    if tenor not in _TENORS:
        raise DataError(*row.place, f"{tenor!r} is not a tenor: {', '.join(sorted(_TENORS))}")
    if figure not in _FIELDS:
        raise DataError(*row.place, f"no figure of an auction is called {figure}: {', '.join(_FIELDS)}")
    return tenor, figure


def _times(row: Quote) -> tuple[int, int]:
    if CLOCK.fullmatch(row.time_et):
        ts, _ = quoted_times(row.day, row.time_et, row.place)
        by_rule = ts + RESULTS_AFTER_NS
    else:
        ts, by_rule = quoted_times(row.day, row.time_et, row.place) if row.time_et else times(RULE, row.day)
    if row.known is not None and row.known < ts:
        raise DataError(*row.place, "its 'known' is earlier than the end of the auction")
    return ts, by_rule if row.known is None else row.known


def _known(row: Quote) -> int:
    return _times(row)[1]


def _auction(day: dt.date, tenor: str, rows: list[Quote]) -> Iterator[Draft]:
    named = {_named(row)[1]: row for row in reversed(rows)}
    if "HIGH_YIELD" not in named:
        raise DataError(*rows[0].place, f"the {tenor} auction of {day} lacks its AUCTION_{tenor}_HIGH_YIELD row")
    # Rows without a 'known' of their own came out together, whatever the hours beside them.
    ts, together = _times(named["HIGH_YIELD"]._replace(known=None))
    dated = [(together if row.known is None else row.known, row) for row in rows]
    now: dict[str, Quote] = {}
    for known, group in groupby(sorted(dated, key=_first), key=_first):
        now.update((_named(row)[1], row) for _, row in group)
        if "HIGH_YIELD" in now:
            fields = {"tenor": tenor, **_fields(now)}
            place = next(iter(now.values())).place
            places = {_FIELDS[figure][0]: row.place for figure, row in now.items()}
            yield Draft(known, ts, f"ust.auction.{tenor}", AuctionResult, fields, "official", place, places)


def _first(dated: tuple[int, Quote]) -> int:
    return dated[0]


def _fields(rows: dict[str, Quote]) -> dict[str, float]:
    fields = {}
    for figure, row in rows.items():
        name, dimension = _FIELDS[figure]
        fields[name] = in_unit(row, dimension)
    _possible(fields, rows)
    return fields


def _possible(fields: dict[str, float], rows: dict[str, Quote]) -> None:
    cover = fields.get("bid_to_cover_ratio")
    if cover is not None and cover < LEAST_COVER_RATIO:
        raise DataError(*rows["BID_TO_COVER"].place, f"a cover of {cover:g} is no auction's; leave a gap empty")
    before = fields.get("when_issued_pct")
    if before is not None and abs(fields["high_yield_pct"] - before) > LARGEST_TAIL_PCT:
        reason = f"{fields['high_yield_pct']:g} % is more than {LARGEST_TAIL_PCT:g} from the {before:g} quoted before"
        raise DataError(*rows["HIGH_YIELD"].place, reason)
    shares = {name: fields[f"{name.lower()}_pct"] for name in rows if name.endswith("_SHARE")}
    whole = len(shares) == len([name for name in _FIELDS if name.endswith("_SHARE")]) and (
        WHOLE_PCT[0] <= sum(shares.values()) <= WHOLE_PCT[1]
    )
    for name, share in shares.items():
        if 0 < share < LEAST_SHARE_PCT and not whole:
            raise DataError(*rows[name].place, f"a share of {share:g} % is a fraction? its unit would be 'fraction'")
