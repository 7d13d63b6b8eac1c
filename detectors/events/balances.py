"""Balances: what dealers hold and finance, and what lies on the Federal Reserve's books, in US dollars."""

from typing import ClassVar, Literal

from detectors.events.base import Event

BalanceItem = Literal[
    "RESERVES",
    "TREASURY_ACCOUNT",
    "FOREIGN_REPO_POOL",
    "SOMA_BILLS",
    "SOMA_NOTES_BONDS",
    "SOMA_TIPS",
    "SOMA_MBS",
    "SPONSORED_REPO",
    "SPONSORED_REVERSE_REPO",
]
DealerBucket = Literal["ALL", "BILLS", "COUPONS", "L2", "2_3", "3_6", "6_7", "7_11", "11_21", "G21", "TIPS", "FRN"]
"""Treasuries by type, coupons by years to maturity: below 2, 2 to 3, …, above 21."""


class Balance(Event, frozen=True, kw_only=True, tag="balance"):
    """An amount that stands at a day's end: an item of the H.4.1, or what is repoed under sponsorship."""

    topic: ClassVar[str] = "facility"

    item: BalanceItem
    amount_usd: float

    def series(self) -> str:
        """``BALANCE:`` and the item."""
        return f"BALANCE:{self.item}"


class DealerPosition(Event, frozen=True, kw_only=True, tag="dealer_position"):
    """What the primary dealers hold of Treasuries, net, at a week's end (FR 2004); below zero they are short."""

    topic: ClassVar[str] = "fails"
    signed: ClassVar[tuple[str, ...]] = ("net_usd",)

    bucket: DealerBucket
    net_usd: float

    def series(self) -> str:
        """``DEALERS:`` and the bucket."""
        return f"DEALERS:{self.bucket}"


class DealerFinancing(Event, frozen=True, kw_only=True, tag="dealer_financing"):
    """What the primary dealers borrow (repo) or lend (reverse repo) against Treasuries at a week's end (FR 2004)."""

    topic: ClassVar[str] = "fails"

    side: Literal["repo", "reverse_repo"]
    collateral: Literal["ALL", "GENERAL", "SPECIAL"]
    clearing: Literal["ALL", "CLEARED", "UNCLEARED"]
    amount_usd: float

    def series(self) -> str:
        """``FINANCING:`` with side, collateral and clearing."""
        return f"FINANCING:{self.side.upper()}:{self.collateral}:{self.clearing}"
