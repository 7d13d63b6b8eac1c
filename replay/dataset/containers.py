"""What is inside a file: a table, a JSON text, or more files. The content decides, not the ending of the name.

A compressed file is unpacked whole before anything of it is used, so that half a download is no data at all.
"""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from replay.dataset import tabular
from replay.dataset.sheets import Sheet, of_text
from replay.errors import DataError

LARGEST_BYTES = 2**30
DEEPEST = 3
"""Containers in containers: a gzip file in a zip file is two."""
TEXTS = frozenset({".csv", ".txt", ".tsv", ".json"})
"""Endings that promise text: bytes that are none are an error there, and elsewhere a file of another kind."""


@dataclass(frozen=True)
class Json:
    """A JSON text, and the name of the file it lay in: some answers do not say which series they are."""

    path: Path
    data: bytes


@dataclass(frozen=True)
class Unread:
    """A file of which nothing can be used, and why."""

    path: Path
    reason: str


_OTHERS = {
    b"\xd0\xcf\x11\xe0": "a workbook of the old .xls kind: save it as .xlsx or CSV",
    b"BZh": "packed with bzip2: unpack it, or pack it with gzip or zip",
    b"\xfd7zXZ": "packed with xz: unpack it, or pack it with gzip or zip",
    b"7z\xbc\xaf": "packed with 7-Zip: unpack it, or pack it with gzip or zip",
    b"\x28\xb5\x2f\xfd": "packed with zstd: unpack it, or pack it with gzip or zip",
    b"Rar!": "packed with RAR: unpack it, or pack it with gzip or zip",
    b"%PDF": "a PDF: download the CSV, JSON or workbook of the same figures",
}

Content = Sheet | Json | Unread


def contents(path: Path) -> Iterator[Content]:
    """Everything in a file, members of containers under the path of the container.

    Raises:
        DataError: text that is not UTF-8, or a file that may not be read.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            yield Unread(path, "larger than 1 GiB: split it, by year for instance")
            return
        data = path.read_bytes()
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from None
    yield from _inside(path, data, 0)


def _inside(path: Path, data: bytes, depth: int) -> Iterator[Content]:
    unpack = _unpacker(data)
    if unpack is not None and depth >= DEEPEST:
        yield Unread(path, "too many containers in one another: unpack it")
    elif unpack is not None:
        yield from unpack(path, data, depth)
    else:
        yield _text(path, data)


def _unpacker(data: bytes) -> Callable[[Path, bytes, int], Iterator[Content]] | None:
    if data.startswith(b"\x1f\x8b"):
        return _gzip
    if data.startswith(b"PK"):
        return _zip
    if data.startswith(b"PAR1"):
        return lambda path, data, _: iter([_table(path, lambda: tabular.parquet(path, data))])
    return None


def _gzip(path: Path, data: bytes, depth: int) -> Iterator[Content]:
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            inside = packed.read(LARGEST_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        yield Unread(path, "damaged or not all of it: no whole gzip file; download it again")
        return
    if len(inside) > LARGEST_BYTES:
        yield Unread(path, "larger than 1 GiB unpacked: split it")
        return
    yield from _inside(path, inside, depth + 1)


def _zip(path: Path, data: bytes, depth: int) -> Iterator[Content]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            members = [one for one in packed.infolist() if one.filename and not one.is_dir()]
            if sum(one.file_size for one in members) > LARGEST_BYTES:
                yield Unread(path, "larger than 1 GiB unpacked: split it")
                return
            if any(one.filename == "xl/workbook.xml" for one in members):
                yield from _workbook(path, data)
                return
            unpacked = [(path / one.filename.lstrip("/"), packed.read(one)) for one in members]
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError):
        yield Unread(path, "damaged or not all of it: no whole zip file or workbook; download it again")
        return
    except RuntimeError:  # what zipfile says of a password
        yield Unread(path, "locked with a password: unpack it")
        return
    for inner, content in sorted(unpacked):
        yield from _inside(inner, content, depth + 1)


def _workbook(path: Path, data: bytes) -> Iterator[Content]:
    try:
        yield from tabular.workbook(path, data)
    except tabular.TableError as error:
        yield Unread(path, str(error))


def _table(path: Path, read: Callable[[], Sheet]) -> Content:
    try:
        return read()
    except tabular.TableError as error:
        return Unread(path, str(error))


def _text(path: Path, data: bytes) -> Content:
    other = next((reason for begins, reason in _OTHERS.items() if data.startswith(begins)), None)
    if other is not None:
        return Unread(path, other)
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) and len(data) % 2 == 0 else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if path.suffix.lower() in TEXTS:
            raise DataError(path, None, "not UTF-8 text; save the file as UTF-8") from None
        return Unread(path, "not text, and no gzip, zip, workbook or Parquet file")
    begins = text.lstrip()[:1]
    if begins in {"{", "["}:
        return Json(path, text.encode())
    if begins == "<":
        return Unread(path, "a web page or XML: download the CSV or JSON form")
    if "\x00" in text:
        return Unread(path, "not text: it holds zero bytes")
    return of_text(path, text)
