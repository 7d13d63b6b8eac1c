"""Every private name of aiokafka that this project uses, each behind a function that says why.

aiokafka offers no public way to do these. ``tests/streams/test_internals.py`` checks the pinned version and that each
name still exists with the expected signature, so that an upgrade fails there and not in production.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

QUICK_S = 0.05
"""An empty fetch answered sooner was not held back by the broker."""
PAUSE_S = 0.03


async def know_topics(consumer: AIOKafkaConsumer, names: Iterable[str]) -> None:
    """Have a consumer fetch the metadata of topics in one request, without subscribing to them.

    The public way either subscribes or asks topic by topic, and then waits a tenth of a second for each.
    """
    await consumer._client.set_topics(set(names))  # noqa: SLF001


def cancel_sender(producer: AIOKafkaProducer) -> None:
    """End the task that would try forever to deliver what is still queued: aiokafka cannot stop without a flush."""
    task = producer._sender.sender_task  # noqa: SLF001
    if task is not None:
        task.cancel()


def assign_by_range(consumer: AIOKafkaConsumer) -> None:
    """Deal partitions out by range, and read only what is committed; both are read when the consumer starts.

    Faust passes neither on: it has its own assignor, and sets the isolation level only with its own transactions.
    """
    consumer._partition_assignment_strategy = [RangePartitionAssignor]  # noqa: SLF001
    consumer._isolation_level = "read_committed"  # noqa: SLF001


def request_rejoin(consumer: AIOKafkaConsumer) -> None:
    """Ask the group to rebalance."""
    consumer._coordinator.request_rejoin()  # noqa: SLF001


def pace_fetches(consumer: AIOKafkaConsumer) -> None:
    """Make a consumer pause after an empty fetch that came back at once.

    Kafka holds an empty fetch until data come or the wait is over; a broker that answers at once instead would have
    the client ask again in a tight loop, one core for each. Kafka itself never notices this.
    """
    fetcher: Any = consumer._fetcher  # noqa: SLF001
    fetch = fetcher._proc_fetch_request  # noqa: SLF001

    async def paced(*arguments: Any) -> bool:
        try:
            began = time.monotonic()
            has_data: bool = await fetch(*arguments)
            if not has_data and time.monotonic() - began < QUICK_S:
                await asyncio.sleep(PAUSE_S)
        except asyncio.CancelledError:
            return False  # the fetcher awaits what it cancelled, and would end with it
        return has_data

    fetcher._proc_fetch_request = paced  # noqa: SLF001
