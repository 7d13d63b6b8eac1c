"""How far back the topics reach: the age of the oldest message that is still there."""

from __future__ import annotations

import asyncio
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.errors import BrokerUnavailableError
from streams.kafka import clients
from streams.kafka.topics import SOURCES
from streams.settings import Settings

_DAY_MS = 86_400_000
_WITHIN_S = 10.0


async def oldest_days(settings: Settings) -> int:
    """Whole days between now and the oldest message of the inputs, by the broker's own times; 0 for empty topics.

    Raises:
        BrokerUnavailableError: no topic of ours is there, or the broker does not answer in time.
    """
    async with clients.reader(settings) as reader:
        there = await reader.topics()
        topics = [name for name in map(settings.topic, SOURCES) if name in there]
        if not topics:
            raise BrokerUnavailableError(f"none of the input topics is at {settings.broker}: has a worker run there?")
        places = [TopicPartition(name, number) for name in topics for number in range(settings.partitions)]
        first, ends = await reader.beginning_offsets(places), await reader.end_offsets(places)
        filled = [place for place in places if ends[place] > first[place]]
        if not filled:
            return 0
        oldest = await _oldest_ms(reader, filled, first)
        return max(0, int((time.time() * 1000 - oldest) // _DAY_MS))


async def _oldest_ms(reader: AIOKafkaConsumer, places: list[TopicPartition], first: dict[TopicPartition, int]) -> int:
    reader.assign(places)
    for place in places:
        reader.seek(place, first[place])
    seen: dict[TopicPartition, int] = {}
    try:
        async with asyncio.timeout(_WITHIN_S):
            while len(seen) < len(places):
                for place, records in (await reader.getmany(timeout_ms=500)).items():
                    if records:
                        seen.setdefault(place, records[0].timestamp)
                        reader.pause(place)
    except TimeoutError:
        if not seen:
            raise BrokerUnavailableError("the broker gives no message of the input topics in time") from None
    return min(seen.values())
