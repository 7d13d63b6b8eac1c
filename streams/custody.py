"""Who holds the partitions: takes messages in, sends what they bring about, writes the state down, gives it back.

The order of a flush is the promise: outputs confirmed, then states, then the position, all by one idempotent
producer; only then is the group told. A crash anywhere leaves the broker with states and a position that fit, and
whatever is applied again gives outputs with the ids they had.

One lock covers taking a message and a flush, so that no state is written that is half a message ahead of its offsets.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from detectors.engine import Engine
from detectors.places import Place
from detectors.sections import Config
from streams import clients, records, sinks, store
from streams.adoption import adopt
from streams.errors import BrokerUnavailableError, SnapshotTooLargeError, StreamsError
from streams.metrics import Metrics
from streams.partition import Applied, Partition
from streams.settings import Settings
from streams.topics import SNAPSHOTS, SOURCES

log = logging.getLogger(__name__)

STALLED_AFTER_S = 15.0
SIGN_OF_LIFE_S = 10.0
Commit = Callable[[Mapping[TopicPartition, int]], Awaitable[None]]


class Message(Protocol):
    """A consumed message, as Faust and aiokafka both have it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Custody:
    """The partitions that this worker owns, from assignment to revocation."""

    def __init__(self, settings: Settings, config: Config, metrics: Metrics, producer: AIOKafkaProducer) -> None:
        self.config = config
        self.settings = settings
        self.metrics = metrics
        self.partitions: dict[int, Partition] = {}
        self.failure: Exception | None = None
        self.failed = asyncio.Event()
        self.commit: Commit | None = None
        self._assigned = False
        self._producer = producer
        self._lock = asyncio.Lock()
        self._unconfirmed: list[asyncio.Future[Any]] = []
        self._since_flush = 0
        self._flushed_at = time.monotonic()
        self._flushing_since: float | None = None
        self._names = {settings.topic(topic): topic for topic in SOURCES}
        self._closed = False

    @property
    def ready(self) -> bool:
        """Whether the state of the assigned partitions is here, and the broker confirms what is written."""
        since = self._flushing_since
        return self._assigned and (since is None or time.monotonic() - since < STALLED_AFTER_S)

    # -- assignment ---------------------------------------------------------------------------------------------

    async def assign(self, numbers: Iterable[int]) -> dict[TopicPartition, int]:
        """Take over partitions: their state from the broker, and the offsets from which to read.

        What is held already is kept, so asking again for the same partitions only repeats the answer.
        """
        wanted = set(numbers)
        async with self._lock:
            for number in set(self.partitions) - wanted:
                self._drop(number)
            new = wanted - set(self.partitions)
            for number, recovered in (await store.recover(self.settings, new)).items():
                self.partitions[number] = await self._adopt(number, recovered)
            self._assigned = True
            self.metrics.owned(self.partitions)
            return {
                TopicPartition(self.settings.topic(topic), number): partition.next_offsets.get(topic, 0)
                for number, partition in self.partitions.items()
                for topic in SOURCES
            }

    async def _adopt(self, number: int, recovered: store.Recovered) -> Partition:
        partition = adopt(number, recovered, self.config, self.settings, self.metrics, self._new_engine)
        # The claim: from now on a record of the former owner is recognised as a zombie's.
        await self._write(partition, [])
        return partition

    def _new_engine(self, market: str) -> Engine | None:
        if sum(len(partition.markets) for partition in self.partitions.values()) >= self.settings.max_markets:
            return None
        return Engine(self.config, market)

    async def revoke(self) -> None:
        """Write down what there is and let go of everything; the next assignment reads it back."""
        self._assigned = False
        try:
            await asyncio.wait_for(self.flush(), self.settings.session_timeout_s / 2)
        except (TimeoutError, KafkaError, StreamsError) as error:
            log.warning("the state could not be written at revocation, the next owner reads further back: %r", error)
        except Exception as error:  # noqa: BLE001 - a fault of the program: the next owner reads what was confirmed
            self.fail(error)
        async with self._lock:
            for number in list(self.partitions):
                self._drop(number)
            self._unconfirmed.clear()
            self.metrics.owned(self.partitions)

    def _drop(self, number: int) -> None:
        for market in self.partitions.pop(number).markets:
            self.metrics.markets.forget(market)

    # -- messages -----------------------------------------------------------------------------------------------

    async def take(self, message: Message) -> None:
        """Apply a message, or end the worker: nothing is passed over in silence."""
        try:
            async with self._lock:
                if not self._closed:
                    await self._take(message)
            if self._since_flush >= self.settings.snapshot_messages:
                await self.flush()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, going on would lose messages
            self.fail(error)

    async def _take(self, message: Message) -> None:
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
        """Find out whether a jump hides messages, and apply those it hides."""
        begin = partition.next_offsets.get(topic, 0)
        hidden = await store.reread(self.settings, TopicPartition(name, partition.number), begin, offset)
        self.metrics.jumped(offset - begin - len(hidden), len(hidden))
        for record in hidden:
            partition.pass_over(topic, record.offset)
            await self._apply(partition, topic, record)
        partition.pass_over(topic, offset)

    async def _apply(self, partition: Partition, topic: str, message: Message) -> None:
        began = time.perf_counter()
        applied = partition.apply(topic, message.topic, message.offset, message.key, message.value)
        self._since_flush += 1
        await self._send_findings(partition.number, applied, message)
        self.metrics.applied(topic, applied, time.perf_counter() - began)

    async def _send_findings(self, number: int, applied: Applied, message: Message) -> None:
        place = Place(message.topic, message.partition, message.offset)
        going = [sinks.output(found, places) for found, places in applied.outputs]
        going += [sinks.late(late, place) for late in applied.late]
        going += [sinks.dead_letter(reject, place, message.key) for reject in applied.rejects]
        for out in going:
            self._unconfirmed.append(
                await self._producer.send(
                    self.settings.topic(out.topic), out.value, out.key, number, headers=out.headers
                )
            )

    # -- writing down -------------------------------------------------------------------------------------------

    async def flush(self) -> None:
        """Confirm what was sent, write down states and positions, tell the group.

        Raises:
            BrokerUnavailableError: the broker confirms nothing; the client itself would wait for ever.
        """
        patience_s = self.settings.recovery_timeout_s
        try:
            async with asyncio.timeout(patience_s):
                positions = await self._flush()
        except TimeoutError:
            where = self.settings.broker
            raise BrokerUnavailableError(f"the broker at {where} has confirmed nothing for {patience_s:g} s") from None
        finally:
            self._flushing_since = None
        if positions and self.commit is not None:
            await self.commit(positions)

    async def _flush(self) -> dict[TopicPartition, int]:
        async with self._lock:
            self._flushing_since = time.monotonic()
            await self._confirm_outputs()
            touched = [partition for partition in self.partitions.values() if partition.touched]
            for partition in touched:
                await self._write(partition, partition.market_records())
            self._since_flush = 0
            self._flushed_at = time.monotonic()
            return {
                TopicPartition(self.settings.topic(topic), partition.number): offset
                for partition in touched
                for topic, offset in partition.next_offsets.items()
            }

    async def _confirm_outputs(self) -> None:
        waiting, self._unconfirmed = self._unconfirmed, []
        if waiting:
            await asyncio.gather(*waiting)

    async def _write(self, partition: Partition, changed: list[records.MarketRecord]) -> None:
        began = time.perf_counter()
        entries = [(record.market.encode(), records.encode(record)) for record in changed]
        for key, value in entries:
            self.metrics.markets.size(key.decode(), len(value))
            if len(value) > self.settings.snapshot_bytes:
                raise SnapshotTooLargeError(
                    f"the state of {key.decode()} takes {len(value)} bytes, CRUNCHWATCH_SNAPSHOT_BYTES allows "
                    f"{self.settings.snapshot_bytes}"
                )
        entries.append((records.POSITION_KEY, records.encode(partition.position_record())))
        topic = self.settings.topic(SNAPSHOTS)
        sent = [await self._producer.send(topic, value, key, partition.number) for key, value in entries]
        await asyncio.gather(*sent)
        partition.written()
        self.metrics.flushed(time.perf_counter() - began)

    async def tend(self) -> None:
        """Write down the tail when no more comes, and keep the metrics current; runs until cancelled."""
        while True:
            await asyncio.sleep(min(self.settings.snapshot_interval_s, 0.5))
            try:
                quiet_s = time.monotonic() - self._flushed_at
                if quiet_s >= SIGN_OF_LIFE_S:
                    self._touch()
                if quiet_s >= SIGN_OF_LIFE_S or (self._since_flush and quiet_s >= self.settings.snapshot_interval_s):
                    await self.flush()
                self.metrics.refresh(self.partitions)
            except Exception as error:  # noqa: BLE001 - a tail that is never written down is lost at the next crash
                self.fail(error)
                return

    def _touch(self) -> None:
        """Have the positions written again in a lull: a broker that is gone shows, though nothing comes from it."""
        for partition in self.partitions.values():
            partition.touched = True

    def fail(self, error: Exception) -> None:
        """End the worker: what is not written down will be read again."""
        if self.failure is None:
            self.failure = error
        self._closed = True
        self._assigned = False
        self.failed.set()

    async def close(self) -> None:
        """Write everything down a last time; no state is touched afterwards."""
        if not self._closed:
            await self.flush()
            self._closed = True
        self._assigned = False

    @classmethod
    async def open(cls, settings: Settings, config: Config, metrics: Metrics) -> Custody:
        """Connect the producer."""
        return cls(settings, config, metrics, await clients.producer(settings))

    async def disconnect(self) -> None:
        """Close the producer."""
        await self._producer.stop()
