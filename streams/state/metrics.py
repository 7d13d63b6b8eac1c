"""What Prometheus sees of one worker: how it fares, beside what each market it owns shows.

Every label's values come from a bounded set: markets (bounded by the settings), streams, detectors, states and the
reason codes of this project; nothing a producer can invent becomes a label.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from detectors.codec import REASONS
from detectors.events import STREAMS
from detectors.results import LATE_REASONS
from detectors.signals import Transition
from streams.state.market_metrics import MarketMetrics
from streams.state.partition import REASONS as MARKET_REASONS
from streams.state.partition import Applied, Partition
from streams.state.snapshot_records import PartitionRecords

_LATENCY_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_FLUSH_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """All metrics of a worker, on a registry of their own (two workers may live in one test process)."""

    def __init__(self, partition_count: int = 0) -> None:
        """Begin at zero.

        Args:
            partition_count: how many partitions the topics have, so that those of other workers are shown as theirs.
        """
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it without types
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.markets = MarketMetrics(self.registry)
        self._partition_count = partition_count
        self._make_worker_metrics()
        self._begin_at_zero()

    def _make_worker_metrics(self) -> None:
        own: Any = {"registry": self.registry}
        self.taken = Counter("crunchwatch_received_messages", "Messages the consumer handed over", ["stream"], **own)
        self.messages = Counter("crunchwatch_messages", "Messages applied", ["stream"], **own)
        self.events = Counter("crunchwatch_events", "Events applied", ["stream"], **own)
        self.signals = Counter("crunchwatch_signals", "Signals sent", [], **own)
        self.duplicates = Counter("crunchwatch_duplicates", "Events known already", ["stream"], **own)
        self.late = Counter("crunchwatch_late", "Events not used, by reason", ["stream", "reason"], **own)
        self.dead = Counter("crunchwatch_dead_letters", "Messages or parts refused", ["stream", "reason"], **own)
        self.repeats = Counter("crunchwatch_repeated_messages", "Messages read again and skipped", ["stream"], **own)
        self.holes = Counter("crunchwatch_offset_holes", "Offsets that hold no message", [], **own)
        self.rescued = Counter("crunchwatch_rescued_messages", "Messages a jump had hidden, fetched", [], **own)
        self.losses = Counter("crunchwatch_lost_messages", "Messages gone from the broker unapplied", [], **own)
        self.rejections = Counter("crunchwatch_snapshots_refused", "Records not used at recovery", ["reason"], **own)
        self.rebuilt = Counter("crunchwatch_states_rebuilt", "States read again from further back", ["reason"], **own)
        self.fenced = Counter("crunchwatch_fenced", "Partitions dropped: they had another owner", [], **own)
        self.heartbeats = Counter("crunchwatch_watchdog_heartbeats", "Heartbeats for dead streams", ["stream"], **own)
        self.ready = Gauge("crunchwatch_ready", "1 while the worker does its work, as /readyz says", [], **own)
        self.lag = Gauge(
            "crunchwatch_consumer_lag_messages", "Offsets on the broker not taken yet", ["stream", "partition"], **own
        )
        self.partitions = Gauge("crunchwatch_owned_partitions", "Partitions owned", [], **own)
        self.owners = Gauge("crunchwatch_partition_owned", "1 if this worker owns it", ["partition"], **own)
        self.latency = Histogram("crunchwatch_processing_seconds", "One message", ["stream"], buckets=_LATENCY_S, **own)
        self.flush = Histogram("crunchwatch_flush_seconds", "Writing a partition down", buckets=_FLUSH_S, **own)

    def _begin_at_zero(self) -> None:
        """Every counter that an alert looks at: an increase from nothing is no increase to Prometheus."""
        for stream in STREAMS:
            for metric in (self.taken, self.messages, self.events, self.duplicates, self.repeats, self.latency):
                metric.labels(stream)
            self.heartbeats.labels(stream)
            for reason in LATE_REASONS:
                self.late.labels(stream, reason)
            for reason in (*REASONS, *MARKET_REASONS):
                self.dead.labels(stream, reason)

    # -- what the worker tells ------------------------------------------------------------------------------------

    def received(self, stream: str) -> None:
        """The consumer handed a message over; it is applied, a repeat, or belongs to another owner now."""
        self.taken.labels(stream).inc()

    def applied(self, stream: str, applied: Applied, seconds: float) -> None:
        """One message was taken."""
        self.messages.labels(stream).inc()
        self.events.labels(stream).inc(applied.events)
        self.duplicates.labels(stream).inc(applied.duplicates)
        self.latency.labels(stream).observe(seconds)
        for late in applied.late:
            self.late.labels(stream, late.reason).inc()
        for reject in applied.rejects:
            self.dead.labels(stream, reject.reason).inc()
        for output, _ in applied.outputs:
            if isinstance(output, Transition):
                self.markets.step(output)
            else:
                self.signals.inc()

    def heartbeat_written(self, stream: str) -> None:
        """The watchdog wrote a heartbeat for a stream that has died."""
        self.heartbeats.labels(stream).inc()

    def repeated(self, stream: str) -> None:
        """A message below the next offset came again."""
        self.repeats.labels(stream).inc()

    def jumped(self, holes: int, hidden: int) -> None:
        """Offsets were not in a row: some held nothing, some held messages that were fetched."""
        self.holes.inc(holes)
        self.rescued.inc(hidden)

    def lost(self, count: int) -> None:
        """Messages are gone from the broker that no state has seen."""
        self.losses.inc(count)

    def recovered(self, found: PartitionRecords) -> None:
        """A partition's records were read back."""
        for _, reason in found.rejected:
            self.rejections.labels(reason).inc()

    def rejected(self, reason: str) -> None:
        """The engine would not take a state."""
        self.rejections.labels(reason).inc()

    def healed(self, reason: str) -> None:
        """A market is read again from further back."""
        self.rebuilt.labels(reason).inc()

    def flushed(self, seconds: float) -> None:
        """A partition was written down."""
        self.flush.observe(seconds)

    def owned(self, partitions: Mapping[int, Partition]) -> None:
        """The assignment changed."""
        self.partitions.set(len(partitions))
        self.lag.clear()  # asked for anew within seconds, of what is owned now
        for number in range(self._partition_count):
            self.owners.labels(str(number)).set(number in partitions)
        self.refresh(partitions)

    def lagging(self, lags: Mapping[TopicPartition, int]) -> None:
        """How many offsets wait on the broker, of the owned partitions alone."""
        self.lag.clear()
        for place, lag in lags.items():
            stream = place.topic.rpartition(".")[2]
            self.lag.labels(stream, str(place.partition)).set(lag)

    def refresh(self, partitions: Mapping[int, Partition]) -> None:
        """Bring what each market shows up to date."""
        for partition in partitions.values():
            for name, market in partition.markets.items():
                self.markets.show(name, market.engine.status())

    def exposition(self) -> bytes:
        """All of it, in the text format."""
        return generate_latest(self.registry)
