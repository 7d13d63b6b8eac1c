"""What files of such figures hold: the ids of the series, their unit, and when a desk could have known them."""

from collections.abc import Iterator

from crunchwatch_fx_basis.event import FxBasisQuote
from replay.dataset.catalogue import CatalogueEntry, RecordSeries
from replay.dataset.publication import PublicationRule

NEW_YORK_CLOSE = PublicationRule(
    "fx_basis", "17:00", "17:00", "same day", "a closing quote in New York; the hour is this example's assumption"
)


def entries() -> Iterator[CatalogueEntry]:
    """The three-month basis of two pairs; ``EURUSD_BASIS_3M`` in a tidy file, in basis points."""
    for pair in ("EURUSD", "USDJPY"):
        record = RecordSeries(FxBasisQuote, {"pair": pair, "tenor": "3M"}, "basis_bp")
        source = f"fx_basis.{pair.lower()}"
        yield CatalogueEntry(f"{pair}_BASIS_3M", "spread", source, "user", NEW_YORK_CLOSE, record)
