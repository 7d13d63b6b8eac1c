"""Killed in mid-stream, stopped, started again: nothing missing, nothing new, nothing twice; more in tests/chaos."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from streams.cli.worker_process import WorkerProcess
from streams.kafka import topics
from tests.support.pipeline import Pipeline

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.slow("a week of 2021 in half a minute, so that each kill and stop falls into it"),
]
PACED = 15_000.0  # the week in about half a minute, so that every kill falls into it, on a busy machine too
KILLS = 3


def test_three_kills_in_mid_replay_change_nothing(on_kafka: Callable[..., Pipeline]) -> None:
    pipeline = on_kafka(CRUNCHWATCH_SNAPSHOT_INTERVAL_S="0.5")
    pipeline.make_topics()
    with pipeline.worker() as worker, replaying(pipeline, PACED) as replay:
        for _ in range(KILLS):
            until(lambda: applied(worker) > 0)
            time.sleep(1.0)
            assert not replay.done(), "the replay was over before the last kill"
            worker.kill()
            worker.start()
            worker.wait_ready()
        replay.result()
        pipeline.drain()
        assert worker.stop() == 0
    for topic in (topics.TRANSITIONS, topics.SIGNALS):
        assert tuple(pipeline.values(topic)) == pipeline.expected(topic)
    assert pipeline.read(topics.DEAD_LETTER) == []


def test_a_stopped_worker_repeats_nothing(on_kafka: Callable[..., Pipeline]) -> None:
    pipeline = on_kafka()
    pipeline.make_topics()
    with replaying(pipeline, PACED) as replay:
        for _ in range(2):
            with pipeline.worker() as worker:
                until(lambda worker=worker: applied(worker) > 0)
                began = time.monotonic()
                assert worker.stop() == 0
                assert time.monotonic() - began < 10
        with pipeline.worker():
            replay.result()
            pipeline.drain()
    for topic in (topics.TRANSITIONS, topics.SIGNALS):
        assert tuple(pipeline.values(topic)) == pipeline.expected(topic)


@contextmanager
def replaying(pipeline: Pipeline, speed: float) -> Iterator[Future[dict[str, Any]]]:
    """The replay in a thread of its own, while the test does something to the workers."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(pipeline.replay, speed=speed)


def until(condition: Callable[[], bool], within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def applied(worker: WorkerProcess) -> float:
    """How many messages the worker has applied since it started."""
    lines = worker.metrics().splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("crunchwatch_messages_total{"))
