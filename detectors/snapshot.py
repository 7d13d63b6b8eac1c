"""Snapshots: all rolling state as msgpack of plain values, with a version.

Nothing is pickled and nothing is unpickled. A snapshot of another version or market is rejected by name, and so is one
that is cut off or damaged (a checksum stands before the content). What each detector's state rests on stands beside it.
"""

from typing import Any, Literal
from zlib import crc32

import msgspec

VERSION = 3
MAGIC = b"cwsn"

Reason = Literal["truncated", "version", "market", "content"]


class SnapshotError(ValueError):
    """A snapshot that cannot be taken: ``reason`` is truncated, version, market or content."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason


def pack(market: str, state: dict[str, Any]) -> bytes:
    """Encode a market's state."""
    body = msgspec.msgpack.encode([VERSION, market, state])
    return MAGIC + crc32(body).to_bytes(4, "big") + body


def unpack(raw: bytes, market: str) -> dict[str, Any]:
    """Decode a state; raises SnapshotError for anything but a whole snapshot of this version and market."""
    body = raw[8:]
    if raw[:4] != MAGIC or crc32(body).to_bytes(4, "big") != raw[4:8]:
        raise SnapshotError("truncated", f"{len(raw)} bytes that are no whole snapshot")
    try:
        version, its_market, *rest = msgspec.msgpack.decode(body, strict=False)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as error:
        raise SnapshotError("content", f"no list of three: {error}"[:200]) from None
    if version != VERSION:
        raise SnapshotError("version", f"it has version {version}, this is {VERSION}")
    if its_market != market:
        raise SnapshotError("market", f"it is of {its_market!r:.40}, not of {market}")
    state = rest[0] if len(rest) == 1 else None
    if not isinstance(state, dict):
        raise SnapshotError("content", f"a {type(state).__name__} is no state")
    checked: dict[str, Any] = state
    return checked
