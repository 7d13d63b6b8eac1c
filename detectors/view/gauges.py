"""What is shown of a market as metrics: the families, and a market's samples.

One mapping for all who show it: the worker on /metrics, and the past written out for Prometheus. Pure: 'now' is handed
in. Label values come from bounded sets: states, kinds, signals, rules, feeds, streams, and at most ``MAX_SERIES``
series; the last step's id, rules and events are those of one step at a time.
"""

from collections.abc import Iterator
from itertools import permutations
from typing import Literal, NamedTuple, get_args

from detectors import calendar
from detectors.calendar import NS
from detectors.events.catalogue import streams
from detectors.registry import installed
from detectors.signals import STATES, Confidence, Transition
from detectors.view.status import Status

MAX_SERIES = 256
"""Last values shown of one market."""
KINDS = ("none", "supply", "scarcity", "squeeze", "mixed")
MAX_CAUSES = 64
MAX_SUMMARY = 400
CONFIDENCES: tuple[str, ...] = get_args(Confidence)


class Family(NamedTuple):
    """A metric: full name (a counter's without ``_total``), type, help, and its labels after ``market``.

    A state set's last label is its own name, as OpenMetrics has it: one sample a state, 1 for the one that holds.
    """

    name: str
    type: Literal["gauge", "counter", "stateset"]
    help: str
    labels: tuple[str, ...] = ()

    @property
    def sample_name(self) -> str:
        """The name its samples carry."""
        return f"{self.name}_total" if self.type == "counter" else self.name


class Sample(NamedTuple):
    """One value of a family, with its label values in the family's order."""

    family: Family
    labels: tuple[str, ...]
    value: float


STATE = Family("crunchwatch_state", "stateset", "State of the market", ("crunchwatch_state",))
KIND = Family("crunchwatch_kind", "stateset", "Kind of stress the state stands for", ("crunchwatch_kind",))
CONFIDENCE = Family("crunchwatch_confidence", "stateset", "Confidence in the state", ("crunchwatch_confidence",))
SINCE = Family("crunchwatch_state_since_seconds", "gauge", "When the state began, event time")
TRANSITIONS = Family("crunchwatch_transitions", "counter", "Steps of the state", ("from_state", "to_state"))
LAST = Family(
    "crunchwatch_last_transition_timestamp_seconds",
    "gauge",
    "When the last step was known, event time; shown from the first step this process has seen",
    ("id", "from_state", "to_state", "kind", "confidence", "known_ms"),
)
BECAUSE = Family(
    "crunchwatch_last_transition_evidence",
    "gauge",
    "A rule behind the last step: 1 it held, 0 it held no more",
    ("id", "rule", "summary"),
)
CAUSE = Family("crunchwatch_last_transition_cause", "gauge", "An event behind the last step", ("id", "event"))
VALUE = Family(
    "crunchwatch_value",
    "gauge",
    "Last value of a series, in its own unit; of an issue in specials the extreme of its last day",
    ("series",),
)
THRESHOLD = Family("crunchwatch_threshold", "gauge", "A line of a series, in the series' unit", ("series", "line"))
LEVEL = Family("crunchwatch_signal_level", "gauge", "Level of a signal: 0 is off", ("signal",))
PREWARNING = Family(
    "crunchwatch_prewarning",
    "gauge",
    "1 while repo lies at the bottom of the policy corridor: from near_floor_bp on, until clear_bp above it",
)
FUNDS = Family("crunchwatch_funds_coordinated", "gauge", "Types of funds, of four, that sell or stand low", ("side",))
RULE = Family("crunchwatch_rule_holds", "gauge", "1 while a rule of the stress table holds", ("rule",))
BLIND = Family("crunchwatch_blind", "gauge", "1 while a feed is silent, or a model warms up", ("feed",))
SILENT = Family(
    "crunchwatch_series_silent",
    "gauge",
    "1 while a series is silent for longer than is its way, or its feed is",
    ("series",),
)
REQUIRED = Family(
    "crunchwatch_feed_required", "gauge", "1 for a feed that must be alive for a state to be left", ("feed",)
)
HEARD = Family(
    "crunchwatch_feed_timestamp_seconds", "gauge", "Event time that a feed's last figure is about", ("feed",)
)
OPEN = Family("crunchwatch_market_open", "gauge", "1 while a session is open, by that clock", ("clock",))
NEWEST = Family("crunchwatch_newest_event_timestamp_seconds", "gauge", "Event time of the newest event or heartbeat")
WAITING = Family("crunchwatch_waiting_events", "gauge", "Events that wait for the watermark")
WATERMARK = Family("crunchwatch_watermark_seconds", "gauge", "Event time that is settled")
LAG = Family("crunchwatch_event_time_lag_seconds", "gauge", "Now less the watermark")
HELD = Family("crunchwatch_watermark_held", "gauge", "1 if the stream holds it back", ("stream",))
GAPS = Family("crunchwatch_sequence_gaps", "counter", "Gaps in the numbering of a stream's sources", ("stream",))
RESETS = Family("crunchwatch_sequence_resets", "counter", "Times a source's numbering went back", ("stream",))
BEATS_BACK = Family("crunchwatch_heartbeats_back", "counter", "Heartbeats of a time that was past", ("stream",))
SUSPECTS = Family("crunchwatch_suspect_figures", "gauge", "Figures that wait to be borne out, used by no detector yet")
RECORDS = Family(
    "crunchwatch_intake", "counter", "Records that were no new figure, by what they were", ("what", "source")
)

FAMILIES = (
    STATE,
    KIND,
    CONFIDENCE,
    SINCE,
    TRANSITIONS,
    LAST,
    BECAUSE,
    CAUSE,
    VALUE,
    THRESHOLD,
    LEVEL,
    PREWARNING,
    FUNDS,
    RULE,
    BLIND,
    SILENT,
    REQUIRED,
    HEARD,
    OPEN,
    NEWEST,
    WATERMARK,
    LAG,
    HELD,
    WAITING,
    GAPS,
    RESETS,
    BEATS_BACK,
    SUSPECTS,
    RECORDS,
)
SIDES = ("flow", "stance")
OPENS = "08:00"
"""When a session counts as open, in New York: quotes before it are thin, and their silence says nothing."""


class MarketGauges:
    """One market's samples: what was shown once goes on being shown, at zero where it has ended."""

    def __init__(self) -> None:
        # Every step's counter begins at zero: an increase from nothing is no increase to Prometheus.
        self._steps: dict[tuple[str, ...], int] = dict.fromkeys(permutations(STATES, 2), 0)
        self._last: Transition | None = None
        self._series: set[str] = set()
        self._spoken = {f"{detector}.{name}" for detector, names in installed().signals.items() for name in names}
        self._blindable: set[str] = set()
        self._silent: set[str] = set()

    def step(self, transition: Transition) -> None:
        """The state changed."""
        self._steps[transition.from_state, transition.to_state] += 1
        self._last = transition

    def samples(self, status: Status, now_s: float) -> Iterator[Sample]:
        """All samples, family by family in the order of ``FAMILIES``.

        Args:
            status: how the market stands.
            now_s: the moment they are for, in seconds of UTC: the lag is measured against it.
        """
        yield from _one_of(STATE, STATES, status.state)
        yield from _one_of(KIND, KINDS, status.kind)
        yield from _one_of(CONFIDENCE, CONFIDENCES, status.confidence)
        yield Sample(SINCE, (), max(0, status.since_ns) / NS)
        for step, count in self._steps.items():
            yield Sample(TRANSITIONS, step, count)
        if self._last is not None:
            yield from _behind(self._last)
        yield from self._values(status)
        for (series, line), value in status.thresholds.items():
            yield Sample(THRESHOLD, (series, line), value)
        yield from self._levels(status)
        yield from self._sight(status)
        yield from self.timed(status, now_s)
        yield from self._streams(status)

    @staticmethod
    def timed(status: Status, now_s: float) -> Iterator[Sample]:
        """The samples that move with time alone; the others stay while a market hears nothing."""
        yield Sample(OPEN, ("wall",), is_open(round(now_s * NS)))
        if status.newest_ns > 0:
            yield Sample(NEWEST, (), status.newest_ns / NS)
        if status.watermark_ns > 0:  # before the first it lies in the far past, which would be a lag of centuries
            yield Sample(OPEN, ("event",), is_open(status.watermark_ns))
            yield Sample(WATERMARK, (), status.watermark_ns / NS)
            yield Sample(LAG, (), now_s - status.watermark_ns / NS)

    @staticmethod
    def _streams(status: Status) -> Iterator[Sample]:
        for stream in streams():
            yield Sample(HELD, (stream,), stream in status.held_by)
        yield Sample(WAITING, (), status.waiting)
        flaws = status.flaws
        for family, counts in ((GAPS, flaws.gaps), (RESETS, flaws.resets), (BEATS_BACK, flaws.beats_back)):
            for stream, count in counts.items():
                yield Sample(family, (stream,), count)
        yield Sample(SUSPECTS, (), status.suspects)
        for what, sources in status.intake.items():
            for source, count in sources.items():
                yield Sample(RECORDS, (what, source), count)

    def _values(self, status: Status) -> Iterator[Sample]:
        for series, value in status.values.items():
            if series in self._series or len(self._series) < MAX_SERIES:  # instruments come and go; labels only come
                self._series.add(series)
                yield Sample(VALUE, (series,), value)

    def _levels(self, status: Status) -> Iterator[Sample]:
        self._spoken.update(status.signal_levels)
        for signal in sorted(self._spoken):  # one that has fallen silent is at zero, not where it was last seen
            yield Sample(LEVEL, (signal,), status.signal_levels.get(signal, 0))
        yield Sample(PREWARNING, (), status.signal_levels.get("corridor.prewarning", 0) > 0)
        for side in SIDES:
            yield Sample(FUNDS, (side,), status.values.get(f"coordination_{side}_count", 0))
        for rule, holds in status.rules.items():
            yield Sample(RULE, (rule,), holds)

    def _sight(self, status: Status) -> Iterator[Sample]:
        # A model that still warms up cannot see either: blind, not calm.
        blind = {*(feed for feed in status.feeds if feed in status.blind_on), *status.warming}
        self._blindable |= {*status.feeds, *blind}
        for name in sorted(self._blindable):
            yield Sample(BLIND, (name,), name in blind)
        silent = [series for series in status.silent_series if series not in status.ended_series]
        self._silent |= set(silent[: max(0, MAX_SERIES - len(self._silent))])
        for series in sorted(self._silent):
            yield Sample(SILENT, (series,), series in silent)
        for feed in status.feeds:
            yield Sample(REQUIRED, (feed,), feed in status.required)
        for feed, moment_ns in status.heard_ns.items():
            yield Sample(HEARD, (feed,), moment_ns / NS)


def _one_of(family: Family, names: tuple[str, ...], holds: str) -> Iterator[Sample]:
    for name in names:
        yield Sample(family, (name,), name == holds)


def is_open(moment_ns: int) -> bool:
    """Whether Treasuries trade at a moment: from 08:00 in New York to the session's close, on SIFMA's days.

    >>> [is_open(calendar.ny(calendar.day_of("2021-02-25"), clock)) for clock in ("07:59", "08:00", "17:00")]
    [False, True, False]
    >>> is_open(calendar.ny(calendar.day_of("2021-02-15"), "12:00"))
    False
    """
    day = calendar.ny_date(moment_ns)
    session = calendar.session(day)
    return session is not None and calendar.ny(day, OPENS) <= moment_ns < session.close_ns


def _behind(step: Transition) -> Iterator[Sample]:
    """A step, its rules and its events: one step at a time, so that its labels stay few."""
    known_ms = str(step.known * 1000 // NS)  # for links, which can compute nothing
    what = (step.id, step.from_state, step.to_state, step.kind, step.confidence, known_ms)
    yield Sample(LAST, what, step.known / NS)
    for one in step.evidence:
        yield Sample(BECAUSE, (step.id, one.rule, one.summary[:MAX_SUMMARY]), one.holds)
    for cause in step.causes[:MAX_CAUSES]:
        yield Sample(CAUSE, (step.id, f"{cause.source}#{cause.sequence}"), 1)
