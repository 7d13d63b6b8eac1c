"""The units a file may write a figure in, by what is measured, and what an absent unit means."""

from typing import Literal

Dimension = Literal["rate", "spread", "money", "contracts", "points", "ratio"]

# By dimension: the unit as written in a file, and the factor to the unit of the events (percent, basis points for
# spreads, US dollars, contracts, points, ratio).
UNITS: dict[Dimension, dict[str, float]] = {
    "rate": {"percent": 1.0, "pct": 1.0, "bp": 0.01, "fraction": 100.0},
    "spread": {"bp": 1.0, "percent": 100.0, "pct": 100.0},
    "money": {"USD": 1.0, "USD mn": 1e6, "USD bn": 1e9},
    "contracts": {"contracts": 1.0},
    "points": {"index": 1.0, "points": 1.0},
    "ratio": {"ratio": 1.0},
}
# What an absent unit means where a series says nothing. Money has no entry: only its publisher's unit can be meant.
DEFAULT_UNIT: dict[Dimension, str] = {
    "rate": "percent",
    "spread": "bp",
    "contracts": "contracts",
    "points": "index",
    "ratio": "ratio",
}
