"""Whichever way the events come, through a broker or not, the same bytes come out."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from streams.kafka import topics
from tests.support.pipeline import Pipeline, feb2021

FAST = 150_000.0  # the window of a week in four seconds
WHOLE = pytest.mark.slow("every event of four years through a broker and a worker, and all of it read back")


@WHOLE
@pytest.mark.kafka
def test_replay_says_what_the_backtest_says(on_kafka: Callable[..., Pipeline]) -> None:
    """The embedded broker's whole story is the demo's test."""
    pipeline = on_kafka(story=feb2021)
    assert _replayed(pipeline, "0", None) > 60_000


@pytest.mark.slow("a year through two brokers, its week in four seconds")
def test_so_does_one_that_is_paced_shuffled_and_repeated(on_either: Callable[..., Pipeline]) -> None:
    assert _replayed(on_either(), "1", FAST, shuffle=0.3, duplicate=0.2, seed=7) > 10_000


def _replayed(pipeline: Pipeline, hash_seed: str, speed: float | None, **faults: float) -> int:
    with pipeline.worker(PYTHONHASHSEED=hash_seed) as worker:
        sent = pipeline.replay(speed=speed, **faults)
        pipeline.drain()
        memory_bytes = float(_metric(worker.metrics(), "process_resident_memory_bytes"))
    for topic in (topics.TRANSITIONS, topics.SIGNALS):
        said = pipeline.values(topic)
        assert len(said) == len(pipeline.expected(topic))
        assert tuple(said) == pipeline.expected(topic)
    assert pipeline.read(topics.DEAD_LETTER) == []
    assert pipeline.read(topics.LATE) == []
    _check_keys_and_places(pipeline)
    assert memory_bytes < 300e6
    return sum(sent["events"].values())


def _check_keys_and_places(pipeline: Pipeline) -> None:
    """Outputs are keyed by market; beside them stands where their causes lay."""
    sources = {pipeline.settings.topic(topic) for topic in topics.SOURCES}
    for record in pipeline.read(topics.TRANSITIONS):
        headers = dict(record.headers)
        assert record.key == b"UST"
        assert headers["id"].decode() == orjson.loads(record.value or b"")["id"]
        places = orjson.loads(headers["places"])
        assert all(place["topic"] in sources and place["partition"] == record.partition for place in places)


def _metric(text: str, name: str) -> str:
    return next(line.split()[1] for line in text.splitlines() if line.startswith(name + " "))
