"""Whichever way the events come, through a broker or not, the same bytes come out."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from streams.kafka import topics
from tests.support.pipeline import Pipeline, expected

pytestmark = pytest.mark.slow("every event of four years through a broker and a worker, and all of it read back")
FAST = 2_000_000.0  # the window of fourteen weeks in four seconds


@pytest.mark.parametrize(
    ("speed", "faults", "hash_seed"),
    [
        pytest.param(None, {}, "0", id="at-once"),
        pytest.param(FAST, {"shuffle": 0.3, "duplicate": 0.2, "seed": 7}, "1", id="paced-shuffled-repeated"),
    ],
)
def test_replay_says_what_the_backtest_says(
    on_either: Callable[..., Pipeline], speed: float | None, faults: dict[str, float], hash_seed: str
) -> None:
    pipeline = on_either()
    with pipeline.worker(PYTHONHASHSEED=hash_seed) as worker:
        sent = pipeline.replay(speed=speed, **faults)
        pipeline.drain()
        memory_bytes = float(_metric(worker.metrics(), "process_resident_memory_bytes"))
    assert sum(sent["events"].values()) > 60_000
    for topic in (topics.TRANSITIONS, topics.SIGNALS):
        said = pipeline.values(topic)
        assert len(said) == len(expected(topic))
        assert tuple(said) == expected(topic)
    assert pipeline.read(topics.DEAD_LETTER) == []
    assert pipeline.read(topics.LATE) == []
    _check_keys_and_places(pipeline)
    assert memory_bytes < 300e6


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
