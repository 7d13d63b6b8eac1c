"""What a folder of files holds and what can be judged with it: by file, by series, by detector. Nothing is run.

A detector is said to judge when every series it names is there for as long as its windows need. With some of them only,
what is short or lacks is named: for a detector that takes one of several, that may be enough.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import msgspec

from detectors.calendar import NS
from detectors.detector import Detector
from detectors.events import Event, PolicyRate
from detectors.registry import active
from detectors.sections import Config
from replay.dataset import assemble, folder
from replay.dataset.catalogue import CATALOGUE
from replay.dataset.expected_days import Gap, gaps
from replay.dataset.intake import FileAccount
from replay.dataset.loader import warnings
from replay.dataset.tables import Tables
from replay.errors import DataError

Verdict = Literal["can judge", "in part", "too short", "cannot"]
_DAY_NS = 86_400 * NS
_IORB = "IORB"
"""Some detectors name it as a series; it comes as a part of the policy's record."""


class SeriesOfFile(msgspec.Struct):
    """A series in a file: days, figures, blanks, rows against the file's order, figures with their own time."""

    series: str
    first: dt.date | None
    last: dt.date | None
    figures: int
    blanks: int
    out_of_order: int
    dated: int


class CheckedFile(msgspec.Struct):
    """A file: what it was understood as, or why it was not; its series; rows that are quotes, and rows left out."""

    path: str
    format: str
    not_read: str
    error: str
    quotes: int
    left_out: int
    series: list[SeriesOfFile]


class CheckedSeries(msgspec.Struct):
    """A series over all files: from when to when, figures that were revised, and days missing by its own calendar."""

    series: str
    first: dt.date
    last: dt.date
    figures: int
    revised: int
    missing: int
    gaps: list[Gap]


class Judgement(msgspec.Struct):
    """What a detector can do: series it has, has for too few days, and lacks; days it needs to judge, and for good."""

    detector: str
    verdict: Verdict
    has: list[str]
    short: dict[str, int]
    lacks: list[str]
    needs_days: int
    window_days: int


class Check(msgspec.Struct):
    """The whole answer; ``errors`` are rows that cannot be used, ``warnings`` what is not in the events or in doubt."""

    files: list[CheckedFile]
    series: list[CheckedSeries]
    detectors: list[Judgement]
    warnings: list[str]
    errors: list[str]


def check(directory: Path, config: Config) -> Check:
    """Look through a folder; a file with a row that cannot be used is named, and the others are looked through.

    Raises:
        DataError: there is no such folder.
    """
    errors: list[str] = []

    def failed(account: FileAccount, error: DataError) -> None:
        account.error = str(error)
        errors.append(str(error))

    reading = folder.look(directory, on_error=failed)
    events: list[Event] = []
    try:
        events = assemble.events(reading.tables)
    except DataError as error:
        errors.append(str(error))
    return Check(
        files=[_file(directory, account) for account in reading.files],
        series=[_series(name, reading.tables) for name in sorted(reading.tables.figures)],
        detectors=_judgements(events, config),
        warnings=warnings(reading, named=None),
        errors=errors,
    )


def _file(directory: Path, account: FileAccount) -> CheckedFile:
    series = [
        SeriesOfFile(name, one.first, one.last, one.figures, one.blanks, one.out_of_order, one.dated)
        for name, one in sorted(account.series.items())
    ]
    left_out = sum(one.rows for one in account.left_out.values())
    left_out += account.unknown.total() + account.without_series.total()
    path = str(account.path.relative_to(directory))
    return CheckedFile(path, account.format, account.reason, account.error, account.quotes, left_out, series)


def _series(name: str, tables: Tables) -> CheckedSeries:
    have = sorted(tables.figures[name])
    revised = sum(len(tables.said_of(name, day)) > 1 for day in tables.revisions.get(name, ()))
    found = gaps(CATALOGUE[name], have)
    return CheckedSeries(name, have[0], have[-1], len(have), revised, sum(gap.days for gap in found), found)


def _judgements(events: Iterable[Event], config: Config) -> list[Judgement]:
    spans: dict[str, list[int]] = defaultdict(list)
    for event in events:
        spans[event.series()].append(event.known)
        if isinstance(event, PolicyRate) and event.iorb_pct is not None:
            spans[_IORB].append(event.known)
    days = {name: (max(known) - min(known)) // _DAY_NS + 1 for name, known in spans.items()}
    asking = sorted(active(config), key=lambda one: one.name)
    return [_judgement(one, config, days) for one in asking if one.series(config)]


def _judgement(detector: type[Detector], config: Config, days: dict[str, int]) -> Judgement:
    asked = detector.series(config)
    found = {pattern: [name for name in sorted(days) if fnmatchcase(name, pattern)] for pattern in asked}
    past = detector.look_back(config)
    has = sorted({name for names in found.values() for name in names})
    lacks = [pattern for pattern, names in found.items() if not names]
    # of a star the longest counts: more of a kind is no hindrance
    spans = {pattern: max(days[name] for name in names) for pattern, names in found.items() if names}
    short = {pattern: span for pattern, span in spans.items() if span < past.warm_up_days}
    verdict: Verdict = "in part" if lacks or short else "can judge"
    if not has:
        verdict = "cannot"
    elif len(short) == len(spans):
        verdict = "too short"
    return Judgement(detector.name, verdict, has, short, lacks, past.warm_up_days, past.window_days)
