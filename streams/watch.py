"""Following the transitions topic: each step of a market's state once, as it is written or from the beginning."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import AsyncGenerator

import msgspec
from aiokafka import TopicPartition

from detectors.signals import Transition, from_json
from streams import clients
from streams.errors import BrokerUnavailableError
from streams.settings import Settings
from streams.topics import TRANSITIONS

_POLL_S = 0.25
_REMEMBERED = 100_000


class Step(msgspec.Struct, frozen=True):
    """A transition, and the very bytes it is on the topic."""

    transition: Transition
    raw: bytes


class _Seen:
    """Ids already shown: after a crash a worker may say the last ones again, with the same ids."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def first_time(self, identity: str) -> bool:
        if identity in self._ids:
            return False
        self._ids[identity] = None
        if len(self._ids) > _REMEMBERED:
            self._ids.popitem(last=False)
        return True


async def follow(
    settings: Settings, *, from_beginning: bool = False, until_idle_s: float | None = None
) -> AsyncGenerator[Step | None, None]:
    """Give every transition once; None now and then while nothing comes, so that the caller can do other things.

    Args:
        settings: where the broker is.
        from_beginning: also what is on the topic already.
        until_idle_s: end when nothing has come for so long; by default never.

    Raises:
        BrokerUnavailableError: no broker, or no such topic.
    """
    async with clients.reader(settings) as reader:
        topic = settings.topic(TRANSITIONS)
        if topic not in await reader.topics():
            raise BrokerUnavailableError(f"there is no topic '{topic}' at {settings.broker}: has a worker run there?")
        await reader._client.set_topics([topic])  # noqa: SLF001 - the public way would also subscribe
        partitions = reader.partitions_for_topic(topic) or set()
        places = [TopicPartition(topic, number) for number in sorted(partitions)]
        reader.assign(places)
        await (reader.seek_to_beginning() if from_beginning else reader.seek_to_end())
        seen = _Seen()
        last = time.monotonic()
        while until_idle_s is None or time.monotonic() - last < until_idle_s:
            batches = await reader.getmany(timeout_ms=int(_POLL_S * 1000))
            records = sorted((record for batch in batches.values() for record in batch), key=lambda one: one.timestamp)
            for record in records:
                step = _read(record.value or b"")
                if step is not None and seen.first_time(step.transition.id):
                    last = time.monotonic()
                    yield step
            if not records:
                yield None


def _read(raw: bytes) -> Step | None:
    """What a worker wrote; what somebody else put on the topic is not shown."""
    try:
        output = from_json(raw)
    except msgspec.MsgspecError:
        return None
    return Step(output, raw) if isinstance(output, Transition) else None
