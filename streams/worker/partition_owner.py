"""The partitions of a worker: applies messages, keeps their outputs, writes them with the state.

A flush is the promise: for each partition that was touched one transaction with its outputs, its states and its
position. A crash anywhere leaves all of it or nothing. A step of a market's state is written down at once; everything
else within the settings' interval.

A commit that fails leaves no state behind that might not fit the log: a partition that has another owner is dropped,
for any other reason the worker ends. Either way the next owner reads back what was committed.

One lock covers taking a message and a flush, so that no state is written that is half a message ahead of its offsets.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from detectors.engine import Engine
from detectors.log_positions import LogPosition
from detectors.sections import Config
from detectors.signals import Transition
from streams.errors import BrokerUnavailableError, FencedError, StreamsError
from streams.kafka.topics import SOURCES, SourceMessage
from streams.settings import Settings
from streams.state import outgoing, snapshot_reader, transaction
from streams.state.metrics import Metrics
from streams.state.partition import Applied, Partition
from streams.state.recovery import recover_partition

log = logging.getLogger(__name__)

TEND_S = 0.5
PENDING_BYTES = 4 << 20
"""Outputs that may wait for a transaction, of one partition."""
Commit = Callable[[Mapping[TopicPartition, int]], Awaitable[None]]
Rejoin = Callable[[], Awaitable[None]]


class PartitionOwner:
    """The partitions that this worker owns, from assignment to revocation."""

    def __init__(self, settings: Settings, config: Config, metrics: Metrics) -> None:
        self.config = config
        self.settings = settings
        self.metrics = metrics
        self.partitions: dict[int, Partition] = {}
        self.failure: Exception | None = None
        self.failed = asyncio.Event()
        self.commit: Commit | None = None
        self.rejoin: Rejoin | None = None
        self.assigned = False
        self.flushing_since: float | None = None
        self.lost: dict[int, float] = {}
        """Partitions that turned out to have another owner, and when; until the group rebalances."""
        self._writers: dict[int, transaction.PartitionWriter] = {}
        self._lock = asyncio.Lock()
        self._since_flush = 0
        self._urgent = False
        self._flushed_at = time.monotonic()
        self._names = {settings.topic(topic): topic for topic in SOURCES}
        self._closed = False
        self._stopping = asyncio.Event()

    @property
    def stopping(self) -> bool:
        """Whether the worker is stopping."""
        return self._stopping.is_set()

    # -- assignment ---------------------------------------------------------------------------------------------

    async def assign(self, numbers: Iterable[int]) -> dict[TopicPartition, int]:
        """Take over partitions: their state from the broker, and the offsets from which to read.

        What is held already is kept, so asking again for the same partitions only repeats the answer.
        """
        asked = set(numbers)
        async with self._lock:
            await self._drop(set(self.partitions) - asked)
            await self._unless_stopped(self._take_over(asked - set(self.partitions)))
            self.lost.clear()
            self.assigned = True
            self.metrics.owned(self.partitions)
            return self._positions(self.partitions.values())

    async def _take_over(self, numbers: set[int]) -> None:
        # First the former owner is kept from writing, then what it wrote is read: in this order nothing is missed.
        began = time.monotonic()
        self._writers |= await transaction.open_all(self.settings, numbers)
        for number, recovered in (await snapshot_reader.recover(self.settings, numbers)).items():
            self.partitions[number] = recover_partition(
                number, recovered, self.config, self.settings, self.metrics, self._new_engine
            )
        if numbers:
            markets = sum(len(self.partitions[number].markets) for number in numbers)
            text = "partitions %s taken over, %d markets read back in %.1f s"
            log.info(text, sorted(numbers), markets, time.monotonic() - began)

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Cancel work that may take long when the worker stops."""
        working, stopped = asyncio.create_task(work), asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise StreamsError("stopped while the state was read back")
            working.result()
        finally:
            working.cancel()
            stopped.cancel()

    def _positions(self, partitions: Iterable[Partition]) -> dict[TopicPartition, int]:
        return {
            TopicPartition(self.settings.topic(topic), partition.number): partition.next_offsets.get(topic, 0)
            for partition in partitions
            for topic in SOURCES
        }

    def _new_engine(self, market: str) -> Engine | None:
        if sum(len(partition.markets) for partition in self.partitions.values()) >= self.settings.max_markets:
            return None
        return Engine(self.config, market)

    async def revoke(self) -> None:
        """Write what is pending and release all partitions; the next assignment reads the state back."""
        self.assigned = False
        try:
            async with asyncio.timeout(self.settings.session_timeout_s / 2):
                await self.flush()
        except (TimeoutError, KafkaError, StreamsError) as error:
            log.warning("the state could not be written at revocation, the next owner reads further back: %r", error)
        except Exception as error:  # noqa: BLE001 - a fault of the program: the next owner reads what was confirmed
            self.fail(error)
        async with self._lock:
            await self._drop(set(self.partitions))
            self.metrics.owned(self.partitions)

    async def _drop(self, numbers: set[int]) -> None:
        """Drop these partitions, with what was not written of them."""
        for number in numbers:
            for market in self.partitions.pop(number).markets:
                self.metrics.markets.forget(market)
        await transaction.close_all([self._writers.pop(number) for number in numbers])
        if numbers:
            log.info("partitions %s released", sorted(numbers))

    async def _lose(self, number: int) -> None:
        log.warning("partition %d has another owner: its state is dropped, asking the group to rebalance", number)
        self.metrics.fenced.inc()
        self.lost[number] = time.monotonic()
        await self._drop({number})
        self.metrics.owned(self.partitions)

    # -- messages -----------------------------------------------------------------------------------------------

    async def take(self, message: SourceMessage) -> None:
        """Apply a message, or end the worker: nothing is skipped silently."""
        try:
            async with self._lock:
                if not self._closed:
                    self.metrics.received(message.topic.removeprefix(self.settings.topic_prefix))
                    await self._take(message)
            if self._urgent or self._since_flush >= self.settings.snapshot_messages:
                await self.flush()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, going on would lose messages
            self.fail(error)

    async def _take(self, message: SourceMessage) -> None:
        partition = self.partitions.get(message.partition)
        topic = self._names.get(message.topic)
        if partition is None or topic is None:
            return  # fetched before a revocation; its new owner reads it
        jump = partition.jump(topic, message.offset)
        if jump < 0:
            self.metrics.repeated(topic)
            return
        if jump > 0:
            await self._explain(partition, topic, message.topic, message.offset)
        await self._apply(partition, topic, message)

    async def _explain(self, partition: Partition, topic: str, name: str, offset: int) -> None:
        """Find out whether a jump in the offsets hides messages, and apply those."""
        begin = partition.next_offsets.get(topic, 0)
        hidden = await snapshot_reader.reread(self.settings, TopicPartition(name, partition.number), begin, offset)
        self.metrics.jumped(offset - begin - len(hidden), len(hidden))
        for record in hidden:
            partition.pass_over(topic, record.offset)
            await self._apply(partition, topic, record)
        partition.pass_over(topic, offset)

    async def _apply(self, partition: Partition, topic: str, message: SourceMessage) -> None:
        began = time.perf_counter()
        applied = partition.apply(topic, message.topic, message.offset, message.key, message.value)
        self._since_flush += 1
        self._keep(partition.number, applied, message)
        self.metrics.applied(topic, applied, time.perf_counter() - began)

    def _keep(self, number: int, applied: Applied, message: SourceMessage) -> None:
        place = LogPosition(message.topic, message.partition, message.offset)
        kept = self._writers[number]
        kept.enter(outgoing.produced(applied, place, message.key))
        steps = [found for found, _ in applied.outputs if isinstance(found, Transition)]
        for step in steps:
            log.info("%s: %s -> %s, to be written at once", step.market, step.from_state, step.to_state)
        if steps or kept.due_bytes > PENDING_BYTES:
            self._urgent = True

    # -- writing down -------------------------------------------------------------------------------------------

    async def flush(self, *, last: bool = False) -> None:
        """Write outputs, states and positions, and commit the group's offsets; nothing after a failure or a stop.

        Raises:
            BrokerUnavailableError: the broker confirms nothing; the client itself would wait forever.
        """
        if self._closed and not last:
            return
        patience_s = self.settings.recovery_timeout_s
        try:
            async with asyncio.timeout(patience_s), self._lock:
                self.flushing_since = time.monotonic()
                written = await self._flush()
        except TimeoutError:
            where = self.settings.broker
            raise BrokerUnavailableError(f"the broker at {where} has confirmed nothing for {patience_s:g} s") from None
        finally:
            self.flushing_since = None
        if written and self.commit is not None:
            await self.commit(self._positions(written))
        if self.lost and self.rejoin is not None:
            await self.rejoin()

    async def _flush(self) -> list[Partition]:
        touched = [partition for partition in self.partitions.values() if partition.touched]
        results = await asyncio.gather(*map(self._write, touched), return_exceptions=True)
        for result in results:
            if isinstance(result, FencedError):
                await self._lose(result.number)
            elif isinstance(result, BaseException):
                raise result
        self._since_flush, self._urgent = 0, False
        self._flushed_at = time.monotonic()
        return [partition for partition in touched if partition.number in self.partitions]

    async def _write(self, partition: Partition) -> None:
        began = time.perf_counter()
        await self._writers[partition.number].commit(transaction.records_of(partition, self.settings, self.metrics))
        partition.written()
        self.metrics.flushed(time.perf_counter() - began)

    async def tend(self) -> None:
        """Write down the tail when no more comes, and keep the metrics current; runs until cancelled."""
        while True:
            await asyncio.sleep(min(self.settings.snapshot_interval_s, TEND_S))
            try:
                if self._since_flush and time.monotonic() - self._flushed_at >= self.settings.snapshot_interval_s:
                    await self.flush()
                self._give_up_waiting()
                self.metrics.refresh(self.partitions)
            except Exception as error:  # noqa: BLE001 - a tail that is never written down is lost at the next crash
                self.fail(error)
                return

    def _give_up_waiting(self) -> None:
        """End the worker when the group does not settle who owns a partition that was lost."""
        patience_s = 2 * self.settings.session_timeout_s + self.settings.recovery_timeout_s
        for number, since in self.lost.items():
            if time.monotonic() - since > patience_s:
                raise FencedError(number)

    def fail(self, error: Exception) -> None:
        """End the worker: what is not written down will be read again."""
        if self._stopping.is_set():
            log.info("while stopping: %r", error)
        elif self.failure is None:
            self.failure = error
        self._closed = True
        self.assigned = False
        self.failed.set()

    async def close(self) -> None:
        """Write everything down a last time; no state is touched afterwards."""
        self._stopping.set()
        async with self._lock:
            closed, self._closed = self._closed, True
        if not closed:
            await self.flush(last=True)
        self.assigned = False

    async def disconnect(self) -> None:
        """Close what is open to the broker."""
        writers, self._writers = self._writers, {}
        await transaction.close_all(writers.values())
