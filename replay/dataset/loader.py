"""The past as events: the bundled dataset and a user's own files go through the same loader."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from detectors.events import EquityIndex, Event
from replay.dataset import assemble, folder
from replay.dataset.aliases import nearest
from replay.dataset.catalogue import CATALOGUE, RecordSeries
from replay.dataset.folder import Reading
from replay.dataset.halves import Half, halves

BUNDLED = Path(__file__).parents[1] / "data"
NAMED = 12
"""How many of a kind a warning names; ``crunchwatch data check`` names all."""


@dataclass(frozen=True)
class Dataset:
    """Events in the one total order, without heartbeats, and what a user should know of how they came about."""

    events: list[Event]
    warnings: list[str] = field(default_factory=list)


def load(directory: Path = BUNDLED, *, market: str = assemble.MARKET) -> Dataset:
    """Load a directory of files; see :mod:`replay.dataset.formats` for what may be in it.

    Raises:
        replay.errors.DataError: a file or row that cannot be used, named with its line.
    """
    reading = folder.read(directory)
    return Dataset(assemble.events(reading.tables, market=market), warnings(reading))


def warnings(reading: Reading, named: int | None = NAMED) -> list[str]:
    """What of a folder is not in the events, or is in doubt: one text a reason, so many names in each."""
    tables = reading.tables
    unknown = sum((one.unknown for one in reading.files), Counter[str]())
    waiting = sum((one.without_series for one in reading.files), Counter[str]())
    texts = {
        "left out, no such series in the catalogue": list(_unknown(unknown)),
        "left out, understood and no event is made of it": [
            f"{id_} ({rows} rows)" for id_, rows in sorted(waiting.items())
        ],
        "left out, what belongs to them is missing": assemble.incomplete(tables),
    }
    return [
        *(f"{title}: {_listed(names, named)}" for title, names in texts.items() if names),
        *_left_out(reading),
        *_half_days(reading, named),
        *_lost_shocks(reading),
        *tables.warnings,
        *_unread(reading, named),
    ]


def _unread(reading: Reading, named: int | None) -> Iterator[str]:
    """A line a file; of a folder of other things the rest in one line, with their names."""
    unread = [(str(one.path.relative_to(reading.directory)), one.reason) for one in reading.files if one.reason]
    for path, reason in unread[:named]:
        yield f"not read: {path}: {reason}"
    if named is not None and len(unread) > named:
        rest = ", ".join(path for path, _ in unread[named:])
        yield f"not read either, crunchwatch data check has the reasons: {rest}"


def _unknown(unknown: Counter[str]) -> Iterator[str]:
    """Each id with its rows, the first ones with the nearest id there is."""
    for index, (name, rows) in enumerate(sorted(unknown.items())):
        near = nearest(name) if index < NAMED else None
        yield f"{name} ({rows} rows" + (f", nearest {near})" if near else ")")


def _left_out(reading: Reading) -> Iterator[str]:
    for account in reading.files:
        for reason, one in sorted(account.left_out.items()):
            yield f"left out, {reason}: {one.rows} rows, first {one.first.path.name}:{one.first.line}"


def _listed(every: list[str], named: int | None) -> str:
    rest = 0 if named is None else len(every) - named
    shown = every if rest <= 0 else every[:named]
    return ", ".join(shown) + (f" and {rest} more, see crunchwatch data check" if rest > 0 else "")


def _half_days(reading: Reading, named: int | None) -> Iterator[str]:
    groups: dict[tuple[str, tuple[str, ...]], list[Half]] = defaultdict(list)
    for half in halves(reading.tables):
        groups[half.series, half.companions].append(half)
    for (series, companions), found in groups.items():
        places = [reading.tables.figures[one.series][one.day].place for one in found]
        days = [f"{one.day} ({at.path.name}:{at.line})" for one, at in zip(found, places, strict=True)]
        yield f"left out, {series} without {' or '.join(companions)}: {_listed(days, named)}"


def _lost_shocks(reading: Reading) -> Iterator[str]:
    """Shocks that no event carries: of an index that is none, or of a day without its figure."""
    indices = {
        str(spec.fields["index"]): name
        for name, entry in CATALOGUE.items()
        if isinstance(spec := entry.spec, RecordSeries) and spec.kind is EquityIndex
    }
    for account in reading.files:
        for (index, day), place in account.shocks.items():
            where = f"{place.path.name}:{place.line}"
            if index not in indices:
                yield f"shock left out, no index is called {index!r} ({where}): {', '.join(indices)}"
            elif day not in reading.tables.figures.get(indices[index], {}):
                yield f"shock left out, {index} has no figure of {day} ({where})"
