"""Topics that are not there yet, or that have another partition count."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable

from aiokafka.admin import NewTopic

from streams.kafka import clients, topics
from tests.chaos.ledger import Ledger
from tests.chaos.trial import Trial, made_up

MISSING = (topics.SOURCES[0], topics.SOURCES[4], topics.TRANSITIONS, topics.SNAPSHOTS)
WRONG_COUNT = 5


def test_missing_topics_are_made_before_the_worker_reads(trial: Callable[..., Trial], ledger: Ledger) -> None:
    going = trial()
    _make(going, [name for name in topics.ALL if name not in MISSING], going.settings.partitions)
    ledger.fault("topic: missing when the worker starts", len(MISSING))
    with going.worker():
        going.send(made_up())
        going.settle()


def test_a_wrong_partition_count_is_one_line_and_exit_code_5(trial: Callable[..., Trial], ledger: Ledger) -> None:
    going = trial()
    _make(going, ["repo"], WRONG_COUNT)
    ledger.fault("topic: with another partition count")
    ran = subprocess.run(
        [sys.executable, "-m", "streams"],
        env={**os.environ, **going.variables, "CRUNCHWATCH_METRICS_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 5
    (line,) = ran.stderr.strip().splitlines()
    assert f"every topic needs 4 partitions, but {going.settings.topic('repo')} has 5" in line
    assert "CRUNCHWATCH_PARTITIONS" in line


def _make(going: Trial, names: list[str], partitions: int) -> None:
    """Topics as an operator makes them: kept for as long as detectors look back, all else by the broker's defaults."""
    kept = {"retention.ms": str(going.settings.retention_days * 86_400_000)}
    new = [NewTopic(going.settings.topic(name), partitions, 1, topic_configs=kept) for name in names]

    async def make() -> None:
        async with clients.admin(going.settings) as admin:
            await admin.create_topics(new)

    asyncio.run(make())
