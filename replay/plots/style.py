"""What the picture of a backtest is drawn with: colours, hatches, markers, and where a moment lies."""

import datetime as dt
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from detectors.calendar import DAY, NEW_YORK, NS
from detectors.events import Provenance, Tenor
from detectors.signals import State

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TENOR: Tenor = "10Y"
LONGEST_MARKED = 400
LONGEST_BY_WEEKS = 200
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
    """A figure: its reference time (UTC ns), value and provenance."""

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


def new_york_axis(panel: "Axes", begin_ns: int, end_ns: int, days: int) -> None:
    """Have a panel's axis of time reach from begin to end (UTC ns), with dates as fit for so many days."""
    dates: Any = import_module("matplotlib.dates")  # an optional dependency, without types of its own

    panel.set_xlim(at(begin_ns), at(end_ns))
    if days <= LONGEST_BY_WEEKS:
        panel.xaxis.set_major_locator(dates.WeekdayLocator(byweekday=0, interval=2))
        panel.xaxis.set_major_formatter(dates.DateFormatter("%-d %b"))
        panel.xaxis.set_minor_locator(dates.WeekdayLocator(byweekday=0))
    else:
        locator = dates.AutoDateLocator(minticks=4, maxticks=9)
        panel.xaxis.set_major_locator(locator)
        panel.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
