"""Brokers that die, run full, or lose their leader; each comes back, and nothing is missing, new or said twice."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from streams.kafka import clients, topics
from tests.chaos.brokers import Cluster, DooredKafka, Node
from tests.chaos.ledger import Ledger
from tests.chaos.trial import Trial, applied, feb2021, made_up, moves, until
from tests.support.kafka import Kafka

STREAM_S = 20
RESTARTS_S = 30
AWAY_S = 2.0
PATIENCE_S = "180"
"""A broker may take long to start on a busy machine."""
DISK_MB = 160
LEFT_MB = 3
ENDED_WITHIN_S = 60.0


def test_a_broker_is_restarted_in_order_and_by_a_crash(
    trial: Callable[..., Trial], kafka: DooredKafka, ledger: Ledger
) -> None:
    going = trial(CRUNCHWATCH_RECOVERY_TIMEOUT_S=PATIENCE_S)
    going.make_topics()
    with going.supervised() as worker:
        with going.streaming(made_up(), seconds=RESTARTS_S) as coming:
            for end, named in ((kafka.stop, "SIGTERM"), (kafka.kill, "SIGKILL")):
                moves(worker, coming)
                end()
                ledger.fault(f"broker: {named} and restart")
                time.sleep(AWAY_S)
                kafka.start()
                time.sleep(AWAY_S)
        going.settle()
    assert worker.exits == [], "a broker that comes back is waited for"


def test_the_leader_of_three_dies_and_comes_back(jars: None, ledger: Ledger, tmp_path: Path) -> None:
    with Cluster(tmp_path / "cluster") as cluster:
        going = Trial(cluster.url, tmp_path, ledger, {"CRUNCHWATCH_REPLICATION": "3"})
        going.make_topics()
        with going.supervised() as worker:
            with going.streaming(made_up(), seconds=STREAM_S) as coming:
                until(lambda: applied(worker) > 0, what="the first message")
                leader = _leader(going, cluster)
                leader.kill()
                ledger.fault("broker: SIGKILL of the leader of three")
                moves(worker, coming)
                leader.start()
                ledger.fault("broker: the old leader comes back")
            going.settle()
    _tell_exits(ledger, "leader killed", worker.exits)


def _leader(going: Trial, cluster: Cluster) -> Node:
    """Who leads the first partition of the transitions."""

    async def ask() -> int:
        async with clients.admin(going.settings) as admin:
            (told,) = await admin.describe_topics([going.settings.topic(topics.TRANSITIONS)])
            return next(int(part["leader"]) for part in told["partitions"] if part["partition"] == 0)

    number = asyncio.run(ask())
    return next(node for node in cluster.nodes if node.number == number)


def test_the_brokers_disk_runs_full(jars: None, ledger: Ledger, tmp_path: Path) -> None:
    """The broker ends, as Kafka does without a log directory; space is made, it is started again."""
    with _disk(tmp_path / "kafka" / "log", DISK_MB) as disk:
        broker = Kafka(tmp_path / "kafka")
        broker.start()
        try:
            _fill_while_working(broker, disk, ledger, tmp_path)
        finally:
            broker.kill()


def _fill_while_working(broker: Kafka, disk: Path, ledger: Ledger, tmp_path: Path) -> None:
    going = Trial(broker.url, tmp_path, ledger, {"CRUNCHWATCH_SNAPSHOT_MESSAGES": "100"})
    going.make_topics()
    going.send(feb2021())  # all of it is in before the disk is full: what fails is what the worker writes
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(max(0, _free_bytes(disk) - (LEFT_MB << 20))))
    with going.supervised() as worker:
        until(lambda: not broker.running(), ENDED_WITHIN_S, "the broker to end for want of space")
        assert "No space left" in (tmp_path / "kafka" / "server.log").read_text(errors="replace")
        ledger.fault("broker: its disk is full")
        ballast.unlink()
        broker.kill()
        broker.start()
        going.settle()
    _tell_exits(ledger, "disk full", worker.exits)


@contextmanager
def _disk(folder: Path, size_mb: int) -> Iterator[Path]:
    """A small file system of its own; only root may mount one."""
    if os.geteuid() != 0:
        pytest.skip("a disk that is full: only root may mount a small file system")
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "crunchwatch-chaos", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"a disk that is full: no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        with suppress(subprocess.CalledProcessError):
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _free_bytes(folder: Path) -> int:
    left = os.statvfs(folder)
    return left.f_bavail * left.f_frsize


def _tell_exits(ledger: Ledger, what: str, exits: list[int]) -> None:
    told = ", ".join(map(str, exits)) or "none"
    ledger.note(f"{what}: exit codes of workers that ended by themselves and were started again: {told}")
