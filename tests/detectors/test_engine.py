"""The engine as a function of a list of events: batches, order, repeats, restarts and hash seeds change nothing."""

import datetime as dt
import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Iterable

import msgspec
import pytest

from detectors import events as ev
from detectors.calendar import NS, ny
from detectors.config import load
from detectors.engine import Engine
from detectors.log_positions import LogPosition
from detectors.results import Result
from detectors.signals import Transition, content_id, from_json, to_json
from detectors.snapshot import SnapshotError
from replay.backtest.run import Backtest
from tests.golden import result
from tests.support.shared import played, run, year

CONFIG = load()
EVENTS = played("feb2021").events
LATENESS_NS = CONFIG.merge.lateness_s * NS
SINCE = ny(dt.date(2021, 1, 4), "00:00")


def lines(results: Iterable[Result | Backtest]) -> bytes:
    return b"".join(to_json(output) + b"\n" for one in results for output in one.outputs)


def shuffled(events: list[ev.Event], seed: int) -> list[ev.Event]:
    """Delay each event at random within the lateness; the first heartbeats, which carry the roster, stay first."""
    dice = random.Random(seed)
    first, rest = events[: len(ev.STREAMS)], events[len(ev.STREAMS) :]
    return first + sorted(rest, key=lambda event: event.known + dice.uniform(0, 1) * LATENESS_NS)


def test_the_bundled_history_begins_with_a_roster_on_every_stream() -> None:
    first = EVENTS[: len(ev.STREAMS)]
    assert {event.stream for event in first if isinstance(event, ev.Heartbeat)} == set(ev.STREAMS)


def shorter() -> tuple[list[ev.Event], bytes]:
    """Where one whole story has shown the same already, or where the worker's tests show it of the whole."""
    return year().events, b"".join(to_json(output) + b"\n" for output in run(year(), CONFIG).outputs)


def test_batches_of_one_give_the_same_bytes() -> None:
    events, expected = shorter()
    engine = Engine(CONFIG, "UST")
    assert lines([engine.process([event]) for event in events]) == expected


def test_batches_of_another_size_give_the_same_bytes() -> None:
    events, expected = shorter()
    engine = Engine(CONFIG, "UST")
    assert lines([engine.process(events[start : start + 977]) for start in range(0, len(events), 977)]) == expected


@pytest.mark.parametrize("seed", [1, 2])
def test_a_shuffle_within_the_lateness_and_repeats_give_the_same_bytes(seed: int) -> None:
    dice = random.Random(seed)
    events, expected = shorter()
    given = [event for event in shuffled(events, seed) for _ in range(1 + (dice.random() < 0.2))]
    got = Engine(CONFIG, "UST").process(given)
    assert lines([got]) == expected
    assert got.late == got.conflicts == []
    assert got.duplicates == _figures(given) - _figures(events) > len(events) // 16


def _figures(events: list[ev.Event]) -> int:
    """Events without heartbeats: one that says again what time it is repeats nothing."""
    return sum(not isinstance(event, ev.Heartbeat) for event in events)


def test_streams_far_apart_give_the_same_bytes() -> None:
    """One stream read to its end before the next begins: what a preload of ten topics can look like at worst."""
    engine = Engine(CONFIG, "UST")
    events, expected = shorter()
    got = [
        engine.process([event for event in events if ev.stream_of(event) == stream])
        for stream in ("yields", *(name for name in reversed(ev.STREAMS) if name != "yields"))
    ]
    assert lines(got) == expected


def test_a_restart_at_any_moment_gives_the_same_bytes_from_a_small_snapshot() -> None:
    events, expected = shorter()
    dice = random.Random(5)
    cuts = [dice.randrange(len(events)) for _ in range(8)]
    cuts += [index for index, event in enumerate(events) if event.known > SINCE][::1_500]
    engine, got, start, sizes = Engine(CONFIG, "UST"), [], 0, []
    for cut in [*sorted(cuts), len(events)]:
        got.append(engine.process(events[start:cut]))
        raw = engine.snapshot()
        engine = Engine.restore(CONFIG, "UST", raw)
        assert engine.snapshot() == raw
        sizes.append(len(raw))
        start = cut
    assert lines(got) == expected
    assert max(sizes) < 1_200_000  # half of it the tapes, which hold what a correction may take back


PROGRAM = """
import hashlib
from detectors.config import load
from detectors.engine import Engine
from detectors.signals import to_json
from tests.support.shared import year
events = year().events
done = [Engine(load(preset), "UST").process(events) for preset in ("desk", "framework")]
print(hashlib.sha256(b"".join(to_json(output) + b"\\n" for one in done for output in one.outputs)).hexdigest())
"""


@pytest.mark.slow("a year twice, in a process of another hash seed")
@pytest.mark.parametrize("seed", ["1", "4711"])
def test_hash_seeds_change_nothing(seed: str) -> None:
    here = lines([run(year(), load(preset)) for preset in ("desk", "framework")])
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", PROGRAM]
    there = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == hashlib.sha256(here).hexdigest()


def test_late_events_are_handed_back_and_change_nothing() -> None:
    events, expected = shorter()
    middle = next(index for index, event in enumerate(events) if event.known > SINCE)
    quote = next(event for event in reversed(events[:middle]) if isinstance(event, ev.YieldQuote))
    late = msgspec.structs.replace(quote, source="another", mid_pct=9.0)
    engine = Engine(CONFIG, "UST")
    got = engine.process([*events[: middle + 1_000], late, *events[middle + 1_000 :]])
    assert lines([got]) == expected
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
    events, expected = shorter()
    engine = Engine(CONFIG, "UST")
    places = [LogPosition(ev.stream_of(event), 3, offset) for offset, event in enumerate(events)]
    got = engine.process(events, places)
    assert lines([got]) == expected
    offsets = {(event.source, event.sequence): offset for offset, event in enumerate(events)}
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


def test_a_snapshot_of_another_market_is_rejected() -> None:
    raw = Engine(CONFIG, "UST").snapshot()
    with pytest.raises(SnapshotError) as market:
        Engine.restore(CONFIG, "UKT", raw)
    assert market.value.reason == "market"


def test_an_event_of_another_market_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="UKT"):
        Engine(CONFIG, "UKT").process(EVENTS[:1])
