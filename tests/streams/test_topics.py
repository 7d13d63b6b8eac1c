from __future__ import annotations

import socket
import time

import msgspec
import pytest

from detectors.events import STREAMS
from streams import settings
from streams.cli.embedded_broker import EmbeddedBroker
from streams.errors import BrokerUnavailableError, TopicMismatchError
from streams.kafka import clients, topics
from streams.settings import Settings
from tests.support.kafka import free_port

pytestmark = pytest.mark.embedded


def test_the_sources_are_the_streams() -> None:
    assert topics.SOURCES == STREAMS
    assert len(topics.ALL) == 15


async def test_topics_are_made_once(chosen: Settings) -> None:
    assert set(await topics.ensure(chosen)) == {chosen.topic(name) for name in topics.ALL}
    assert await topics.ensure(chosen) == []


async def test_another_partition_count_is_refused_by_topic(chosen: Settings) -> None:
    await topics.ensure(chosen)
    with pytest.raises(TopicMismatchError, match=r"yields has 4"):
        await topics.ensure(msgspec.structs.replace(chosen, partitions=6))


async def test_a_missing_broker_is_a_clear_error_within_ten_seconds() -> None:
    nobody = settings.load({}, broker=f"kafka://127.0.0.1:{free_port()}")
    began = time.monotonic()
    with pytest.raises(BrokerUnavailableError, match="no Kafka broker answered"):
        await topics.ensure(nobody)
    assert time.monotonic() - began < 10


async def test_a_frozen_broker_is_one_too() -> None:
    with socket.socket() as frozen:
        frozen.bind(("127.0.0.1", 0))
        frozen.listen()  # connections are taken, by the kernel, and nothing is ever said
        address = f"127.0.0.1:{frozen.getsockname()[1]}"
        mute = settings.load({}, broker=f"kafka://{address},{address}", connect_timeout_s=1.0)
        began = time.monotonic()
        with pytest.raises(BrokerUnavailableError, match="no Kafka broker answered"):
            await topics.ensure(mute)
        assert time.monotonic() - began < 7.0


async def test_a_broker_that_goes_while_it_is_asked_is_named() -> None:
    with EmbeddedBroker() as broker:
        alone = settings.load({}, broker=broker.url)
        await topics.ensure(alone)

        async def ask() -> None:
            async with clients.admin(alone) as admin:
                broker.kill()
                await admin.list_topics()

        with pytest.raises(BrokerUnavailableError, match="was lost while it was asked"):
            await ask()
