"""Days that make no event although a figure of them is there: the other half of what was published is missing.

A long without its short, an open interest without positions. An end of the policy range is no half: a rate stands until
it changes. A volume without its rate is none either: OFR withholds rates of thin days, and keeps their volumes.
Series that lack their companion on every day are named by :func:`replay.dataset.assemble.incomplete`.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from replay.dataset import catalogue as cat
from replay.dataset.tables import Tables


class Half(NamedTuple):
    """A day of a series that lacks its companions, any one of which would do."""

    series: str
    day: dt.date
    companions: tuple[str, ...]


def halves(tables: Tables) -> list[Half]:
    """Every such day of series that have a companion somewhere, in order of series and day."""
    found = (*_positions(tables), *_interest(tables))
    return sorted(set(found))


def _lacking(tables: Tables, series: str, companions: tuple[str, ...]) -> Iterator[Half]:
    present = [tables.figures[one].keys() for one in companions if one in tables.figures]
    if present:
        for day in tables.figures[series].keys() - set[dt.date]().union(*present):
            yield Half(series, day, companions)


def _spec_of(tables: Tables) -> Iterator[tuple[str, cat.CatalogueEntry]]:
    return ((name, cat.CATALOGUE[name]) for name in tables.figures)


def _positions(tables: Tables) -> Iterator[Half]:
    sides: dict[str, list[str]] = defaultdict(list)
    for name, entry in _spec_of(tables):
        if isinstance(entry.spec, cat.PositionSeries) and entry.spec.category is not None:
            sides[entry.source].append(name)
    for names in sides.values():
        for name in names:
            yield from _lacking(tables, name, tuple(one for one in names if one != name))


def _interest(tables: Tables) -> Iterator[Half]:
    holders: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, entry in _spec_of(tables):
        if isinstance(entry.spec, cat.PositionSeries) and entry.spec.side == "long":
            holders[entry.spec.report, entry.spec.contract].append(name)
    for name, entry in _spec_of(tables):
        if isinstance(entry.spec, cat.PositionSeries) and entry.spec.category is None:
            yield from _lacking(tables, name, tuple(sorted(holders[entry.spec.report, entry.spec.contract])))
