"""What the picture of a backtest is drawn with: colours, hatches, markers, and where a moment lies."""

import datetime as dt
from typing import NamedTuple

from detectors.calendar import DAY, NEW_YORK, NS
from detectors.events import Provenance, Tenor
from detectors.signals import State

TENOR: Tenor = "10Y"
LONGEST_MARKED = 400
WIDTH_IN, ROW_IN = 12.0, 0.27
BODY, SMALL = 15.0, 13.0
# After Okabe and Ito: apart for every kind of colour vision, and in grey by lightness.
BLUE, ORANGE, VERMILION, PURPLE, GREEN, INK, GREY = (
    ("#0072B2", "#E69F00", "#D55E00", "#8F4F7D", "#009E73", "#1A1A1A", "#6B6B6B")
)  # fmt: skip
LOOKS: dict[State, tuple[str, str]] = {
    "normal": ("#E6EDF2", ""),
    "crunch": ("#F6C65B", "//"),
    "de_facto_default": (VERMILION, "xx"),
}
MARKERS = {"high": "^", "close": "s", "average": "D", "print": "o", "low": "v", "percentile": "P"}
STATISTICS = {
    "low": "day's low",
    "high": "day's high",
    "close": "late",
    "average": "average",
    "print": "print",
    "percentile": "percentile",
}


class Point(NamedTuple):
    """A figure: what it is about (UTC ns), its value and where it is from."""

    ts: int
    value: float
    provenance: Provenance


class Line(NamedTuple):
    """A series to draw: moments and values."""

    at: list[float]
    values: list[float]


def at(ns: int) -> float:
    """A moment as matplotlib counts time: days since 1970, here of New York wall time."""
    wall = dt.datetime.fromtimestamp(ns // NS, NEW_YORK).replace(tzinfo=None)
    return (wall - dt.datetime(1970, 1, 1)) / DAY  # noqa: DTZ001 - wall time has no zone here
