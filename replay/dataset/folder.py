"""A folder of files in: each is recognised by its content and read, sub-folders too, in the order of names.

What is not read is named with the reason, and with the format that comes nearest; nothing is left out in silence.
"""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from replay.dataset.containers import Content, Json, Unread, contents
from replay.dataset.formats.all_formats import ANSWERS, TABLES
from replay.dataset.formats.base import NotRead
from replay.dataset.formats.tidy import FIGURES
from replay.dataset.intake import FileAccount, Intake, Part
from replay.dataset.sheets import Sheet
from replay.dataset.tables import Tables
from replay.errors import DataError

EMPTY = "empty"
OnError = Callable[[FileAccount, DataError], None]


@dataclass
class Reading:
    """What a folder holds: the tables, and an account of each file (of each member, where a file holds several)."""

    directory: Path
    tables: Tables = field(default_factory=Tables)
    files: list[FileAccount] = field(default_factory=list)


def read(directory: Path) -> Reading:
    """Read every file of a directory.

    Raises:
        DataError: the directory does not exist or holds no figure of a known series, or a row cannot be used.
    """
    reading = look(directory)
    tables = reading.tables
    if not (tables.figures or tables.prints or tables.marks or tables.lending):
        columns = ",".join(FIGURES)
        unread = "; ".join(f"{one.path.name}: {one.reason}" for one in reading.files if one.reason)
        reason = f"no file with figures of a known series; the columns needed are {columns}"
        raise DataError(directory, None, f"{reason} ({unread})" if unread else reason)
    return reading


def look(directory: Path, *, on_error: OnError | None = None) -> Reading:
    """As :func:`read`, and a folder without figures is an account like any other.

    Args:
        directory: the folder.
        on_error: told of a file with a row that cannot be used; what stands above that row is kept. Without it, the
            first such row is an error.

    Raises:
        DataError: the directory does not exist; without ``on_error``, a row cannot be used.
    """
    if not directory.is_dir():
        raise DataError(directory, None, "no such directory; give one that holds files of figures")
    reading = Reading(directory)
    intakes: list[Intake] = []
    parts: dict[tuple[str, dt.date], dict[str, Part]] = {}
    for path in _files(directory, reading):
        with _told(reading, on_error):
            for content in contents(path):
                account = FileAccount(content.path)
                reading.files.append(account)
                intakes.append(Intake(reading.tables, account, parts=parts))
                _take(content, intakes[-1])
    for intake in intakes:
        with _told(reading, on_error):
            intake.settle()
    return reading


@contextmanager
def _told(reading: Reading, on_error: OnError | None) -> Iterator[None]:
    try:
        yield
    except DataError as error:
        if on_error is None:
            raise
        account = next((one for one in reading.files if one.path == error.path), None)
        if account is None:
            account = FileAccount(error.path)
            reading.files.append(account)
        on_error(account, error)


def _files(directory: Path, reading: Reading) -> Iterator[Path]:
    for folder, inner, files in os.walk(directory):
        inner.sort()
        for name in [one for one in inner if one.startswith(".") or (Path(folder) / one).is_symlink()]:
            reason = "a hidden folder" if name.startswith(".") else "a link to a folder, which is not followed"
            reading.files.append(FileAccount(Path(folder) / name, reason=reason))
            inner.remove(name)
        for name in sorted(files):
            path = Path(folder) / name
            if path.is_file():
                yield path
            else:
                reading.files.append(FileAccount(path, reason="no regular file"))


def _take(content: Content, intake: Intake) -> None:
    account = intake.account
    try:
        match content:
            case Unread(reason=reason):
                account.reason = reason
            case Json():
                _answer(content, intake)
            case Sheet():
                _table(content, intake)
    except NotRead as why:
        account.format, account.reason = "", str(why)


def _table(sheet: Sheet, intake: Intake) -> None:
    if not sheet.header:
        raise NotRead(EMPTY)
    chosen = next((one for one in TABLES if one.fits(sheet)), None)
    if chosen is None:
        raise NotRead(f"columns of no known kind of file; {_nearest(sheet)}")
    intake.account.format = chosen.name
    chosen.read(sheet, intake)


def _nearest(sheet: Sheet) -> str:
    """The format that shares most columns, and which of its columns are not there."""
    have = {name.casefold() for name in sheet.header}
    known = [one for one in TABLES if one.columns]
    best = max(known, key=lambda one: sum(name.casefold() in have for name in one.columns) / len(one.columns))
    missing = [name for name in best.columns if name.casefold() not in have]
    if len(missing) == len(best.columns):
        return f"tidy figures have {','.join(FIGURES)}"
    if missing:
        return f"nearest: {best.name}, which lacks {', '.join(missing)}"
    beside = [name for name in sheet.header if name.casefold() not in {one.casefold() for one in best.columns}]
    more = f"; {', '.join(beside)} cannot stand beside them" if beside else ""
    return f"nearest: {best.name}, whose columns are {','.join(best.columns)}{more}"


def _answer(source: Json, intake: Intake) -> None:
    try:
        value = msgspec.json.decode(source.data)
    except msgspec.DecodeError as error:
        raise NotRead(f"not whole JSON ({error}); download it again") from None
    chosen = next((one for one in ANSWERS if one.fits(value)), None)
    if chosen is None:
        found = f"fields {', '.join(list(value)[:4])}" if isinstance(value, dict) and value else "no fields"
        raise NotRead(
            f"JSON of no known kind ({found}); known: {', '.join(dict.fromkeys(one.name for one in ANSWERS))}"
        )
    intake.account.format = chosen.name
    chosen.read(source, intake)
