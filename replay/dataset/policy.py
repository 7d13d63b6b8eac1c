"""Policy rates from daily series: an event a change, one a decision that changes nothing, none of a series that ended.

The series are daily, weekends included. One that says nothing for more than five sessions while another goes on is
over: its last value is no longer what holds, so no further record is made of it, and if it is a side of the target
range none at all.
"""

import datetime as dt
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from detectors.calendar import DAY, sessions_between
from detectors.events import PolicyRate
from detectors.fomc import scheduled_after
from replay.dataset.catalogue import CATALOGUE, PolicySeries
from replay.dataset.plausibility import Said
from replay.dataset.publication import ANNOUNCED, times
from replay.dataset.records import Draft
from replay.dataset.tables import Figure
from replay.errors import DataError

RANGE = frozenset({"target_low_pct", "target_high_pct"})
SILENT_SESSIONS = 5
CHANGED, RESTATED = "fed.policy", "fed.policy.unchanged"
WIDEST_PCT = 1.0  # it was 0.25 since December 2008; before, one target
NARROWEST_PCT = 0.05


class _Row(NamedTuple):
    known: int
    day: dt.date
    field: str
    series: str
    figure: Figure


def policy_drafts(said: Said, warnings: list[str]) -> Iterator[Draft]:
    """The changes of policy in the order in which they were known.

    Raises:
        DataError: a target range that is crossed or too wide, or a rate far outside it.
    """
    last: dict[str, _Row] = {}
    published: dict[str, float] = {}
    missed: dict[str, _Row] = {}
    for (known, day), group in groupby(sorted(_rows(said), key=lambda row: row[:2]), key=lambda row: row[:2]):
        for row in group:
            if row.field not in last or day >= last[row.field].day:
                last[row.field] = row
        living = {name: row for name, row in last.items() if sessions_between(row.day, day) <= SILENT_SESSIONS}
        now = {name: row.figure.value for name, row in living.items()}
        if all(published.get(name) == value for name, value in now.items()):
            if scheduled_after(day - 2 * DAY) == day - DAY and _said_on(living, day):
                yield _draft(RESTATED, known, day, living)
            continue
        missed |= {name: row for name, row in last.items() if name not in living}
        if not now.keys() >= RANGE:
            continue
        _check(living)
        ts, announced = times(ANNOUNCED, day)
        # The first rates of a history were announced before it begins; they are known when they are first in force.
        yield _draft(CHANGED, ts if not published and known == announced else known, day, living)
        published = now
    missed |= _ended(last)
    warnings.extend(
        f"{row.figure.place}: {row.series} says nothing from {row.day} on and other policy rates go on: "
        f"after {SILENT_SESSIONS} sessions no record of policy is made of it"
        for row in missed.values()
    )


def _said_on(living: dict[str, _Row], day: dt.date) -> bool:
    return all(living[name].day == day for name in RANGE)


def _draft(source: str, known: int, day: dt.date, living: dict[str, _Row]) -> Draft:
    newest = next(row.figure for row in living.values() if row.day == day)
    places = {name: row.figure.place for name, row in living.items()}
    now = {name: row.figure.value for name, row in living.items()}
    ts, _ = times(ANNOUNCED, day)
    return Draft(known, ts, source, PolicyRate, now, newest.provenance, newest.place, places)


def _rows(said: Said) -> Iterator[_Row]:
    for name, entry in CATALOGUE.items():
        if isinstance(entry.spec, PolicySeries):
            for day, figures in said.get(name, {}).items():
                for figure in figures:
                    yield _Row(figure.known, day, entry.spec.field, name, figure)


def _ended(last: dict[str, _Row]) -> dict[str, _Row]:
    """The series that were over when the last of them ended."""
    end = max((row.day for row in last.values()), default=dt.date.min)
    return {name: row for name, row in last.items() if sessions_between(row.day, end) > SILENT_SESSIONS}


def _check(living: dict[str, _Row]) -> None:
    low, high = (living[name].figure for name in ("target_low_pct", "target_high_pct"))
    place, other = high.place, low.place
    if living["target_low_pct"].day > living["target_high_pct"].day:
        place, other = other, place
    text = f"a target range of {low.value:g} to {high.value:g} %, its other side in {other},"
    if high.value < low.value:
        raise DataError(*place, f"{text} is crossed")
    if high.value - low.value > WIDEST_PCT:
        raise DataError(*place, f"{text} is wider than {WIDEST_PCT:g}: one side is wrong, or its series has ended")
    if 0 < high.value - low.value < NARROWEST_PCT:
        raise DataError(*place, f"{text} is narrower than any: fractions? their unit would be 'fraction'")
    for row in living.values():
        if not low.value - WIDEST_PCT <= row.figure.value <= high.value + WIDEST_PCT:
            raise DataError(*row.figure.place, f"{row.series} is {row.figure.value:g} % beside {text.rstrip(',')}")
