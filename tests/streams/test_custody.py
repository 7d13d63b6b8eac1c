"""Custody against a broker: jumps in the offsets, losses, zombies, other configurations, a state built anew."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from detectors import codec, snapshot
from detectors.config import load
from detectors.engine import Engine
from detectors.events import Heartbeat, stream_of
from detectors.sections import Config
from detectors.signals import Signal, Transition, content_id, to_json
from streams import settings
from streams.cli.embedded_broker import EmbeddedBroker
from streams.errors import BrokerUnavailableError, FencedError, GapError, RecoveryError, SnapshotTooLargeError
from streams.kafka import clients, topics
from streams.settings import Settings
from streams.state import snapshot_reader, snapshot_records, transaction
from streams.state.metrics import Metrics
from streams.state.partition import Applied
from streams.worker.partition_owner import PartitionOwner
from tests.support.pipeline import feb2021, frame

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

    def __init__(self, chosen: Settings, owner: PartitionOwner, producer: AIOKafkaProducer) -> None:
        self.settings = chosen
        self.owner = owner
        self.topic = chosen.topic("yields")
        self._producer = producer

    async def send(self, values: list[bytes], market: str = "UST") -> list[Message]:
        sent = []
        for value in values:
            done = await self._producer.send_and_wait(self.topic, value, market.encode(), PARTITION)
            sent.append(Message(self.topic, PARTITION, done.offset, market.encode(), value))
        return sent

    async def poison(self, key: bytes, value: bytes) -> None:
        await self._producer.send_and_wait(self.settings.topic(topics.SNAPSHOTS), value, key, PARTITION)

    async def found(self) -> snapshot_records.PartitionRecords:
        return (await snapshot_reader.recover(self.settings, [PARTITION]))[PARTITION].found

    def counted(self, name: str) -> float:
        value = self.owner.metrics.registry.get_sample_value(name)
        assert value is not None
        return value

    def other(self, config: Config | None = None, **changes: object) -> PartitionOwner:
        return PartitionOwner(msgspec.structs.replace(self.settings, **changes), config or load(), Metrics())

    async def said(self, topic: str) -> list[bytes]:
        """What a committed reader sees of a topic's partition."""
        place = TopicPartition(self.settings.topic(topic), PARTITION)
        async with clients.reader(self.settings) as reader:
            end = (await reader.end_offsets([place]))[place]
        return [record.value or b"" for record in await snapshot_reader.reread(self.settings, place, 0, end)]


@pytest.fixture
async def desk(chosen: Settings) -> AsyncIterator[Desk]:
    await topics.ensure(chosen)
    producer = await clients.producer(chosen)
    owner = PartitionOwner(chosen, load(), Metrics())
    yield Desk(chosen, owner, producer)
    await owner.disconnect()
    await producer.stop()


@contextlib.asynccontextmanager
async def transactional(chosen: Settings) -> AsyncIterator[Any]:
    """A stranger's transactional producer."""
    producer = await clients.producer(chosen, transactional_id=f"{chosen.topic_prefix}stranger")
    yield producer
    await producer.stop()


def step() -> Transition:
    made = Transition(
        market="UST",
        ts=1,
        known=1,
        from_state="normal",
        to_state="crunch",
        kind="enter",
        confidence="medium",
        evidence=(),
        causes=(),
        blind_on=(),
        provenance="official",
        config_hash="0" * 16,
    )
    return msgspec.structs.replace(made, id=content_id(made))


def quotes(count: int, market: str = "UST") -> list[bytes]:
    events = [event for event in feb2021().events if stream_of(event) == "yields"][:count]
    return [codec.encode(msgspec.structs.replace(event, market=market)) for event in events]


async def test_a_fresh_partition_begins_at_the_beginning(desk: Desk) -> None:
    positions = await desk.owner.assign([PARTITION])
    assert positions == {TopicPartition(desk.settings.topic(topic), PARTITION): 0 for topic in topics.SOURCES}


async def test_what_was_written_is_where_the_next_owner_goes_on(desk: Desk) -> None:
    await desk.owner.assign([PARTITION])
    for message in await desk.send(quotes(10)):
        await desk.owner.take(message)
    state = desk.owner.partitions[PARTITION].markets["UST"].engine.snapshot()
    await desk.owner.revoke()
    assert desk.owner.partitions == {}
    positions = await desk.owner.assign([PARTITION])
    assert positions[TopicPartition(desk.topic, PARTITION)] == 10
    assert desk.owner.partitions[PARTITION].markets["UST"].engine.snapshot() == state


async def test_at_level_info_the_log_says_who_holds_what(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "streams.worker.partition_owner")
    await desk.owner.assign([PARTITION])
    for message in await desk.send(quotes(3)):
        await desk.owner.take(message)
    await desk.owner.revoke()
    await desk.owner.assign([PARTITION])
    said = [record.getMessage().rpartition(" in ")[0] or record.getMessage() for record in caplog.records]
    assert said == [
        f"partitions [{PARTITION}] taken over, 0 markets read back",
        f"partitions [{PARTITION}] released",
        f"partitions [{PARTITION}] taken over, 1 markets read back",
    ]


async def test_messages_that_a_jump_hides_are_fetched_and_applied(desk: Desk) -> None:
    await desk.owner.assign([PARTITION])
    messages = await desk.send(quotes(10))
    await desk.owner.take(messages[0])
    await desk.owner.take(messages[9])
    assert desk.owner.failure is None
    assert desk.counted("crunchwatch_rescued_messages_total") == 8
    assert desk.counted("crunchwatch_offset_holes_total") == 0
    assert desk.owner.partitions[PARTITION].next_offsets["yields"] == 10
    assert desk.owner.partitions[PARTITION].markets["UST"].engine.status().counts.received == 10


async def test_a_message_that_comes_again_is_skipped_and_counted(desk: Desk) -> None:
    await desk.owner.assign([PARTITION])
    for message in 2 * await desk.send(quotes(3)):
        await desk.owner.take(message)
    repeats = desk.owner.metrics.registry.get_sample_value("crunchwatch_repeated_messages_total", {"stream": "yields"})
    assert repeats == 3


async def test_a_message_of_a_partition_that_is_not_owned_is_left_to_its_owner(desk: Desk) -> None:
    await desk.owner.assign([0])
    (message,) = await desk.send(quotes(1))
    await desk.owner.take(message)
    assert desk.owner.failure is None
    assert set(desk.owner.partitions) == {0}


async def test_a_zombie_can_write_nothing_and_drops_what_it_held(desk: Desk) -> None:
    zombie = desk.other()
    asked = []

    async def rejoin() -> None:
        asked.append(zombie)

    zombie.rejoin = rejoin
    await zombie.assign([PARTITION])
    messages = await desk.send([*quotes(4), b"no event", *quotes(10)[4:]])
    for message in messages[:6]:
        await zombie.take(message)
    await desk.owner.assign([PARTITION])  # the zombie was given up by the group, and does not know it
    for message in messages:
        await desk.owner.take(message)
    await desk.owner.flush()
    before = await desk.found()
    await zombie.flush()
    assert zombie.failure is None
    assert zombie.partitions == {}
    assert asked == [zombie]
    assert zombie.metrics.registry.get_sample_value("crunchwatch_fenced_total") == 1
    await zombie.take(messages[6])
    await zombie.disconnect()
    after = await desk.found()
    assert msgspec.to_builtins(after) == msgspec.to_builtins(before)
    assert after.position is not None
    assert after.position.next_offsets["yields"] == len(messages)
    assert len(await desk.said(topics.DEAD_LETTER)) == 1


async def test_a_zombie_that_the_group_leaves_alone_ends_by_name(desk: Desk) -> None:
    zombie = desk.other(session_timeout_s=1.0, recovery_timeout_s=1.0, snapshot_interval_s=0.05)
    await zombie.assign([PARTITION])
    await desk.owner.assign([PARTITION])
    (message,) = await desk.send(quotes(1))
    await zombie.take(message)
    tending = asyncio.create_task(zombie.tend())
    async with asyncio.timeout(20):
        await zombie.failed.wait()
    await tending
    await zombie.disconnect()
    assert isinstance(zombie.failure, FencedError)
    assert zombie.failure.exit_code == 14


async def test_what_an_owner_left_open_is_undone_by_the_next(desk: Desk) -> None:
    left = (await transaction.open_all(desk.settings, [PARTITION]))[PARTITION]
    producer = left._producer
    await producer.begin_transaction()
    for topic in (topics.TRANSITIONS, topics.SNAPSHOTS):
        await producer.send_and_wait(desk.settings.topic(topic), b"half", b"UST", PARTITION)
    await desk.owner.assign([PARTITION])
    found = await desk.found()
    assert found.rejected == []
    assert found.markets == {}
    assert await desk.said(topics.TRANSITIONS) == []
    await left.close()


@pytest.mark.parametrize("poison", [b"", b"\x02half a record"])
async def test_a_poisoned_state_is_built_anew_and_repeats_nothing(desk: Desk, poison: bytes) -> None:
    await desk.owner.assign([PARTITION])
    events = [one for one in feb2021().events if stream_of(one) == "yields" and not isinstance(one, Heartbeat)][:3000]
    frames = [frame(events[at : at + 300]) for at in range(0, len(events), 300)]
    messages = await desk.send([*frames, b"no event"])
    for message in messages[:-3]:
        await desk.owner.take(message)
    await desk.owner.revoke()
    said = await desk.said(topics.SIGNALS)
    for _ in range(2):  # twice: no older record is left to stand in
        await desk.poison(b"UST", poison)
    positions = await desk.owner.assign([PARTITION])
    assert positions[TopicPartition(desk.topic, PARTITION)] == 0
    for message in messages:
        await desk.owner.take(message)
    await desk.owner.flush()
    whole = Engine(load(), "UST").process(events).outputs
    assert 0 < len(said) < len(whole)
    assert await desk.said(topics.SIGNALS) == [to_json(output) for output in whole if isinstance(output, Signal)]
    assert len(await desk.said(topics.DEAD_LETTER)) == 1


async def test_a_commit_that_is_broken_off_leaves_what_was_committed(desk: Desk) -> None:
    await desk.owner.assign([PARTITION])
    (message,) = await desk.send([b"no event"])
    await desk.owner.take(message)
    flushing = asyncio.create_task(desk.owner.flush())
    await asyncio.sleep(0.001)
    flushing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flushing
    desk.owner.partitions[PARTITION].touched = True
    await desk.owner.revoke()
    assert desk.owner.failure is None
    positions = await desk.owner.assign([PARTITION])
    await desk.owner.take(message)
    await desk.owner.flush()
    assert positions[TopicPartition(desk.topic, PARTITION)] in (0, 1)
    assert len(await desk.said(topics.DEAD_LETTER)) == 1


async def test_a_step_of_the_state_does_not_wait_for_the_interval(desk: Desk) -> None:
    await desk.owner.assign([PARTITION])
    (message,) = await desk.send(quotes(1))
    await desk.owner.take(message)
    assert (await desk.found()).position is None
    desk.owner._keep(PARTITION, Applied(outputs=[(step(), [])]), message)
    await desk.owner.take(*await desk.send(quotes(2)[1:]))
    assert len(await desk.said(topics.TRANSITIONS)) == 1
    assert (await desk.found()).position is not None


async def test_what_a_sources_producer_undid_is_not_applied(desk: Desk) -> None:
    """Aborted messages and transaction markers are holes, wherever they lie; also at the very end."""
    await desk.owner.assign([PARTITION])
    values = quotes(9)
    async with transactional(desk.settings) as producer:
        for at in range(0, 9, 3):
            await producer.begin_transaction()
            for value in values[at : at + 3]:
                await producer.send_and_wait(desk.topic, value, b"UST", PARTITION)
            await (producer.abort_transaction() if at == 3 else producer.commit_transaction())
    place = TopicPartition(desk.topic, PARTITION)
    for record in await snapshot_reader.reread(desk.settings, place, 0, 12):
        await desk.owner.take(Message(desk.topic, PARTITION, record.offset, record.key, record.value))
    assert desk.owner.failure is None
    partition = desk.owner.partitions[PARTITION]
    assert partition.markets["UST"].engine.status().counts.received == 6
    assert partition.next_offsets["yields"] == 11
    assert desk.counted("crunchwatch_offset_holes_total") == 5
    assert desk.counted("crunchwatch_lost_messages_total") == 0
    await desk.owner.revoke()
    assert (await desk.owner.assign([PARTITION]))[place] == 11


async def test_another_configuration_goes_on_from_the_state_that_there_is(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.owner.assign([PARTITION])
    for message in await desk.send(quotes(5)):
        await desk.owner.take(message)
    await desk.owner.revoke()
    curve = msgspec.structs.replace(load().curve, span_days=240)
    changed = desk.other(msgspec.structs.replace(load(), curve=curve))
    positions = await changed.assign([PARTITION])
    await changed.disconnect()
    assert positions[TopicPartition(desk.topic, PARTITION)] == 5
    assert "UST: detector 'curve' begins anew (other tables); what it last said stands until it is warm" in caplog.text


async def test_a_state_of_another_version_is_built_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "VERSION", snapshot.VERSION - 1)
    await desk.owner.assign([PARTITION])
    for message in await desk.send(quotes(5)):
        await desk.owner.take(message)
    await desk.owner.revoke()
    monkeypatch.undo()
    later = desk.other(load())
    positions = await later.assign([PARTITION])
    await later.disconnect()
    assert positions[TopicPartition(desk.topic, PARTITION)] == 0
    for name in ("crunchwatch_snapshots_refused_total", "crunchwatch_states_rebuilt_total"):
        assert later.metrics.registry.get_sample_value(name, {"reason": "version"}) == 1


async def test_a_position_beyond_the_brokers_end_is_refused(desk: Desk) -> None:
    await desk.owner.assign([PARTITION])
    desk.owner.partitions[PARTITION].pass_over("yields", 50)
    desk.owner.partitions[PARTITION].touched = True
    await desk.owner.revoke()
    with pytest.raises(RecoveryError, match="ends at 0, but the state has seen it up to 50"):
        await desk.owner.assign([PARTITION])


async def test_a_state_beyond_the_bound_ends_the_worker(desk: Desk) -> None:
    small = desk.other(snapshot_bytes=1024)
    await small.assign([PARTITION])
    for message in await desk.send(quotes(50)):
        await small.take(message)
    with pytest.raises(SnapshotTooLargeError, match="the state of UST takes"):
        await small.flush()
    await small.disconnect()


async def test_messages_gone_unapplied_end_the_worker_unless_allowed(desk: Desk) -> None:
    from streams.state.recovery import _lose, first_offset

    held = snapshot_reader.OffsetRange(first=30, end=90)
    assert first_offset("yields-0", 40, 40, held) == (40, 0)
    assert first_offset("yields-0", 20, 20, held) == (30, 10)
    assert first_offset("yields-0", 0, 40, held) == (30, 0), "what was applied once may be gone when it is reread"
    assert first_offset("yields-0", 0, 0, held) == (30, 0), "a group that begins has lost nothing"
    with pytest.raises(GapError, match="10 messages"):
        _lose("yields-0", 10, desk.settings, desk.owner.metrics)
    _lose("yields-0", 10, msgspec.structs.replace(desk.settings, on_gap="continue"), desk.owner.metrics)
    assert desk.counted("crunchwatch_lost_messages_total") == 20


async def test_a_fault_ends_the_worker_and_nothing_more_is_written(desk: Desk) -> None:
    await desk.owner.assign([PARTITION])
    messages = await desk.send(quotes(2))
    desk.owner.fail(RuntimeError("a fault"))
    await desk.owner.take(messages[0])
    await desk.owner.close()
    assert desk.owner.failed.is_set()
    assert not desk.owner.assigned
    assert (await desk.found()).markets == {}


async def test_a_broker_that_confirms_nothing_ends_the_worker_by_name() -> None:
    with EmbeddedBroker() as broker:
        chosen = settings.load({}, broker=broker.url, recovery_timeout_s=1.0)
        await topics.ensure(chosen)
        owner = PartitionOwner(chosen, load(), Metrics())
        await owner.assign([0])
        assert owner.assigned
        broker.kill()
        owner.partitions[0].touched = True
        with pytest.raises(BrokerUnavailableError, match="has confirmed nothing for 1 s"):
            await owner.flush()
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(1):
                await owner.disconnect()
