"""What Prometheus sees of each market: its state, its evidence, what it is blind on, and what holds its time back.

What is shown, and under which names, is :mod:`detectors.view.gauges`; here it is collected. What a market exports goes
when its partition goes, so that a market is shown by its owner alone.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from detectors.signals import Transition
from detectors.view.gauges import FAMILIES, Family, MarketGauges, Sample
from detectors.view.status import Status


class MarketMetrics(Collector):
    """The metrics that have a market among their labels."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.snapshot_size = Gauge(
            "crunchwatch_snapshot_bytes", "Size of the state's record", ["market"], registry=registry
        )
        self._gauges: dict[str, MarketGauges] = defaultdict(MarketGauges)
        self._shown: dict[str, tuple[Sample, ...]] = {}
        registry.register(self)

    def step(self, transition: Transition) -> None:
        """The state of a market changed."""
        self._gauges[transition.market].step(transition)

    def size(self, market: str, size_bytes: int) -> None:
        """The record of a market's state was encoded."""
        self.snapshot_size.labels(market).set(size_bytes)

    def show(self, market: str, status: Status) -> None:
        """Bring what a market shows up to date."""
        self._shown[market] = tuple(self._gauges[market].samples(status, time.time()))

    def forget(self, market: str) -> None:
        """The market has another owner now: it shows nothing here any more."""
        self._gauges.pop(market, None)
        self._shown.pop(market, None)
        self.snapshot_size.remove_by_labels({"market": market})

    def describe(self) -> list[Metric]:
        """The families without samples, so that no other metric takes their names."""
        return [_family(family) for family in FAMILIES]

    def collect(self) -> Iterator[Metric]:
        """The families with the samples of every market; a scrape runs beside the worker, so it reads a copy."""
        found = {family: _family(family) for family in FAMILIES}
        for market, samples in dict(self._shown).items():
            for sample in samples:
                found[sample.family].add_metric([market, *sample.labels], sample.value)
        yield from found.values()


def _family(family: Family) -> GaugeMetricFamily | CounterMetricFamily:
    # A state set is a gauge with its own name as a label: that is how it is written in the text format, and it can be
    # filled a sample at a time.
    made = CounterMetricFamily if family.type == "counter" else GaugeMetricFamily
    return made(family.name, family.help, labels=["market", *family.labels])
