"""The engine as a function of a list of events: batches, order, repeats, restarts and hash seeds change nothing."""

import datetime as dt
import hashlib
import os
import random
import subprocess
import sys

import msgspec
import pytest

from detectors import events as ev
from detectors.calendar import NS, ny
from detectors.config import load
from detectors.engine import Engine, Result
from detectors.log_positions import LogPosition
from detectors.signals import Transition, content_id, from_json, to_json
from detectors.snapshot import SnapshotError
from replay.scenarios.scenario import named, script
from tests.golden import outputs, result

CONFIG = load()
EVENTS = script(named("feb2021")).events
LATENESS_NS = CONFIG.merge.lateness_s * NS
SINCE = ny(dt.date(2021, 1, 4), "00:00")


def lines(results: list[Result]) -> bytes:
    return b"".join(to_json(output) + b"\n" for one in results for output in one.outputs)


def shuffled(events: list[ev.Event], seed: int) -> list[ev.Event]:
    """Delay each event at random within the lateness; the first heartbeats, which carry the roster, stay first."""
    dice = random.Random(seed)
    first, rest = events[: len(ev.STREAMS)], events[len(ev.STREAMS) :]
    return first + sorted(rest, key=lambda event: event.known + dice.uniform(0, 1) * LATENESS_NS)


def test_the_bundled_history_begins_with_a_roster_on_every_stream() -> None:
    first = EVENTS[: len(ev.STREAMS)]
    assert {event.stream for event in first if isinstance(event, ev.Heartbeat)} == set(ev.STREAMS)


@pytest.mark.parametrize("size", [1, 977])
def test_batches_of_any_size_give_the_same_bytes(size: int) -> None:
    engine = Engine(CONFIG, "UST")
    got = [engine.process(EVENTS[start : start + size]) for start in range(0, len(EVENTS), size)]
    assert lines(got) == outputs("desk")


@pytest.mark.parametrize("seed", [1, 2])
def test_a_shuffle_within_the_lateness_and_repeats_give_the_same_bytes(seed: int) -> None:
    dice = random.Random(seed)
    events = [event for event in shuffled(EVENTS, seed) for _ in range(1 + (dice.random() < 0.2))]
    engine = Engine(CONFIG, "UST")
    got = engine.process(events)
    assert lines([got]) == outputs("desk")
    assert got.late == got.conflicts == []
    assert got.duplicates > 4_000


def test_streams_far_apart_give_the_same_bytes() -> None:
    """One stream read to its end before the next begins: what a preload of ten topics can look like at worst."""
    engine = Engine(CONFIG, "UST")
    got = [
        engine.process([event for event in EVENTS if ev.stream_of(event) == stream])
        for stream in ("yields", *(name for name in reversed(ev.STREAMS) if name != "yields"))
    ]
    assert lines(got) == outputs("desk")


def test_a_restart_at_any_moment_gives_the_same_bytes() -> None:
    dice = random.Random(5)
    cuts = sorted(dice.randrange(len(EVENTS)) for _ in range(12))
    cuts += [index for index, event in enumerate(EVENTS) if event.known > SINCE][::3_000]
    engine, got, start = Engine(CONFIG, "UST"), [], 0
    for cut in [*sorted(cuts), len(EVENTS)]:
        got.append(engine.process(EVENTS[start:cut]))
        raw = engine.snapshot()
        engine = Engine.restore(CONFIG, "UST", raw)
        assert engine.snapshot() == raw
        start = cut
    assert lines(got) == outputs("desk")


PROGRAM = """
import hashlib
from tests.golden import outputs
print(hashlib.sha256(outputs("desk") + outputs("framework")).hexdigest())
"""


@pytest.mark.parametrize("seed", ["1", "4711"])
def test_hash_seeds_change_nothing(seed: str) -> None:
    here = hashlib.sha256(outputs("desk") + outputs("framework")).hexdigest()
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    there = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


def test_late_events_are_handed_back_and_change_nothing() -> None:
    middle = next(index for index, event in enumerate(EVENTS) if event.known > SINCE)
    quote = next(event for event in reversed(EVENTS[:middle]) if isinstance(event, ev.YieldQuote))
    late = msgspec.structs.replace(quote, source="another", mid_pct=9.0)
    engine = Engine(CONFIG, "UST")
    got = engine.process([*EVENTS[:middle], *EVENTS[middle : middle + 3_000], late, *EVENTS[middle + 3_000 :]])
    assert lines([got]) == outputs("desk")
    assert [(refused.reason, refused.event) for refused in got.late] == [("late", late)]
    assert engine.status().counts.late == 1


def test_every_event_is_counted_once() -> None:
    engine = Engine(CONFIG, "UST")
    engine.process([*EVENTS[:20_000], *EVENTS[15_000:20_000]])
    counts = engine.status().counts
    beats = sum(isinstance(event, ev.Heartbeat) for event in [*EVENTS[:20_000], *EVENTS[15_000:20_000]])
    waiting = engine.status().waiting
    assert counts.received == 25_000 == counts.applied + counts.duplicates + counts.late + waiting + beats
    assert counts.duplicates > 0


def test_outputs_carry_their_own_id_and_evidence_that_exists() -> None:
    given = {(event.source, event.sequence) for event in EVENTS}
    ids = set()
    for output in result("desk").outputs:
        assert output.id == content_id(output)
        assert from_json(to_json(output)) == output
        assert all((cause.source, cause.sequence) in given for cause in output.causes)
        assert output.causes
        assert output.ts <= output.known
        if isinstance(output, Transition):
            named_ids = {one for evidence in output.evidence for one in evidence.signals}
            assert named_ids
            assert named_ids <= ids
        ids.add(output.id)
    assert len(ids) == len(result("desk").outputs)


def test_nothing_is_said_before_its_evidence_was_known() -> None:
    known = {(event.source, event.sequence): event.known for event in EVENTS}
    for output in result("desk").outputs:
        assert all(known[cause.source, cause.sequence] <= output.known for cause in output.causes)


def test_places_are_kept_beside_and_do_not_change_ids() -> None:
    engine = Engine(CONFIG, "UST")
    places = [LogPosition(ev.stream_of(event), 3, offset) for offset, event in enumerate(EVENTS)]
    got = engine.process(EVENTS, places)
    assert lines([got]) == outputs("desk")
    offsets = {(event.source, event.sequence): offset for offset, event in enumerate(EVENTS)}
    found = engine.places_of(got.outputs[-1])
    cause = got.outputs[-1].causes[0]
    assert found
    assert found[0].offset == offsets[cause.source, cause.sequence]
    assert Engine.restore(CONFIG, "UST", engine.snapshot()).places_of(got.outputs[-1]) == found


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda raw: raw[:-1], "truncated"),
        (lambda raw: b"", "truncated"),
        (lambda raw: raw[:50] + bytes([raw[50] ^ 1]) + raw[51:], "truncated"),
        (lambda raw: b"\x80\x04" + raw, "truncated"),
    ],
)
def test_a_damaged_snapshot_is_refused_by_name(spoil, reason: str) -> None:
    engine = Engine(CONFIG, "UST")
    engine.process(EVENTS[:5_000])
    with pytest.raises(SnapshotError) as caught:
        Engine.restore(CONFIG, "UST", spoil(engine.snapshot()))
    assert caught.value.reason == reason


def test_a_snapshot_of_another_market_or_configuration_is_refused() -> None:
    raw = Engine(CONFIG, "UST").snapshot()
    with pytest.raises(SnapshotError) as market:
        Engine.restore(CONFIG, "UKT", raw)
    with pytest.raises(SnapshotError) as config:
        Engine.restore(load("framework"), "UST", raw)
    assert (market.value.reason, config.value.reason) == ("market", "config")


def test_an_event_of_another_market_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="UKT"):
        Engine(CONFIG, "UKT").process(EVENTS[:1])


def test_the_snapshot_stays_small() -> None:
    engine = Engine(CONFIG, "UST")
    sizes = []
    for start in range(0, len(EVENTS), 10_000):
        engine.process(EVENTS[start : start + 10_000])
        sizes.append(len(engine.snapshot()))
    assert max(sizes) < 420_000
