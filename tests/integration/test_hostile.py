"""A producer that means harm beside an honest one, on a real worker: memory bounded, the honest market untouched."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from streams.kafka import security, topics
from streams.state.snapshot_records import FORMAT, POSITION_KEY
from tests.support import hostile
from tests.support.pipeline import Pipeline

MOST_BYTES = 450 << 20
MOST_METRICS_BYTES = 500_000
Message = tuple[str, bytes | None, bytes]


def evil(mark: Path) -> list[Message]:
    """Stream, key and value: garbage under every kind of key, a flood, names without end, markets without end."""
    rng = random.Random(7)
    keys: tuple[bytes | None, ...] = (b"UST", b"FLOOD", None, b"\xff\xfe", b"x" * 1000)
    made: list[Message] = [
        (stream, key, value)
        for stream in ("yields", "swaps")
        for key in keys
        for value in hostile.garbage(rng, mark)
        if value
    ]
    for market, events in (
        ("FLOOD", [*hostile.roster("FLOOD", hostile.START), *hostile.flood("FLOOD", 42_000, rng)]),
        ("NEWS", hostile.novelties("NEWS", 1_000, rng)),
        *((f"M{number}", hostile.roster(f"M{number}", hostile.START)[:1]) for number in range(300)),
    ):
        made += [(stream, market.encode(), value) for stream, value in hostile.frames(events, 2_000)]
    return made


def poison(mark: Path) -> list[Message]:
    """Pickles where the worker reads its state back."""
    bombs = hostile.pickles(mark)
    return [
        (topics.SNAPSHOTS, key, value)
        for key in (b"UST", b"FLOOD", POSITION_KEY)
        for bomb in bombs
        for value in (bomb, bytes([FORMAT]) + bomb)
    ]


async def send(pipeline: Pipeline, messages: list[Message]) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=pipeline.settings.bootstrap,
        max_request_size=2_000_000,
        linger_ms=5,
        **security.options(pipeline.settings),
    ) as producer:
        for topic, key, value in messages:
            await producer.send(pipeline.settings.topic(topic), value, key=key, partition=0)


@pytest.mark.drill
@pytest.mark.embedded
def test_a_hostile_producer_harms_itself_alone(on_embedded: Callable[..., Pipeline], tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    pipeline = on_embedded(CRUNCHWATCH_PARTITIONS="1", CRUNCHWATCH_MARKETS="UST,FLOOD,NEWS")
    pipeline.make_topics()
    asyncio.run(send(pipeline, poison(mark)))
    with pipeline.worker() as worker:
        asyncio.run(send(pipeline, evil(mark)))
        pipeline.replay(force=True)
        pipeline.drain()
        shown = worker.metrics()
        assert worker.ready()
    assert not mark.exists()
    for topic in (topics.TRANSITIONS, topics.SIGNALS):
        honest = [record.value for record in pipeline.read(topic) if record.key == b"UST"]
        assert tuple(dict.fromkeys(honest)) == pipeline.expected(topic)
    resident = float(re.findall(r"^process_resident_memory_bytes (\S+)", shown, re.MULTILINE)[0])
    print(f"resident {resident / 2**20:.0f} MiB, /metrics {len(shown)} bytes")
    assert resident < MOST_BYTES
    assert len(shown) < MOST_METRICS_BYTES
    said = set(re.findall(r'market="([^"]*)"', shown))
    assert said <= {"UST", "FLOOD", "NEWS"}
    letters = Counter(orjson.loads(value)["reason"] for value in pipeline.values(topics.DEAD_LETTER))
    assert letters["market_not_allowed"] == 300
    assert {"bad_json", "bad_utf8", "bad_key", "missing_key", "frame_too_long", "unknown_kind"} <= set(letters)
    late = Counter(orjson.loads(value)["reason"] for value in pipeline.values(topics.LATE))
    assert late["too_many_waiting"] > 0
