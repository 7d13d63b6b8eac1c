"""The producers of `examples/feeds` and its messages, through a real Kafka: they arrive as events and are applied."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from detectors import codec
from detectors.calendar import NS
from detectors.config import load
from detectors.engine import Engine
from detectors.events import STREAMS, Event, Heartbeat, RepoPrint, stream_of
from streams.kafka import clients, topics
from tests.docs.test_feed_page import FEEDS, MESSAGES, ROOT, decoded
from tests.support import debian, kcat
from tests.support.kafka import libraries
from tests.support.pipeline import Pipeline, frame

PRINTS = "10Y-OTR,-0.25\n10Y-OTR,-0.4\n2Y-OTR,0.05\n"
RATES = [-0.25, -0.4, 0.05]
WITHIN_S = 60.0
NOTHING_WAITS = 'crunchwatch_waiting_events{market="UST"} 0.0'


def run(command: list[str], feed: str = "", variables: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        input=feed,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
        env={**os.environ, **(variables or {})},
    )
    assert done.returncode == 0, done.stderr


def python(pipeline: Pipeline, topic: str, folder: Path) -> None:
    run([sys.executable, str(FEEDS / "producer.py"), pipeline.settings.bootstrap[0], topic], PRINTS)


def java(pipeline: Pipeline, topic: str, folder: Path) -> None:
    compiler = debian.javac()
    jars = f"{libraries()}/*"
    run([str(compiler), "-Werror", "-cp", jars, "-d", str(folder), str(FEEDS / "FeedProducer.java")])
    run(["java", "-cp", f"{folder}:{jars}", "FeedProducer", pipeline.settings.bootstrap[0], topic], PRINTS)


def shell(pipeline: Pipeline, topic: str, folder: Path) -> None:
    run(["sh", str(FEEDS / "kcat.sh"), pipeline.settings.bootstrap[0], topic], PRINTS, dict(kcat.variables()))


def sent(pipeline: Pipeline, stream: str) -> list[Event]:
    """What lies on a topic; all of it is events, and on the partition that the market's key chooses."""
    records = pipeline.read(stream)
    assert len({record.partition for record in records}) == 1
    found = [codec.decode(record.value, key=record.key, stream=stream) for record in records]
    assert [reject for one in found for reject in one.rejects] == []
    return [event for one in found for _, event in one.events]


async def _write(pipeline: Pipeline, events: Iterable[Event]) -> None:
    producer = await clients.producer(pipeline.settings)
    try:
        for event in events:
            topic = pipeline.settings.topic(stream_of(event))
            await producer.send_and_wait(topic, frame([event]), key=event.market.encode())
    finally:
        await producer.stop()


def heartbeat(stream: str, known: int) -> Heartbeat:
    return Heartbeat(
        market="UST", source="test", sequence=0, ts=known, known=known, provenance="synthetic", stream=stream
    )


@pytest.mark.kafka
@pytest.mark.parametrize("producer", [python, java, shell], ids=["python", "java", "kcat"])
def test_what_a_producer_sends_is_applied(
    on_kafka: Callable[..., Pipeline], producer: Callable[[Pipeline, str, Path], None], tmp_path: Path
) -> None:
    pipeline = on_kafka()
    pipeline.make_topics()
    producer(pipeline, pipeline.settings.topic("repo"), tmp_path)
    events = sent(pipeline, "repo")
    assert isinstance(events[0], Heartbeat)
    assert [event.rate_pct for event in events if isinstance(event, RepoPrint)] == RATES
    engine = Engine(load(), "UST")
    result = engine.process([*events, heartbeat("repo", events[-1].known + 3600 * NS)])
    assert (result.late, result.conflicts, result.duplicates) == ([], [], 0)
    status = engine.status()
    assert status.counts.applied == len(RATES)
    assert not any(status.flaws.gaps.values())
    assert "specials" not in status.blind_on


@pytest.mark.kafka
def test_a_worker_applies_the_messages_of_the_page(on_kafka: Callable[..., Pipeline]) -> None:
    """Sent with kcat as the page says; then time passes on every stream."""
    pipeline = on_kafka()
    heartbeats = [path for path in MESSAGES if path.stem == "heartbeat"]
    figures = [path for path in MESSAGES if path.stem != "heartbeat"]
    figures.sort(
        key=lambda path: decoded(path)[0].known
    )  # as they came: on a topic of two kinds the other order is late
    given = Counter(dict.fromkeys(STREAMS, 1))  # the last heartbeat
    with pipeline.worker() as worker:
        for path in (*heartbeats, *figures):
            stream = stream_of(decoded(path)[0])
            given[stream] += len(decoded(path))
            where = ["-b", pipeline.settings.bootstrap[0], "-t", pipeline.settings.topic(stream)]
            key = ["-k", "UST", "-X", "partitioner=murmur2_random"]
            run(["kcat", "-P", *where, *key, str(path)], variables=dict(kcat.variables()))
        last = max(event.known for path in figures for event in decoded(path))
        asyncio.run(_write(pipeline, (heartbeat(stream, last + 3600 * NS) for stream in STREAMS)))
        pipeline.drain()
        deadline = time.monotonic() + WITHIN_S
        while NOTHING_WAITS not in (text := worker.metrics()):  # shown within a second
            assert time.monotonic() < deadline, text
            time.sleep(0.2)
    for stream in STREAMS:
        assert f'crunchwatch_events_total{{stream="{stream}"}} {given[stream]:.1f}' in text
    assert pipeline.read(topics.DEAD_LETTER) == []
    assert pipeline.read(topics.LATE) == []


def test_the_commands_of_the_page_are_the_ones_tested() -> None:
    page = (ROOT / "docs" / "own-feed.md").read_text(encoding="utf-8")
    assert "kcat -P -b 127.0.0.1:9092 -t repo -k UST -X partitioner=murmur2_random" in page
    for name in ("producer.py", "FeedProducer.java", "kcat.sh", "check.py"):
        assert f'--8<-- "examples/feeds/{name}"' in page
