"""The stress table as a state machine against a model that keeps all that was ever said and asks it anew each time.

The model knows no clocks that run and no marks: it holds the list of signals and the list of moments at which it was
asked, and reads from them, in the words of the rules, what holds, since when, and whether a step is due.
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from detectors.calendar import NS, ny, sessions_after
from detectors.config import load
from detectors.registry import installed
from detectors.sections import Condition, Rule
from detectors.signals import STATES, Cause, Signal
from detectors.state_machine import StateMachine

pytestmark = pytest.mark.slow("a model asks all that was ever said anew at each step")
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "40"))
START = ny(dt.date(2021, 2, 10), "09:00")  # a long weekend and a session that ends early lie ahead
LIVING = ("yields", "repo_gc")


def condition(signal: str, level: int, within: int, subject: str | None = None) -> Condition:
    detector, name = signal.split(".")
    return Condition(detector=detector, name=name, min_level=level, within_sessions=within, subject=subject)


RULES = (
    Rule(name="breached", state="de_facto_default", kind="squeeze", all=(condition("floor.breach", 3, 0),)),
    Rule(name="touched", state="crunch", kind="squeeze", all=(condition("floor.breach", 2, 1),)),
    Rule(
        name="scarce",
        state="crunch",
        kind="scarcity",
        all=(condition("specialness.special", 2, 2), condition("corridor.negative", 1, 1, "A")),
    ),
    Rule(
        name="supplied",
        state="crunch",
        kind="supply",
        all=(condition("auction.weak", 1, 1), condition("corridor.negative", 1, 0)),
    ),
)
SIGNALS = ("floor.breach", "specialness.special", "corridor.negative", "auction.weak", "anomaly.spread")
STRESS = msgspec.structs.replace(
    load().stress,
    rules=RULES,
    living=LIVING,
    blind_exit_sessions=2,
    crunch=msgspec.structs.replace(load().stress.crunch, entry_dwell_s=1_800, exit_sessions=2),
    de_facto_default=msgspec.structs.replace(load().stress.de_facto_default, entry_dwell_s=600, exit_sessions=1),
)
DWELL_NS = {"crunch": 1_800 * NS, "de_facto_default": 600 * NS}
EXIT_SESSIONS = {"crunch": 2, "de_facto_default": 1}


class Asked(NamedTuple):
    """What was so at a moment: the rules that hold, those held on by silent feeds, those all of it seen, who lives."""

    now: int
    rules: tuple[Rule, ...]
    silent: frozenset[str]
    founding: frozenset[str]
    alive: bool


class Model:
    """Everything that was said and asked; nothing else."""

    def __init__(self) -> None:
        self.said: list[Signal] = []
        self.asked: list[Asked] = []
        self.state = "normal"
        self.since_index = 0

    def until(self, one: Condition, now: int) -> tuple[int | None, bool]:
        """Until when a condition holds (None: not at all), and whether it is on without an end in sight."""
        best, forever = None, False
        about = [s for s in self.said if (s.detector, s.name) == (one.detector, one.name)]
        for subject in {s.subject for s in about if one.subject in {None, s.subject}}:
            levels = [(s.known, s.level) for s in about if s.subject == subject]
            if (one.detector, one.name) in installed().happens:
                ended = max((known for known, level in levels if level >= one.min_level), default=None)
            elif levels[-1][1] >= one.min_level:
                forever = True
                continue
            else:
                ended = None
                for (_, before), (known, level) in itertools.pairwise(levels):
                    if before >= one.min_level > level:
                        ended = known
            if ended is not None:
                end = sessions_after(ended, one.within_sessions) if one.within_sessions else ended
                best = max(best or end, end) if end > now else best
        return best, forever

    def ask(self, now: int, blind: frozenset[str]) -> Asked:
        rules, silent, founding = [], set(), set()
        for each in RULES:
            answers = [(one, *self.until(one, now)) for one in each.all]
            if all(forever or end is not None for _, end, forever in answers):
                rules.append(each)
                feeds = [set(installed().feeds.get(one.detector, ())) for one, _, forever in answers if forever]
                if any(its and its <= blind for its in feeds):
                    silent.add(each.name)
                if not any(installed().rests_on_blind(one.detector, blind) for one in each.all):
                    founding.add(each.name)
        found = Asked(now, tuple(rules), frozenset(silent), frozenset(founding), not blind & set(LIVING))
        self.asked.append(found)
        return found

    def _unbroken(self, begin: int, fits: object) -> int | None:
        """Since when, of the moments asked from ``begin`` on, every one fits; None if the last does not."""
        since = None
        for one in self.asked[begin:]:
            since = (since or one.now) if fits(one) else None  # type: ignore[operator]
        return since

    @staticmethod
    def carrying(one: Asked, state: str) -> tuple[Rule, ...]:
        return tuple(each for each in one.rules if STATES.index(each.state) >= STATES.index(state))

    def evaluate(self, now: int, blind: frozenset[str]) -> list[tuple[str, str, tuple[str, ...]]]:
        steps = []
        while True:
            found = self.ask(now, blind)
            step = self._up(now, found) or self._down(now)
            if step is None:
                return steps
            steps.append((self.state, *step))
            self.state = step[0]
            self.since_index = len(self.asked)

    def _up(self, now: int, found: Asked) -> tuple[str, tuple[str, ...]] | None:
        for state in reversed(STATES[STATES.index(self.state) + 1 :]):
            since = self._unbroken(0, lambda one, state=state: self._founded(one, state))
            if since is not None and now >= since + DWELL_NS[state]:
                return state, tuple(each.name for each in self.carrying(found, state))
        return None

    def _founded(self, one: Asked, state: str) -> bool:
        return any(each.name in one.founding for each in self.carrying(one, state))

    def _down(self, now: int) -> tuple[str, tuple[str, ...]] | None:
        if self.state == "normal":
            return None
        since = self._unbroken(self.since_index, lambda one: one.alive and not self.carrying(one, self.state))
        if since is None or now < sessions_after(since, EXIT_SESSIONS[self.state]):
            return None
        return STATES[STATES.index(self.state) - 1], ("calm",)

    def overruled(self, now: int, blind: frozenset[str]) -> set[tuple[str, str, str]]:
        self.ask(now, blind)
        if self.state == "normal":
            return set()

        def quiet(one: Asked) -> bool:
            mine = self.carrying(one, self.state)
            return one.alive and bool(mine) and all(each.name in one.silent for each in mine)

        since = self._unbroken(self.since_index, quiet)
        if since is None or now < sessions_after(since, STRESS.blind_exit_sessions):
            return set()
        last = {(s.detector, s.name, s.subject): s.level for s in self.said}
        return {
            key
            for key, level in last.items()
            if level and key[:2] not in installed().happens and installed().rests_on_blind(key[0], tuple(blind))
        }


class Table(RuleBasedStateMachine):
    """Signals, silence, time and restarts in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.table = StateMachine(STRESS, installed())
        self.model = Model()
        self.now = START
        self.blind: frozenset[str] = frozenset()

    @rule(signal=st.sampled_from(SIGNALS), subject=st.sampled_from("AB"), level=st.integers(0, 3))
    def say(self, signal: str, subject: str, level: int) -> None:
        self._take(tuple(signal.split(".")), subject, level)
        self._evaluate()

    def _take(self, name: tuple[str, ...], subject: str, level: int) -> None:
        said = Signal(
            market="UST", ts=self.now, known=self.now, detector=name[0], name=name[1], subject=subject, level=level,
            values={}, rule="", threshold=None, causes=(Cause("t", len(self.model.said)),), provenance="official",
            config_hash="", id=str(len(self.model.said)),
        )  # fmt: skip
        self.table.take(said)
        self.model.said.append(said)

    @rule(feed=st.sampled_from(["yields", "repo_gc", "specials", "specials"]), gone=st.booleans())
    def lose_or_hear_a_feed(self, feed: str, gone: bool) -> None:
        self.blind = self.blind | {feed} if gone else self.blind - {feed}
        self._evaluate()

    @rule(minutes=st.sampled_from([5, 10, 29, 30, 600, 1_440, 4_320, 14_400]))
    def pass_time(self, minutes: int) -> None:
        until = self.now + minutes * 60 * NS
        while (wake := self.table.wake_at()) is not None and wake <= until:
            assert wake > self.now, "it wakes at one moment for ever"
            self.now = wake
            found = self.table.overruled(self.now, tuple(sorted(self.blind)))
            assert set(found) == self.model.overruled(self.now, self.blind)
            for detector, name, subject in found:
                self._take((detector, name), subject, 0)
            self._evaluate()
        self.now = until

    def _evaluate(self) -> None:
        steps = self.table.evaluate(self.now, tuple(sorted(self.blind)))
        wanted = self.model.evaluate(self.now, self.blind)
        found = [(s.from_state, s.to_state, tuple(e.rule for e in s.evidence if e.rule != "support")) for s in steps]
        rose = [(a, b, rules) for a, b, rules in found if STATES.index(b) > STATES.index(a)]
        assert rose == [one for one in wanted if STATES.index(one[1]) > STATES.index(one[0])]
        assert [one[:2] for one in found] == [one[:2] for one in wanted]
        assert self.table.position.state == self.model.state
        for step in steps:
            if STATES.index(step.to_state) > STATES.index(step.from_state):
                self._look_at(step.kind, step.confidence, step.to_state)

    def _look_at(self, kind: str, confidence: str, state: str) -> None:
        """The kind and the confidence of a step upwards, from what held when it was made."""
        last = self.model.asked[-1]
        mine = self.model.carrying(last, state)
        kinds = {each.kind for each in mine}
        expected = kinds.pop() if len(kinds) == 1 else "squeeze" if kinds == {"scarcity", "squeeze"} else "mixed"
        living = [each for each in mine if each.name not in last.silent]
        support = {(s.detector, s.subject): s.level for s in self.model.said if s.detector in installed().supporting}
        strong = len(living) > 1 or any(support.values())
        assert kind == expected
        assert confidence == ("low" if not living else "high" if strong else "medium")

    @rule(level=st.integers(2, 3), minutes=st.sampled_from([1_440, 4_320, 14_400]))
    def a_state_is_entered_and_its_feed_falls_silent(self, level: int, minutes: int) -> None:
        for feed in LIVING:
            self.lose_or_hear_a_feed(feed, gone=False)
        self.say("floor.breach", "A", level)
        self.pass_time(60)
        self.lose_or_hear_a_feed("specials", gone=True)
        self.pass_time(minutes)

    @rule(share=st.floats(0, 1))
    def nothing_happens_before_it_wakes(self, share: float) -> None:
        wake = self.table.wake_at() or self.now + 40 * 86_400 * NS
        moment = self.now + int((wake - 1 - self.now) * share)
        copy = StateMachine(STRESS, installed())
        copy.restore(self.table.snapshot())
        assert copy.evaluate(moment, tuple(sorted(self.blind))) == []

    @rule()
    def restart(self) -> None:
        written = msgspec.msgpack.encode(self.table.snapshot())
        self.table = StateMachine(STRESS, installed())
        self.table.restore(msgspec.msgpack.decode(written, strict=False))
        assert msgspec.msgpack.encode(self.table.snapshot()) == written


TestTable = Table.TestCase
TestTable.settings = settings(max_examples=EXAMPLES, stateful_step_count=50, deadline=None)
