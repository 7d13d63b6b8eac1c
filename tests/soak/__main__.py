"""The soak: many messages a second for long, with kills and corruption; prints an account and exits 1 if it is wrong.

Two workers share eight made-up markets on a real Apache Kafka, each under a fixed name. One is killed at random
moments and started again; the other is left alone, so that its memory can be watched over the whole time. Before the
clock starts, three years of sessions go in at once: every window is full, and what grows afterwards is a leak.

Variables: SOAK_MINUTES (20), SOAK_RATE (2000 messages a second), SOAK_SEED, SOAK_OUT (build/soak.svg and .json).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from replay.producer import pacer, producer
from replay.producer.pacer import Slot
from streams.kafka import topics
from tests.chaos.ledger import KINDS, Ledger
from tests.chaos.trial import Supervised, Trial, metric
from tests.soak.load import Due, Load, due
from tests.soak.plot import draw
from tests.support.kafka import Kafka

WARM_UP_WEEKS = 170
SAMPLE_S = 5.0
SETTINGS = {"CRUNCHWATCH_SNAPSHOT_MESSAGES": "20000"}
"""Under such a load the interval of a second decides when the state is written down, not the count."""
SETTLED_S = 120.0
WINDOW_S = 60.0
GROWTH_MAX = 0.05
KILL_EVERY_S = (10.0, 40.0)


class Soak:
    """One run."""

    def __init__(self, trial: Trial, load: Load, rate: float, dice: random.Random) -> None:
        self.trial = trial
        self.load = load
        self.rate = rate
        self.samples: list[dict[str, Any]] = []
        self.kills: list[float] = []
        self.sent = 0
        self._dice = dice
        self._parts = load.parts()
        self._before = (0.0, 0.0, 0.0, 0.0)

    def run(self) -> None:
        """Warm up, send with kills, drain."""
        self.trial.make_topics()
        past = (item for part in islice(self._parts, self.load.warm_up_weeks) for item in part)
        self._send(pacer.slots(past, speed=None, window_ns=0))
        with ExitStack() as stack:
            log = stack.enter_context(self.trial.log.open("ab"))
            steady, victim = (
                stack.enter_context(Supervised({**self.trial.variables, "CRUNCHWATCH_INSTANCE": name}, log))
                for name in (f"{self.trial.settings.group}-steady", f"{self.trial.settings.group}-victim")
            )
            steady.wait_ready()
            victim.wait_ready()
            self.trial.drain()
            self._under_load(steady, victim)
            self.trial.drain()
            assert steady.exits == [], f"the steady worker ended by itself: {steady.exits}"

    def _under_load(self, steady: Supervised, victim: Supervised) -> None:
        began = time.monotonic()
        next_kill = began + self._dice.uniform(*KILL_EVERY_S)
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(self._send, self._singly())
            while not sending.done():
                time.sleep(SAMPLE_S)
                self._sample(steady, time.monotonic() - began)
                if time.monotonic() > next_kill and not sending.done():
                    time.sleep(self._dice.uniform(0, SAMPLE_S))
                    os.kill(victim.pid, 9)  # its supervisor starts it again
                    self.kills.append(time.monotonic() - began)
                    next_kill = time.monotonic() + self._dice.uniform(*KILL_EVERY_S)
            sending.result()

    def _singly(self) -> Iterator[Slot]:
        items = (item for part in self._parts for item in part)
        return pacer.singly(items, rate=self.rate)

    def _send(self, slots: Iterator[Slot]) -> None:
        settings = self.trial.settings

        def count(slot: Slot) -> None:
            self.sent += slot.elements

        asyncio.run(producer.send(slots, broker=settings.broker, topic_prefix=settings.topic_prefix, progress=count))

    def _sample(self, steady: Supervised, at_s: float) -> None:
        names = ("crunchwatch_processing_seconds", "crunchwatch_flush_seconds")
        now = tuple(metric(steady, f"{name}_{part}") for name in names for part in ("sum", "count"))
        delta = [new - old for new, old in zip(now, self._before, strict=True)]
        self._before = now
        self.samples.append(
            {
                "at_s": round(at_s, 1),
                "memory_mb": round(metric(steady, "process_resident_memory_bytes") / 1e6, 2),
                "processing_ms": round(1e3 * delta[0] / max(1.0, delta[1]), 4),
                "flush_ms": round(1e3 * delta[2] / max(1.0, delta[3]), 3),
                "sent": self.sent,
                "behind": sum(asyncio.run(self.trial._behind()).values()),
            }
        )

    def growth(self) -> float:
        """By how much the steady worker's memory grew, from the minute after the first two to the last."""
        end_s = self.samples[-1]["at_s"]
        settled_s = min(SETTLED_S, end_s / 3)  # a trial that is too short for two minutes

        def mean(first_s: float, last_s: float) -> float:
            found = [one["memory_mb"] for one in self.samples if first_s <= one["at_s"] <= last_s]
            return sum(found) / len(found)

        window_s = min(WINDOW_S, end_s / 3)
        return mean(end_s - window_s, end_s) / mean(settled_s, settled_s + window_s) - 1

    def account(self, expected: Due, ledger: Ledger) -> dict[str, Any]:
        """What came out, held against what is due."""
        said = {
            kind: self.trial.committed(topic)
            for kind, topic in zip(KINDS, (topics.TRANSITIONS, topics.SIGNALS), strict=True)
        }
        same = [ledger.compare(kind, expected.outputs[kind], said[kind]) for kind in KINDS]
        letters = [orjson.loads(record.value or b"")["reason"] for record in self.trial.read(topics.DEAD_LETTER)]
        late = len(self.trial.read(topics.LATE))
        growth = self.growth()
        right = all(same) and len(letters) == expected.dead.total() and late == expected.late
        return {
            "right": right and growth < GROWTH_MAX,
            "minutes": round(self.samples[-1]["at_s"] / 60, 2),
            "messages_in": self.sent,
            "messages_a_second": round(self._rate(), 1),
            "out": {kind: sum(map(len, said[kind].values())) for kind in KINDS},
            "dead_lettered": len(letters),
            "dead_letters_due": expected.dead.total(),
            "late": late,
            "late_due": expected.late,
            "repeated_in": expected.duplicates,
            "missing": ledger.missing.total(),
            "new": ledger.new.total(),
            "repeated_out": ledger.repeated.total(),
            "kills": len(self.kills),
            "behind_most": max(one["behind"] for one in self.samples),
            "memory_mb_least": min(one["memory_mb"] for one in self.samples),
            "memory_mb_most": max(one["memory_mb"] for one in self.samples),
            "memory_growth": round(growth, 4),
            "seed": self.load.seed,
        }

    def _rate(self) -> float:
        first, last = self.samples[0], self.samples[-1]
        return float((last["sent"] - first["sent"]) / (last["at_s"] - first["at_s"]))


def main() -> int:
    """Run a soak as the variables say."""
    minutes, rate = float(os.environ.get("SOAK_MINUTES", "20")), float(os.environ.get("SOAK_RATE", "2000"))
    seed = int(os.environ.get("SOAK_SEED") or secrets.randbelow(1_000_000))
    out = Path(os.environ.get("SOAK_OUT", "build/soak.svg"))
    out.parent.mkdir(parents=True, exist_ok=True)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of every new topic and of every kill
    load, ledger = Load(seed, round(minutes * 60 * rate), WARM_UP_WEEKS), Ledger()
    print(f"soak of {minutes:g} minutes at {rate:g} messages a second, SOAK_SEED={seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="crunchwatch-soak-") as folder:
        kafka = Kafka(Path(folder) / "kafka").start()
        try:
            soak = Soak(Trial(kafka.url, Path(folder), ledger, SETTINGS), load, rate, random.Random(seed))
            soak.run()
            told = soak.account(due(load), ledger)
        finally:
            kafka.kill()
    out.with_suffix(".json").write_text(json.dumps({"account": told, "samples": soak.samples}, indent=1) + "\n")
    draw(soak.samples, soak.kills, out)
    for name, value in told.items():
        print(f"  {name.replace('_', ' '):<22}{value}")
    print(f"{out} and {out.with_suffix('.json')}")
    return 0 if told["right"] else 1


if __name__ == "__main__":
    sys.exit(main())
