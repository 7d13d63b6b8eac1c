"""A worker whose network falls silent says so, waits, and ends in time when told to; on real Kafka, by a proxy."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from detectors.config import load
from streams.cli.worker_process import WorkerProcess
from streams.errors import StreamsError
from streams.kafka import topics
from streams.state.metrics import Metrics
from streams.worker.partition_owner import PartitionOwner
from tests.integration.test_recovery import until
from tests.support.kafka import Kafka
from tests.support.pipeline import Pipeline
from tests.support.proxy import Proxy

pytestmark = [pytest.mark.kafka, pytest.mark.drill]
SESSION = {"CRUNCHWATCH_SESSION_TIMEOUT_S": "6"}


@pytest.fixture
def pipeline(kafka: Kafka, proxy: Proxy, tmp_path: Path) -> Iterator[Pipeline]:
    """Topics made and read past the proxy; the worker goes through it."""
    made = Pipeline(kafka.url, tmp_path, SESSION)
    made.make_topics()
    yield made
    proxy.heal()


def readyz(worker: WorkerProcess) -> str:
    try:
        with urllib.request.urlopen(f"{worker.web_url}/readyz", timeout=5) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()


def test_a_network_that_falls_silent_is_said_and_survived(pipeline: Pipeline, proxy: Proxy) -> None:
    with pipeline.worker(CRUNCHWATCH_BROKER=proxy.url) as worker:
        until(lambda: readyz(worker) == "ready\n")
        proxy.hold()
        began = time.monotonic()
        until(lambda: readyz(worker).startswith("not ready: the broker at"))
        assert time.monotonic() - began < 30
        assert "crunchwatch_ready 0.0" in worker.metrics()
        pipeline.replay()
        time.sleep(8)  # longer than the session: the group gives it up meanwhile
        proxy.heal()
        until(lambda: readyz(worker) == "ready\n")
        pipeline.drain()
        assert worker.stop() == 0
    for topic in (topics.TRANSITIONS, topics.SIGNALS):
        assert tuple(pipeline.values(topic)) == pipeline.expected(topic)
    lines = [line for line in pipeline.said().splitlines() if "ready" in line]
    assert "not ready: the broker" in lines[0]
    assert "ready again after" in lines[1]
    assert sum("not ready: the broker" in line for line in lines) == 1, lines


@pytest.mark.parametrize("how", ["hold", "cut"])
def test_a_stop_without_a_broker_takes_less_than_ten_seconds(pipeline: Pipeline, proxy: Proxy, how: str) -> None:
    with pipeline.worker(CRUNCHWATCH_BROKER=proxy.url) as worker:
        until(lambda: readyz(worker) == "ready\n")
        getattr(proxy, how)()
        time.sleep(1)
        began = time.monotonic()
        assert worker.stop() == 0, "all was written down, so it ends well"
        assert time.monotonic() - began < 10
        proxy.heal()


async def test_a_recovery_that_hangs_has_an_end_and_does_not_keep_a_stop_waiting(
    pipeline: Pipeline, proxy: Proxy
) -> None:
    chosen = msgspec.structs.replace(pipeline.settings, broker=proxy.url, recovery_timeout_s=2.0)
    await asyncio.to_thread(proxy.hold)
    owner = PartitionOwner(chosen, load(), Metrics())
    began = time.monotonic()
    with pytest.raises(StreamsError, match="within 2 s") as caught:
        await owner.assign([0, 1])
    assert caught.value.exit_code in (4, 6)
    assert time.monotonic() - began < 10
    patient = PartitionOwner(msgspec.structs.replace(chosen, recovery_timeout_s=60.0), load(), Metrics())
    assigning = asyncio.create_task(patient.assign([0, 1]))
    await asyncio.sleep(0.5)
    began = time.monotonic()
    await patient.close()
    assert time.monotonic() - began < 5
    with pytest.raises(StreamsError, match="stopped"):
        await assigning
    await asyncio.to_thread(proxy.heal)


def test_a_commit_whose_answer_is_lost_is_neither_lost_nor_repeated(pipeline: Pipeline, proxy: Proxy) -> None:
    """The broker hears everything and is not heard: what was committed must be found out, or read back."""
    with pipeline.worker(CRUNCHWATCH_BROKER=proxy.url) as worker:
        until(lambda: readyz(worker) == "ready\n")
        proxy.hold(requests=False)
        pipeline.replay()
        time.sleep(2)
        proxy.heal()
        time.sleep(0.5)
        proxy.hold(requests=False)
        time.sleep(2)
        proxy.cut()
        time.sleep(1)
        proxy.heal()
        until(lambda: readyz(worker) == "ready\n")
        pipeline.drain()
    for topic in (topics.TRANSITIONS, topics.SIGNALS):
        assert tuple(pipeline.values(topic)) == pipeline.expected(topic)


def test_notifier_and_watch_say_that_the_broker_is_gone_and_end(
    pipeline: Pipeline, proxy: Proxy, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("0" * 32)
    (tmp_path / "key").chmod(0o600)
    own = {"CRUNCHWATCH_BROKER": proxy.url, "CRUNCHWATCH_RECOVERY_TIMEOUT_S": "12"}
    own["CRUNCHWATCH_PAGERDUTY_KEY_FILE"] = str(tmp_path / "key")
    environment = {**os.environ, **pipeline.variables, **own, "PYTHONUNBUFFERED": "1"}
    logs = {name: tmp_path / f"{name}.log" for name in ("notify", "watch")}
    running = {}
    for name, log in logs.items():
        with log.open("wb") as output:
            command = [sys.executable, "-m", "crunchwatch", name]
            running[name] = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        until(lambda: "notifying of what comes" in logs["notify"].read_text())
        time.sleep(2)  # watch says nothing when it begins
        proxy.hold()
        until(lambda: all("does not answer" in log.read_text() for log in logs.values()))
        proxy.heal()
        until(lambda: all("answers again" in log.read_text() for log in logs.values()))
        proxy.cut()
        codes = {name: process.wait(60) for name, process in running.items()}
    finally:
        for process in running.values():
            process.kill()
    assert codes == {"notify": 4, "watch": 4}
    for log in logs.values():
        said = log.read_text()
        assert "Traceback" not in said
        assert said.count("does not answer") == 2
        assert "error: the broker at" in said.splitlines()[-1]
