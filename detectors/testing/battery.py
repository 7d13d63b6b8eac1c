"""One battery that every detector passes: subclass :class:`Battery` in a test file and name the detectors.

What it holds a detector to: it speaks (a detector on which the story is silent fails, and has to bring events of its
own), what it says is whole, what it cannot judge yet is named, it never says the same twice in a row, what it knew was
known, a restart in mid-stream changes nothing, calm days say nothing, memory is bounded whatever the names, bare
records in any order never raise, and overruling takes every condition off once.
"""

import math
import random
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, ClassVar

import msgspec
import pytest

from detectors import calendar
from detectors import events as ev
from detectors.config import Config, load_tables
from detectors.detector import Detector, Finding
from detectors.intake.facts import figure_fields, lane_of
from detectors.signals import TRUST
from detectors.testing import make
from detectors.testing.bench import Bench, all_of, plain
from detectors.testing.story import hostile, story

SNAPSHOT_BYTES = 60_000
"""What a detector's state may take after the story; windows take it, not history."""
HOSTILE_BYTES = 150_000
CALM_UNTIL = "2018-02-01"
DAY_NS = 86_400 * calendar.NS
LITTLE_NS = 25 * DAY_NS
"""The story begins with a policy decision some three weeks before its first session."""
SESSIONS, SHORTER = 600, 260
"""How long the story is, and how much of it is told under a preset that only changes numbers."""


class Battery:
    """The tests; a subclass is collected by pytest under its own name.

    Attributes:
        detectors: the classes that are tested.
        presets: the presets under which they are.
        overlay: tables laid over each preset, such as those of plugins.
    """

    detectors: ClassVar[Sequence[type[Detector]]] = ()
    presets: ClassVar[Sequence[str]] = ("desk", "framework")
    overlay: ClassVar[dict[str, Any]] = {}

    def more_events(self, *, calm: bool) -> Iterable[ev.Event]:  # noqa: ARG002 - for a detector that needs more
        """Events beside the story's, for a detector that asks for kinds or series it does not have."""
        return ()

    def bare(self) -> Iterable[ev.Event]:
        """Records with nothing but what they must have, beside those of our own kinds."""
        return ()

    def silent_when_calm(self, name: str, preset: str) -> bool:  # noqa: ARG002 - an exception has to be named
        """Whether calm days must say nothing; a fixed line may be on at any time."""
        return True

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test once a detector, and once a preset where it asks for one."""
        if "name" in metafunc.fixturenames:
            metafunc.parametrize("name", [one.name for one in self.detectors])
        if "preset" in metafunc.fixturenames:
            metafunc.parametrize("preset", self.presets)

    def config(self, preset: str) -> Config:
        """A preset with the overlay over it."""
        mine: Any = type(self)
        return _config(mine, preset)

    def test_it_speaks(self, name: str) -> None:
        assert self._run(name).findings, f"the story says nothing to '{name}': override more_events"

    def test_it_describes_itself(self, name: str, preset: str) -> None:
        detector = type(all_of(self.config(preset))[name])
        assert detector.signals
        for spec in detector.signals:
            assert spec.label, spec.name
            assert spec.levels, f"{name}.{spec.name} says of no level what it means"
        need = detector.look_back(self.config(preset)) if name != "feed_health" else None
        assert need is None or 0 <= need.warm_up_days <= need.window_days

    def test_what_cannot_judge_yet_is_named_until_it_can(self, name: str, preset: str) -> None:
        config = self.config(preset)
        need = all_of(config)[name].look_back(config).warm_up_days if name != "feed_health" else 0
        story = self.story(preset)
        bench = Bench(config, name)
        little = story[0].known + LITTLE_NS
        bench.run([event for event in story if event.known < little])
        first, last = bench.detector.warming(), self._run(name, preset).warming
        assert first or not need, f"'{name}' needs {need} days, and names nothing in warming() after a few"
        heard = [event for event in story if type(event) in bench.detector.kinds] or story
        if need * DAY_NS < heard[-1].known - heard[0].known:
            # What the story never has a figure of goes on being named.
            assert not last or set(last) < set(first), f"'{name}' needs {need} days, and cannot judge {last} after more"

    def test_what_it_says_is_whole(self, name: str, preset: str) -> None:
        detector = all_of(self.config(preset))[name]
        given = {(event.source, event.sequence): event for event in self.story(preset)}
        for finding in self._run(name, preset).findings:
            assert 0 <= finding.level <= len(detector.spec(finding.name).levels)
            assert finding.rule
            assert finding.subject
            assert finding.ts is not None
            assert finding.ts <= finding.known
            assert list(finding.values) == sorted(finding.values)
            assert all(math.isfinite(value) for value in finding.values.values())
            assert finding.threshold is None or math.isfinite(finding.threshold)
            assert finding.causes
            assert list(finding.causes) == sorted(set(finding.causes))
            for cause in finding.causes:
                assert (cause.source, cause.sequence) in given
                assert given[cause.source, cause.sequence].known <= finding.known
            assert finding.provenance in TRUST

    def test_it_never_says_the_same_twice_in_a_row(self, name: str, preset: str) -> None:
        detector = all_of(self.config(preset))[name]
        levels: dict[tuple[str, str], int] = {}
        for finding in self._run(name, preset).findings:
            spec = detector.spec(finding.name)
            if spec.happens and not spec.rearmed:
                assert finding.level >= 1
                continue
            key = (finding.name, finding.subject)
            assert levels.get(key, 0) != finding.level
            levels[key] = finding.level

    def test_what_it_knew_was_known(self, name: str) -> None:
        knowns = [finding.known for finding in self._run(name).findings]
        assert knowns == sorted(knowns)

    def test_a_restart_in_mid_stream_changes_nothing(self, name: str, preset: str) -> None:
        events, rng = self.story(preset), random.Random(4)
        bench, findings, done = Bench(self.config(preset), name), list[Finding](), 0
        for cut in sorted(rng.sample(range(len(events)), 8)):
            findings += bench.run(events[done:cut])
            before = bench.snapshot()
            bench, done = bench.restored(), cut
            assert msgspec.msgpack.encode(bench.snapshot()) == msgspec.msgpack.encode(before)
        findings += bench.run(events[done:])
        whole = self._run(name, preset)
        assert tuple(findings) == whole.findings
        assert bench.detector.readings() == whole.readings

    def test_a_restart_of_nothing_is_nothing(self, name: str) -> None:
        bench = Bench(self.config(self.presets[0]), name)
        again = bench.restored()
        assert again.snapshot() == bench.snapshot()
        assert again.detector.wake_at() == bench.detector.wake_at()
        assert again.detector.levels() == {}

    def test_other_tables_leave_what_was_on_as_it_was(self, name: str) -> None:
        bench = Bench(self.config(self.presets[0]), name)
        bench.run(self.story()[: len(self.story()) * 140 // 600])
        other = Bench(self.config(self.presets[0]), name)
        other.detector.take_over(plain(bench.detector.snapshot()), bench.detector.version)
        assert other.detector.levels() == bench.detector.levels()
        other.run(self.story()[len(self.story()) * 140 // 600 :][:2_000])

    def test_calm_days_at_the_beginning_say_nothing(self, name: str, preset: str) -> None:
        calm = [event for event in self.story(calm=True) if event.known < make.moment(CALM_UNTIL)]
        assert len(calm) > 500
        if self.silent_when_calm(name, preset):
            assert Bench(self.config(preset), name).run(calm) == []

    def test_memory_is_windows_and_not_history(self, name: str) -> None:
        # Some twenty thousand events: a few bytes kept of each would show.
        assert len(self.story()) > 15_000
        assert self._run(name).snapshot_bytes < SNAPSHOT_BYTES

    @pytest.mark.parametrize("active", [False, True])
    def test_memory_is_bounded_whatever_the_names(self, name: str, active: bool) -> None:
        bench, sizes = Bench(self.config(self.presets[0]), name), []
        events = list(hostile(2600, active=active))
        for part in (events[: len(events) // 2], events[len(events) // 2 :]):
            bench.run(part)
            sizes.append(len(msgspec.msgpack.encode(bench.snapshot())))
        assert sizes[1] <= 1.05 * sizes[0] + 200
        assert sizes[1] < HOSTILE_BYTES

    @pytest.mark.parametrize("seed", range(2))
    def test_bare_records_in_any_order_from_nothing_never_raise(self, name: str, preset: str, seed: int) -> None:
        rng = random.Random(seed)
        records = [*make.bare(), *self.bare()]
        bench = Bench(self.config(preset), name)
        empty = plain(bench.snapshot())
        for first in records:
            bench.run([first])
            bench.restore(empty)
        for _ in range(3):
            for _ in range(8):
                bench.run(rng.sample(records, len(records)), time=False)
            bench = bench.restored()

    @pytest.mark.parametrize("seed", range(2))
    def test_the_story_in_any_order_never_raises(self, name: str, seed: int) -> None:
        events = list(self.story()[: 150 * 32])
        random.Random(seed).shuffle(events)
        bench = Bench(self.config(self.presets[0]), name)
        bench.run(events, time=seed % 2 == 0)
        bench.restored()

    def test_a_correction_ends_as_if_it_had_always_been_right(self, name: str) -> None:
        events = self.story()
        begin, cut = (len(events) * session // SESSIONS for session in (133, 143))
        base = Bench(self.config(self.presets[0]), name)
        base.run(events[:begin])
        lately, later = events[begin:cut], events[cut : cut + 200]
        given = {(type(one), lane_of(one)): one for one in lately if _asks(base.detector, one)}
        mattered = dict.fromkeys(sorted(kind.__name__ for kind, _ in given), False)
        for (kind, _), wrong in given.items():  # the newest figure of each series, until one of the kind matters
            if mattered[kind.__name__]:
                continue
            right = other_figure(wrong, known=lately[-1].known)
            always = msgspec.structs.replace(right, known=wrong.known)
            bench, straight, untold = base.restored(), base.restored(), base.restored()
            bench.run(lately)
            said = bench.correct(wrong, right)
            straight.run([always if one is wrong else one for one in lately])
            untold.run(lately)
            mattered[kind.__name__] = plain(bench.snapshot()) != plain(untold.snapshot())
            assert plain(bench.snapshot()) == plain(straight.snapshot())
            assert bench.detector.readings() == straight.detector.readings()
            for finding in said:
                assert finding.known == right.known
                assert "corrected" in finding.rule
                assert any(value.startswith("revised_from_") for value in finding.values)
            assert bench.run(later) == straight.run(later)
            assert plain(bench.snapshot()) == plain(straight.snapshot())
        assert any(mattered.values()) or not given

    def test_overruling_takes_every_signal_off_once(self, name: str) -> None:
        bench = Bench(self.config(self.presets[0]), name)
        bench.run(self.story()[: len(self.story()) * 140 // 600])
        detector, now = bench.detector, self.story()[-1].known
        for signal, subject in detector.levels():
            (finding,) = detector.overrule(signal, subject, now)
            assert (finding.name, finding.subject, finding.level, finding.known) == (signal, subject, 0, now)
            assert "overruled" in finding.rule
            assert finding.causes
            assert detector.overrule(signal, subject, now) == []
        assert detector.levels() == {}
        assert detector.overrule("nothing", "nobody", now) == []

    def story(self, preset: str | None = None, *, calm: bool = False) -> tuple[ev.Event, ...]:
        """The story with this battery's own events; whole under the first preset, its first stress under others."""
        mine: Any = type(self)
        whole = _story(mine, calm)
        return whole if preset in {None, self.presets[0]} else whole[: len(whole) * SHORTER // SESSIONS]

    def _run(self, name: str, preset: str | None = None) -> "_Run":
        mine: Any = type(self)
        return _run(mine, name, preset or self.presets[0])


def _asks(detector: Detector, event: ev.Event) -> bool:
    """Whether a correction of an event reaches a detector; feed health notes that a record came, whatever it said."""
    return detector.name != "feed_health" and type(event) in detector.kinds and detector.takes(event)


def other_figure(event: ev.Event, *, known: int) -> ev.Event:
    """The same record with another first figure, as its source corrects it later."""
    field = next((name for name in figure_fields(type(event)) if getattr(event, name) is not None), None)
    assert field is not None, f"{type(event).__name__} has no figure"
    value = getattr(event, field)
    other = value + 0.4 if field.endswith("_pct") else 1.5 * value + 1e6
    return msgspec.structs.replace(event, known=known, sequence=event.sequence + 10**6, **{field: other})


class _Run(msgspec.Struct, frozen=True):
    """What a detector made of the whole story, once for all tests that ask."""

    findings: tuple[Finding, ...]
    readings: dict[str, float]
    warming: tuple[str, ...]
    snapshot_bytes: int


@cache
def _config(battery: Any, preset: str) -> Config:
    outside = [one for one in battery.detectors if not one.__module__.startswith("detectors.")]
    return load_tables(preset, battery.overlay, detectors=outside)


@cache
def _story(battery: Any, calm: bool) -> tuple[ev.Event, ...]:
    own = story(SESSIONS, calm=calm)
    return tuple(sorted([*own, *battery().more_events(calm=calm)], key=ev.order_key))


@cache
def _run(battery: Any, name: str, preset: str) -> _Run:
    bench = Bench(_config(battery, preset), name)
    findings = tuple(bench.run(battery().story(preset)))
    size = len(msgspec.msgpack.encode(bench.detector.snapshot()))
    return _Run(findings, bench.detector.readings(), bench.detector.warming(), size)
