"""Holdings: futures positions by category, and flows of funds."""

from typing import ClassVar, Literal

from detectors.events.base import Event, FundType, Period, PositionCategory
from detectors.events.bounds import CONTRACTS_MAX, CheckError, bounded, moment


class FuturesPosition(Event, frozen=True, kw_only=True, tag="futures_position"):
    """Open positions of one category of holders in one contract, in contracts, as of ``as_of`` (UTC ns)."""

    topic: ClassVar[str] = "futures"
    feeds: ClassVar[dict[str, str]] = {"futures": "futures positions"}
    names: ClassVar[tuple[str, ...]] = ("contract",)

    contract: str
    report: Literal["TFF", "LEGACY"]
    category: PositionCategory
    long_contracts: float
    short_contracts: float
    as_of: int
    open_interest_contracts: float | None = None

    def series(self) -> str:
        """``CONTRACT:REPORT:CATEGORY``."""
        return f"{self.contract}:{self.report}:{self.category}"

    def once_a_day(self) -> bool:
        """One report a day it is as of."""
        return True

    def about(self) -> int:
        """The close it is as of."""
        return self.as_of

    def judged(self) -> tuple[str, ...]:
        """The positions and the open interest."""
        return ("long_contracts", "short_contracts", "open_interest_contracts")

    def check(self) -> None:
        """Raise CheckError for values that contradict each other or cannot be."""
        for field in ("long_contracts", "short_contracts", "open_interest_contracts"):
            bounded(field, getattr(self, field), 0, CONTRACTS_MAX)
        moment("as_of", self.as_of)
        if self.as_of > self.known:
            raise CheckError("out_of_range", "as_of", "later than known")


class FundFlow(Event, frozen=True, kw_only=True, tag="fund_flow"):
    """Net flow into (+) or out of (-) Treasuries by one type of fund over a period, in US dollars."""

    topic: ClassVar[str] = "flows"
    feeds: ClassVar[dict[str, str]] = {"flows": "fund flows"}
    signed: ClassVar[tuple[str, ...]] = ("flow_usd",)

    fund_type: FundType
    flow_usd: float
    period: Period
    aum_usd: float | None = None

    def series(self) -> str:
        """``FLOW:`` and the type of fund."""
        return f"FLOW:{self.fund_type}"

    def part(self) -> str:
        """Over which period."""
        return self.period

    def once_a_day(self) -> bool:
        """A period has one figure."""
        return True

    def judged(self) -> tuple[str, ...]:
        """The flow."""
        return ("flow_usd",)
