"""One battery that every detector passes."""

import functools
import hashlib
import math
import os
import random
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from detectors import events as ev
from detectors.config import load
from detectors.registry import installed
from detectors.signals import TRUST
from tests.contract.bench import Bench, all_of, plain
from tests.support import make
from tests.support.story import hostile, story

PRESETS = ("desk", "framework")
NAMES = tuple(all_of(load()))


@functools.cache
def told(calm: bool = False) -> tuple[ev.Event, ...]:
    return tuple(story(calm=calm))


@functools.cache
def spoken(name: str, preset: str = "desk"):
    return tuple(Bench(load(preset), name).run(told()))


def test_the_catalogue_of_signals_is_that_of_the_detectors():
    made = all_of(load())
    assert {name: tuple(spec.name for spec in one.signals) for name, one in made.items()} == installed().signals


def test_names_are_unique_and_none_hears_one_that_speaks_after_it():
    names = [one.name for one in all_of(load()).values()]
    assert len(set(names)) == len(names)
    made = all_of(load())
    assert len(made) == len(names)
    for place, one in enumerate(made.values()):
        assert set(one.listens) | set(one.after) <= set(names[:place]), one.name


# What these wait for has to be simulated; their own tests do.
MUTE = {"feedback", "risk_parity", "balanced", "spillover", "inversion", "regime"}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in MUTE])
def test_the_story_makes_it_speak(name):
    assert spoken(name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("preset", PRESETS)
def test_what_it_says_is_whole(name, preset):
    detector = all_of(load(preset))[name]
    given = {(event.source, event.sequence): event for event in told()}
    for draft in spoken(name, preset):
        assert draft.level <= len(detector.spec(draft.name).levels)
        assert draft.level >= 0
        assert draft.rule
        assert draft.subject
        assert draft.ts <= draft.known
        assert list(draft.values) == sorted(draft.values)
        assert all(math.isfinite(value) for value in draft.values.values())
        assert draft.threshold is None or math.isfinite(draft.threshold)
        assert draft.causes
        assert list(draft.causes) == sorted(set(draft.causes))
        for cause in draft.causes:
            assert (cause.source, cause.sequence) in given
            assert given[cause.source, cause.sequence].known <= draft.known
        assert draft.provenance in TRUST


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("preset", PRESETS)
def test_it_never_says_the_same_twice_in_a_row(name, preset):
    levels = {}
    for draft in spoken(name, preset):
        spec = installed().spec(name, draft.name)
        if spec.happens and not spec.rearmed:
            assert draft.level >= 1
            continue
        key = (draft.name, draft.subject)
        assert levels.get(key, 0) != draft.level
        levels[key] = draft.level


@pytest.mark.parametrize("name", NAMES)
def test_what_it_knew_was_known(name):
    knowns = [draft.known for draft in spoken(name)]
    assert knowns == sorted(knowns)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("preset", PRESETS)
def test_a_restart_in_mid_stream_changes_nothing(name, preset):
    events = told()
    rng = random.Random(4)
    cuts = sorted(rng.sample(range(len(events)), 8))
    bench, drafts, done = Bench(load(preset), name), [], 0
    for cut in cuts:
        drafts += bench.run(events[done:cut])
        before = bench.snapshot()
        bench, done = bench.restored(), cut
        assert msgspec.msgpack.encode(bench.snapshot()) == msgspec.msgpack.encode(before)
    drafts += bench.run(events[done:])
    assert tuple(drafts) == spoken(name, preset)
    assert bench.detector.readings() == _readings(name, preset)


@functools.cache
def _readings(name, preset):
    bench = Bench(load(preset), name)
    bench.run(told())
    return bench.detector.readings()


@pytest.mark.parametrize("name", NAMES)
def test_a_restart_of_nothing_is_nothing(name):
    bench = Bench(load(), name)
    again = bench.restored()
    assert again.snapshot() == bench.snapshot()
    assert again.detector.wake_at() == bench.detector.wake_at()
    assert again.detector.levels() == {}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("preset", PRESETS)
def test_calm_days_at_the_beginning_say_nothing(name, preset):
    calm = [event for event in told(calm=True) if event.known < make.moment("2018-02-01")]
    assert len(calm) > 500
    assert [draft for draft in Bench(load(preset), name).run(calm) if preset == "desk" or name != "fails"] == []


@pytest.mark.parametrize("name", NAMES)
def test_memory_is_windows_and_not_history(name):
    # Some eighteen thousand events: a byte or two kept of each would show.
    bench = Bench(load(), name)
    bench.run(told())
    assert len(told()) > 15_000
    assert len(msgspec.msgpack.encode(bench.detector.snapshot())) < 60_000


@pytest.mark.parametrize(("name", "active"), [(name, active) for name in NAMES for active in (False, True)])
def test_memory_is_bounded_whatever_the_names(name, active):
    bench, sizes = Bench(load(), name), []
    events = list(hostile(2600, active=active))
    for part in (events[: len(events) // 2], events[len(events) // 2 :]):
        bench.run(part)
        sizes.append(len(msgspec.msgpack.encode(bench.snapshot())))
    assert sizes[1] <= 1.05 * sizes[0] + 200
    assert sizes[1] < 150_000


BARE: tuple[ev.Event, ...] = (
    make.quote("2021-03-03", 1.5),
    make.quote("2021-03-03", 1.5, mid_pct=None, bid_pct=1.51, ask_pct=1.49),
    make.close("2021-03-03", 1.5, cusip="912828XX"),
    make.repo("2021-03-03", "GC:SOFR", 0.02),
    make.average("2021-03-03", "GC:SOFR", -0.02),
    make.repo("2021-03-03", "GC:SOFR", 0.02, statistic="percentile", percentile=0.0),
    make.average("2021-03-03", "DVP:OFR-DVP", 0.02),
    make.average("2021-03-03", "TRIPARTY:OFR-TRIPARTY", 0.02),
    make.special("2021-03-03", -4.0),
    make.position("2021-03-02", 0.0),
    make.position("2021-03-02", 0.0, open_interest_contracts=0.0),
    make.fail("2021-03-03", None, to_receive_usd=1e9),
    make.fail("2021-03-03", 0.0, scope="issue", issue="X"),
    make.policy("2021-03-03", 0.0),
    make.policy("2021-03-03", 0.0, 0.0),
    make.takeup("2021-03-03", 0.0),
    make.flow("2021-03-03", "CTA", 0.0),
    make.flow("2021-03-03", "CTA", -1e9, aum_usd=0.0),
    make.swap("2021-03-03"),
    make.equity("2021-03-03"),
    make.auction("2021-03-03"),
)


def test_the_bare_records_are_of_every_kind_but_time():
    assert {type(event) for event in BARE} == set(ev.KINDS) - {ev.Heartbeat}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("seed", range(2))
def test_bare_records_in_any_order_from_nothing_never_raise(name, preset, seed):
    rng = random.Random(seed)
    bench = Bench(load(preset), name)
    empty = plain(bench.snapshot())
    for first in BARE:
        bench.run([first])
        bench.restore(empty)
    for _ in range(3):
        for _ in range(8):
            bench.run(rng.sample(BARE, len(BARE)), time=False)
        bench = bench.restored()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(2))
def test_the_story_in_any_order_never_raises(name, seed):
    events = list(told()[: 150 * 32])
    random.Random(seed).shuffle(events)
    bench = Bench(load(), name)
    bench.run(events, time=seed % 2 == 0)
    bench.restored()


@pytest.mark.parametrize("name", NAMES)
def test_overruling_takes_every_signal_off_once(name):
    bench = Bench(load(), name)
    bench.run(told()[: len(told()) * 140 // 600])
    detector = bench.detector
    on = detector.levels()
    now = told()[-1].known
    for signal, subject in on:
        (draft,) = detector.overrule(signal, subject, now)
        assert (draft.name, draft.subject, draft.level, draft.known) == (signal, subject, 0, now)
        assert "overruled" in draft.rule
        assert draft.causes
        assert detector.overrule(signal, subject, now) == []
    assert detector.levels() == {}
    assert detector.overrule("nothing", "nobody", now) == []


def digest(preset: str) -> str:
    """A hash of all that all detectors say of a shorter story."""
    events = story(160)
    found = hashlib.sha256()
    for name in NAMES:
        bench = Bench(load(preset), name)
        for draft in bench.run(events):
            found.update(msgspec.json.encode(draft))
        found.update(msgspec.msgpack.encode(bench.snapshot()))
    return found.hexdigest()


def test_two_hash_seeds_say_the_same():
    root = Path(__file__).parents[2]
    code = "from tests.contract.test_battery import digest; print(digest('desk'), digest('framework'))"
    said = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=True
        )
        said.add(done.stdout)
    assert said == {f"{digest('desk')} {digest('framework')}\n"}
