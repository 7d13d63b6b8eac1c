"""Whether what is on the broker is consumed: asked of the broker, by a client independent of the consumer.

A consumer that has stalled is the last to know: it sees no new messages, so it sees no lag. Here the ends of the owned
partitions are asked for every few seconds. Where messages wait and none is taken, a look at the first of them decides
whether there is one at all: offsets of undone transactions and of their markers hold no messages.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import BrokerUnavailableError, StreamsError
from streams.kafka import clients
from streams.kafka.topics import SOURCES
from streams.worker.partition_owner import PartitionOwner
from transport import aiokafka_internals

ASK_EVERY_S = 3.0
ANSWER_WITHIN_S = 5.0
LOOK_AFTER_S = 4.0
STALLED_AFTER_S = 18.0
"""A partition of which nothing is taken for so long has stalled; with the asking, that shows within thirty seconds."""
ONE_STALLED_AFTER_S = 90.0
"""One source of a partition that goes on otherwise: its turn may just not have come while much is caught up with."""
_POLL_MS = 500


class ReadPosition(NamedTuple):
    """Where the reading of one source partition stands, since when it has with messages waiting, and when it moved."""

    offset: int
    since: float
    moved: float


class LagMonitor:
    """What the broker says of the owned partitions."""

    def __init__(self, owner: PartitionOwner) -> None:
        self.silent_since: float | None = None
        """Since when the broker has not answered."""
        self.stalled: str | None = None
        """What waits and is not consumed."""
        self._owner = owner
        self._stands: dict[TopicPartition, ReadPosition] = {}
        self._empty_until: dict[TopicPartition, int] = {}

    async def watch(self) -> None:
        """Ask repeatedly until cancelled; a broker that is unavailable for too long ends the worker."""
        settings = self._owner.settings
        while True:
            try:
                async with clients.reader(settings, patience_s=ANSWER_WITHIN_S) as reader:
                    await aiokafka_internals.know_topics(reader, map(settings.topic, SOURCES))
                    while True:
                        async with asyncio.timeout(2 * ANSWER_WITHIN_S):
                            await self.look(reader)
                        self.silent_since = None
                        await asyncio.sleep(ASK_EVERY_S)
            except (KafkaError, OSError, TimeoutError, StreamsError):
                self._unanswered()
            except Exception as error:  # noqa: BLE001 - without this watch a stall would be silent
                self._owner.fail(error)
                return
            await asyncio.sleep(1.0)

    def _unanswered(self) -> None:
        now = time.monotonic()
        self.silent_since = self.silent_since or now
        settings = self._owner.settings
        if now - self.silent_since > settings.recovery_timeout_s:
            reason = f"the broker at {settings.broker} has not answered for {now - self.silent_since:.0f} s"
            self._owner.fail(BrokerUnavailableError(reason))

    async def look(self, reader: AIOKafkaConsumer) -> None:
        """Compare the broker's ends with where the reading stands."""
        offsets = self._offsets()
        async with asyncio.timeout(ANSWER_WITHIN_S):
            ends = await reader.end_offsets(list(offsets)) if offsets else {}
        now = time.monotonic()
        self._stands = {place: self._stand(place, offsets[place], end, now) for place, end in ends.items()}
        for place, end in ends.items():
            if self._behind(place, offsets[place], end) and now - self._stands[place].since > LOOK_AFTER_S:
                await self._look_at_first(reader, place, offsets[place], end)
        behind = {place: end for place, end in ends.items() if self._behind(place, offsets[place], end)}
        moved = {number: self._moved(number) for number in {place.partition for place in behind}}
        waiting = [
            f"{place.topic}-{place.partition} from {offsets[place]} to {end}"
            for place, end in behind.items()
            if now - self._stands[place].since > ONE_STALLED_AFTER_S
            or min(now - self._stands[place].since, now - moved[place.partition]) > STALLED_AFTER_S
        ]
        self.stalled = f"messages wait and none is taken: {', '.join(waiting[:3])}" if waiting else None
        self._owner.metrics.lagging({place: behind[place] - offsets[place] if place in behind else 0 for place in ends})

    def _stand(self, place: TopicPartition, offset: int, end: int, now: float) -> ReadPosition:
        """Since when reading has stood where it does; while nothing waits, it does not stand."""
        stand = self._stands.get(place)
        if stand is None or stand.offset != offset:
            return ReadPosition(offset, now, now)
        return stand if self._behind(place, offset, end) else ReadPosition(offset, now, stand.moved)

    def _moved(self, number: int) -> float:
        """When anything of a partition was last seen to be taken."""
        return max(stand.moved for place, stand in self._stands.items() if place.partition == number)

    def _offsets(self) -> dict[TopicPartition, int]:
        owner = self._owner
        return {
            TopicPartition(owner.settings.topic(topic), number): partition.next_offsets.get(topic, 0)
            for number, partition in owner.partitions.items()
            for topic in SOURCES
        }

    def _behind(self, place: TopicPartition, offset: int, end: int) -> bool:
        return max(offset, self._empty_until.get(place, 0)) < end

    async def _look_at_first(self, reader: AIOKafkaConsumer, place: TopicPartition, offset: int, end: int) -> None:
        """Find out whether anything lies there: offsets without messages are not waited for."""
        reader.assign([place])
        reader.seek(place, offset)
        batches = await reader.getmany(place, timeout_ms=_POLL_MS, max_records=1)
        if not batches and await reader.position(place) >= end:
            self._empty_until[place] = end
        reader.unsubscribe()
