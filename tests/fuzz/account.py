"""Fuzzed messages through the real way of a worker without its broker, and an account of what became of each.

Real partitions over real engines, the worker's bound on markets, the states written down as the worker writes them and
taken back at random moments. Every message is processed or a dead letter; every element of a frame is an event or a
dead letter; every event is applied, waits, was a heartbeat, a duplicate, late or refused. The sums have to fit.

    python -m tests.fuzz.account --messages 1000000 --seed 1
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from detectors import codec
from detectors.config import load
from detectors.engine import Engine
from detectors.events import Heartbeat
from detectors.log_positions import LogPosition
from detectors.sections import Config
from detectors.signals import Transition, to_json
from streams.state import outgoing, snapshot_records
from streams.state.partition import Applied, Market, Partition
from tests.fuzz.messages import Fuzzer, Message

PARTITIONS = 2
MAX_MARKETS = 6
TWIN_MESSAGES = 300
SAMPLE_EVERY = 10_000
MAX_GROWTH = 1.25


class Account:
    """A worker's partitions, fed by hand, and the ledger."""

    def __init__(self, seed: int, config: Config | None = None) -> None:
        self.config = config or load()
        self.count: Counter[str] = Counter()
        self.dead: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.state_bytes: list[int] = []
        self.memory_bytes: list[int] = []
        self._dice = random.Random(f"{seed}/restarts")
        self._fuzzer = Fuzzer(seed)
        self._partitions = {number: self._fresh(number) for number in range(PARTITIONS)}
        self._twins: dict[int, Partition] = {}
        self._twin_left = 0

    def run(self, messages: int, restart_every: int = 5_000) -> Account:
        """Feed that many messages; a restart after about so many."""
        stream = self._fuzzer.messages()
        for index in range(messages):
            self._feed(next(stream))
            if self._dice.randrange(restart_every) == 0:
                self._restart()
            if index % SAMPLE_EVERY == SAMPLE_EVERY - 1:
                self.memory_bytes.append(resident_bytes())
        return self

    def _fresh(self, number: int) -> Partition:
        return Partition(number, next_offsets={}, new_engine=lambda market: self._new_engine(market, number))

    def _new_engine(self, market: str, number: int) -> Engine | None:
        if len(self._partitions[number].markets) >= MAX_MARKETS // PARTITIONS:
            return None
        return Engine(self.config, market)

    def _feed(self, message: Message) -> None:
        number = crc32(message.key or b"") % PARTITIONS
        partition = self._partitions[number]
        offset = partition.next_offsets.get(message.topic, 0)
        applied = partition.apply(message.topic, message.topic, offset, message.key, message.value)
        self._note(message, applied)
        self._send(message, applied, LogPosition(message.topic, number, offset))
        twin = self._twins.get(number)
        if twin is not None:
            again = twin.apply(message.topic, message.topic, offset, message.key, message.value)
            assert said(again) == said(applied), f"a restored state says something else of {message}"
        self._twin_left -= 1
        if self._twin_left == 0:
            self._compare()

    def _note(self, message: Message, applied: Applied) -> None:
        decoded = codec.decode(message.value, key=message.key, stream=message.topic)
        count = self.count
        whole = [reject for reject in applied.rejects if reject.index is None]
        assert len(whole) <= 1
        count["messages"] += 1
        count["messages whole dead letters"] += len(whole)
        count["messages taken apart"] += not whole
        self.dead.update(reject.reason for reject in applied.rejects)
        count["outputs"] += len(applied.outputs)
        count["transitions"] += sum(isinstance(output, Transition) for output, _ in applied.outputs)
        if whole and not decoded.events:
            return
        count["elements"] += len(decoded.events) + len(decoded.rejects)
        count["elements dead letters"] += len(decoded.rejects)
        count["events"] += len(decoded.events)
        if whole:
            count["events of one market too many"] += len(decoded.events)
            return
        assert applied.events == len(decoded.events)
        self.refused.update(late.reason for late in applied.late)
        count["heartbeats"] += sum(isinstance(event, Heartbeat) for _, event in decoded.events)
        count["heartbeats"] -= sum(isinstance(late.event, Heartbeat) for late in applied.late)
        count["duplicates"] += applied.duplicates
        count["set aside"] += len(applied.late)

    def _send(self, message: Message, applied: Applied, place: LogPosition) -> None:
        """Everything that goes out can be written as the worker writes it."""
        for output, places in applied.outputs:
            outgoing.output(output, places)
        for late in applied.late:
            outgoing.late(late, place)
        for reject in applied.rejects:
            outgoing.dead_letter(reject, place, message.key)

    def _restart(self) -> None:
        """Go on with what was written down; for a while the old state goes on beside it and must say the same."""
        if self._twin_left > 0:
            return
        self.count["restarts"] += 1
        for number, partition in list(self._partitions.items()):
            for market in partition.markets.values():
                market.dirty = True  # all are written each time, so that all are taken back
            written = partition.market_records()
            position = snapshot_records.decode(snapshot_records.encode(partition.position_record()))
            assert isinstance(position, snapshot_records.PositionRecord)
            fresh = self._fresh(number)
            fresh.next_offsets = position.next_offsets
            fresh.flush = partition.flush
            fresh.emitted = dict(position.markets)
            for record in written:
                raw = snapshot_records.encode(record)
                self.state_bytes.append(len(raw))
                back = snapshot_records.decode(raw)
                assert isinstance(back, snapshot_records.MarketRecord)
                engine = Engine.restore(self.config, back.market, back.state)
                assert engine.snapshot() == record.state, "a restored state is written differently"
                fresh.markets[back.market] = Market(engine, back.applied, back.flush)
            self._twins[number] = partition
            self._partitions[number] = fresh
        self._twin_left = TWIN_MESSAGES

    def _compare(self) -> None:
        for number, twin in self._twins.items():
            for name, market in twin.markets.items():
                ours = self._partitions[number].markets[name].engine
                assert ours.snapshot() == market.engine.snapshot(), f"the states of {name} have parted"
        self._twins.clear()

    def check(self) -> None:
        """The sums."""
        count = self.count
        statuses = [market.engine.status() for one in self._partitions.values() for market in one.markets.values()]
        count["waiting"] = sum(status.waiting for status in statuses)
        count["applied"] = sum(status.counts.applied for status in statuses)
        count["received"] = sum(status.counts.received for status in statuses)
        assert count["messages"] == count["messages taken apart"] + count["messages whole dead letters"]
        assert count["elements"] == count["events"] + count["elements dead letters"]
        assert count["events"] == count["received"] + count["events of one market too many"]
        became = ("applied", "waiting", "heartbeats", "duplicates", "set aside")
        assert count["received"] == sum(count[one] for one in became), count
        assert count["outputs"] == sum(status.counts.signals + status.counts.transitions for status in statuses)
        assert count["set aside"] == sum(self.refused.values())
        assert count["set aside"] == sum(status.counts.late + status.counts.refused for status in statuses)
        whole = count["messages whole dead letters"]
        assert sum(self.dead.values()) == whole + count["elements dead letters"]


def said(applied: Applied) -> list[object]:
    """What a message brought about, as it would be sent."""
    return [
        applied.events,
        applied.duplicates,
        [to_json(output) for output, _ in applied.outputs],
        [places for _, places in applied.outputs],
        applied.late,
        applied.rejects,
    ]


def resident_bytes() -> int:
    """The process's memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


class Shard(NamedTuple):
    """What is left of an account when its process is done."""

    count: Counter[str]
    dead: Counter[str]
    refused: Counter[str]
    largest_state_bytes: int
    memory_bytes: list[int]

    @property
    def growth(self) -> float:
        """Memory at the end against that at a quarter."""
        memory = self.memory_bytes
        return memory[-1] / memory[len(memory) // 4] if len(memory) >= 4 else 1.0


def shard(messages: int, seed: int) -> Shard:
    """A part of the whole, checked, in a process of its own."""
    account = Account(seed).run(messages)
    account.check()
    return Shard(
        account.count, account.dead, account.refused, max(account.state_bytes, default=0), account.memory_bytes
    )


def table(shards: list[Shard]) -> str:
    """The account, for reading."""
    lines = []
    for head, each in (("", "count"), ("dead letter: ", "dead"), ("set aside: ", "refused")):
        total: Counter[str] = sum((getattr(one, each) for one in shards), Counter())
        lines += [f"{head + name:<34}{number:>14,}" for name, number in sorted(total.items())]
    lines.append(f"{'largest state, bytes':<34}{max(one.largest_state_bytes for one in shards):>14,}")
    lines.append(f"{'memory, end against a quarter':<34}{max(one.growth for one in shards):>14.2f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--shards", type=int, default=4, help="parts, each with a seed of its own")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    began = time.monotonic()
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        parts = [pool.submit(shard, chosen.messages // chosen.shards, chosen.seed + n) for n in range(chosen.shards)]
        shards = [part.result() for part in parts]
    print(table(shards))
    seconds = time.monotonic() - began
    print(f"every message accounted for; {seconds:,.0f} s, {chosen.messages / seconds:,.0f} messages/s")
    if max(one.growth for one in shards) > MAX_GROWTH:
        sys.exit(f"memory grew by more than {MAX_GROWTH - 1:.0%} after the first quarter")


if __name__ == "__main__":
    main()
