"""When a desk could have had a figure: the rule of each publisher, as (reference time, first known).

``ts`` is what a figure is about; ``known`` orders the replay, so a rule that errs must err to the late side. Clock
times are wall times of the rule's own zone, days are SIFMA sessions. Where a publisher states no hour, the hour
is an assumption and ``note`` says so; ``docs/data.md`` repeats all of them.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from detectors.calendar import DAY, NS, is_business_day, next_business_day, ny, session
from replay.dataset import cot_releases
from replay.dataset.federal_days import is_federal_working_day

Lag = Literal[
    "same day",
    "next session",
    "next working day",
    "second working day",
    "friday",
    "thursday of next week",
    "a week later",
    "evening before",
]


@dataclass(frozen=True, slots=True)
class PublicationRule:
    """A publication rule: wall times of ``ts`` and ``known``, the lag in days between them, and the basis."""

    name: str
    ts: str
    known: str
    lag: Lag
    note: str
    zone: str = "America/New_York"
    until_close: bool = False
    since: tuple[tuple[dt.date, str], ...] = ()
    """Days from which another hour holds for both times, in order."""


TREASURY_PAR = PublicationRule(
    "treasury_par",
    "15:30",
    "18:00",
    "same day",
    "Treasury takes its quotes near 15:30, or at the close of a shortened session, and publishes by 18:00",
    until_close=True,
)
NEXT_MORNING = PublicationRule(
    "next_morning", "15:00", "08:00", "next session", "the New York Fed publishes at about 08:00 of the next session"
)
NEXT_MORNING_UNSECURED = PublicationRule(
    "next_morning_unsecured",
    "15:00",
    "09:00",
    "next session",
    "the New York Fed publishes EFFR and OBFR at about 09:00",
)
SAME_EVENING = PublicationRule(
    "same_evening", "15:00", "17:00", "same day", "the index is out after the repo day; the hour is assumed"
)
OFR_CLEARED = PublicationRule(
    "ofr_cleared", "15:00", "15:00", "next working day", "OFR: updated at 15:00, cleared repo one business day late"
)
OFR_TRIPARTY = PublicationRule(
    "ofr_triparty", "15:00", "15:00", "second working day", "OFR: updated at 15:00, tri-party two business days late"
)
ON_RRP = PublicationRule("on_rrp", "13:15", "13:15", "same day", "results follow the operation of 12:45 to 13:15")
SRF = PublicationRule(
    "srf", "13:45", "14:00", "same day", "results follow the last operation of the day, which ends at 13:45"
)
SECURITIES_LENDING = PublicationRule(
    "securities_lending", "12:15", "12:30", "same day", "results follow the auction, which ends at 12:15"
)
H41 = PublicationRule(
    "h41",
    "17:00",
    "16:30",
    "next session",
    "H.4.1: as of Wednesday, out on Thursday; the hour is from memory",
)
COT = PublicationRule(
    "cot",
    "17:00",
    "15:30",
    "friday",
    "CFTC: as of Tuesday's close, Friday 15:30, later after a midweek holiday, a shutdown or an outage",
)
FR2004 = PublicationRule(
    "fr2004", "17:00", "16:15", "thursday of next week", "as of Wednesday, Thursday of the next week at 16:15"
)
FUND_FLOW = PublicationRule(
    "fund_flow", "17:00", "18:00", "a week later", "as weekly flow estimates are: one week late; the hour is assumed"
)
ANNOUNCED = PublicationRule(
    "announced",
    "00:00",
    "18:00",
    "evening before",
    "effective at midnight, announced in the afternoon before; the hour is assumed, on the late side",
)
SWAP_CLOSE = PublicationRule("swap_close", "17:00", "17:00", "same day", "closing quote in New York")
CLOSE_NEW_YORK = PublicationRule("close_new_york", "16:00", "16:00", "same day", "the exchange's regular close")
VIX_CLOSE = PublicationRule("vix_close", "16:15", "16:15", "same day", "Cboe's close of its regular session")
MOVE_CLOSE = PublicationRule("move_close", "15:00", "17:00", "same day", "of the afternoon's options; hours assumed")
CLOSE_HONG_KONG = PublicationRule(
    "close_hong_kong", "16:00", "16:00", "same day", "the exchange's regular close", zone="Asia/Hong_Kong"
)
CLOSE_SHANGHAI = PublicationRule(
    "close_shanghai", "15:00", "15:00", "same day", "the exchange's regular close", zone="Asia/Shanghai"
)
CLOSE_TOKYO = PublicationRule(
    "close_tokyo",
    "15:00",
    "15:00",
    "same day",
    "the exchange's close: 15:30 since 5 November 2024, 15:00 before",
    zone="Asia/Tokyo",
    since=((dt.date(2024, 11, 5), "15:30"),),
)
AUCTION = PublicationRule(
    "auction", "13:00", "13:05", "same day", "competitive bidding ends; results follow within minutes"
)
QUOTED = PublicationRule("quoted", "15:00", "18:00", "same day", "a press quote without an hour: assumed")
QUOTED_MORNING = PublicationRule("quoted_morning", "10:00", "12:00", "same day", "quoted of the morning: hours assumed")
QUOTED_BEFORE_AUCTION = PublicationRule(
    "quoted_before_auction", "12:30", "13:00", "same day", "quoted of the time before a 13:00 auction: hours assumed"
)
QUOTED_AFTER_AUCTION = PublicationRule(
    "quoted_after_auction", "15:00", "18:00", "same day", "quoted of the time after a 13:00 auction: hours assumed"
)

# The words that may stand in the ``time_et`` column of quoted prints, where no source gives an hour.
WORDS: dict[str, PublicationRule] = {
    "": QUOTED,
    "morning": QUOTED_MORNING,
    "before auction": QUOTED_BEFORE_AUCTION,
    "after auction": QUOTED_AFTER_AUCTION,
}


@cache
def times(rule: PublicationRule, day: dt.date) -> tuple[int, int]:
    """The two times (UTC ns) of a figure of ``day`` under a rule.

    >>> ts, known = times(NEXT_MORNING, dt.date(2021, 2, 12))  # the Monday after is Washington's Birthday
    >>> known == ny(dt.date(2021, 2, 16), "08:00")
    True
    """
    changed = next((clock for first, clock in reversed(rule.since) if day >= first), None)
    ts = moment(rule.zone, day, changed or rule.ts)
    if rule.until_close:
        trading = session(day)
        if trading is not None:
            ts = min(ts, trading.close_ns)
    return ts, moment(rule.zone, published_on(rule, day), changed or rule.known)


def moment(zone: str, day: dt.date, clock: str) -> int:
    """UTC nanoseconds of a wall time ``HH:MM`` in a zone."""
    if zone == "America/New_York":
        return ny(day, clock)
    hour, minute = clock.split(":")
    return int(dt.datetime.combine(day, dt.time(int(hour), int(minute)), ZoneInfo(zone)).timestamp()) * NS


def published_on(rule: PublicationRule, day: dt.date) -> dt.date:
    """The calendar day on which a figure of ``day`` comes out."""
    return _DAYS[rule.lag](day)


def _session_on_or_after(day: dt.date) -> dt.date:
    return day if is_business_day(day) else next_business_day(day)


def _next_working_day(day: dt.date) -> dt.date:
    """The first session after a day on which the government works: OFR publishes on neither's holidays."""
    day = next_business_day(day)
    while not is_federal_working_day(day):
        day = next_business_day(day)
    return day


_DAYS: dict[Lag, Callable[[dt.date], dt.date]] = {
    "same day": lambda day: day,
    "evening before": lambda day: day - DAY,
    "next session": next_business_day,
    "next working day": _next_working_day,
    "second working day": lambda day: _next_working_day(_next_working_day(day)),
    "friday": cot_releases.published_on,
    "thursday of next week": lambda day: _session_on_or_after(day + 8 * DAY),
    "a week later": lambda day: _session_on_or_after(day + 7 * DAY),
}
