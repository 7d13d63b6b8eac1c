"""Ready means that the work is done: a stall, a blocked loop, a silent broker and a stop each say so."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from detectors.config import load
from streams.kafka import clients, topics
from streams.settings import Settings
from streams.state.metrics import Metrics
from streams.worker import consumer_lag, readiness
from streams.worker.consumer_lag import LagMonitor
from streams.worker.partition_owner import PartitionOwner
from streams.worker.readiness import Readiness

pytestmark = pytest.mark.embedded
NUMBER = 1


@pytest.fixture
async def owner(chosen: Settings) -> AsyncIterator[PartitionOwner]:
    await topics.ensure(chosen)
    made = PartitionOwner(chosen, load(), Metrics())
    yield made
    await made.disconnect()


async def send(chosen: Settings, count: int, *, undone: bool = False) -> None:
    """Messages on a source: committed, or undone by a transactional producer."""
    name = f"{chosen.topic_prefix}s{time.monotonic_ns()}" if undone else None
    producer: AIOKafkaProducer = await clients.producer(chosen, transactional_id=name)
    if undone:
        await producer.begin_transaction()
    for _ in range(count):
        await producer.send_and_wait(chosen.topic("repo"), b"{}", b"UST", NUMBER)
    if undone:
        await producer.abort_transaction()
    await producer.stop()


def lag(owner: PartitionOwner) -> float | None:
    labels = {"stream": "repo", "partition": str(NUMBER)}
    return owner.metrics.registry.get_sample_value("crunchwatch_consumer_lag_messages", labels)


async def test_messages_that_nobody_takes_are_a_stall_by_name(
    owner: PartitionOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_lag, "STALLED_AFTER_S", 0.3)
    monkeypatch.setattr(consumer_lag, "LOOK_AFTER_S", 0.1)
    await owner.assign([NUMBER])
    watching, chosen = LagMonitor(owner), owner.settings
    asked = Readiness(owner, watching)
    async with clients.reader(chosen) as reader:
        await watching.look(reader)
        assert (asked.reason(), lag(owner)) == (None, 0)
        await send(chosen, 3)
        for _ in range(2):
            await watching.look(reader)
            await asyncio.sleep(0.4)
        await watching.look(reader)
        assert asked.reason() == f"messages wait and none is taken: {chosen.topic('repo')}-{NUMBER} from 0 to 3"
        assert lag(owner) == 3
        owner.partitions[NUMBER].pass_over("repo", 2)  # as if two had been taken: slow, and no stall
        await watching.look(reader)
        assert (asked.reason(), lag(owner)) == (None, 1)
    await owner.revoke()
    assert lag(owner) is None


async def test_what_was_undone_is_waited_for_by_nobody(owner: PartitionOwner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer_lag, "STALLED_AFTER_S", 0.3)
    monkeypatch.setattr(consumer_lag, "LOOK_AFTER_S", 0.1)
    await owner.assign([NUMBER])
    watching = LagMonitor(owner)
    await send(owner.settings, 3, undone=True)
    place = TopicPartition(owner.settings.topic("repo"), NUMBER)
    async with clients.reader(owner.settings) as reader:
        assert (await reader.end_offsets([place]))[place] == 4
        for _ in range(3):
            await watching.look(reader)
            await asyncio.sleep(0.4)
        await watching.look(reader)
    assert watching.stalled is None
    assert lag(owner) == 0


async def test_a_blocked_event_loop_is_seen_from_outside(
    owner: PartitionOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "BLOCKED_AFTER_S", 1.0)
    await owner.assign([NUMBER])
    asked = Readiness(owner, LagMonitor(owner))
    beating = asyncio.create_task(asked.beat())
    await asyncio.sleep(0.05)
    seen: list[str | None] = []
    outside = threading.Timer(1.5, lambda: seen.append(asked.reason()))
    assert asked.reason() is None
    outside.start()
    time.sleep(2.0)  # noqa: ASYNC251 - the fault itself
    outside.join()
    assert seen[0] is not None
    assert "the event loop has not run" in seen[0]
    await asyncio.sleep(0.05)
    assert asked.reason() is None
    beating.cancel()


async def test_a_start_that_takes_long_is_said_once_with_whose_fault_it_may_be(
    owner: PartitionOwner, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "ASK_EVERY_S", 0.02)
    monkeypatch.setattr(readiness, "REPORT_AFTER_S", 0.2)
    asked = Readiness(owner, LagMonitor(owner))
    with caplog.at_level(logging.WARNING):
        asked.report()
        await asyncio.sleep(0.6)
        await owner.assign([NUMBER])
        await asyncio.sleep(0.2)
    asked.close()
    waiting, ready = caplog.messages
    assert "no partitions yet" in waiting
    assert "CRUNCHWATCH_INSTANCE" in waiting
    assert ready.startswith("ready at last after")


async def test_one_line_says_that_it_is_not_ready_and_one_that_it_is_again(
    owner: PartitionOwner, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "ASK_EVERY_S", 0.02)
    watching = LagMonitor(owner)
    asked = Readiness(owner, watching)
    with caplog.at_level(logging.WARNING):
        asked.report()
        await asyncio.sleep(0.2)
        assert caplog.messages == []  # it has just begun, and that is no news
        await owner.assign([NUMBER])
        await asyncio.sleep(0.2)
        watching.silent_since = time.monotonic()
        await asyncio.sleep(0.3)
        watching.silent_since = None
        await asyncio.sleep(0.2)
        await owner.close()
        assert asked.reason() == "stopping"
        await asyncio.sleep(0.2)
    asked.close()
    said = [message for message in caplog.messages if "ready" in message]
    assert len(said) == 2
    assert said[0].startswith(f"not ready: the broker at {owner.settings.broker} does not answer")
    assert said[1].startswith("ready again after")


async def test_nothing_is_applied_and_nothing_written_after_a_stop(owner: PartitionOwner) -> None:
    await owner.assign([NUMBER])
    await owner.close()
    offsets = dict(owner.partitions[NUMBER].next_offsets)
    await send(owner.settings, 1)
    async with clients.reader(owner.settings) as reader:
        place = TopicPartition(owner.settings.topic("repo"), NUMBER)
        reader.assign([place])
        await owner.take(await reader.getone())
    owner.partitions[NUMBER].touched = True
    await owner.flush()
    assert owner.partitions[NUMBER].next_offsets == offsets
    snapshots = TopicPartition(owner.settings.topic(topics.SNAPSHOTS), NUMBER)
    async with clients.reader(owner.settings) as reader:
        assert (await reader.end_offsets([snapshots]))[snapshots] == 0
