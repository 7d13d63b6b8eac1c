"""What is written down in the compacted topic, and how it is read back: the snapshot is the position.

Two kinds of record lie on each partition. A *market record*, keyed by the market, holds the engine's state and, for
each source topic, the next offset that this state has not seen. A *position record*, one a partition, is written
after all market records of the same flush and says where to go on reading and which flush each market's record comes
from. They go out in this order through one idempotent producer, so who finds a position finds the states it speaks of.

A crash between two records of one flush leaves some states ahead of the position: reading goes on at the position
and each market skips what its own record has seen. A state that lies *behind* what the position promises (a zombie
wrote last, or a record was refused) is noticed by its version and healed by reading again from where it stands.

A worker that takes a partition claims it with an epoch one higher than any it found; records of a lower epoch that
follow are a zombie's and are passed over.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping

import msgspec

FORMAT = 1
POSITION_KEY = b"\x00position"  # no market's name can begin with a zero byte
_EPOCH_BYTES = 8
_HEAD_BYTES = 1 + _EPOCH_BYTES
_COMPRESSION_LEVEL = 1
_MAX_STATE_BYTES = 512 << 20

Version = tuple[int, int]
"""Epoch and flush of a record; a later one is greater, whoever wrote it."""


class RecordRefusedError(Exception):
    """A record that is not to be used: ``reason`` is "truncated" or "format"."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class MarketRecord(msgspec.Struct, frozen=True, kw_only=True, tag="market"):
    """A market's state after every message below ``applied`` (next offset by source topic), and when it was written."""

    market: str
    epoch: int
    flush: int
    applied: dict[str, int]
    state: bytes

    @property
    def version(self) -> Version:
        """Orders the records of one market."""
        return self.epoch, self.flush


class PositionRecord(msgspec.Struct, frozen=True, kw_only=True, tag="position"):
    """Where to go on (next offset by source topic), and the version of the state last written of each market."""

    epoch: int
    flush: int
    next_offsets: dict[str, int]
    markets: dict[str, Version]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(MarketRecord | PositionRecord)


def encode(record: MarketRecord | PositionRecord) -> bytes:
    """A format byte, the epoch in eight bytes (to be read without inflating the rest), the compressed record."""
    return (
        bytes([FORMAT])
        + record.epoch.to_bytes(_EPOCH_BYTES)
        + zlib.compress(_ENCODER.encode(record), _COMPRESSION_LEVEL)
    )


def decode(raw: bytes) -> MarketRecord | PositionRecord:
    """Undo :func:`encode`; whatever the bytes, the only error is :class:`RecordRefusedError`."""
    if not raw or raw[0] != FORMAT:
        raise RecordRefusedError("format", f"format {raw[0] if raw else 'none'}, this version reads {FORMAT}")
    if len(raw) <= _HEAD_BYTES:
        raise RecordRefusedError("truncated", f"a record of {len(raw)} bytes")
    inflate = zlib.decompressobj()
    try:
        body = inflate.decompress(raw[_HEAD_BYTES:], _MAX_STATE_BYTES)
        if not inflate.eof:
            raise RecordRefusedError("truncated", "the record ends early, or is larger than any state may be")
        record: MarketRecord | PositionRecord = _DECODER.decode(body)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise RecordRefusedError("truncated", str(error)) from None
    return record


def epoch_of(raw: bytes) -> int | None:
    """The epoch of a record, or None if it is no record of this version."""
    return int.from_bytes(raw[1:_HEAD_BYTES]) if len(raw) > _HEAD_BYTES and raw[0] == FORMAT else None


class Found(msgspec.Struct):
    """What a partition's records say, folded in the order of the log."""

    epoch: int = 0
    position: PositionRecord | None = None
    markets: dict[str, MarketRecord] = msgspec.field(default_factory=dict)
    refused: list[tuple[str, str]] = msgspec.field(default_factory=list)
    """Key and reason of records that were not used; an older record of the key stands in, if there is one."""
    fenced: int = 0
    """Records of a lower epoch than one before them: written by a worker that no longer owned the partition."""


def fold(entries: Iterable[tuple[bytes, bytes | None]]) -> Found:
    """Read a partition's records, oldest first."""
    found = Found()
    for key, value in entries:
        if value is None:
            continue  # nobody writes tombstones here: forgetting a market is not done by a stranger's record
        try:
            record = decode(value)
        except RecordRefusedError as refused:
            found.refused.append((key.decode(errors="replace")[:64], refused.reason))
            continue
        if record.epoch < found.epoch:
            found.fenced += 1
            continue
        found.epoch = record.epoch
        if isinstance(record, PositionRecord):
            found.position = record
        elif key == record.market.encode():
            found.markets[record.market] = record
    return found


class Plan(msgspec.Struct):
    """Where reading starts, and which markets are read again from further back and why."""

    start: dict[str, int]
    healed: dict[str, str]


def plan(found: Found, topics: Iterable[str], unusable: Mapping[str, str]) -> Plan:
    """Find the offsets to start from, so that no market misses a message.

    Args:
        found: the partition's records.
        topics: the source topics.
        unusable: markets whose state was refused, with the reason: they are built anew from the beginning.

    Returns:
        A start for every topic; never beyond what a market has not seen.
    """
    position = found.position
    healed = dict(unusable)
    if position is None:
        return Plan(dict.fromkeys(topics, 0), healed)
    start = {topic: position.next_offsets.get(topic, 0) for topic in topics}
    behind: list[Mapping[str, int]] = [{} for _ in unusable]
    for market, version in position.markets.items():
        record = found.markets.get(market)
        if market in unusable:
            continue
        if record is None:
            healed[market] = "missing"
            behind.append({})
        elif record.version < version:
            healed[market] = "stale"
            behind.append(record.applied)
    for applied in behind:
        start = {topic: min(offset, applied.get(topic, 0)) for topic, offset in start.items()}
    return Plan(start, healed)
