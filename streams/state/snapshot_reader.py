"""Reading a partition's records back to the end of the compacted topic, and the offsets the broker still holds.

Everything is read committed: an end is then the last stable offset, beyond which a transaction is still open; the new
owner's producer has ended its predecessor's by the time these are asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TypeAlias

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import RecoveryError
from streams.kafka import clients
from streams.kafka.topics import SNAPSHOTS, SOURCES
from streams.settings import Settings
from streams.state import snapshot_records
from transport import aiokafka_internals

_POLL_MS = 500
KafkaRecord: TypeAlias = "ConsumerRecord[bytes, bytes]"


class OffsetRange(msgspec.Struct, frozen=True):
    """What the broker holds of one source topic's partition: offsets from ``first`` up to, not with, ``end``."""

    first: int
    end: int


class Recovered(msgspec.Struct):
    """All that is to be known before a partition's first message is read."""

    found: snapshot_records.PartitionRecords
    held: dict[str, OffsetRange]


async def recover(settings: Settings, partitions: Iterable[int]) -> dict[int, Recovered]:
    """Read the records of some partitions, each to its end, and what the broker holds of their sources.

    Raises:
        RecoveryError: it took longer than the settings allow, or the broker failed.
    """
    numbers = sorted(partitions)
    if not numbers:
        return {}
    try:
        async with (
            asyncio.timeout(settings.recovery_timeout_s),
            clients.reader(settings, patience_s=settings.recovery_timeout_s) as reader,
        ):
            return await _recover(reader, settings, numbers)
    except TimeoutError:
        raise RecoveryError(
            f"the state of partitions {numbers} could not be read back within {settings.recovery_timeout_s:g} s"
        ) from None
    except KafkaError as error:
        raise RecoveryError(f"the state of partitions {numbers} could not be read back: {error!r}") from error


async def _recover(reader: AIOKafkaConsumer, settings: Settings, numbers: list[int]) -> dict[int, Recovered]:
    snapshots = {TopicPartition(settings.topic(SNAPSHOTS), number): number for number in numbers}
    sources = {
        TopicPartition(settings.topic(topic), number): (topic, number) for topic in SOURCES for number in numbers
    }
    await aiokafka_internals.know_topics(reader, (place.topic for place in (*snapshots, *sources)))
    ends = await reader.end_offsets([*snapshots, *sources])
    first = await reader.beginning_offsets(list(sources))
    logs = await _read_to_end(reader, {place: ends[place] for place in snapshots})
    recovered = {}
    for place, number in snapshots.items():
        found = snapshot_records.fold(logs[place].entries())
        held = {topic: OffsetRange(first[tp], ends[tp]) for tp, (topic, of) in sources.items() if of == number}
        recovered[number] = Recovered(found, held)
    return recovered


async def _read_to_end(reader: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> dict[TopicPartition, _Log]:
    logs = {place: _Log() for place in ends}
    reader.assign(list(ends))
    await reader.seek_to_beginning(*ends)
    while True:
        # The position, not the last record's offset, is compared: markers and compaction leave the end without one.
        behind = [place for place in ends if await reader.position(place) < ends[place]]
        if not behind:
            break
        for place, batch in (await reader.getmany(*behind, timeout_ms=_POLL_MS)).items():
            for record in batch:
                logs[place].add(record)
    return logs


class _Log:
    """The last records of each key, as they come: memory stays flat however long ago the topic was compacted."""

    def __init__(self) -> None:
        self._kept: dict[bytes, list[KafkaRecord]] = {}

    def add(self, record: KafkaRecord) -> None:
        kept = self._kept.setdefault(record.key or b"", [])
        kept.append(record)
        del kept[:-2]  # the last, and the one before it in case it is rejected

    def entries(self) -> list[tuple[bytes, bytes | None]]:
        """Keys and values in the order of the log."""
        kept = sorted((record for of_key in self._kept.values() for record in of_key), key=lambda record: record.offset)
        return [(record.key or b"", record.value) for record in kept]


async def reread(settings: Settings, place: TopicPartition, begin: int, end: int) -> list[KafkaRecord]:
    """The messages a source holds from ``begin`` up to, not with, ``end``; none if these offsets are only holes."""
    try:
        async with (
            asyncio.timeout(settings.recovery_timeout_s),
            clients.reader(settings, patience_s=settings.recovery_timeout_s) as reader,
        ):
            reader.assign([place])
            reader.seek(place, begin)
            found: list[KafkaRecord] = []
            while await reader.position(place) < end:
                batches = await reader.getmany(place, timeout_ms=_POLL_MS)
                found.extend(record for batch in batches.values() for record in batch if record.offset < end)
            return found
    except (TimeoutError, KafkaError) as error:
        raise RecoveryError(
            f"{place.topic}-{place.partition} could not be read again from {begin}: {error!r}"
        ) from error
