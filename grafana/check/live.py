"""A living worker's metrics in a real Prometheus, without a broker: for queries that the past cannot answer."""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiokafka import TopicPartition

from detectors.codec import REASONS, Reject
from detectors.config import load
from detectors.engine import Engine
from detectors.events import STREAMS
from replay.errors import ProgramError
from replay.prometheus.promtool import PrometheusServer
from streams import settings
from streams.state.metrics import Metrics
from streams.state.partition import Applied, Market, Partition
from streams.web.server import WebServer

EVERY_S = 1
SCRAPES = 4
"""A rate wants two; what falls on the first seconds may be missed."""
WITHIN_S = 120.0


@contextmanager
def scraped() -> Iterator[PrometheusServer]:
    """A Prometheus that has scraped a worker's port for some seconds while counters moved."""
    metrics = Metrics(partition_count=1)
    partition = Partition(0, next_offsets={}, new_engine=lambda _: None)
    partition.markets["UST"] = Market(Engine(load(), "UST"), {}, 0)
    web = WebServer(settings.load({}, metrics_port=0), metrics.exposition, lambda: None)
    jobs = [{"job_name": "crunchwatch", "static_configs": [{"targets": [web.url.removeprefix("http://")]}]}]
    every = {"scrape_interval": f"{EVERY_S}s", "scrape_timeout": f"{EVERY_S}s"}
    try:
        with tempfile.TemporaryDirectory(prefix="crunchwatch-live-") as folder:
            configuration = {"global": every, "scrape_configs": jobs}
            with PrometheusServer(Path(folder), configuration=json.dumps(configuration)) as server:
                deadline = time.monotonic() + WITHIN_S
                while not _seen(server):
                    if time.monotonic() > deadline:
                        raise ProgramError(f"Prometheus has not scraped a worker within {WITHIN_S:g} s")
                    _work(metrics, partition)
                    time.sleep(EVERY_S / 4)
                yield server
    finally:
        web.close()


def _seen(server: PrometheusServer) -> bool:
    query = f"sum_over_time(up[{WITHIN_S:.0f}s]) >= {SCRAPES}"
    return bool(server.ask("query", {"query": query})["result"])


def _work(metrics: Metrics, partition: Partition) -> None:
    metrics.owned({0: partition})
    metrics.ready.set(1)
    metrics.lagging({TopicPartition(stream, 0): 0 for stream in STREAMS})
    for stream in STREAMS:
        metrics.applied(stream, Applied(events=1, rejects=[Reject(REASONS[0], "", None, b"")]), 0.001)
        metrics.repeated(stream)
    metrics.flushed(0.01)
    metrics.rejected("version")
    metrics.healed("refused")
    metrics.markets.size("UST", 1_000)
