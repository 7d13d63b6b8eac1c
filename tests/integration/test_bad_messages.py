"""Whatever is sent beside the good: the worker stays up, and every bad message is found again with its place."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Callable

import orjson
import pytest

from detectors import codec
from streams.kafka import clients, topics
from tests.integration.test_recovery import until
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.slow("every event of a year through a broker and a worker, bad messages beside them")
Fault = tuple[str, str, int, int, int | None]


def test_every_bad_message_is_a_dead_letter_with_its_place(on_either: Callable[..., Pipeline]) -> None:
    pipeline = on_either()
    with pipeline.worker() as worker:
        sent = pipeline.replay(corrupt=0.05, seed=3)
        pipeline.drain()
        assert worker.poll() is None
    assert set(sent["bad"]) == set(topics.SOURCES)
    letters = [orjson.loads(value) for value in pipeline.values(topics.DEAD_LETTER)]
    found = [(one["reason"], one["topic"], one["partition"], one["offset"], one["index"]) for one in letters]
    wanted = _faults(pipeline)
    assert len(wanted) >= sum(sent["bad"].values()) > 0
    assert len(found) == len(set(found))
    assert sorted(found, key=str) == sorted(wanted, key=str)
    for topic in (topics.TRANSITIONS, topics.SIGNALS):
        assert tuple(pipeline.values(topic)) == pipeline.expected(topic)


def test_late_events_are_set_aside_with_their_reason(on_either: Callable[..., Pipeline]) -> None:
    pipeline = on_either()
    with pipeline.worker():
        sent = pipeline.replay(late=0.02, seed=5)
        pipeline.drain()
    late = [orjson.loads(value) for value in pipeline.values(topics.LATE)]
    assert {one["reason"] for one in late} == {"late"}
    assert len(late) == sum(sent["late"].values()) > 0
    assert all(one["event"]["market"] == "UST" for one in late)


def _faults(pipeline: Pipeline) -> list[Fault]:
    """What the decoder refuses of what lies on the source topics."""
    return [
        (reject.reason, record.topic, record.partition, record.offset, reject.index)
        for topic in topics.SOURCES
        for record in pipeline.read(topic)
        for reject in codec.decode(record.value, key=record.key, stream=topic).rejects
    ]


@pytest.mark.kafka
def test_what_a_transactional_source_has_undone_never_arrives(on_kafka: Callable[..., Pipeline]) -> None:
    pipeline = on_kafka()
    pipeline.make_topics()

    async def send() -> None:
        producer = await clients.producer(pipeline.settings, transactional_id=pipeline.settings.group)
        for raw, end in ((b"undone", producer.abort_transaction), (b"done", producer.commit_transaction)):
            await producer.begin_transaction()
            await producer.send_and_wait(pipeline.settings.topic("repo"), raw, b"UST", 0)
            await end()
        await producer.stop()

    with pipeline.worker() as worker:
        asyncio.run(send())
        until(lambda: pipeline.read(topics.DEAD_LETTER) != [])
        assert 'crunchwatch_messages_total{stream="repo"} 1.0' in worker.metrics()
    (letter,) = pipeline.values(topics.DEAD_LETTER)
    assert b64decode(orjson.loads(letter)["raw_base64"]) == b"done"
