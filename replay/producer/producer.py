"""Messages to Kafka: an idempotent producer, paced by the plan's event time, with a bar that shows how far it is.

All of a market's messages go to the partition its key hashes to, those without a key as well: a message without one
is a fault made on purpose, and it has to reach the worker that owns the market to be rejected there.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError
from aiokafka.partitioner import DefaultPartitioner

from detectors.events import STREAMS
from replay.errors import AddressError, BrokerError
from replay.producer.connection import PLAINTEXT, Connection
from replay.producer.pacer import Message, Slot
from transport import producers

CONNECT_S = 6.0
FLUSH_S = 60.0
STOP_WITHIN_S = 3.0
LOOK_S = 10.0
SETTLE_S = 0.3
PENDING_MAX = 2_000
LINGER_MS = 2
# room for the oversized message that --corrupt makes, which the broker's default still lets through
MAX_REQUEST_BYTES = 1_040_000
_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")

OnSlot = Callable[[Slot], None]


@dataclass
class Sent:
    """What went out: messages, events good and bad, and bytes, by stream; and the time it took."""

    messages: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    elapsed_s: float = 0.0

    def add(self, message: Message) -> None:
        """Count one message."""
        self.messages[message.stream] += 1
        self.events[message.stream] += message.good
        self.bad[message.stream] += message.bad
        self.bytes += len(message.value)


def addresses(broker: str) -> list[str]:
    """Hosts and ports of ``kafka://host:port[,host:port…]``; the port defaults to 9092.

    Raises:
        AddressError: it does not look like that.

    >>> addresses("kafka://127.0.0.1:9092,broker")
    ['127.0.0.1:9092', 'broker:9092']
    """
    if "@" in broker:  # what stands before it may be a password: it is not repeated
        raise AddressError("--broker: an address holds no user and no password; see CRUNCHWATCH_SASL_USERNAME")
    scheme, _, rest = broker.partition("://")
    found = []
    for address in re.split(r"[,;]", rest.replace("kafka://", "")) if scheme == "kafka" else []:
        match = _ADDRESS.fullmatch(address)
        if match is None:
            raise AddressError(f"--broker: {address!r} is not host:port")
        found.append(address if match[1] else f"{address}:9092")
    if not found:
        raise AddressError(f"--broker: {broker!r} does not begin with kafka://; write kafka://host:port")
    return found


async def send(
    slots: Iterable[Slot],
    *,
    broker: str,
    topic_prefix: str = "",
    progress: OnSlot | None = None,
    connection: Connection = PLAINTEXT,
) -> Sent:
    """Send slots when they are due and wait until the broker has all of them.

    Raises:
        BrokerError: no broker answers, a topic is missing, or a message is rejected.
    """
    bootstrap = addresses(broker)
    partitions = await _partitions(bootstrap, broker, topic_prefix, connection)
    began = time.monotonic()
    async with _producer(bootstrap, broker, connection) as producer:
        sender = _Sender(producer, topic_prefix, partitions)
        paced_from: float | None = None
        for slot in slots:
            if slot.due_s is not None:
                if paced_from is None:
                    await sender.confirm()  # the window begins when the past is in
                    paced_from = time.monotonic()
                await asyncio.sleep(max(0.0, paced_from + slot.due_s - time.monotonic()))
            for message in slot.messages:
                await sender.send(message)
            if progress is not None:
                progress(slot)
        await sender.confirm()
    sender.sent.elapsed_s = time.monotonic() - began
    return sender.sent


async def answers(broker: str, *, topic_prefix: str = "", connection: Connection = PLAINTEXT) -> None:
    """See that a broker is there, with the source topics, before anything long is begun.

    Raises:
        BrokerError: no broker answers, or a topic is missing.
    """
    await _partitions(addresses(broker), broker, topic_prefix, connection)


async def held(broker: str, market: str, *, topic_prefix: str = "", connection: Connection = PLAINTEXT) -> str | None:
    """The first source topic that holds a message of a market already, or None.

    The market's partition of each topic is looked through from its beginning; another market may lie there too. After
    ten seconds the search ends: what was not found may still be there.

    Raises:
        BrokerError: no broker answers, or a topic is missing.
    """
    bootstrap = addresses(broker)
    partitions = await _partitions(bootstrap, broker, topic_prefix, connection)
    choose, key = DefaultPartitioner(), market.encode()
    mine = [TopicPartition(topic_prefix + stream, choose(key, there, there)) for stream, there in partitions.items()]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id="crunchwatch-replay",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=100,
        **connection.options,
    )
    try:
        await _reached(consumer.start(), broker, connection)
        consumer.assign(mine)
        await _reached(consumer.seek_to_beginning(*mine), broker, connection)
        ends = await _reached(consumer.end_offsets(mine), broker, connection)
        if not any(ends.values()):
            await asyncio.sleep(SETTLE_S)  # a broker may say 'nothing' for a moment after it confirmed something
            ends = await _reached(consumer.end_offsets(mine), broker, connection)
        return await _first_of(consumer, key, ends)
    finally:
        await consumer.stop()


async def _first_of(consumer: AIOKafkaConsumer, key: bytes, ends: dict[TopicPartition, int]) -> str | None:
    deadline = time.monotonic() + LOOK_S
    while time.monotonic() < deadline:
        left = [part for part, end in ends.items() if await consumer.position(part) < end]
        if not left:
            break
        for part, messages in (await consumer.getmany(*left, timeout_ms=200)).items():
            if any(message.key == key for message in messages):
                return str(part.topic)
    return None


class _Sender:
    """Sends, counts, and sees to it that everything sent was confirmed."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str, partitions: dict[str, list[int]]) -> None:
        self.sent = Sent()
        self._producer = producer
        self._prefix = prefix
        self._partitions = partitions
        self._choose = DefaultPartitioner()
        self._pending: list[asyncio.Future[Any]] = []

    async def send(self, message: Message) -> None:
        everywhere = self._partitions[message.stream]
        partition: int = self._choose(message.market, everywhere, everywhere)
        key = message.market if message.keyed else None
        try:
            future = await self._producer.send(
                self._prefix + message.stream, message.value, key=key, partition=partition
            )
        except (KafkaError, OSError) as error:
            raise _unsent(error, f"a message on {message.stream}") from None
        self.sent.add(message)
        self._pending.append(future)
        if len(self._pending) >= PENDING_MAX:
            await self.confirm()

    async def confirm(self) -> None:
        """Wait until the broker has confirmed all that was sent."""
        pending, self._pending = self._pending, []
        try:
            async with asyncio.timeout(FLUSH_S):
                await asyncio.gather(*pending)
        except (TimeoutError, KafkaError, OSError) as error:
            raise _unsent(error, "a message") from None


@asynccontextmanager
async def _producer(bootstrap: list[str], broker: str, connection: Connection) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id="crunchwatch-replay",
        enable_idempotence=True,
        acks="all",
        linger_ms=LINGER_MS,
        max_request_size=MAX_REQUEST_BYTES,
        **connection.options,
    )
    try:
        await _reached(producer.start(), broker, connection)
        yield producer
    finally:
        # Everything was confirmed before, or an error is on its way: how the stop went changes neither.
        await producers.stop(producer, within_s=STOP_WITHIN_S)


def _unsent(error: Exception, what: str) -> BrokerError:
    """Why something was not accepted: the broker did not answer, or rejected it."""
    if isinstance(error, (TimeoutError, KafkaTimeoutError, KafkaConnectionError)):
        return BrokerError(f"the broker did not confirm {what} within {FLUSH_S:g} s; is it still up?")
    return BrokerError(f"the broker rejected {what}: {error!r}")


async def _partitions(bootstrap: list[str], broker: str, prefix: str, connection: Connection) -> dict[str, list[int]]:
    """The partitions of the ten topics. They are listed, never asked for by name: some brokers would create them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="crunchwatch-replay", **connection.options)
    try:
        await _reached(admin.start(), broker, connection)
        there = set(await _reached(admin.list_topics(), broker, connection))
        missing = [prefix + stream for stream in STREAMS if prefix + stream not in there]
        if missing:
            raise BrokerError(
                f"{broker} has no topic {', '.join(missing)}: create them with `crunchwatch topics`, or start a worker"
            )
        described = await _reached(admin.describe_topics([prefix + stream for stream in STREAMS]), broker, connection)
    finally:
        await admin.close()
    counts = {one["topic"]: sorted(part["partition"] for part in one["partitions"]) for one in described}
    return {stream: counts[prefix + stream] for stream in STREAMS}


async def _reached(work: Any, broker: str, connection: Connection) -> Any:
    try:
        async with asyncio.timeout(CONNECT_S):
            return await work
    except (KafkaError, OSError, TimeoutError):
        if denied := await connection.denied():
            raise denied from None
        raise BrokerError(
            f"no Kafka broker answers at {broker}: start one (`crunchwatch broker`, `docker compose up kafka`) "
            "or name yours with --broker kafka://host:port"
        ) from None
