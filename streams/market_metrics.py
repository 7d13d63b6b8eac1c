"""What Prometheus sees of each market: its state, its evidence, what it is blind on, and what holds its time back.

What a market exports goes when its partition goes, so that a market is shown by its owner alone.
"""

from __future__ import annotations

import time
from collections import defaultdict
from itertools import permutations
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Enum, Gauge

from detectors.events import STREAMS
from detectors.signals import STATES, Transition
from detectors.status import Status

NS = 10**9
MAX_SERIES = 256
"""Last values shown of one market."""


class MarketMetrics:
    """The metrics that have a market among their labels."""

    def __init__(self, registry: CollectorRegistry) -> None:
        own: Any = {"registry": registry}
        self.state = Enum("crunchwatch_state", "State of the market", ["market"], states=list(STATES), **own)
        self.since = Gauge("crunchwatch_state_since_seconds", "When the state began, event time", ["market"], **own)
        self.transitions = Counter(
            "crunchwatch_transitions", "Steps of the state", ["market", "from_state", "to_state"], **own
        )
        self.value = Gauge("crunchwatch_value", "Last value of a series, in its own unit", ["market", "series"], **own)
        self.evidence = Gauge("crunchwatch_evidence_level", "Level of a detector", ["market", "detector"], **own)
        self.blind = Gauge("crunchwatch_blind", "1 while the evidence is missing", ["market", "evidence"], **own)
        self.watermark = Gauge("crunchwatch_watermark_seconds", "Event time that is settled", ["market"], **own)
        self.lag = Gauge("crunchwatch_event_time_lag_seconds", "Now less the watermark", ["market"], **own)
        self.held = Gauge("crunchwatch_watermark_held", "1 if the stream holds it back", ["market", "stream"], **own)
        self.snapshot_size = Gauge("crunchwatch_snapshot_bytes", "Size of the state's record", ["market"], **own)
        self._all = (
            self.state,
            self.since,
            self.transitions,
            self.value,
            self.evidence,
            self.blind,
            self.watermark,
            self.lag,
            self.held,
            self.snapshot_size,
        )
        self._known: set[str] = set()
        self._shown: dict[str, set[str]] = defaultdict(set)
        self._blindable: dict[str, set[str]] = {}
        self._series: dict[str, set[str]] = defaultdict(set)

    def step(self, transition: Transition) -> None:
        """The state of a market changed."""
        self._initialise(transition.market)
        self.transitions.labels(transition.market, transition.from_state, transition.to_state).inc()

    def size(self, market: str, size_bytes: int) -> None:
        """The record of a market's state was encoded."""
        self.snapshot_size.labels(market).set(size_bytes)

    def show(self, market: str, status: Status) -> None:
        """Bring what a market shows up to date."""
        self._initialise(market)
        self.state.labels(market).state(status.state)
        self.since.labels(market).set(max(0, status.since_ns) / NS)
        if status.watermark_ns > 0:  # before the first it lies in the far past, which would be a lag of centuries
            self.watermark.labels(market).set(status.watermark_ns / NS)
            self.lag.labels(market).set(time.time() - status.watermark_ns / NS)
        for stream in STREAMS:
            self.held.labels(market, stream).set(stream in status.held_by)
        known = self._series[market]
        for series, value in status.values.items():
            if series in known or len(known) < MAX_SERIES:  # instruments come and go; labels only come
                known.add(series)
                self.value.labels(market, series).set(value)
        shown = self._shown[market]
        shown.update(status.evidence)
        for detector in shown:  # one that has fallen silent is at zero, not where it was last seen
            self.evidence.labels(market, detector).set(status.evidence.get(detector, 0))
        # A model that still warms up cannot see either: blind, not calm.
        blind = {*status.blind_on, *status.warming}
        seen = self._blindable.setdefault(market, set())
        seen |= {*status.feeds, *blind}
        for name in seen:
            self.blind.labels(market, name).set(name in blind)

    def _initialise(self, market: str) -> None:
        """Every step's counter begins at zero: an increase from nothing is no increase to Prometheus."""
        if market in self._known:
            return
        self._known.add(market)
        for before, after in permutations(STATES, 2):
            self.transitions.labels(market, before, after)

    def forget(self, market: str) -> None:
        """The market has another owner now: it shows nothing here any more."""
        self._known.discard(market)
        self._shown.pop(market, None)
        self._series.pop(market, None)
        self._blindable.pop(market, None)
        for metric in self._all:
            metric.remove_by_labels({"market": market})
