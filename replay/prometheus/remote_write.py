"""Prometheus' remote write, as far as a replay needs it: samples as protobuf, snappy, sent until they are accepted.

``WriteRequest { repeated TimeSeries timeseries = 1 }``, ``TimeSeries { repeated Label labels = 1; repeated Sample
samples = 2 }``, ``Label { string name = 1; string value = 2 }``, ``Sample { double value = 1; int64 timestamp = 2 }``:
four messages of the format's version 0.1, written by hand and held to their bytes by a test. Labels are sorted by name,
as the specification asks; a series stands once in a request, its samples in order of time.
"""

import http.client
import struct
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping

import cramjam

from replay.errors import AddressError, ProgramError

PATH = "/api/v1/write"
PATIENCE_S = 30.0
FIRST_WAIT_S = 0.1
TIMEOUT_S = 10.0
TAIL = 300
Samples = list[tuple[int, float]]
"""(milliseconds of UTC, value)"""


def varint(number: int) -> bytes:
    """An integer as protobuf writes it; a negative one in ten bytes.

    >>> varint(300).hex(), varint(-1).hex()
    ('ac02', 'ffffffffffffffffff01')
    """
    left, out = number & (2**64 - 1), bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)


def _field(number: int, body: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(body)) + body


def labels(pairs: Mapping[str, str]) -> bytes:
    """The labels of a series, ``__name__`` among them, ready to stand before its samples."""
    return b"".join(
        _field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in sorted(pairs.items())
    )


def request(series: Iterable[tuple[bytes, Samples]]) -> bytes:
    """A request's body, not yet compressed; each series is its encoded labels and its points."""
    return b"".join(
        _field(1, head + b"".join(_field(2, _sample(moment, value)) for moment, value in points))
        for head, points in series
    )


def _sample(moment_ms: int, value: float) -> bytes:
    return b"\x09" + struct.pack("<d", value) + b"\x10" + varint(moment_ms)


def address(url: str) -> str:
    """Where to write: ``http://host:port`` gets the usual path.

    Raises:
        AddressError: it is not such an address.

    >>> address("http://127.0.0.1:9090")
    'http://127.0.0.1:9090/api/v1/write'
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise AddressError(f"--remote-write: {url!r} is not an address; write http://host:port")
    return urllib.parse.urlunsplit(parts._replace(path=PATH)) if parts.path in {"", "/"} else url


class Writer:
    """Sends requests one after the other; what a server cannot accept now is sent again, more and more slowly."""

    def __init__(self, url: str, *, wait: Callable[[float], None] = time.sleep) -> None:
        self._url = address(url)
        self._wait = wait
        self.requests = 0
        self.samples = 0
        self.repeats = 0

    def send(self, series: Iterable[tuple[bytes, Samples]]) -> None:
        """Send series until they are accepted.

        Raises:
            ProgramError: the server rejects them, or has not accepted them within half a minute.
        """
        held = list(series)
        body = bytes(cramjam.snappy.compress_raw(request(held)))
        waited, pause = 0.0, FIRST_WAIT_S
        while (problem := self._post(body)) is not None:
            if waited >= PATIENCE_S:
                raise ProgramError(f"{self._url} has not accepted what was sent within {PATIENCE_S:g} s: {problem}")
            self.repeats += 1
            self._wait(pause)
            waited, pause = waited + pause, min(pause * 2, 5.0)
        self.requests += 1
        self.samples += sum(len(points) for _, points in held)

    def _post(self, body: bytes) -> str | None:
        """None if it was accepted, else why it may be accepted later."""
        headers = {
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "snappy",
            "X-Prometheus-Remote-Write-Version": "0.1.0",
            "User-Agent": "crunchwatch-replay",
        }
        asked = urllib.request.Request(self._url, data=body, headers=headers, method="POST")  # noqa: S310 - checked
        try:
            with urllib.request.urlopen(asked, timeout=TIMEOUT_S):  # noqa: S310 - our own server, or one the user named
                return None
        except urllib.error.HTTPError as rejection:
            with rejection:
                text = rejection.read(TAIL).decode(errors="replace").strip()
            if rejection.code >= 500 or rejection.code == http.client.TOO_MANY_REQUESTS:
                return f"{rejection.code} {text}"
            raise ProgramError(
                f"{self._url} rejects what is sent: {rejection.code} {text}{_hint(rejection.code, text)}"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            return str(error) or type(error).__name__


def _hint(code: int, text: str) -> str:
    if code == http.client.NOT_FOUND or "enable-remote-write-receiver" in text:
        return "; start Prometheus with --web.enable-remote-write-receiver"
    if "out of" in text or "too old" in text or "duplicate" in text:
        return "; it holds newer samples already: write into a Prometheus of its own whose folder is new"
    return ""
