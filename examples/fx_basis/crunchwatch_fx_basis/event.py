"""The input: a quote of the cross-currency basis."""

from typing import ClassVar

from detectors.events import Event, Tenor
from detectors.events.bounds import bounded

WIDEST_BP = 1_000.0


class FxBasisQuote(Event, frozen=True, kw_only=True, tag="fx_basis_quote"):
    """The basis of a currency pair against the dollar, in basis points: negative when dollars are dear abroad."""

    topic: ClassVar[str] = "fx_basis"
    feeds: ClassVar[dict[str, str]] = {"fx_basis": "cross-currency basis"}
    stale_sessions: ClassVar[int | None] = 3

    pair: str
    tenor: Tenor
    basis_bp: float

    def check(self) -> None:
        """Raise CheckError for a basis that no market has quoted."""
        bounded("basis_bp", self.basis_bp, -WIDEST_BP, WIDEST_BP)
