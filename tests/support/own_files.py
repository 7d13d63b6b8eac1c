"""A user's own files, written by a test, and what the engine says of them."""

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path

from detectors import config
from detectors.calendar import NS, is_business_day
from detectors.signals import Signal, Transition
from replay.backtest.run import run
from replay.scenarios.scenario import script_of

FIGURES = "date,series,value,unit\n"
DATED = "date,series,value,unit,known\n"
PRINTS = "date,time_et,instrument,kind,rate_pct,source\n"
MARKS = "date,time_et,series,kind,value,unit,source\n"


def write(directory: Path, text: str, name: str = "mine.csv") -> Path:
    """Write a file into a directory, and give the directory."""
    (directory / name).write_text(text, encoding="utf-8")
    return directory


def said(directory: Path) -> list[Signal | Transition]:
    """What the desk's engine says of the files, from their first day to their last."""
    return list(run(script_of(directory, None, None), config.load()).outputs)


def states(directory: Path) -> list[str]:
    """The states that the market enters, in order."""
    return [str(one.to_state) for one in said(directory) if isinstance(one, Transition)]


def sessions(first: str, count: int) -> Iterator[dt.date]:
    """So many sessions from a day on."""
    day = dt.date.fromisoformat(first)
    while count:
        if is_business_day(day):
            yield day
            count -= 1
        day += dt.timedelta(days=1)


def series(name: str, first: str, values: Iterable[float], unit: str = "percent") -> str:
    """Rows of a series, one a session."""
    given = list(values)
    days = sessions(first, len(given))
    return "".join(f"{day},{name},{value:g},{unit}\n" for day, value in zip(days, given, strict=True))


def utc(text: str) -> int:
    """UTC nanoseconds of a time in UTC."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * NS


SQUEEZE = FIGURES + (
    "2021-02-01,DFEDTARL,0,percent\n2021-02-01,DFEDTARU,0.25,percent\n2021-02-01,IOER_IORB,0.1,percent\n"
    + series("GCF_TSY", "2021-03-01", [0.03] * 7)
)
"""A week of general collateral at three basis points, under a policy range from zero: the floor is at -3 %."""
