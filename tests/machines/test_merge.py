"""The merge as a state machine against a model of lists and sorting: after any steps both have said the same."""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from detectors import events as ev
from detectors.calendar import NS, ny
from detectors.config import load
from detectors.ordering import FAR_PAST, Ordering, Verdict

START = ny(dt.date(2021, 2, 2), "09:00")
LATENESS_S = 60
AHEAD_DAYS = 2
MERGE = msgspec.structs.replace(load().merge, lateness_s=LATENESS_S, dedup_ids=4, max_ahead_days=AHEAD_DAYS)
STREAMS = ("yields", "repo", "swaps")
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "40"))  # `make fuzz` asks for many more


class Model:
    """The rules of the merge in the plainest words; it forgets nothing and is as slow as it likes."""

    def __init__(self) -> None:
        self.newest: dict[str, int] = {}
        self.taken: dict[str, list[ev.Event]] = {}
        self.released: list[ev.Event] = []
        self.watermark = FAR_PAST
        self.remembered: dict[str, int] = {}
        """How many ids of a stream may be kept: all since the first that is not late yet, or the last few."""

    def accept(self, event: ev.Event, *, remembered: bool) -> Verdict:
        """What becomes of an event. How long an id is remembered beyond its duty is the merge's own affair."""
        stream = ev.stream_of(event)
        newest = self.newest.setdefault(stream, FAR_PAST)
        if newest != FAR_PAST and event.known > newest + AHEAD_DAYS * 86_400 * NS:
            return Verdict.FAR_FUTURE
        if isinstance(event, ev.Heartbeat):
            for name in event.roster:
                self.newest.setdefault(name, FAR_PAST)
            if event.known < newest:
                return Verdict.BACK
        else:
            same = [one for one in self.taken.get(stream, ()) if self._id(one) == self._id(event)]
            assert remembered or not any(one.known >= newest - LATENESS_S * NS for one in same)
            if remembered:
                return Verdict.DUPLICATE if same[-1] == event else Verdict.CONFLICT
            if event.known < newest - LATENESS_S * NS or event.known < self.watermark:
                return Verdict.LATE
            taken = self.taken.setdefault(stream, [])
            taken.append(event)
            fresh = next(n for n, one in enumerate(taken) if one.known >= newest - LATENESS_S * NS)
            self.remembered[stream] = max(MERGE.dedup_ids, len(taken) - fresh)
        self.newest[stream] = max(newest, event.known)
        least = min(self.newest.values())
        if least != FAR_PAST:
            self.watermark = max(self.watermark, least - LATENESS_S * NS)
        return Verdict.TAKEN

    @staticmethod
    def _id(event: ev.Event) -> tuple[str, int]:
        return event.source, event.sequence

    def release(self) -> list[ev.Event]:
        every = [event for events in self.taken.values() for event in events]
        ready = [event for event in every if event.known < self.watermark and event not in self.released]
        ready.sort(key=lambda event: (ev.order_key(event), ev.stream_of(event)))
        self.released += ready
        return ready


class Merge(RuleBasedStateMachine):
    """Events, heartbeats and restarts in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.ordering = Ordering(MERGE)
        self.model = Model()
        self.in_a_batch = False

    @rule(
        stream=st.sampled_from(STREAMS),
        second=st.sampled_from([-80, 0, 0, 1, 30, 59, 60, 61, 120, 200, 400]),
        source=st.sampled_from(["a", "b"]),
        sequence=st.integers(0, 12),
        value=st.sampled_from([0.1, 0.2]),
    )
    def say(self, stream: str, second: int, source: str, sequence: int, value: float) -> None:
        self._give(event_of(stream, START + second * NS, source, sequence, value))

    @rule(stream=st.sampled_from(STREAMS), days=st.sampled_from([1, 2, 3, 400]), sequence=st.integers(0, 12))
    def say_something_of_the_future(self, stream: str, days: int, sequence: int) -> None:
        self._give(event_of(stream, START + days * 86_400 * NS, "a", sequence, 0.1))

    @rule(
        stream=st.sampled_from(STREAMS),
        second=st.sampled_from([-4_000, 0, 59, 60, 61, 90, 120, 121, 500, 86_400, 300_000]),
        roster=st.sampled_from([(), STREAMS, STREAMS[:2], ("policy",)]),
    )
    def beat(self, stream: str, second: int, roster: tuple[str, ...]) -> None:
        known = START + second * NS
        self._give(
            ev.Heartbeat(
                market="UST", source="h", sequence=0, ts=known, known=known, provenance="synthetic",
                stream=stream, roster=roster,
            )
        )  # fmt: skip

    def _give(self, event: ev.Event) -> None:
        tracks: dict[str, Any] = self.ordering.snapshot()["tracks"]
        seen = [tuple(one[:2]) for one in tracks.get(ev.stream_of(event), (0, []))[1]]
        remembered = (event.source, event.sequence) in seen
        wanted, found = self.model.accept(event, remembered=remembered), self.ordering.accept(event)
        assert found is wanted, (found, wanted, event)
        if not self.in_a_batch:
            self.release()

    @rule(stream=st.sampled_from(STREAMS), second=st.sampled_from([0, 60, 120]))
    def say_more_than_is_remembered_and_repeat_the_first(self, stream: str, second: int) -> None:
        burst = [event_of(stream, START + second * NS, "c", second + number, 0.1) for number in range(7)]
        after = event_of(stream, START + (second + LATENESS_S) * NS, "c", second + 50, 0.1)
        another = event_of(stream, START + (second + LATENESS_S) * NS, "c", second + 51, 0.1)
        for event in (*burst, after, another, burst[0]):
            self._give(event)

    @rule(begin=st.booleans())
    def begin_or_end_a_batch(self, begin: bool) -> None:
        self.in_a_batch = begin

    @rule()
    def release(self) -> None:
        assert self.ordering.release() == self.model.release()

    @rule()
    def restart(self) -> None:
        written = msgspec.msgpack.encode(self.ordering.snapshot())
        self.ordering = Ordering(MERGE)
        self.ordering.restore(msgspec.msgpack.decode(written))
        assert msgspec.msgpack.encode(self.ordering.snapshot()) == written

    @invariant()
    def time_is_the_same(self) -> None:
        assert self.ordering.watermark == self.model.watermark
        assert self.ordering.newest() == max(self.model.newest.values(), default=FAR_PAST)
        slowest = [name for name, at in self.model.newest.items() if at == min(self.model.newest.values())]
        level = len(slowest) == len(self.model.newest) and self.model.watermark > FAR_PAST
        assert self.ordering.held_by() == (() if level else tuple(sorted(slowest)))

    @invariant()
    def memory_is_bounded(self) -> None:
        tracks: dict[str, Any] = self.ordering.snapshot()["tracks"]
        for stream, (_, seen) in tracks.items():
            assert len(seen) <= self.model.remembered.get(stream, 0)


def event_of(stream: str, known: int, source: str, sequence: int, value: float) -> ev.Event:
    common: dict[str, Any] = {
        "market": "UST", "source": source, "sequence": sequence, "ts": known, "known": known, "provenance": "synthetic",
    }  # fmt: skip
    if stream == "yields":
        return ev.YieldQuote(**common, tenor="10Y", statistic="print", mid_pct=value)
    if stream == "repo":
        return ev.RepoPrint(**common, segment="GC", instrument="TSY", rate_pct=value, statistic="print")
    return ev.SwapRate(**common, tenor="3M", index="OIS", rate_pct=value)


TestMerge = Merge.TestCase
TestMerge.settings = settings(max_examples=EXAMPLES, stateful_step_count=50, deadline=None)
