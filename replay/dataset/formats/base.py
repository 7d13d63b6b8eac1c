"""What a format is, and how the records of a JSON answer get their lines."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from replay.dataset.containers import Json
from replay.dataset.intake import Intake
from replay.dataset.sheets import Sheet
from replay.dataset.tables import FileLine
from replay.errors import DataError

T = TypeVar("T")


class NotRead(Exception):  # noqa: N818 - no error of the user's: the file is named and left alone
    """A file that is recognised and cannot be used; the text says why and what would be."""


class TableFormat(NamedTuple):
    """A kind of table: its name for people, how it is recognised, how it is read, and the columns it is known by."""

    name: str
    fits: Callable[[Sheet], bool]
    read: Callable[[Sheet, Intake], None]
    columns: tuple[str, ...]


class JsonFormat(NamedTuple):
    """A kind of JSON answer: its name for people, how its outermost value is recognised, and how it is read."""

    name: str
    fits: Callable[[Any], bool]
    read: Callable[[Json, Intake], None]


def records(source: Json, raws: Iterable[msgspec.Raw], kind: type[T]) -> Iterator[tuple[FileLine, T]]:
    """Decode records one by one, each with the line on which it begins.

    Raises:
        DataError: a record with a field of another type, or without one that is needed.
    """
    line, done = 1, 0
    for raw in raws:
        text = bytes(raw)
        at = source.data.find(text, done)
        line += source.data.count(b"\n", done, at)
        done = at
        place = FileLine(source.path, line)
        try:
            yield place, msgspec.json.decode(text, type=kind)
        except msgspec.DecodeError as error:
            raise DataError(*place, f"not a record of this kind: {error}") from None


def decoded(source: Json, kind: type[T]) -> T:
    """The whole of an answer, with what is read record by record left raw.

    Raises:
        DataError: it is not JSON, or not of this shape.
    """
    try:
        return msgspec.json.decode(source.data, type=kind)
    except msgspec.DecodeError as error:
        raise DataError(source.path, None, f"not JSON of this kind: {error}") from None


def text_of(value: float | str | None) -> str:
    """A figure as text, whether the answer has it as a number or as a string; ``null`` in either form is a gap.

    >>> [text_of(one) for one in (3.95, 20350000000, "4.468", "null", None)]
    ['3.95', '20350000000', '4.468', '', '']
    """
    if value is None or value in {"null", "*", "N/A"}:
        return ""
    return value if isinstance(value, str) else repr(value)


def stem(path: Path) -> str:
    """The name of a file without any of its endings."""
    return path.name.split(".", 1)[0]
