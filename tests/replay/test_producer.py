"""Addresses, and brokers that are not there: an error that says what to do, soon."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError
from aiokafka.partitioner import DefaultPartitioner

from detectors.events import STREAMS
from replay.errors import AddressError, BrokerError
from replay.producer import producer
from replay.producer.pacer import Message, Slot
from streams import settings
from streams.cli.embedded_broker import EmbeddedBroker
from streams.kafka import topics


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


class Recorder:
    """A producer that confirms everything at once, or refuses."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[tuple[float, str, bytes | None, int]] = []
        self._error = error

    async def send(self, topic: str, value: bytes, *, key: bytes | None, partition: int) -> asyncio.Future[None]:
        self.sent.append((time.monotonic(), topic, key, partition))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._error is None:
            future.set_result(None)
        else:
            future.set_exception(self._error)
        return future


def stand_in(monkeypatch: pytest.MonkeyPatch, recorder: Recorder) -> None:
    @asynccontextmanager
    async def there(*_: object) -> AsyncIterator[Recorder]:
        yield recorder

    async def partitions(*_: object) -> dict[str, list[int]]:
        return {stream: [0, 1, 2, 3] for stream in STREAMS}

    monkeypatch.setattr(producer, "_producer", there)
    monkeypatch.setattr(producer, "_partitions", partitions)


def message(stream: str = "repo", *, keyed: bool = True) -> Message:
    return Message(stream, b"UST", b"{}", 1, 0, keyed)


async def test_the_window_is_paced_and_the_past_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    stand_in(monkeypatch, recorder)
    slots = [
        Slot(None, 0, [message()]),
        Slot(None, 1, [message()]),
        Slot(0.2, 2, [message()]),
        Slot(0.5, 3, [message()]),
    ]
    seen: list[Slot] = []
    sent = await producer.send(slots, broker="kafka://x:1", topic_prefix="test.", progress=seen.append)
    began = recorder.sent[0][0]
    at = [when - began for when, *_ in recorder.sent]
    assert at[1] < 0.1
    assert at[2] == pytest.approx(0.2, abs=0.1)  # also the first of the window: it is due when it is due
    assert at[3] == pytest.approx(0.5, abs=0.1)
    assert {topic for _, topic, *_ in recorder.sent} == {"test.repo"}
    assert seen == slots
    assert (sent.messages["repo"], sent.events["repo"], sent.bytes) == (4, 4, 8)


async def test_a_message_without_a_key_reaches_the_partition_of_its_market(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    stand_in(monkeypatch, recorder)
    await producer.send([Slot(None, 0, [message(), message(keyed=False)])], broker="kafka://x:1")
    assert [key for *_, key, _ in recorder.sent] == [b"UST", None]
    assert {partition for *_, partition in recorder.sent} == {DefaultPartitioner()(b"UST", [0, 1, 2, 3], [0, 1, 2, 3])}


async def test_a_refused_message_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, Recorder(MessageSizeTooLargeError()))
    with pytest.raises(BrokerError, match="rejected a message"):
        await producer.send([Slot(None, 0, [message()])], broker="kafka://x:1")


async def test_a_broker_that_dies_in_mid_send_does_not_keep_the_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's own stop would wait for ever for what can be delivered to nobody."""
    monkeypatch.setattr(producer, "FLUSH_S", 1.0)
    monkeypatch.setattr(producer, "STOP_WITHIN_S", 0.5)
    with EmbeddedBroker() as broker:
        await topics.ensure(settings.load({}, broker=broker.url))

        def slots() -> Iterator[Slot]:
            yield Slot(None, 0, [Message("yields", b"UST", b"{}", 0, 0)])
            broker.kill()
            yield Slot(None, 0, [Message("yields", b"UST", b"{}", 0, 0)])

        with pytest.raises(BrokerError, match="did not confirm"):
            async with asyncio.timeout(30):
                await producer.send(slots(), broker=broker.url)


async def test_a_broker_that_does_not_answer_is_not_said_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, Recorder(KafkaTimeoutError()))
    with pytest.raises(BrokerError, match="did not confirm a message within"):
        await producer.send([Slot(None, 0, [message()])], broker="kafka://x:1")
