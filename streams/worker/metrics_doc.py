"""Make docs/metrics.md of the metrics themselves: ``python -m streams.worker.metrics_doc`` prints it."""

from __future__ import annotations

import sys
from typing import NamedTuple

from detectors.codec import REASONS
from detectors.description import SignalSpec
from detectors.events import STREAMS
from detectors.registry import installed
from detectors.results import LATE_REASONS
from detectors.signals import STATES
from detectors.view.gauges import FAMILIES, KINDS, MAX_SERIES
from streams.state.metrics import Metrics
from streams.state.partition import REASONS as MARKET_REASONS
from streams.worker import prometheus_internals

LABELS = {
    "market": "a market; at most `CRUNCHWATCH_MAX_MARKETS` a worker",
    "stream": f"one of {len(STREAMS)}: {', '.join(STREAMS)}",
    "reason": f"a code of this project: of a dead letter one of {len(REASONS) + len(MARKET_REASONS)} "
    f"(`detectors/codec.py`, `streams/state/partition.py`), of a late event one of {', '.join(LATE_REASONS)}, "
    "of a record what recovery found (`streams/state/snapshot_records.py`)",
    "partition": "a number below `CRUNCHWATCH_PARTITIONS`",
    "crunchwatch_state": f"one of {', '.join(STATES)}",
    "crunchwatch_kind": f"one of {', '.join(KINDS)}",
    "crunchwatch_confidence": "low, medium, high",
    "id": "of the last step of the market, one at a time: `crunchwatch explain` takes it",
    "kind": "as `crunchwatch_kind`",
    "known_ms": "the value once more, in milliseconds: for links",
    "confidence": "as `crunchwatch_confidence`",
    "summary": "in words what a rule held, or holds no more, by",
    "event": "`source#sequence` of an event that came in; at most 64",
    "from_state": "a state",
    "to_state": "another state",
    "rule": "a rule of the stress table, named by the configuration",
    "side": "`flow`: seen to sell lately; `stance`: stands low now",
    "series": f"a reading of a detector; at most {MAX_SERIES} a market. Its name ends with its unit: `_pct` percent as "
    "quoted, `_bp` basis points, `_usd` US dollars, `_contracts`; others are numbers without one",
    "line": "what the line is called, by the configuration",
    "signal": "`detector.signal`, one of the signals below",
    "feed": "a feed of the configuration, or a model that warms up as `detector:part`",
    "what": "repeated, corrected, not_taken_back, suspect, suspect_dropped, other_source, older_than_memory, "
    "outside_sessions (`detectors/intake`)",
    "source": "who sent it; at most 64 of one kind, then `others`",
    "clock": "`wall`: by this machine's clock; `event`: at the watermark",
    "le": "a bucket's upper bound",
}
# Moments by what they are, though their names end as those of durations do.
MOMENTS = {"crunchwatch_state_since_seconds", "crunchwatch_watermark_seconds", "process_start_time_seconds"}
UNITS = {"seconds": "seconds", "bytes": "bytes"}
HEAD = """# Metrics

What a worker shows at `/metrics`, written from the code by `python -m streams.worker.metrics_doc > docs/metrics.md`
(`tests/streams/test_metrics_page.py` holds it to the code, and to `promtool check metrics`). Names and units are as
Prometheus advises: base units, `_total` for what only grows, `_timestamp_seconds` for moments, so that an age is
`time()` less it, or the watermark less it where event time counts. `crunchwatch_state_since_seconds` and
`crunchwatch_watermark_seconds` are moments too, by names of their own: the column of units tells. A market's labels are
shown by its owner alone and go with its partition. Counters that alerts look at begin at zero.

A last value keeps the unit it is quoted in (`crunchwatch_value`, `crunchwatch_threshold`), and its name says which:
a desk reads percent and basis points. How far a series is from a line:
`crunchwatch_threshold - on (market, series) group_left () crunchwatch_value`.
"""


SIGNALS = """What each detector says of its signals. One that *happens* counts from the moment it was emitted; others
hold until they are off."""


class MetricRow(NamedTuple):
    """One metric as the page shows it."""

    name: str
    type: str
    labels: tuple[str, ...]
    meaning: str

    @property
    def unit(self) -> str:
        """By the name's ending, as Prometheus advises."""
        stem = self.name.removesuffix("_total")
        if stem in {"crunchwatch_value", "crunchwatch_threshold"}:
            return "the series'"
        if stem.endswith("_timestamp_seconds") or stem in MOMENTS:
            return "seconds since 1970"
        return next((unit for end, unit in UNITS.items() if stem.endswith(f"_{end}")), "1")


def rows(metrics: Metrics) -> list[MetricRow]:
    """Every metric of a worker, by name."""
    found = []
    declared = {family.name: ("market", *family.labels) for family in FAMILIES}
    statesets = {family.name for family in FAMILIES if family.type == "stateset"}
    for collector in prometheus_internals.collectors(metrics.registry):
        for family in collector.collect():
            labels = declared.get(family.name, prometheus_internals.labels(collector))
            kind = "stateset" if family.name in statesets else family.type
            if family.type == "histogram":
                labels = (*labels, "le")
            name = f"{family.name}_total" if family.type == "counter" else family.name
            found.append(MetricRow(name, kind, labels, family.documentation))
    return sorted(found)


def page() -> str:
    """The whole page."""
    every = rows(Metrics(1))
    ours = [row for row in every if row.name.startswith("crunchwatch_")]
    others = [row for row in every if row not in ours]
    lines = [HEAD, "| metric | type | labels | unit | meaning |", "|---|---|---|---|---|"]
    lines += [_line(row) for row in ours]
    lines += [
        "",
        "A state set is exported as gauges, one of them 1. A histogram has `_bucket`, `_sum` and `_count`.",
        "",
    ]
    lines += ["## Labels", "", "| label | values |", "|---|---|"]
    lines += [f"| `{name}` | {LABELS[name]} |" for name in sorted({label for row in ours for label in row.labels})]
    lines += ["", "## Signals", "", SIGNALS, "", "| signal | what people call it | levels |", "|---|---|---|"]
    lines += [_signal(detector, spec) for detector, spec in installed().specs()]
    lines += ["", "## Of the process", "", "| metric | type | labels | unit | meaning |", "|---|---|---|---|---|"]
    lines += [_line(row) for row in others]
    return "\n".join(lines) + "\n"


def _signal(detector: str, spec: SignalSpec) -> str:
    levels = "; ".join(f"{level} {meaning}" for level, meaning in enumerate(spec.levels, start=1))
    return f"| `{detector}.{spec.name}` | {spec.label} | {levels}{' (happens)' if spec.happens else ''} |"


def _line(row: MetricRow) -> str:
    labels = " ".join(f"`{label}`" for label in row.labels)
    return f"| `{row.name}` | {row.type} | {labels} | {row.unit} | {row.meaning} |"


if __name__ == "__main__":
    sys.stdout.write(page())
