"""The topics: ten in, four out, and the compacted one in which the state is written down.

All have one partition count, so that everything a market says, in and out, lies on the partition of the same number
and belongs to one worker. They are created before a worker starts: Faust would create a missing one with the broker's
default count, and a market's topics would end up with different owners.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Protocol

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from detectors.events import STREAMS
from streams.errors import BrokerUnavailableError, TopicMismatchError
from streams.kafka import clients, retention
from streams.settings import MEBIBYTE, Settings

SOURCES = STREAMS
SIGNALS = "stress.signals"
TRANSITIONS = "stress.transitions"
LATE = "stress.late"
DEAD_LETTER = "stress.deadletter"
SNAPSHOTS = "stress.snapshots"
OUTPUTS = (SIGNALS, TRANSITIONS, LATE, DEAD_LETTER)
ALL = (*SOURCES, *OUTPUTS, SNAPSHOTS)

_DAY_MS = 86_400_000
_VISIBLE_WITHIN_S = 5.0


class SourceMessage(Protocol):
    """A consumed message, as Faust and aiokafka both have it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


async def ensure(settings: Settings, *, needed_days: int = 0, needed_by: str = "") -> list[str]:
    """Create what is missing, check what is there.

    Args:
        settings: names, counts and retention.
        needed_days: how long the inputs must be kept for ``needed_by`` to judge after a rebuild.
        needed_by: the detector that looks back that far.

    Returns:
        The names of the topics that were created.

    Raises:
        BrokerUnavailableError: the broker did not answer, or did not create them.
        TopicMismatchError: a topic has another partition count, or keeps less than is needed.
    """
    async with clients.admin(settings) as admin:
        counts = await _partition_counts(admin, settings)
        created = await _create(admin, settings, [name for name in ALL if name not in counts])
        deadline = time.monotonic() + _VISIBLE_WITHIN_S
        while len(counts) < len(ALL):
            counts = await _partition_counts(admin, settings)
            if time.monotonic() > deadline:
                missing = ", ".join(settings.topic(name) for name in ALL if name not in counts)
                raise BrokerUnavailableError(f"the broker does not show the topics it created: {missing}")
            await asyncio.sleep(0.05)
        _check(counts, settings)
        if needed_days:
            await retention.check(admin, settings, SOURCES, needed_days, needed_by)
    return created


async def _partition_counts(admin: AIOKafkaAdminClient, settings: Settings) -> dict[str, int]:
    """Partition counts of the topics that exist and whose partitions all have a leader."""
    # Listed first: describing an unknown topic creates it on brokers with auto.create.topics.enable.
    there = set(await admin.list_topics())
    plain = {settings.topic(name): name for name in ALL}
    asked = [topic for topic in plain if topic in there]
    if not asked:
        return {}
    return {
        plain[found["topic"]]: len(found["partitions"])
        for found in await admin.describe_topics(asked)
        if found["error_code"] == 0 and all(part["leader"] >= 0 for part in found["partitions"])
    }


async def _create(admin: AIOKafkaAdminClient, settings: Settings, names: Iterable[str]) -> list[str]:
    new = [
        NewTopic(settings.topic(name), settings.partitions, settings.replication, topic_configs=_config(name, settings))
        for name in names
    ]
    if not new:
        return []
    response = await admin.create_topics(new)
    created = []
    for topic, code, *message in response.topic_errors:
        error = for_code(code)
        if code == 0:
            created.append(topic)
        elif error is not TopicAlreadyExistsError:  # another worker was first: as good as created
            raise _rejected(topic, error, message)
    return created


def _rejected(topic: str, error: type[KafkaError], message: list[str | None]) -> BrokerUnavailableError:
    reason = next((text for text in message if text), error.__name__)
    return BrokerUnavailableError(f"the broker rejected creating topic '{topic}': {reason}")


def _config(name: str, settings: Settings) -> dict[str, str]:
    if name == SNAPSHOTS:
        return {
            "cleanup.policy": "compact",
            "max.message.bytes": str(settings.snapshot_bytes + MEBIBYTE),
            # A record replaces the one before within seconds: small segments let the cleaner at them.
            "segment.bytes": str(64 * MEBIBYTE),
            "min.cleanable.dirty.ratio": "0.1",
            # A worker whose clock is wrong must not have its state rejected as from the future.
            "message.timestamp.type": "LogAppendTime",
        }
    safe = {"compression.type": "uncompressed"} if name in SOURCES else {}
    return {
        # A megabyte of zipped zeros is a gigabyte to its reader: stored unzipped, the broker's bound holds for it.
        **safe,
        "cleanup.policy": "delete",
        "retention.ms": str(settings.retention_days * _DAY_MS),
        # A replay of 2021 must not be 'older than the retention' the moment it arrives.
        "message.timestamp.type": "LogAppendTime",
    }


def _check(counts: Mapping[str, int], settings: Settings) -> None:
    wrong = {name: count for name, count in counts.items() if count != settings.partitions}
    if not wrong:
        return
    differing = ", ".join(f"{settings.topic(name)} has {count}" for name, count in sorted(wrong.items()))
    raise TopicMismatchError(
        f"every topic needs {settings.partitions} partitions, but {differing}. Set CRUNCHWATCH_PARTITIONS to what all "
        "of them have, or create the topics anew: a market's topics must lie on partitions of the same number"
    )
