"""A stream that dies in mid-stream, on Apache Kafka: the market goes on, blind on it, and the record says the same."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterator

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from detectors import codec, config
from detectors import events as ev
from detectors.calendar import NS
from detectors.engine import Engine
from detectors.signals import Signal, Transition, to_json
from detectors.testing import make
from streams.kafka import clients, topics
from tests.support.pipeline import Pipeline

pytestmark = [pytest.mark.kafka, pytest.mark.drill]
HOURS = 24 * 12
DIES_AT = 24 * 2
START = make.moment("2021-02-08 00:00")
HOUR_NS = 3_600 * NS


def hour(number: int) -> Iterator[ev.Event]:
    """What the gateways say in an hour; repo's dies on the third day."""
    known = START + number * HOUR_NS
    for stream in ev.STREAMS:
        if stream != "repo" or number < DIES_AT:
            yield make.heartbeat(known, stream, roster=ev.STREAMS if number == 0 else (), source=f"gateway.{stream}")
    yield make.quote(known, 1.2 + number / 1_000, source="desk")
    if number < DIES_AT:
        yield make.average(known, "TRIPARTY:TSY", 0.02, source="desk")


def test_the_market_goes_on_without_a_stream_that_died(on_kafka: Callable[..., Pipeline]) -> None:
    pipeline = on_kafka(CRUNCHWATCH_STREAM_SILENCE_S="2")
    pipeline.make_topics()
    with pipeline.worker() as worker:
        asyncio.run(live(pipeline))
        until(lambda: 'crunchwatch_blind{feed="repo_gc",market="UST"} 1.0' in worker.metrics())
        spoken = metric(worker.metrics(), 'crunchwatch_watchdog_heartbeats_total{stream="repo"}')
        assert spoken >= 1
        assert metric(worker.metrics(), 'crunchwatch_watermark_seconds{market="UST"}') * NS > START + 8 * 24 * HOUR_NS
        # The gateway is back, with what it had not sent: that is the past now.
        asyncio.run(
            send(pipeline, [make.average(START + (DIES_AT + 1) * HOUR_NS, "TRIPARTY:TSY", 0.03, source="desk")])
        )
        pipeline.drain()
        assert worker.stop() == 0
    beats = [one for one in recorded(pipeline)["repo"] if one.source == "watchdog"]
    assert beats
    assert all(isinstance(one, ev.Heartbeat) for one in beats)
    assert {orjson.loads(value)["reason"] for value in pipeline.values(topics.LATE)} == {"late"}
    engine = Engine(config.load(), "UST")
    result = engine.process(event for events in recorded(pipeline).values() for event in events)
    for topic, kind in ((topics.TRANSITIONS, Transition), (topics.SIGNALS, Signal)):
        assert pipeline.values(topic) == [to_json(one) for one in result.outputs if isinstance(one, kind)]
    blind = [one for one in result.outputs if isinstance(one, Signal) and one.name == "blind" and one.level]
    assert "repo_gc" in {one.subject for one in blind}


def test_nothing_is_said_while_a_replay_is_paused(on_kafka: Callable[..., Pipeline]) -> None:
    pipeline = on_kafka(CRUNCHWATCH_STREAM_SILENCE_S="1")
    pipeline.make_topics()
    with pipeline.worker():
        asyncio.run(send(pipeline, [event for number in range(DIES_AT) for event in hour(number)]))
        pipeline.drain()
        time.sleep(4)
    assert [one for one in recorded(pipeline)["repo"] if one.source == "watchdog"] == []


async def live(pipeline: Pipeline) -> None:
    """The gateways: an hour of event time each 40 ms."""
    producer = await clients.producer(pipeline.settings)
    for number in range(HOURS):
        for event in hour(number):
            await put(pipeline, producer, event)
        await producer.flush()
        await asyncio.sleep(0.04)
    await producer.stop()


async def send(pipeline: Pipeline, events: list[ev.Event]) -> None:
    producer = await clients.producer(pipeline.settings)
    for event in events:
        await put(pipeline, producer, event)
    await producer.stop()


async def put(pipeline: Pipeline, producer: AIOKafkaProducer, event: ev.Event) -> None:
    await producer.send(pipeline.settings.topic(ev.stream_of(event)), codec.encode(event), event.market.encode())


def recorded(pipeline: Pipeline) -> dict[str, list[ev.Event]]:
    """What lies on the source topics, stream by stream."""
    found: dict[str, list[ev.Event]] = defaultdict(list)
    for stream in ev.STREAMS:
        for record in pipeline.read(stream):
            decoded = codec.decode(record.value, key=record.key, stream=stream)
            found[stream] += [event for _, event in decoded.events]
    return found


def metric(text: str, name: str) -> float:
    return next((float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name)), 0.0)


def until(condition: Callable[[], bool], within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
