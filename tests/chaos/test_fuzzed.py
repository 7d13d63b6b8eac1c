"""Fuzzed messages through a real worker on Apache Kafka, killed twice on the way: each is accounted for, once."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from pathlib import Path
from zlib import crc32

import orjson

from detectors import codec, config
from detectors.engine import Engine
from streams.kafka import clients, topics
from streams.state import snapshot_reader
from tests.chaos.brokers import DooredKafka
from tests.chaos.ledger import Ledger
from tests.fuzz.messages import Fuzzer, Message
from tests.support.pipeline import Pipeline

MESSAGES, MESSAGES_SHORT = 20_000, 4_000
PARTS = 3


def test_fuzzed_messages_are_each_accounted_for_once(
    kafka: DooredKafka, tmp_path: Path, ledger: Ledger, short: bool
) -> None:
    count = MESSAGES_SHORT if short else MESSAGES
    sent = list(itertools.islice(Fuzzer(31).messages(), count))
    pipeline = Pipeline(kafka.url, tmp_path)
    pipeline.make_topics()
    with pipeline.worker() as worker:
        for part in range(PARTS):
            asyncio.run(send(pipeline, sent[part * count // PARTS : (part + 1) * count // PARTS]))
            if part < PARTS - 1:
                worker.kill()
                worker.start()
                worker.wait_ready()
        pipeline.drain()
        assert worker.stop() == 0
    asyncio.run(check(pipeline, sent))
    ledger.fault("worker: SIGKILL amid fuzzed messages", PARTS - 1)
    ledger.note(f"fuzzed: {count} messages, {PARTS - 1} kills, every one accounted for")


async def send(pipeline: Pipeline, messages: list[Message]) -> None:
    producer = await clients.producer(pipeline.settings)
    for one in messages:
        number = crc32(one.key or b"") % pipeline.settings.partitions
        await producer.send(pipeline.settings.topic(one.topic), one.value, one.key, number)
    await producer.stop()


async def check(pipeline: Pipeline, sent: list[Message]) -> None:
    decoded = [codec.decode(one.value, key=one.key, stream=one.topic) for one in sent]
    wanted = Counter(reject.reason for one in decoded for reject in one.rejects)
    letters = [
        orjson.loads(one.value or b"") for one in await pipeline._read(pipeline.settings.topic(topics.DEAD_LETTER))
    ]
    assert Counter(one["reason"] for one in letters) == wanted
    places = [(one["topic"], one["partition"], one["offset"], one["index"]) for one in letters]
    assert len(places) == len(set(places))
    recovered = await snapshot_reader.recover(pipeline.settings, range(pipeline.settings.partitions))
    states = [record for one in recovered.values() for record in one.found.markets.values()]
    counts = [Engine.restore(config.load(), one.market, one.state).status() for one in states]
    assert sum(one.counts.received for one in counts) == sum(len(one.events) for one in decoded)
    aside = await pipeline._read(pipeline.settings.topic(topics.LATE))
    assert len(aside) == sum(one.counts.late + one.counts.refused for one in counts)
    for topic, name in ((topics.SIGNALS, "signals"), (topics.TRANSITIONS, "transitions")):
        said = await pipeline._read(pipeline.settings.topic(topic))
        assert len(said) == len({one.value for one in said}) == sum(getattr(one.counts, name) for one in counts)
