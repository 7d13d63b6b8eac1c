"""What every table of the configuration is made of: units and bounds as types, and the base class."""

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from detectors.catalogue import Catalogue

Positive = Annotated[int, Meta(gt=0, le=100_000)]
NonNegative = Annotated[int, Meta(ge=0, le=100_000)]
Sessions = Annotated[int, Meta(ge=0, le=10_000)]
Seconds = Annotated[int, Meta(ge=0, le=10_000_000)]
Bp = Annotated[float, Meta(ge=0, le=10_000)]
Share = Annotated[float, Meta(gt=0, lt=1)]
Tail = Annotated[float, Meta(gt=0, lt=0.5)]
Usd = Annotated[float, Meta(ge=0, le=1e14)]
RatePct = Annotated[float, Meta(ge=-25, le=50)]
Sigmas = Annotated[float, Meta(gt=0, le=50)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:/+-]{1,64}$")]


def rising(field: str, values: tuple[float, ...]) -> None:
    """Refuse thresholds that do not rise; the message begins with the key."""
    if any(later <= earlier for earlier, later in pairwise(values)):
        raise ValueError(f"{field}: inverted, its thresholds must rise")


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the configuration; every key is required, no other is taken. ``table`` is its name in the file."""

    table: ClassVar[str] = ""

    def check(self, catalogue: "Catalogue") -> None:
        """Raise ValueError, its message beginning with the key, for what does not fit the detectors there are."""
