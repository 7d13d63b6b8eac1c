"""Snapshots: all rolling state as msgpack of plain values, with a version and the configuration's hash.

Nothing is pickled and nothing is unpickled. A snapshot of another version, configuration or market is refused by name,
and so is one that is cut off or damaged (a checksum stands before the content).
"""

from typing import Any, Literal
from zlib import crc32

import msgspec

VERSION = 2
MAGIC = b"cwsn"

Reason = Literal["truncated", "version", "config", "market", "content"]


class SnapshotError(ValueError):
    """A snapshot that cannot be taken: ``reason`` is truncated, version, config, market or content."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason


def pack(market: str, config_hash: str, state: dict[str, Any]) -> bytes:
    """Encode a market's state."""
    body = msgspec.msgpack.encode([VERSION, market, config_hash, state])
    return MAGIC + crc32(body).to_bytes(4, "big") + body


def unpack(raw: bytes, market: str, config_hash: str) -> dict[str, Any]:
    """Decode a state; raises SnapshotError for anything but a whole snapshot of this version, market and config."""
    body = raw[8:]
    if raw[:4] != MAGIC or crc32(body).to_bytes(4, "big") != raw[4:8]:
        raise SnapshotError("truncated", f"{len(raw)} bytes that are no whole snapshot")
    try:
        version, its_market, its_hash, state = msgspec.msgpack.decode(body, strict=False)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as error:
        raise SnapshotError("content", f"no list of four: {error}"[:200]) from None
    if version != VERSION:
        raise SnapshotError("version", f"it has version {version}, this is {VERSION}")
    if its_market != market:
        raise SnapshotError("market", f"it is of {its_market!r:.40}, not of {market}")
    if its_hash != config_hash:
        raise SnapshotError("config", f"it was made with configuration {its_hash!r:.40}, this is {config_hash}")
    if not isinstance(state, dict):
        raise SnapshotError("content", f"a {type(state).__name__} is no state")
    checked: dict[str, Any] = state
    return checked
