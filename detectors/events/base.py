"""What every record is: its market, its source's number for it, its two times; and what its class says of the kind.

A kind of event is a class: its *topic* (the stream it travels on, and the Kafka topic of that name), the *feeds* that
it speaks for, its fields with their units in their names, and its own check. The catalogue of kinds is derived from the
classes (:mod:`detectors.events.catalogue`), and so are topics, schemas and the decoder.
"""

from typing import ClassVar, Literal, get_args

import msgspec

Provenance = Literal["official", "quoted", "reconstructed", "synthetic"]
Tenor = Literal["1M", "1.5M", "2M", "3M", "4M", "6M", "1Y", "2Y", "3Y", "5Y", "7Y", "10Y", "20Y", "30Y"]
QuoteStatistic = Literal["print", "open", "high", "low", "close"]
RepoSegment = Literal["GC", "GCF", "TRIPARTY", "DVP", "SPECIAL"]
RepoStatistic = Literal["print", "low", "high", "average", "close", "percentile"]
PositionCategory = Literal["LEVERAGED", "ASSET_MANAGER", "DEALER", "NONCOMMERCIAL", "OTHER"]
FundType = Literal["CTA", "TREND", "RISK_PARITY", "BALANCED"]
Period = Literal["day", "week", "month"]

FUND_TYPES: tuple[str, ...] = get_args(FundType)


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What every record has: market, source and sequence, the two times (UTC ns), and where the figure is from."""

    topic: ClassVar[str] = ""
    feeds: ClassVar[dict[str, str]] = {}
    """The feeds that figures of this kind keep alive, each with the name people read."""
    stale_sessions: ClassVar[int | None] = None
    """After how many sessions of silence its feeds are blind, where the configuration names no number."""
    signed: ClassVar[tuple[str, ...]] = ()
    """The amounts of money that may be below zero."""
    announced: ClassVar[bool] = False
    """Whether a figure may be known before the time it is about."""
    names: ClassVar[tuple[str, ...]] = ()
    """The fields that name an issue, an index or a contract: the same name in other letters is the same thing."""
    days: ClassVar[Literal["", "sessions", "repo", "weekdays"]] = ""
    """The days with a once-a-day figure: SIFMA's sessions, those and days on which repo alone settled, or weekdays."""

    market: str
    source: str
    sequence: int
    ts: int
    known: int
    provenance: Provenance

    def check(self) -> None:
        """Raise CheckError for values that contradict each other or cannot be; times, rates and money are checked."""

    def series(self) -> str:
        """The series this figure continues: what detectors name and what falls silent; for most kinds there is one."""
        return str(self.__struct_config__.tag).upper()

    def part(self) -> str:
        """What of its series it is: the statistic, the period. With the series it says which figures continue it."""
        return str(getattr(self, "statistic", ""))

    def once_a_day(self) -> bool:
        """Whether there is one figure a New York day of it: a second is a correction and no further figure."""
        return False

    def about(self) -> int:
        """The moment (UTC ns) whose day it is about, where there is one figure a day."""
        return self.ts

    def judged(self) -> tuple[str, ...]:
        """The fields that are held against the series' own past before they are used; none for most prints."""
        return ()

    def speaks_for(self) -> str | None:
        """The feed that this figure keeps alive; None when it belongs to none."""
        return next(iter(self.feeds), None)
