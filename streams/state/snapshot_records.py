"""What is written down in the compacted topic, and how it is read back: the snapshot is the position.

Two kinds of record lie on each partition. A *market record*, keyed by the market, holds the engine's state and, for
each source topic, the next offset that this state has not seen. A *position record*, one a partition, says where to
go on reading, which flush each market's record comes from, and up to where each market has emitted. A flush is one
transaction, outputs included: who reads committed records finds states and a position that fit, or the ones before.

A record that is rejected (damaged, or of another version) is replaced by an older one of its key, or by none; its
market is then read again from further back, and does not repeat what it has emitted.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping

import msgspec

from detectors.ordering import FAR_PAST
from detectors.signals import Output

FORMAT = 2
POSITION_KEY = b"\x00position"  # no market's name can begin with a zero byte
_COMPRESSION_LEVEL = 1
_MAX_STATE_BYTES = 128 << 20  # a few times the largest state: a small record may inflate to anything


class RecordRejectedError(Exception):
    """A record that cannot be used: ``reason`` is "truncated" or "format"."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class MarketRecord(msgspec.Struct, frozen=True, kw_only=True, tag="market"):
    """A market's state after every message below ``applied`` (next offset by source topic), and of which flush."""

    market: str
    flush: int
    applied: dict[str, int]
    state: bytes


class EmittedUntil(msgspec.Struct, frozen=True):
    """Up to where a market has emitted: all that is known before ``until_ns``, and these ids of what is known then."""

    flush: int = 0
    """The flush that wrote the market's record."""
    until_ns: int = FAR_PAST
    ids: tuple[str, ...] = ()

    def covers(self, output: Output) -> bool:
        """Whether this was emitted before."""
        return output.known < self.until_ns or output.id in self.ids


class PositionRecord(msgspec.Struct, frozen=True, kw_only=True, tag="position"):
    """Where to go on, below which offsets everything was reported, and how far each market has emitted."""

    flush: int
    next_offsets: dict[str, int]
    settled: dict[str, int]
    markets: dict[str, EmittedUntil]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(MarketRecord | PositionRecord)


def encode(record: MarketRecord | PositionRecord) -> bytes:
    """A format byte and the compressed record."""
    return bytes([FORMAT]) + zlib.compress(_ENCODER.encode(record), _COMPRESSION_LEVEL)


def decode(raw: bytes) -> MarketRecord | PositionRecord:
    """Undo :func:`encode`; whatever the bytes, the only error is :class:`RecordRejectedError`."""
    if not raw or raw[0] != FORMAT:
        raise RecordRejectedError("format", f"format {raw[0] if raw else 'none'}, this version reads {FORMAT}")
    inflate = zlib.decompressobj()
    try:
        body = inflate.decompress(raw[1:], _MAX_STATE_BYTES)
        if not inflate.eof:
            raise RecordRejectedError("truncated", "the record ends early, or is larger than any state may be")
        record: MarketRecord | PositionRecord = _DECODER.decode(body)
    except (zlib.error, msgspec.MsgspecError, RecursionError) as error:
        raise RecordRejectedError("truncated", str(error)) from None
    return record


class PartitionRecords(msgspec.Struct):
    """What a partition's records say, folded in the order of the log."""

    position: PositionRecord | None = None
    markets: dict[str, MarketRecord] = msgspec.field(default_factory=dict)
    rejected: list[tuple[str, str]] = msgspec.field(default_factory=list)
    """Key and reason of records that were not used; an older record of the key stands in, if there is one."""


def fold(entries: Iterable[tuple[bytes, bytes | None]]) -> PartitionRecords:
    """Read a partition's records, oldest first."""
    found = PartitionRecords()
    for key, value in entries:
        if value is None:
            continue  # no worker writes tombstones: a stranger's record does not delete a market
        try:
            record = decode(value)
        except RecordRejectedError as rejected:
            found.rejected.append((key.decode(errors="replace")[:64], rejected.reason))
            continue
        if isinstance(record, PositionRecord):
            found.position = record
        elif key == record.market.encode():
            found.markets[record.market] = record
    return found


class ResumePlan(msgspec.Struct):
    """Where reading starts, and which markets are read again from further back and why."""

    start: dict[str, int]
    healed: dict[str, str]


def plan(found: PartitionRecords, topics: Iterable[str], unusable: Mapping[str, str]) -> ResumePlan:
    """Find the offsets to start from, so that no market misses a message.

    Args:
        found: the partition's records.
        topics: the source topics.
        unusable: markets whose state was rejected, with the reason: they are rebuilt from the beginning.

    Returns:
        A start for every topic; never beyond what a market has not seen.
    """
    position = found.position
    healed = dict(unusable)
    if position is None:
        return ResumePlan(dict.fromkeys(topics, 0), healed)
    start = {topic: position.next_offsets.get(topic, 0) for topic in topics}
    behind: list[Mapping[str, int]] = [{} for _ in unusable]
    for market, mark in position.markets.items():
        record = found.markets.get(market)
        if market in unusable:
            continue
        if record is None:
            healed[market] = "missing"
            behind.append({})
        elif record.flush < mark.flush:
            healed[market] = "stale"
            behind.append(record.applied)
    for applied in behind:
        start = {topic: min(offset, applied.get(topic, 0)) for topic, offset in start.items()}
    return ResumePlan(start, healed)
