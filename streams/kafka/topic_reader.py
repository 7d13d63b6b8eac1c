"""What lies on topics from their beginning to where they end now, read once: for looking back, not for following."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from aiokafka import ConsumerRecord, TopicPartition

from streams.errors import BrokerUnavailableError
from streams.kafka import clients, topics
from streams.settings import Settings

POLL_MS = 500
SILENCE_S = 20.0


Raw: TypeAlias = "ConsumerRecord[bytes, bytes]"


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
        names: of topics, without the prefix; one that is not there is an error.
        partition: only this one of each.

    Raises:
        BrokerUnavailableError: nobody answers, a topic is missing, or the broker stops answering half way.
    """
    wanted = {settings.topic(name): name for name in names}
    async with clients.admin(settings) as admin:
        there = set(await admin.list_topics())  # listed: asked for by name, some brokers would make a missing one
        missing = sorted(set(wanted) - there)
        if missing:
            raise BrokerUnavailableError(
                f"{settings.broker} has no topic {', '.join(missing)}; make them with `crunchwatch topics`, "
                "and mind CRUNCHWATCH_TOPIC_PREFIX"
            )
        described = await admin.describe_topics(sorted(wanted))
    parts = [
        TopicPartition(one["topic"], part["partition"])
        for one in described
        for part in one["partitions"]
        if partition is None or part["partition"] == partition
    ]
    found: list[Record] = []
    async with clients.reader(settings) as reader:
        reader.assign(parts)
        await reader.seek_to_beginning()
        ends = await reader.end_offsets(parts)
        heard = asyncio.get_running_loop().time()
        while True:
            left = [part for part in parts if await reader.position(part) < ends[part]]
            if not left:
                break
            batches = await reader.getmany(*left, timeout_ms=POLL_MS)
            for part, messages in batches.items():
                found += [
                    Record(
                        wanted[part.topic],
                        part.partition,
                        message.offset,
                        message.key,
                        message.value,
                        message.timestamp,
                    )
                    for message in messages
                    if message.offset < ends[part]
                ]
            now = asyncio.get_running_loop().time()
            heard = now if batches else heard
            if now - heard > SILENCE_S:
                raise BrokerUnavailableError(f"{settings.broker} gave nothing more for {SILENCE_S:g} s")
    order = {name: index for index, name in enumerate(wanted.values())}
    return sorted(found, key=lambda record: (order[record.topic], record.partition, record.offset))


async def outputs(settings: Settings) -> list[Record]:
    """Everything the workers have said, signals and transitions."""
    return await read(settings, (topics.TRANSITIONS, topics.SIGNALS))


async def sources(settings: Settings, partition: int) -> list[Record]:
    """Everything that came in on one partition of the ten source topics."""
    return await read(settings, topics.SOURCES, partition=partition)
