"""Addresses, and brokers that are not there: an error that says what to do, soon."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from replay import producer
from replay.errors import AddressError, BrokerError


@pytest.mark.parametrize(
    ("broker", "hosts"),
    [
        ("kafka://127.0.0.1:9092", ["127.0.0.1:9092"]),
        ("kafka://one,two:9094", ["one:9092", "two:9094"]),
        ("kafka://one:1;kafka://two:2", ["one:1", "two:2"]),
        ("kafka://[::1]:9092", ["[::1]:9092"]),
    ],
)
def test_addresses(broker: str, hosts: list[str]) -> None:
    assert producer.addresses(broker) == hosts


@pytest.mark.parametrize("broker", ["", "localhost:9092", "redis://x:1", "kafka://", "kafka://a b", "kafka://x:port"])
def test_what_is_no_address(broker: str) -> None:
    with pytest.raises(AddressError, match="--broker"):
        producer.addresses(broker)


async def test_nobody_listens(unused_tcp_port: int) -> None:
    began = time.monotonic()
    with pytest.raises(BrokerError, match=r"no Kafka broker answers at kafka://127\.0\.0\.1"):
        await producer.send([], broker=f"kafka://127.0.0.1:{unused_tcp_port}")
    assert time.monotonic() - began < 10


@pytest.fixture
async def mute() -> AsyncIterator[int]:
    """Something that takes connections and never says a word."""
    held = []

    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    for writer in held:
        writer.close()
    server.close()


async def test_somebody_listens_and_never_answers(mute: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert producer.CONNECT_S < 10
    monkeypatch.setattr(producer, "CONNECT_S", 0.5)
    began = time.monotonic()
    with pytest.raises(BrokerError, match="name yours with --broker"):
        await producer.send([], broker=f"kafka://127.0.0.1:{mute}")
    assert time.monotonic() - began < 5
