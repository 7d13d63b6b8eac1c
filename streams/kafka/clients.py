"""aiokafka clients as this project needs them: bounded waiting for a broker, and fetches that never spin.

Every connection of the live edge is made here or by Faust, so that what holds for one (addresses, sizes, timeouts)
holds for all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.errors import BrokerUnavailableError
from streams.kafka import handshake, security
from streams.settings import MEBIBYTE, Settings
from transport import aiokafka_internals

RETRY_S = 0.25
FETCH_WAIT_MS = 20
TRANSACTION_MARGIN_S = 30.0
MAX_TRANSACTION_S = 900.0  # a broker rejects more, unless it is configured otherwise
BATCH_BYTES = 1 << 17
IDLE_MS = 60_000
T = TypeVar("T")


async def connected(settings: Settings, make: Callable[[], Awaitable[T]], patience_s: float | None = None) -> T:
    """Call ``make`` until it does not fail for lack of a broker, for as long as the settings allow.

    A broker that is just starting is waited for; one that is unavailable is a clear error, soon. ``patience_s`` stands
    in for the settings' where a broker was there before and may only be restarting.
    """
    patience_s = settings.connect_timeout_s if patience_s is None else patience_s
    deadline = time.monotonic() + patience_s
    while True:
        try:
            async with asyncio.timeout(max(0.1, deadline - time.monotonic())):
                return await make()
        except (KafkaError, OSError, TimeoutError) as error:
            denied = handshake.forbidden(error) or await handshake.denial(settings)
            over = time.monotonic() + RETRY_S >= deadline
            if denied is not None and (over or denied.certain):
                raise denied from None
            if over:
                raise BrokerUnavailableError(
                    f"no Kafka broker answered at {settings.broker} within {patience_s:g} s: start one "
                    "(crunchwatch broker, or docker compose up kafka) or name yours with CRUNCHWATCH_BROKER"
                ) from error
        await asyncio.sleep(RETRY_S)


@asynccontextmanager
async def admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client.

    Raises:
        BrokerUnavailableError: the broker did not answer, or was lost during a later request.
    """

    async def make() -> AIOKafkaAdminClient:
        client = AIOKafkaAdminClient(
            bootstrap_servers=settings.bootstrap, client_id="crunchwatch-admin", **security.options(settings)
        )
        try:
            await client.start()
        except BaseException:
            await client.close()
            raise
        return client

    client = await connected(settings, make)
    try:
        yield client
    except KafkaError as error:
        if not error.retriable:
            raise
        raise BrokerUnavailableError(
            f"the broker at {settings.broker} was lost while it was asked: {error!r}"
        ) from error
    finally:
        await client.close()


async def producer(
    settings: Settings, *, transactional_id: str | None = None, patience_s: float | None = None
) -> AIOKafkaProducer:
    """A started idempotent producer: a retry neither repeats nor reorders, and 'sent' means on every replica.

    With an id it is transactional, and starting it ends every other one of that id.
    """

    async def make() -> AIOKafkaProducer:
        client = AIOKafkaProducer(
            bootstrap_servers=settings.bootstrap,
            client_id="crunchwatch-worker",
            enable_idempotence=True,
            transactional_id=transactional_id,
            transaction_timeout_ms=int(1000 * transaction_s(settings)),
            acks="all",
            linger_ms=2,
            max_batch_size=BATCH_BYTES,
            # There is one for each partition: those of quiet markets hold no connection.
            connections_max_idle_ms=IDLE_MS,
            # A record of the largest snapshot must fit with its headers and the batch around it.
            max_request_size=settings.snapshot_bytes + MEBIBYTE,
            **security.options(settings),
        )
        try:
            await client.start()
        except BaseException:
            await client.stop()
            raise
        return client

    return await connected(settings, make, patience_s)


def transaction_s(settings: Settings) -> float:
    """After how long the broker ends a transaction whose worker is gone.

    A worker that waits for its broker ends by its own deadline, not because the transaction ran out.
    """
    return min(settings.recovery_timeout_s + TRANSACTION_MARGIN_S, MAX_TRANSACTION_S)


@asynccontextmanager
async def reader(
    settings: Settings, *, patience_s: float | None = None, **options: Any
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer outside any group, for reading assigned partitions: what is committed, and it commits nothing."""

    async def make() -> AIOKafkaConsumer:
        client = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap,
            client_id="crunchwatch-reader",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            # A fetch that waits at the broker keeps every other request of the connection waiting behind it.
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=settings.snapshot_bytes + MEBIBYTE,
            **security.options(settings),
            **options,
        )
        try:
            await client.start()
        except BaseException:
            await client.stop()
            raise
        aiokafka_internals.pace_fetches(client)
        return client

    client = await connected(settings, make, patience_s)
    try:
        yield client
    finally:
        await client.stop()
