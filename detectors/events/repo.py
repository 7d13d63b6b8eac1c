"""Repo: rates of general collateral and of single issues, the Federal Reserve's facilities, settlement fails."""

from typing import ClassVar, Literal

from detectors.events.base import Event, Period, RepoSegment, RepoStatistic
from detectors.events.bounds import CheckError, bounded

GENERAL = ("GC", "GCF", "TRIPARTY")
"""The segments of general collateral; DVP averages and specials hold issues in demand."""


class RepoPrint(Event, frozen=True, kw_only=True, tag="repo_print"):
    """An overnight repo rate in percent. ``instrument`` names the collateral or the index within its segment."""

    topic: ClassVar[str] = "repo"
    feeds: ClassVar[dict[str, str]] = {"repo_gc": "general collateral", "specials": "specials"}
    names: ClassVar[tuple[str, ...]] = ("instrument",)
    days: ClassVar[Literal["", "sessions", "repo", "weekdays"]] = "repo"

    segment: RepoSegment
    instrument: str
    rate_pct: float
    statistic: RepoStatistic
    volume_usd: float | None = None
    percentile: float | None = None

    def check(self) -> None:
        """Raise CheckError for values that contradict each other or cannot be."""
        if (self.statistic == "percentile") != (self.percentile is not None):
            raise CheckError("missing_value", "percentile", "required exactly when the statistic is 'percentile'")
        bounded("percentile", self.percentile, 0, 100)

    def series(self) -> str:
        """``SEGMENT:INSTRUMENT``, and the rank of a percentile: ``GC:SOFR:P99``."""
        return f"{self.segment}:{self.instrument}" + ("" if self.percentile is None else f":P{self.percentile:g}")

    def once_a_day(self) -> bool:
        """All but single prints."""
        return self.statistic != "print"

    def judged(self) -> tuple[str, ...]:
        """Rates of a day; not of a special, which may fall by hundreds of basis points and must not wait."""
        return ("rate_pct",) if self.once_a_day() and self.segment != "SPECIAL" else ()

    def speaks_for(self) -> str | None:
        """General collateral, specials, or neither: averages of DVP hold both."""
        return "repo_gc" if self.segment in GENERAL else "specials" if self.segment == "SPECIAL" else None


class ReverseRepo(Event, frozen=True, kw_only=True, tag="reverse_repo"):
    """A day's take-up at a facility of the Federal Reserve, in US dollars: all operations of the day together."""

    topic: ClassVar[str] = "facility"
    feeds: ClassVar[dict[str, str]] = {"facility": "facility"}

    facility: Literal["ON_RRP", "SOMA_LENDING", "SRF"]
    takeup_usd: float
    counterparties: int | None = None

    def series(self) -> str:
        """``FACILITY:`` and its name."""
        return f"FACILITY:{self.facility}"

    def once_a_day(self) -> bool:
        """It is a day's take-up."""
        return True

    def judged(self) -> tuple[str, ...]:
        """The amount."""
        return ("takeup_usd",)

    def check(self) -> None:
        """Raise CheckError for values that contradict each other or cannot be."""
        bounded("counterparties", self.counterparties, 0, 10_000)


class SecuritiesLending(Event, frozen=True, kw_only=True, tag="securities_lending"):
    """What the Federal Reserve lent of one issue at a day's auction: par in US dollars, the fee in percent a year.

    The fee is the public sign of a special: the issue's repo rate lies about so far below general collateral.
    """

    topic: ClassVar[str] = "facility"

    issue: str
    lent_usd: float
    fee_pct: float | None = None
    submitted_usd: float | None = None
    available_usd: float | None = None
    on_loan_usd: float | None = None
    held_usd: float | None = None

    def check(self) -> None:
        """Raise CheckError for values that contradict each other or cannot be."""
        bounded("fee_pct", self.fee_pct, 0, 25)
        if self.submitted_usd is not None and self.lent_usd > self.submitted_usd:
            raise CheckError("crossed", "lent_usd", "more than was bid for")
        if self.held_usd is not None and self.on_loan_usd is not None and self.on_loan_usd > self.held_usd:
            raise CheckError("crossed", "on_loan_usd", "more than is held")

    def series(self) -> str:
        """``LENDING:`` and the issue."""
        return f"LENDING:{self.issue}"


class SettlementFail(Event, frozen=True, kw_only=True, tag="settlement_fail"):
    """Fails to deliver and to receive in US dollars over a period, of one issue or of all."""

    topic: ClassVar[str] = "fails"
    feeds: ClassVar[dict[str, str]] = {"fails": "fails"}
    names: ClassVar[tuple[str, ...]] = ("issue",)

    scope: Literal["issue", "total"]
    period: Period
    issue: str | None = None
    to_deliver_usd: float | None = None
    to_receive_usd: float | None = None

    def series(self) -> str:
        """``FAILS:`` with the issue, or TOTAL, and the period."""
        return f"FAILS:{self.issue or 'TOTAL'}:{self.period}"

    def once_a_day(self) -> bool:
        """A day, or the day that ends a week or a month, has one figure."""
        return True

    def judged(self) -> tuple[str, ...]:
        """Both amounts."""
        return ("to_deliver_usd", "to_receive_usd")

    def check(self) -> None:
        """Raise CheckError for values that contradict each other or cannot be."""
        if (self.scope == "issue") != (self.issue is not None):
            raise CheckError("missing_value", "issue", "required exactly when the scope is 'issue'")
        if self.to_deliver_usd is None and self.to_receive_usd is None:
            raise CheckError("missing_value", "to_deliver_usd", "fails to deliver or to receive are required")
