"""What a value may be: names, times, rates and money of any kind of record, then the record's own check.

Which fields are rates and which are money is read off their names (``_pct``, ``_usd``), so a new kind needs no list.
"""

import re
from functools import cache
from typing import NamedTuple

import msgspec

from detectors import events as ev
from detectors.events import bounds
from detectors.events.bounds import EARLIEST_NS, LATEST_NS, MONEY_BOUNDS_USD, RATE_BOUNDS_PCT, CheckError

__all__ = ["EARLIEST_NS", "LATEST_NS", "MARKET", "MONEY_BOUNDS_USD", "NAME", "RATE_BOUNDS_PCT", "CheckError", "check"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/+-]{0,63}")
MARKET = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}")
MAX_SEQUENCE = 2**62
MAX_LENGTH = 64


class _Fields(NamedTuple):
    """The fields of a kind by what they hold."""

    text: tuple[str, ...]
    percent: tuple[str, ...]
    money: tuple[str, ...]


def check(event: ev.Event) -> None:
    """Raise CheckError when a record's values are absurd, in a wrong unit or contradict each other."""
    fields = _fields(type(event))
    _common(event, fields.text)
    for field in fields.percent:
        bounds.rate(field, getattr(event, field))
    for field in fields.money:
        bounds.money(field, getattr(event, field), signed=field in event.signed)
    event.check()


def _common(event: ev.Event, texts: tuple[str, ...]) -> None:
    if not MARKET.fullmatch(event.market):
        raise CheckError("bad_name", "market", "capital letters, digits and ._- only, at most 32")
    for field in texts:
        value = getattr(event, field)
        if value is not None and not NAME.fullmatch(value):
            raise CheckError("bad_name", field, f"1 to {MAX_LENGTH} letters, digits, spaces and ._:/+- only")
    if not 0 <= event.sequence <= MAX_SEQUENCE:
        raise CheckError("out_of_range", "sequence", f"not in 0 to {MAX_SEQUENCE}")
    bounds.moment("ts", event.ts)
    bounds.moment("known", event.known)
    if event.known < event.ts and not event.announced:
        raise CheckError("out_of_range", "known", "earlier than ts: only a policy rate is known before it holds")


@cache
def _fields(kind: type[ev.Event]) -> _Fields:
    fields = msgspec.structs.fields(kind)
    names = [field.name for field in fields]
    return _Fields(
        tuple(field.name for field in fields if field.type in (str, str | None) and field.name != "market"),
        tuple(name for name in names if name.endswith("_pct") and not name.endswith("_share_pct")),
        tuple(name for name in names if name.endswith("_usd")),
    )
