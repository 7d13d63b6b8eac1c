"""The past as events: the bundled dataset and a user's own files go through the same loader."""

from dataclasses import dataclass, field
from pathlib import Path

from detectors.events import Event
from replay.dataset import assemble, csv_reader
from replay.dataset.tables import Tables

BUNDLED = Path(__file__).parents[1] / "data"
NOT_FIGURES = frozenset({"chronology.csv"})


@dataclass(frozen=True)
class Dataset:
    """Events in the one total order, without heartbeats, and what a user should know of how they came about."""

    events: list[Event]
    warnings: list[str] = field(default_factory=list)


def load(directory: Path = BUNDLED, *, market: str = assemble.MARKET) -> Dataset:
    """Load a directory of tidy CSV files; see :mod:`replay.dataset.csv_reader` for what may be in it.

    Raises:
        replay.errors.DataError: a file or row that cannot be used, named with its line.
    """
    tables = csv_reader.read(directory)
    return Dataset(assemble.events(tables, market=market), _warnings(tables))


def _warnings(tables: Tables) -> list[str]:
    warnings = list(tables.warnings)
    if tables.unknown:
        named = ", ".join(f"{name} ({rows} rows)" for name, rows in sorted(tables.unknown.items()))
        warnings.append(f"left out, no such series in the catalogue: {named}")
    lonely = assemble.incomplete(tables)
    if lonely:
        warnings.append(f"left out, what belongs to them is missing: {', '.join(lonely)}")
    skipped = [path.name for path in tables.skipped if path.name not in NOT_FIGURES]
    if skipped:
        warnings.append(f"not read, columns of no known kind of file: {', '.join(skipped)}")
    return warnings
