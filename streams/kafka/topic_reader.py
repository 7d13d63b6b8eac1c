"""What lies on topics from their beginning to where they end now, read once: for looking back, not for following."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.errors import BrokerUnavailableError
from streams.kafka import clients, topics
from streams.settings import Settings

POLL_MS = 500
SILENCE_S = 20.0


KafkaRecord: TypeAlias = "ConsumerRecord[bytes, bytes]"


class Record(NamedTuple):
    """One message: the topic by the name it has without a prefix, where it lay, key and value."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int = 0


async def read(settings: Settings, names: Iterable[str], *, partition: int | None = None) -> list[Record]:
    """Read topics to where they end now; each partition in its order, the partitions of a topic one after another.

    Args:
        settings: which broker, and which prefix.
        names: of topics, without the prefix; a missing one is an error.
        partition: only this one of each.

    Raises:
        BrokerUnavailableError: no broker answers, a topic is missing, or the broker stops answering half way.
    """
    plain = {settings.topic(name): name for name in names}
    parts = [one for one in await _partitions(settings, list(plain)) if partition in {None, one.partition}]
    found: list[Record] = []
    async with clients.reader(settings) as reader:
        async for part, message in _until_now(reader, parts, settings.broker):
            place = plain[part.topic], part.partition, message.offset
            found.append(Record(*place, message.key, message.value, message.timestamp))
    order = {name: index for index, name in enumerate(plain.values())}
    return sorted(found, key=lambda record: (order[record.topic], record.partition, record.offset))


async def _partitions(settings: Settings, names: list[str]) -> list[TopicPartition]:
    """All partitions of topics, which are named with their prefix and have to exist."""
    async with clients.admin(settings) as admin:
        there = set(await admin.list_topics())  # listed: asked for by name, some brokers would create a missing one
        missing = sorted(set(names) - there)
        if missing:
            raise BrokerUnavailableError(
                f"{settings.broker} has no topic {', '.join(missing)}; create them with `crunchwatch topics`, "
                "and check CRUNCHWATCH_TOPIC_PREFIX"
            )
        described = await admin.describe_topics(sorted(names))
    return [TopicPartition(one["topic"], part["partition"]) for one in described for part in one["partitions"]]


async def _until_now(
    reader: AIOKafkaConsumer, parts: list[TopicPartition], broker: str
) -> AsyncIterator[tuple[TopicPartition, KafkaRecord]]:
    """The messages of partitions from their beginning to where they end when this is asked."""
    reader.assign(parts)
    await reader.seek_to_beginning()
    ends = await reader.end_offsets(parts)
    clock = asyncio.get_running_loop().time
    heard = clock()
    while left := [part for part in parts if await reader.position(part) < ends[part]]:
        batches = await reader.getmany(*left, timeout_ms=POLL_MS)
        for part, messages in batches.items():
            for message in messages:
                if message.offset < ends[part]:
                    yield part, message
        heard = clock() if batches else heard
        if clock() - heard > SILENCE_S:
            raise BrokerUnavailableError(f"{broker} gave nothing more for {SILENCE_S:g} s")


async def outputs(settings: Settings) -> list[Record]:
    """Everything the workers have emitted, signals and transitions."""
    return await read(settings, (topics.TRANSITIONS, topics.SIGNALS))


async def sources(settings: Settings, partition: int) -> list[Record]:
    """Everything that came in on one partition of the ten source topics."""
    return await read(settings, topics.SOURCES, partition=partition)
