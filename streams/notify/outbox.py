"""The notifier's outbox on the broker: one record of a compacted topic, so that no disk is shared and none is trusted.

Position, open incidents and what is still to be sent are one record, written in a transaction of one producer id:
whoever opens it last is the notifier, and the one before fails at its next write, which comes before each page.
"""

from __future__ import annotations

from typing import Self

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.errors import InvalidProducerEpoch, KafkaError, ProducerFenced, TopicAlreadyExistsError, for_code

from streams.errors import BrokerUnavailableError, NotifierFencedError, RecoveryError
from streams.kafka import clients
from streams.notify.incidents import Outbox
from streams.settings import Settings
from transport import aiokafka_internals, producers

TOPIC = "stress.notifications"
KEY = b"outbox"
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Outbox)
_POLL_MS = 500
_STOP_WITHIN_S = 3.0


class OutboxStore:
    """The outbox, and the right to write it."""

    def __init__(self, settings: Settings, producer: AIOKafkaProducer) -> None:
        self._topic = settings.topic(TOPIC)
        self._producer = producer
        self._broker = settings.broker

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Create the topic if it is missing, and take the outbox over from its previous owner."""
        await _ensure(settings)
        name = settings.transactional_id("notify")
        return cls(settings, await clients.producer(settings, transactional_id=name))

    async def write(self, outbox: Outbox) -> None:
        """Write it down, confirmed.

        Raises:
            NotifierFencedError: another notifier has taken over.
        """
        try:
            async with self._producer.transaction():
                await self._producer.send_and_wait(self._topic, _ENCODER.encode(outbox), KEY, 0)
        except (ProducerFenced, InvalidProducerEpoch):
            raise NotifierFencedError(
                "another notifier of this group has taken over: run one, or give each its own CRUNCHWATCH_GROUP"
            ) from None
        except KafkaError as error:
            raise BrokerUnavailableError(f"the outbox could not be written at {self._broker}: {error!r}") from None

    async def close(self) -> None:
        """Stop the producer in bounded time, whether or not the broker still answers."""
        await producers.stop(self._producer, within_s=_STOP_WITHIN_S)


async def read(settings: Settings) -> Outbox | None:
    """The outbox as it was last written, or None when there is none yet.

    Raises:
        RecoveryError: there is a record, but not one of this version.
    """
    topic = settings.topic(TOPIC)
    async with clients.admin(settings) as admin:
        if topic not in await admin.list_topics():
            return None
    place = TopicPartition(topic, 0)
    last: bytes | None = None
    async with clients.reader(settings) as reader:
        await aiokafka_internals.know_topics(reader, [topic])
        end = (await reader.end_offsets([place]))[place]
        reader.assign([place])
        await reader.seek_to_beginning(place)
        while await reader.position(place) < end:
            for batch in (await reader.getmany(place, timeout_ms=_POLL_MS)).values():
                last = next((one.value for one in reversed(batch) if one.key == KEY), last)
    if last is None:
        return None
    try:
        return _DECODER.decode(last)
    except msgspec.MsgspecError as error:
        raise RecoveryError(f"the record on {topic} is not an outbox of this version: {error}") from None


async def _ensure(settings: Settings) -> None:
    topic = settings.topic(TOPIC)
    async with clients.admin(settings) as admin:
        if topic in await admin.list_topics():
            return
        made = NewTopic(topic, 1, settings.replication, topic_configs={"cleanup.policy": "compact"})
        for _, code, *message in (await admin.create_topics([made])).topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise BrokerUnavailableError(f"the broker rejected creating topic '{topic}': {message or code}")
