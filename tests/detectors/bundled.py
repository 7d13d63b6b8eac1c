"""The bundled series read straight from their files, for computations that share nothing with the engine."""

import csv
import datetime as dt
from functools import cache
from pathlib import Path

from detectors.calendar import ny_date
from detectors.events import EquityIndex, Event, FuturesPosition, YieldQuote
from tests.support.shared import played

DATA = Path(__file__).parents[2] / "replay" / "data"
END = dt.date(2021, 4, 9)


@cache
def series(file: str, name: str) -> dict[dt.date, float]:
    """A series by day, until the end of the scenario; gaps are not in it."""
    with (DATA / file).open() as lines:
        return {
            day: float(row["value"])
            for row in csv.DictReader(lines)
            if row["series"] == name and row["value"] and (day := dt.date.fromisoformat(row["date"])) <= END
        }


def yields(name: str) -> dict[dt.date, float]:
    return series("treasury_yields.csv", name)


def equities(name: str) -> dict[dt.date, float]:
    return series("equity_indices.csv", name)


@cache
def events() -> tuple[Event, ...]:
    """Yields, indices and positions in the order of the replay."""
    kinds = (YieldQuote, EquityIndex, FuturesPosition)
    return tuple(event for event in played("feb2021").events if isinstance(event, kinds))


def day_of(event: Event) -> dt.date:
    return ny_date(event.ts)
