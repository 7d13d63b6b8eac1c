"""One record a fact, of what was quoted: rows that repeat one another are one, and rows that contradict are refused.

A *print* is a trade or a quote of its own: two of a day with different values, hours or authors are two. Any other
statistic (low, high, average, close, or a figure of an auction) is one a day, and a second value needs a later
``known``, which makes it a correction.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence

from replay.dataset import issues
from replay.dataset.catalogue import TradingDays
from replay.dataset.tables import Quote, can_trade
from replay.errors import DataError

PRINT = "print"


def canonical(quotes: Iterable[Quote]) -> list[Quote]:
    """The quotes with subject, statistic and hour spelled one way."""
    return [
        quote._replace(
            subject=issues.spelled(quote.subject),
            kind=quote.kind.strip().lower(),
            time_et=quote.time_et.strip().lower(),
            source=" ".join(quote.source.split()).casefold(),
        )
        for quote in quotes
    ]


def of_whole_issues(quotes: Sequence[Quote], warnings: list[str]) -> list[Quote]:
    """The quotes with a CUSIP that was cut short written out, if the whole one is among them; both are warned of."""
    whole = issues.whole_cusips(quote.subject for quote in quotes)
    named = []
    doubted = set()
    for quote in quotes:
        full = whole.get(quote.subject)
        if full is not None:
            warnings.append(f"{quote.place}: {quote.subject} is taken as {full}, of which characters were lost")
            named.append(quote._replace(subject=full))
            continue
        doubt = issues.doubt(quote.subject)
        if doubt is not None and quote.subject not in doubted:
            doubted.add(quote.subject)
            warnings.append(f"{quote.place}: is {quote.subject} an issue? {doubt}")
        named.append(quote)
    return named


def on_sessions(quotes: Iterable[Quote], days: TradingDays, warnings: list[str]) -> list[Quote]:
    """The quotes of days on which there was a market; the others are warned of."""
    kept = []
    for quote in quotes:
        if can_trade(days, quote.day):
            kept.append(quote)
        else:
            warnings.append(f"{quote.place}: {quote.subject} of {quote.day}, a day without a session: left out")
    return kept


def once(quotes: Iterable[Quote], known: Callable[[Quote], int]) -> list[Quote]:
    """The quotes without repetitions; what is one a day has one value at a time.

    Raises:
        DataError: two values of one day, subject and statistic that were known at the same time.
    """
    said: dict[Hashable, list[Quote]] = {}
    for quote in quotes:
        of_day = said.setdefault(_fact(quote), [])
        of_day.append(quote)
    kept = [quote for of_day in said.values() for quote in _vintages(of_day, known)]
    return sorted(kept, key=lambda quote: quote.place)


def _fact(quote: Quote) -> Hashable:
    fact = (quote.day, quote.subject, quote.kind)
    return (*fact, quote.time_et, quote.value, quote.source, quote.known) if quote.kind == PRINT else fact


def _vintages(quotes: list[Quote], known: Callable[[Quote], int]) -> list[Quote]:
    """What was said of one fact, in order of when; the same again is nothing new."""
    kept: list[Quote] = []
    for quote in sorted(quotes, key=known):
        before = kept[-1] if kept else None
        if before is not None and (before.value, before.unit) == (quote.value, quote.unit):
            continue
        if before is not None and (quote.known is None or known(before) == known(quote)):
            reason = f"{quote.kind or 'the figure'} of {quote.subject} of {quote.day} is {quote.value:g} here"
            raise DataError(*quote.place, f"{reason} and {before.value:g} in {before.place}: a day has one")
        kept.append(quote)
    return kept
