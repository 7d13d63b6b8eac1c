"""What the owner of a partition writes: all of it or nothing, and only the owner.

Each owned partition has one transactional producer. Its id is made of the group and the partition's number, so it is
the same whoever owns the partition: opening it ends the former owner's producer and undoes the transaction that one
may have left open, before the state is read back. A transaction is begun only when all that belongs to it is here,
and committed at once: none stays open while a worker waits, so no reader of committed messages ever waits for one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidProducerEpoch, ProducerFenced

from streams.errors import BrokerUnavailableError, FencedError, SnapshotTooLargeError
from streams.kafka import clients
from streams.kafka.topics import OUTPUTS, SNAPSHOTS
from streams.settings import Settings
from streams.state import snapshot_records
from streams.state.metrics import Metrics
from streams.state.outgoing import Outgoing
from streams.state.partition import Partition
from transport import producers

log = logging.getLogger(__name__)

CLOSE_WITHIN_S = 1.0
_OPEN_AT_ONCE = 16


class PartitionWriter:
    """One partition's producer, and the outputs that wait for its next transaction."""

    def __init__(self, settings: Settings, number: int, producer: AIOKafkaProducer) -> None:
        self.number = number
        self.due: list[Outgoing] = []
        self.due_bytes = 0
        self._settings = settings
        self._producer = producer
        self._interrupted = False

    @classmethod
    async def open(cls, settings: Settings, number: int) -> PartitionWriter:
        """Take the partition over from its previous writer.

        Raises:
            BrokerUnavailableError: the broker did not answer for as long as a recovery may take.
        """
        name = settings.transactional_id(str(number))
        producer = await clients.producer(settings, transactional_id=name, patience_s=settings.recovery_timeout_s)
        await producer.client.set_topics({settings.topic(topic) for topic in (*OUTPUTS, SNAPSHOTS)})
        return cls(settings, number, producer)

    def enter(self, outgoing: Iterable[Outgoing]) -> None:
        """Add outputs to the next transaction."""
        for one in outgoing:
            self.due.append(one)
            self.due_bytes += len(one.value)

    async def commit(self, state: Sequence[Outgoing]) -> None:
        """Write what is due and the state it led to, in one transaction.

        Whatever is raised, the state in memory may be ahead of the log, or the log ahead of what is known here: the
        partition has to be dropped, and read back by its next owner.

        Raises:
            FencedError: the partition has another owner.
            BrokerUnavailableError: an earlier commit was interrupted.
            KafkaError: the broker rejected it.
        """
        if self._interrupted:
            raise BrokerUnavailableError(
                f"a commit of partition {self.number} was interrupted; the next start reads back what was committed"
            )
        self._interrupted = True
        try:
            await self._producer.begin_transaction()
            sent = [
                await self._producer.send(
                    self._settings.topic(one.topic), one.value, one.key, self.number, headers=one.headers
                )
                for one in (*self.due, *state)
            ]
            await asyncio.gather(*sent)
            await self._producer.commit_transaction()
        except (ProducerFenced, InvalidProducerEpoch) as error:
            raise FencedError(self.number) from error
        self._interrupted = False
        self.due, self.due_bytes = [], 0

    async def close(self) -> None:
        """Stop the producer in bounded time; an open transaction is undone by the next owner."""
        error = await producers.stop(self._producer, within_s=CLOSE_WITHIN_S)
        if error is not None:
            log.info("partition %d: while closing: %r", self.number, error)


def records_of(partition: Partition, settings: Settings, metrics: Metrics) -> list[Outgoing]:
    """What is to be written down of a partition: the states that have changed, and the position they belong to.

    Raises:
        SnapshotTooLargeError: a state has outgrown its record; nothing was written.
    """
    state = []
    for record in partition.market_records():
        value = snapshot_records.encode(record)
        metrics.markets.size(record.market, len(value))
        if len(value) > settings.snapshot_bytes:
            raise SnapshotTooLargeError(
                f"the state of {record.market} takes {len(value)} bytes, CRUNCHWATCH_SNAPSHOT_BYTES allows "
                f"{settings.snapshot_bytes}"
            )
        state.append(Outgoing(SNAPSHOTS, record.market.encode(), value, []))
    position = snapshot_records.encode(partition.position_record())
    return [*state, Outgoing(SNAPSHOTS, snapshot_records.POSITION_KEY, position, [])]


async def open_all(settings: Settings, numbers: Iterable[int]) -> dict[int, PartitionWriter]:
    """Open several, some at a time; one that fails closes the others."""
    gate = asyncio.Semaphore(_OPEN_AT_ONCE)
    opened: dict[int, PartitionWriter] = {}

    async def one(number: int) -> None:
        async with gate:
            opened[number] = await PartitionWriter.open(settings, number)

    try:
        async with asyncio.TaskGroup() as group:
            for number in numbers:
                group.create_task(one(number))
    except BaseException as error:
        await close_all(opened.values())
        if isinstance(error, BaseExceptionGroup):
            raise error.exceptions[0] from None
        raise
    return opened


async def close_all(writers: Iterable[PartitionWriter]) -> None:
    """Close several at once."""
    await asyncio.gather(*(writer.close() for writer in writers))
