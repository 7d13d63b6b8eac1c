"""The Faust app: one stream over the ten source topics, read from where the snapshots say.

Faust is given the group, the fetching and the rebalances; the position is ours. Its consumer has one hook that seeks
to the committed offsets before the first fetch after an assignment: there the state is read back and the offsets
beside it are the answer. Nothing is ever acknowledged to Faust: what it would commit on its own is never ahead of
the snapshots, because it commits nothing. The group's offsets are set after each flush, for lag tools to look at.

Partitions are dealt out by range over equal partition counts, so that all ten partitions of one number go to one
worker; Faust's own choice without tables (round robin) would scatter them as soon as there are three workers.
"""

from __future__ import annotations

import asyncio
import logging
import warnings
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from detectors.events.catalogue import kinds
from streams.errors import TopicMismatchError
from streams.kafka import security
from streams.kafka.topics import SOURCES
from streams.settings import Settings
from transport import aiokafka_internals

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Faust's dependencies warn at import; that is not the user's concern
    import faust
    from faust.transport.drivers import aiokafka as driver
    from faust.types import TP
    from mode.threads import WorkerThread

if TYPE_CHECKING:
    from streams.worker.partition_owner import PartitionOwner

log = logging.getLogger(__name__)

COMMIT_WITHIN_S = 2.0


class DaemonThread(WorkerThread):
    """A thread that the process does not wait for at its end: what counts was written down before."""

    def __init__(self, service: Any) -> None:
        super().__init__(service)
        self.daemon = True


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, with the range assignor, paced fetches, and a commit that may fail quietly."""

    Worker = DaemonThread

    def _start_thread(self) -> None:
        """Run until stopped; a join that the broker answers only after the worker's end concerns nothing any more."""
        try:
            super()._start_thread()
        except RuntimeError:
            if not self.parent_loop.is_closed():
                raise

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        aiokafka_internals.assign_by_range(consumer)
        return cast("AIOKafkaConsumer", consumer)

    async def on_start(self) -> None:
        """Start the consumer, and mind brokers that answer an empty fetch at once."""
        await super().on_start()
        aiokafka_internals.pace_fetches(self._ensure_consumer())

    async def commit_group(self, positions: Mapping[TopicPartition, int]) -> None:
        """Set the group's offsets. They are for onlookers: failing, in a rebalance say, costs nothing."""
        await self.call_thread(self._commit_group, dict(positions))

    async def _commit_group(self, positions: dict[TopicPartition, int]) -> None:
        consumer = self._ensure_consumer()
        owned = consumer.assignment()
        offsets = {place: OffsetAndMetadata(offset, "") for place, offset in positions.items() if place in owned}
        try:
            if offsets:
                async with asyncio.timeout(COMMIT_WITHIN_S):
                    await consumer.commit(offsets)
        except (KafkaError, TimeoutError) as error:
            log.info("the group's offsets were not set: %r", error)

    async def rejoin(self) -> None:
        """Ask the group to rebalance."""
        await self.call_thread(self._rejoin)

    async def _rejoin(self) -> None:
        aiokafka_internals.request_rejoin(self._ensure_consumer())


class Consumer(driver.Consumer):
    """Faust's consumer, with the snapshots as its committed offsets."""

    _thread: ConsumerThread

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def _owner(self) -> PartitionOwner:
        return cast("App", self.app).owner

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Write down what there is before anybody else may read it."""
        self._assigned = False
        await self._owner.revoke()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Remember that the next seek is a new assignment's."""
        self._assigned = True
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Read the state of the assigned partitions back and go to where it stands."""
        if not self._assigned:
            return {}  # during a rebalance: the next assignment seeks
        try:
            positions = await self._owner.assign(self._whole())
        except Exception as error:
            self._owner.fail(error)
            raise
        offsets = {TP(place.topic, place.partition): offset for place, offset in positions.items()}
        await self._thread.seek_wait(offsets)
        return offsets

    def _whole(self) -> set[int]:
        """The assigned partitions, of each of which every topic has to be ours.

        Raises:
            TopicMismatchError: of one there are some: the group's other workers read other topics.
        """
        assigned = self.assignment()
        numbers = {place.partition for place in assigned}
        topics = set(map(self._owner.settings.topic, SOURCES))
        for number in sorted(numbers):
            missing = topics - {place.topic for place in assigned if place.partition == number}
            if missing:
                raise TopicMismatchError(
                    f"the group gives this worker partition {number} without {', '.join(sorted(missing))}: workers of "
                    "one group must have the same plugins. Stop all of them, then start them with the same"
                )
        return numbers

    async def commit_group(self, positions: Mapping[TopicPartition, int]) -> None:
        """Set the group's offsets."""
        await self._thread.commit_group(positions)

    async def rejoin(self) -> None:
        """Ask the group to rebalance."""
        await self._thread.rejoin()

    _assigned = False


class Transport(driver.Transport):
    """Faust's transport with our consumer."""

    Consumer = Consumer


class App(faust.App):
    """Faust's app with our transport."""

    owner: PartitionOwner

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Make none: Faust keeps its tables there, and all of our state is on the broker."""


def instance_name(instance: str, topics: tuple[str, ...]) -> str:
    """A worker's fixed name in its group; with topics of plugins another one.

    A static member that comes back is given what it had, without a look at what it reads now: a worker that has a
    topic more would never be given it. Under another name it is a new member, and the group divides anew.

    >>> instance_name("a", own_topics()), instance_name("", (*own_topics(), "basis"))
    ('a', '')
    >>> instance_name("a", (*own_topics(), "basis"))
    'a.8dce6537'
    """
    more = sorted(set(topics) - set(own_topics()))
    if not instance or not more:
        return instance
    return f"{instance}.{zlib.crc32(','.join(more).encode()):08x}"


def own_topics() -> tuple[str, ...]:
    """The topics of our own kinds."""
    return tuple(sorted({kind.topic for kind in kinds() if kind.topic and kind.__module__.startswith("detectors.")}))


def build(settings: Settings, owner: PartitionOwner) -> App:
    """Make the app; nothing is connected yet."""
    app = App(
        settings.group,
        broker=[f"kafka://{address}" for address in settings.bootstrap],
        broker_credentials=security.credentials(settings),
        consumer_group_instance_id=instance_name(settings.instance, SOURCES) or None,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / 4,
        broker_max_poll_records=500,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
        autodiscover=False,
        value_serializer="raw",
        key_serializer="raw",
        stream_wait_empty=False,
        stream_buffer_maxsize=1024,
    )
    app.owner = owner
    app.finalize()
    channel = app.topic(*map(settings.topic, SOURCES), key_type=bytes, value_type=bytes, value_serializer="raw")

    async def consume(stream: Any) -> None:
        async for event in stream.noack().events():
            await owner.take(event.message)

    app.agent(channel, name="partition_owner", concurrency=1)(consume)
    return app
