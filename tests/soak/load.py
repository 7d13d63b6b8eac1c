"""What a soak sends, and what has to come of it: worked out anew from the seed, never remembered.

Made-up markets without an end, with faults among them, a week at a time. What comes late is not used, so the outputs
are not those of a clean backtest: they are what the engines say when they are handed the very messages in the order in
which they were sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from detectors import codec, config
from detectors.calendar import NS
from detectors.engine import Engine
from detectors.signals import Transition, to_json
from replay.producer import faults
from replay.producer.faults import Faults, Item
from replay.scenarios.synthetic import Stage

MARKETS = ("UST", "UKT", "DBR", "JGB", "ACGB", "SGB", "NZGB", "OAT")
"""Two on each of four partitions, so that two workers have equal shares."""
WEEK_DAYS = 7
PROCESSES = 2
RATES = {"shuffle": 0.1, "duplicate": 0.02, "late": 0.002, "corrupt": 0.01}


@dataclass(frozen=True)
class Load:
    """How much is sent: the weeks of the warm-up at once, then as many as it takes to reach ``messages``."""

    seed: int
    messages: int
    warm_up_weeks: int
    markets: tuple[str, ...] = MARKETS

    def parts(self) -> Iterator[list[Item]]:
        """A week at a time: first those of the warm-up, without faults; at last the closing heartbeats."""
        stage = Stage(self.markets, self.seed)
        days = stage.days()
        sent = 0
        for week in count():
            warm = week < self.warm_up_weeks
            if sent >= self.messages:
                break
            events = [event for _ in range(WEEK_DAYS) for event in next(days)]
            rates = Faults() if warm else Faults(**RATES, seed=self.seed * 1_000_000 + week)
            items = self._planned(events, rates)
            sent += 0 if warm else len(items)
            yield items
        yield self._planned(stage.close(), Faults())

    def _planned(self, events: list, rates: Faults) -> list[Item]:  # type: ignore[type-arg]
        lateness_ns = round(config.load().merge.lateness_s * NS)
        return faults.plan(events, rates, lateness_ns=lateness_ns).items


@dataclass
class Due:
    """What has to come out: values by kind and market, and how many messages are refused or late."""

    outputs: dict[str, dict[str, list[bytes]]] = field(default_factory=lambda: {"transitions": {}, "signals": {}})
    messages: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    late: int = 0
    duplicates: int = 0

    def add(self, other: Due) -> None:
        """Take another part's markets in."""
        for kind, markets in other.outputs.items():
            self.outputs[kind] |= markets
        self.messages += other.messages
        self.dead += other.dead
        self.late += other.late
        self.duplicates += other.duplicates


def due(load: Load) -> Due:
    """What the engines say of a load, each process with its share of the markets."""
    shares = [load.markets[number::PROCESSES] for number in range(PROCESSES)]
    whole = Due()
    with ProcessPoolExecutor(PROCESSES) as pool:
        for part in pool.map(partial(_of, load), [share for share in shares if share]):
            whole.add(part)
    return whole


def _of(load: Load, share: tuple[str, ...]) -> Due:
    engines = {market: Engine(config.load(), market) for market in share}
    found = Due()
    for items in load.parts():
        for item in items:
            market = item.market.decode()
            if market in engines:
                _take(found, engines[market], item)
    return found


def _take(found: Due, engine: Engine, item: Item) -> None:
    found.messages += 1
    decoded = codec.decode(item.raw, key=item.market if item.keyed else None, stream=item.stream)
    found.dead.update(reject.reason for reject in decoded.rejects)
    result = engine.process([event for _, event in decoded.events])
    found.late += len(result.late) + len(result.conflicts)
    found.duplicates += result.duplicates
    for output in result.outputs:
        kind = "transitions" if isinstance(output, Transition) else "signals"
        found.outputs[kind].setdefault(output.market, []).append(to_json(output))
