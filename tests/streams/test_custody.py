"""Custody against a broker: jumps in the offsets, losses, zombies, other configurations."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from detectors import codec
from detectors.config import load
from detectors.events import stream_of
from detectors.sections import Config
from streams import clients, records, settings, store, topics
from streams.custody import Custody
from streams.embedded import EmbeddedBroker
from streams.errors import BrokerUnavailableError, GapError, RecoveryError, SnapshotTooLargeError
from streams.metrics import Metrics
from streams.settings import Settings
from tests.support.pipeline import feb2021

pytestmark = pytest.mark.embedded
PARTITION = 2


class Message(msgspec.Struct):
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Desk:
    """A custody, and messages on the yields topic of one partition."""

    def __init__(self, chosen: Settings, custody: Custody, producer: AIOKafkaProducer) -> None:
        self.settings = chosen
        self.custody = custody
        self.topic = chosen.topic("yields")
        self._producer = producer

    async def send(self, values: list[bytes], market: str = "UST") -> list[Message]:
        sent = []
        for value in values:
            done = await self._producer.send_and_wait(self.topic, value, market.encode(), PARTITION)
            sent.append(Message(self.topic, PARTITION, done.offset, market.encode(), value))
        return sent

    async def found(self) -> records.Found:
        return (await store.recover(self.settings, [PARTITION]))[PARTITION].found

    def counted(self, name: str) -> float:
        value = self.custody.metrics.registry.get_sample_value(name)
        assert value is not None
        return value

    async def other(self, config: Config | None = None, **changes: object) -> Custody:
        return await Custody.open(msgspec.structs.replace(self.settings, **changes), config or load(), Metrics())


@pytest.fixture
async def desk(chosen: Settings) -> AsyncIterator[Desk]:
    await topics.ensure(chosen)
    producer = await clients.producer(chosen)
    custody = await Custody.open(chosen, load(), Metrics())
    yield Desk(chosen, custody, producer)
    await custody.disconnect()
    await producer.stop()


def quotes(count: int, market: str = "UST") -> list[bytes]:
    events = [event for event in feb2021().events if stream_of(event) == "yields"][:count]
    return [codec.encode(msgspec.structs.replace(event, market=market)) for event in events]


async def test_a_fresh_partition_begins_at_the_beginning_and_is_claimed(desk: Desk) -> None:
    positions = await desk.custody.assign([PARTITION])
    assert positions == {TopicPartition(desk.settings.topic(topic), PARTITION): 0 for topic in topics.SOURCES}
    assert (await desk.found()).epoch == 1


async def test_what_was_written_is_where_the_next_owner_goes_on(desk: Desk) -> None:
    await desk.custody.assign([PARTITION])
    for message in await desk.send(quotes(10)):
        await desk.custody.take(message)
    state = desk.custody.partitions[PARTITION].markets["UST"].engine.snapshot()
    await desk.custody.revoke()
    assert desk.custody.partitions == {}
    positions = await desk.custody.assign([PARTITION])
    assert positions[TopicPartition(desk.topic, PARTITION)] == 10
    assert desk.custody.partitions[PARTITION].markets["UST"].engine.snapshot() == state
    assert desk.custody.partitions[PARTITION].epoch == 2


async def test_messages_that_a_jump_hides_are_fetched_and_applied(desk: Desk) -> None:
    await desk.custody.assign([PARTITION])
    messages = await desk.send(quotes(10))
    await desk.custody.take(messages[0])
    await desk.custody.take(messages[9])
    assert desk.custody.failure is None
    assert desk.counted("crunchwatch_rescued_messages_total") == 8
    assert desk.counted("crunchwatch_offset_holes_total") == 0
    assert desk.custody.partitions[PARTITION].next_offsets["yields"] == 10
    assert desk.custody.partitions[PARTITION].markets["UST"].engine.status().counts.received == 10


async def test_a_message_that_comes_again_is_skipped_and_counted(desk: Desk) -> None:
    await desk.custody.assign([PARTITION])
    for message in 2 * await desk.send(quotes(3)):
        await desk.custody.take(message)
    repeats = desk.custody.metrics.registry.get_sample_value(
        "crunchwatch_repeated_messages_total", {"stream": "yields"}
    )
    assert repeats == 3


async def test_a_message_of_a_partition_that_is_not_owned_is_left_to_its_owner(desk: Desk) -> None:
    await desk.custody.assign([0])
    (message,) = await desk.send(quotes(1))
    await desk.custody.take(message)
    assert desk.custody.failure is None
    assert set(desk.custody.partitions) == {0}


async def test_a_zombie_cannot_set_the_state_back(desk: Desk) -> None:
    zombie = await desk.other()
    await zombie.assign([PARTITION])
    messages = await desk.send(quotes(10))
    for message in messages[:4]:
        await zombie.take(message)
    await desk.custody.assign([PARTITION])  # the zombie was given up by the group, and does not know it
    for message in messages:
        await desk.custody.take(message)
    await desk.custody.flush()
    await zombie.flush()
    await zombie.disconnect()
    found = await desk.found()
    assert found.fenced >= 2
    assert found.epoch == 2
    assert found.position is not None
    assert found.position.next_offsets["yields"] == 10
    assert found.markets["UST"].applied["yields"] == 10


async def test_another_configuration_builds_the_state_anew(desk: Desk) -> None:
    await desk.custody.assign([PARTITION])
    for message in await desk.send(quotes(5)):
        await desk.custody.take(message)
    await desk.custody.revoke()
    merge = msgspec.structs.replace(load().merge, lateness_s=601)
    changed = await desk.other(msgspec.structs.replace(load(), merge=merge))
    positions = await changed.assign([PARTITION])
    await changed.disconnect()
    assert positions[TopicPartition(desk.topic, PARTITION)] == 0
    for name in ("crunchwatch_snapshots_refused_total", "crunchwatch_states_rebuilt_total"):
        assert changed.metrics.registry.get_sample_value(name, {"reason": "config"}) == 1


async def test_a_position_beyond_the_brokers_end_is_refused(desk: Desk) -> None:
    await desk.custody.assign([PARTITION])
    desk.custody.partitions[PARTITION].pass_over("yields", 50)
    desk.custody.partitions[PARTITION].touched = True
    await desk.custody.revoke()
    with pytest.raises(RecoveryError, match="ends at 0, but the state has seen it up to 50"):
        await desk.custody.assign([PARTITION])


async def test_a_state_beyond_the_bound_ends_the_worker(desk: Desk) -> None:
    small = await desk.other(snapshot_bytes=1024)
    await small.assign([PARTITION])
    for message in await desk.send(quotes(50)):
        await small.take(message)
    with pytest.raises(SnapshotTooLargeError, match="the state of UST takes"):
        await small.flush()
    await small.disconnect()


async def test_messages_gone_unapplied_end_the_worker_unless_allowed(desk: Desk) -> None:
    from streams.adoption import _lose, first_offset

    held = store.Held(first=30, end=90)
    assert first_offset("yields-0", 40, 40, held) == (40, 0)
    assert first_offset("yields-0", 20, 20, held) == (30, 10)
    assert first_offset("yields-0", 0, 40, held) == (30, 0), "what was applied once may be gone when it is reread"
    assert first_offset("yields-0", 0, 0, held) == (30, 0), "a group that begins has lost nothing"
    with pytest.raises(GapError, match="10 messages"):
        _lose("yields-0", 10, desk.settings, desk.custody.metrics)
    _lose("yields-0", 10, msgspec.structs.replace(desk.settings, on_gap="continue"), desk.custody.metrics)
    assert desk.counted("crunchwatch_lost_messages_total") == 20


async def test_a_fault_ends_the_worker_and_nothing_more_is_written(desk: Desk) -> None:
    await desk.custody.assign([PARTITION])
    messages = await desk.send(quotes(2))
    desk.custody.fail(RuntimeError("a fault"))
    await desk.custody.take(messages[0])
    await desk.custody.close()
    assert desk.custody.failed.is_set()
    assert not desk.custody.ready
    assert (await desk.found()).markets == {}


async def test_a_broker_that_confirms_nothing_ends_the_worker_by_name() -> None:
    with EmbeddedBroker() as broker:
        chosen = settings.load({}, broker=broker.url, recovery_timeout_s=1.0)
        await topics.ensure(chosen)
        custody = await Custody.open(chosen, load(), Metrics())
        await custody.assign([0])
        assert custody.ready
        broker.kill()
        custody.partitions[0].touched = True
        with pytest.raises(BrokerUnavailableError, match="has confirmed nothing for 1 s"):
            await custody.flush()
        with contextlib.suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(custody.disconnect(), 1)
