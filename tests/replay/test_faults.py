"""Faults on purpose: what they may do, what they may not, and that a seed says everything."""

import hashlib
import os
import subprocess
import sys
from collections import Counter, defaultdict

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from detectors.calendar import NS
from detectors.codec import decode, encode
from detectors.events import Event, Heartbeat, RepoPrint, YieldQuote, stream_of
from replay.producer.faults import DAMAGE, Faults, Item, plan
from replay.scenarios.scenario import Script

LATENESS_NS = 600 * NS
BEGIN = 1_609_736_400 * NS


def made(known_s: list[int], beat_s: int = 900) -> list[Event]:
    """Quotes and prints known at these seconds, with heartbeats between, the first with the roster."""
    events: list[Event] = []
    for number, second in enumerate(sorted(known_s), start=1):
        common = {"market": "UST", "sequence": number, "ts": BEGIN + second * NS, "known": BEGIN + second * NS}
        if number % 2:
            events.append(
                YieldQuote(source="q", tenor="10Y", statistic="print", mid_pct=1.0, provenance="synthetic", **common)
            )
        else:
            events.append(
                RepoPrint(
                    source="r",
                    segment="GC",
                    instrument="X",
                    statistic="print",
                    rate_pct=0.1,
                    provenance="synthetic",
                    **common,
                )
            )
    for stream in ("yields", "repo"):
        for number, second in enumerate(range(0, 20_000, beat_s)):
            known = BEGIN + second * NS
            events.append(
                Heartbeat(
                    market="UST",
                    source=f"h.{stream}",
                    sequence=number,
                    ts=known,
                    known=known,
                    provenance="synthetic",
                    stream=stream,
                    roster=("yields", "repo") if number == 0 else (),
                )
            )
    return sorted(events, key=lambda event: (event.known, not isinstance(event, Heartbeat), event.source))


def decoded(items: list[Item]) -> dict[str, list[Event]]:
    streams: dict[str, list[Event]] = defaultdict(list)
    for item in items:
        if item.good:
            ((_, event),) = decode(item.raw, key=item.market, stream=item.stream).events
            streams[item.stream].append(event)
    return streams


def late_ones(events: list[Event]) -> list[Event]:
    newest, late = 0, []
    for event in events:
        if event.known < newest - LATENESS_NS:
            late.append(event)
        newest = max(newest, event.known)
    return late


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 15_000), max_size=80), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**32))
def test_shuffle_and_duplicate_stay_within_the_lateness(
    seconds: list[int], shuffle: float, duplicate: float, seed: int
) -> None:
    events = made(seconds)
    planned = plan(events, Faults(shuffle=shuffle, duplicate=duplicate, seed=seed), lateness_ns=LATENESS_NS)
    arrived = decoded(planned.items)
    for stream, there in arrived.items():
        assert late_ones(there) == []
        assert isinstance(there[0], Heartbeat)
        assert there[0].roster
        sent = Counter(map(encode, there))
        assert set(sent) == {encode(event) for event in events if stream_of(event) == stream}
    assert sum(map(len, arrived.values())) == len(events) + planned.duplicated


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 15_000), max_size=80), st.floats(0, 1), st.integers(0, 2**32))
def test_what_is_meant_to_be_late_is_late_and_nothing_else(seconds: list[int], late: float, seed: int) -> None:
    planned = plan(made(seconds), Faults(late=late, shuffle=0.3, seed=seed), lateness_ns=LATENESS_NS)
    for stream, there in decoded(planned.items).items():
        assert len(late_ones(there)) == planned.late[stream]


def test_rates_are_kept(feb2021: Script) -> None:
    faults = Faults(shuffle=0.3, duplicate=0.2, late=0.01, corrupt=0.05, seed=7)
    planned = plan(feb2021.events, faults, lateness_ns=LATENESS_NS)
    total, figures = len(feb2021.events), sum(not isinstance(event, Heartbeat) for event in feb2021.events)
    assert planned.duplicated / total == pytest.approx(0.2, rel=0.05)
    assert planned.shuffled / figures == pytest.approx(0.3, rel=0.05)
    assert planned.late.total() / figures == pytest.approx(0.01, rel=0.3)
    assert planned.corrupt.total() / total == pytest.approx(0.05, rel=0.1)
    assert planned.corrupt.total() == sum(not item.good for item in planned.items)


def test_a_rate_of_zero_changes_nothing(feb2021: Script) -> None:
    planned = plan(feb2021.events, Faults(seed=99), lateness_ns=LATENESS_NS)
    assert [item.raw for item in planned.items] == [encode(event) for event in feb2021.events]


def test_one_fault_does_not_move_another(feb2021: Script) -> None:
    events = feb2021.events[-5_000:]
    alone = plan(events, Faults(shuffle=0.3, seed=3), lateness_ns=LATENESS_NS)
    beside = plan(events, Faults(shuffle=0.3, corrupt=0.2, seed=3), lateness_ns=LATENESS_NS)
    assert [item.raw for item in beside.items if item.good] == [item.raw for item in alone.items]


REASONS = {
    "truncated": "bad_json",
    "bad_utf8": "bad_utf8",
    "nan": "bad_json",
    "wrong_type": "bad_field",
    "unknown_kind": "unknown_kind",
    "wrong_unit": "wrong_unit",
    "missing_key": "missing_key",
    "oversized": "too_large",
}


def test_every_bad_message_is_refused_for_its_reason(feb2021: Script) -> None:
    planned = plan(feb2021.events, Faults(corrupt=0.01, seed=1), lateness_ns=LATENESS_NS)
    reasons: Counter[str] = Counter()
    for item in planned.items:
        if item.good:
            continue
        found = decode(item.raw, key=item.market if item.keyed else None, stream=item.stream)
        assert found.events == []
        reasons[found.rejects[0].reason] += 1
    wanted: Counter[str] = Counter()
    for kind, count in planned.corrupt.items():
        wanted[REASONS[kind]] += count
    assert reasons == wanted
    assert set(planned.corrupt) == {*DAMAGE, "oversized"}
    assert planned.corrupt["oversized"] <= 10  # a megabyte each


DIGEST = """
import hashlib
from replay.producer.faults import Faults, plan
from replay.producer.pacer import slots
from replay.scenarios.scenario import named, script
made = script(named("feb2021"))
planned = plan(made.events, Faults(0.3, 0.2, 0.01, 0.02, seed=5), lateness_ns=600 * 10**9)
digest = hashlib.sha256()
for slot in slots(planned.items, speed=3600.0, window_ns=made.window_ns):
    for message in slot.messages:
        digest.update(repr((slot.due_s, message)).encode())
print(digest.hexdigest())
"""


def test_the_same_seed_gives_the_same_bytes_under_two_hash_seeds() -> None:
    digests = set()
    for seed in ("0", "4242"):
        run = subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(run.stdout)
    assert len(digests) == 1
    assert len(digests.pop().strip()) == hashlib.sha256().digest_size * 2
