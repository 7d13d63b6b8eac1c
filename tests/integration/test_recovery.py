"""Killed in mid-stream, stopped, started again, several at once: nothing missing, nothing new."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from streams import topics
from tests.support.pipeline import Pipeline, distinct, expected

pytestmark = pytest.mark.kafka
PACED = 550_000.0  # the window in fifteen seconds, so that every kill falls into it
KILLS = 3


def test_three_kills_in_mid_replay_change_nothing(on_kafka: Callable[..., Pipeline]) -> None:
    pipeline = on_kafka(CRUNCHWATCH_SNAPSHOT_INTERVAL_S="0.5")
    pipeline.make_topics()
    replay = threading.Thread(target=pipeline.replay, kwargs={"speed": PACED})
    with pipeline.worker() as worker:
        replay.start()
        for _ in range(KILLS):
            time.sleep(2.0)
            assert _applied(worker.metrics()) > 0
            assert replay.is_alive(), "the replay was over before the last kill"
            worker.kill()
            worker.start()
            worker.wait_ready()
        replay.join()
        pipeline.drain()
        assert worker.stop() == 0
    for topic in (topics.TRANSITIONS, topics.SIGNALS):
        assert tuple(distinct(pipeline.values(topic))) == expected(topic)
    assert pipeline.read(topics.DEAD_LETTER) == []


def test_a_stopped_worker_repeats_nothing(on_kafka: Callable[..., Pipeline]) -> None:
    pipeline = on_kafka()
    pipeline.make_topics()
    replay = threading.Thread(target=pipeline.replay, kwargs={"speed": PACED * 2})
    replay.start()
    for _ in range(2):
        with pipeline.worker() as worker:
            time.sleep(1.5)
            began = time.monotonic()
            assert worker.stop() == 0
            assert time.monotonic() - began < 10
    with pipeline.worker():
        replay.join()
        pipeline.drain()
    for topic in (topics.TRANSITIONS, topics.SIGNALS):
        assert tuple(pipeline.values(topic)) == expected(topic)


def test_a_worker_that_joins_and_one_that_leaves_change_nothing(on_kafka: Callable[..., Pipeline]) -> None:
    pipeline = on_kafka(CRUNCHWATCH_SESSION_TIMEOUT_S="6", CRUNCHWATCH_INSTANCE="")
    replay = threading.Thread(target=pipeline.replay, kwargs={"speed": PACED})
    with pipeline.worker() as first:
        replay.start()
        time.sleep(3)
        with pipeline.worker() as second:
            time.sleep(3)
            owned = [_gauge(worker.metrics(), "crunchwatch_owned_partitions") for worker in (first, second)]
            assert sorted(owned) == [2, 2]
            shown = [
                _applied(worker.metrics()) > 0 and 'market="UST"' in worker.metrics() for worker in (first, second)
            ]
            assert shown.count(True) == 1, "a market is shown by its owner alone"
            first.kill()
            replay.join()
            pipeline.drain()
            assert _gauge(second.metrics(), "crunchwatch_owned_partitions") == 4
    for topic in (topics.TRANSITIONS, topics.SIGNALS):
        assert tuple(distinct(pipeline.values(topic))) == expected(topic)


def _applied(text: str) -> float:
    return sum(float(line.split()[1]) for line in text.splitlines() if line.startswith("crunchwatch_messages_total{"))


def _gauge(text: str, name: str) -> float:
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))
