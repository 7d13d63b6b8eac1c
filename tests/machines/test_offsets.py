"""A partition as a state machine: repeats, jumps and restarts at any point, and the outputs of an undisturbed run."""

from __future__ import annotations

import functools
import os
from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from detectors.config import load
from detectors.engine import Engine
from detectors.events import STREAMS
from streams.state import snapshot_records
from streams.state.partition import Applied, Market, Partition
from tests.fuzz.account import said
from tests.fuzz.messages import Fuzzer, Message

pytestmark = pytest.mark.slow("whole markets are rebuilt at any point of a state machine")
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "40"))
CONFIG = load()
LENGTH = 250


class Log(NamedTuple):
    """What lies on the topics, in the order of the undisturbed run, and what that run said of each."""

    messages: tuple[tuple[int, Message], ...]
    said: tuple[list[object], ...]


def partition(next_offsets: dict[str, int] | None = None) -> Partition:
    return Partition(0, next_offsets=next_offsets or {}, new_engine=lambda market: Engine(CONFIG, market))


@functools.cache
def log() -> Log:
    source = Fuzzer(11).messages()
    ends = dict.fromkeys(STREAMS, 0)
    undisturbed = partition()
    messages, outcomes = [], []
    for _ in range(LENGTH):
        message = next(source)
        messages.append((ends[message.topic], message))
        outcomes.append(said(give(undisturbed, ends[message.topic], message)))
        ends[message.topic] += 1
    return Log(tuple(messages), tuple(outcomes))


def give(one: Partition, offset: int, message: Message) -> Applied:
    return one.apply(message.topic, message.topic, offset, message.key, message.value)


class Offsets(RuleBasedStateMachine):
    """The owner of a partition as custody treats it: what was seen is skipped, what is missing is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.partition = partition()
        self.at = 0
        self.written: tuple[list[bytes], bytes, int] = (
            [],
            snapshot_records.encode(self.partition.position_record()),
            0,
        )
        self.kept: dict[bytes, bytes] = {}
        self.reported: dict[tuple[str, int], list[object]] = {}

    @rule(count=st.integers(1, 40))
    def take(self, count: int) -> None:
        for _ in range(min(count, LENGTH - self.at)):
            self._apply(self.at)
            self.at += 1

    def _apply(self, index: int) -> None:
        offset, message = log().messages[index]
        assert self.partition.jump(message.topic, offset) == 0
        found = said(give(self.partition, offset, message))
        assert found == log().said[index]

    @precondition(lambda self: self.at > 0)
    @rule(share=st.floats(0, 1, exclude_max=True))
    def a_message_comes_again(self, share: float) -> None:
        offset, message = log().messages[int(share * self.at)]
        assert self.partition.jump(message.topic, offset) < 0

    @precondition(lambda self: self.at < LENGTH - 20)
    @rule(ahead=st.integers(1, 19))
    def a_jump_is_seen_before_anything_is_applied(self, ahead: int) -> None:
        offset, message = log().messages[self.at + ahead]
        between = sum(one.topic == message.topic for _, one in log().messages[self.at : self.at + ahead])
        assert self.partition.jump(message.topic, offset) == between
        if between:
            try:
                give(self.partition, offset, message)
            except ValueError:
                return
            raise AssertionError("a jump was passed over")

    @rule()
    def write_down(self) -> None:
        for record in self.partition.market_records():
            self.kept[record.market.encode()] = snapshot_records.encode(record)
        self.written = (list(self.kept.values()), snapshot_records.encode(self.partition.position_record()), self.at)
        self.partition.written()

    @rule()
    def restart(self) -> None:
        """Go on from what was written down together; what came after it is applied again."""
        _, position, at = self.written
        entries = [*self.kept.items(), (snapshot_records.POSITION_KEY, position)]
        found = snapshot_records.fold(entries)
        plan = snapshot_records.plan(found, STREAMS, {})
        assert plan.healed == {}
        self.partition = partition(plan.start)
        for name, record in found.markets.items():
            engine = Engine.restore(CONFIG, name, record.state)
            self.partition.markets[name] = Market(engine, record.applied, record.flush)
        assert found.position is not None
        self.partition.flush = found.position.flush
        self.partition.emitted, self.partition.settled = dict(found.position.markets), dict(found.position.settled)
        for index in range(at, self.at):
            offset, message = log().messages[index]
            again = said(give(self.partition, offset, message))
            wanted = log().said[index]
            assert again[2] in ([], wanted[2]), "something new was said after a restart"

    def teardown(self) -> None:
        self.restart()
        self.take(LENGTH)
        wanted = partition()
        for offset, message in log().messages:
            give(wanted, offset, message)
        for name, market in wanted.markets.items():
            assert self.partition.markets[name].engine.snapshot() == market.engine.snapshot()


TestOffsets = Offsets.TestCase
TestOffsets.settings = settings(max_examples=max(6, EXAMPLES // 8), stateful_step_count=25, deadline=None)
