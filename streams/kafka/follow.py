"""Following the transitions topic: each transition of a market's state once, as it is written or from the beginning."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from detectors.signals import Transition, from_json
from streams.errors import BrokerUnavailableError
from streams.kafka import clients
from streams.kafka.broker_watch import BrokerWatch
from streams.kafka.topics import TRANSITIONS
from streams.settings import Settings
from transport import aiokafka_internals

_POLL_S = 0.25
_REMEMBERED = 100_000
_WARN_AFTER_S = 5.0

log = logging.getLogger(__name__)


class FollowedTransition(msgspec.Struct, frozen=True):
    """A transition, and the very bytes it is on the topic."""

    transition: Transition
    raw: bytes


class _Seen:
    """Ids already shown: after a crash a worker may write the last ones again, with the same ids."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def first_time(self, identity: str) -> bool:
        if identity in self._ids:
            return False
        self._ids[identity] = None
        if len(self._ids) > _REMEMBERED:
            self._ids.popitem(last=False)
        return True


class _OpenTransactions:
    """What is on the topic and cannot be read yet: nothing comes, but nothing is over either.

    A worker that was killed during a flush leaves a transaction open; what lies behind its beginning is
    withheld from every reader of what is committed, until its successor or the broker ends it.
    """

    def __init__(self, settings: Settings, reader: AIOKafkaConsumer, places: list[TopicPartition]) -> None:
        self._reader = reader
        self._places = places
        self._patience_s = clients.transaction_s(settings)
        self._since: float | None = None
        self._warned = False

    async def back(self, *, bounded: bool) -> bool:
        """Whether anything is still to come of what is there.

        Raises:
            BrokerUnavailableError: if it is bounded: it has not come for longer than the broker lets it be.
        """
        waiting = [place for place in self._places if await self._waits(place)]
        if not waiting:
            self._since, self._warned = None, False
            return False
        now = time.monotonic()
        self._since = self._since or now
        reason = (
            f"{', '.join(f'{one.topic}-{one.partition}' for one in waiting[:3])}: an open transaction, perhaps of a "
        )
        reason += "killed worker, withholds what was written after it began"
        if now - self._since > _WARN_AFTER_S and not self._warned:
            self._warned = True
            log.warning("%s; its worker's successor ends it, or the broker within %g s", reason, self._patience_s)
        if bounded and now - self._since > self._patience_s + _WARN_AFTER_S:
            raise BrokerUnavailableError(f"{reason}, for {now - self._since:.0f} s now")
        return True

    async def _waits(self, place: TopicPartition) -> bool:
        end, stable = self._reader.highwater(place), self._reader.last_stable_offset(place)
        return end is None or stable is None or await self._reader.position(place) < end or stable < end


async def follow(
    settings: Settings, *, from_beginning: bool = False, until_idle_s: float | None = None
) -> AsyncGenerator[FollowedTransition | None, None]:
    """Give every transition once; None now and then while nothing comes, so that the caller can do other things.

    Args:
        settings: where the broker is.
        from_beginning: also what is on the topic already.
        until_idle_s: end when nothing has come for so long, and nothing is withheld; by default never.

    Raises:
        BrokerUnavailableError: no broker, no longer one, or no such topic.
    """
    async with clients.reader(settings) as reader:
        topic = settings.topic(TRANSITIONS)
        if topic not in await reader.topics():
            raise BrokerUnavailableError(f"there is no topic '{topic}' at {settings.broker}: has a worker run there?")
        await aiokafka_internals.know_topics(reader, [topic])
        partitions = reader.partitions_for_topic(topic) or set()
        places = [TopicPartition(topic, number) for number in sorted(partitions)]
        reader.assign(places)
        await (reader.seek_to_beginning() if from_beginning else reader.seek_to_end())
        seen, pending = _Seen(), _OpenTransactions(settings, reader, places)
        last = time.monotonic()
        async with BrokerWatch(settings, reader, places) as watch:
            while until_idle_s is None or time.monotonic() - last < until_idle_s:
                watch.check()
                if await pending.back(bounded=until_idle_s is not None):
                    last = time.monotonic()
                batches = await reader.getmany(timeout_ms=int(_POLL_S * 1000))
                records = sorted((one for batch in batches.values() for one in batch), key=lambda one: one.timestamp)
                for record in records:
                    found = _read(record.value or b"")
                    if found is not None and seen.first_time(found.transition.id):
                        last = time.monotonic()
                        yield found
                if not records:
                    yield None


async def messages(settings: Settings, names: Sequence[str]) -> AsyncGenerator[tuple[str, bytes], None]:
    """Give topic and value of everything on some topics, from their beginning and for as long as it is asked for.

    Args:
        settings: where the broker is, and how many partitions the topics have.
        names: of topics, without the prefix.

    Raises:
        BrokerUnavailableError: no broker answers there.
    """
    plain = {settings.topic(name): name for name in names}
    async with clients.reader(settings) as reader:
        reader.assign([TopicPartition(topic, number) for topic in plain for number in range(settings.partitions)])
        await reader.seek_to_beginning()
        async for message in reader:
            yield plain[message.topic], message.value


def _read(raw: bytes) -> FollowedTransition | None:
    """What a worker wrote; what anything else put on the topic is not shown."""
    try:
        output = from_json(raw)
    except msgspec.MsgspecError:
        return None
    return FollowedTransition(output, raw) if isinstance(output, Transition) else None
