"""One owned partition: its markets' engines, what they have seen and emitted, and what is to be written. No I/O.

A message is applied exactly once and in the order of its offsets, whatever is handed in: what lies below the next
offset was seen, what lies beyond it is a jump that the owner has to explain before it goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from detectors import codec
from detectors.codec import Reject
from detectors.engine import Engine
from detectors.events import Event
from detectors.log_positions import LogPosition
from detectors.results import RejectedEvent
from detectors.signals import Output
from streams.state import snapshot_records
from streams.state.snapshot_records import EmittedUntil

TOO_MANY_MARKETS = "too_many_markets"
NOT_ALLOWED = "market_not_allowed"
REASONS = (TOO_MANY_MARKETS, NOT_ALLOWED)
"""Of valid events of a market that is not accepted; beside those of the decoder."""
NewEngine = Callable[[str], Engine | None]


class Applied(msgspec.Struct):
    """What one message brought about."""

    market: str | None = None
    events: int = 0
    duplicates: int = 0
    outputs: list[tuple[Output, list[LogPosition]]] = msgspec.field(default_factory=list)
    late: list[RejectedEvent] = msgspec.field(default_factory=list)
    rejects: list[Reject] = msgspec.field(default_factory=list)


class Market:
    """An engine and the offsets below which it has seen everything (from its own record)."""

    def __init__(self, engine: Engine, seen: Mapping[str, int], flush: int) -> None:
        self.engine = engine
        self.seen = dict(seen)
        self.flush = flush
        self.dirty = False


class Partition:
    """The state of one partition number over all source topics."""

    def __init__(self, number: int, *, next_offsets: Mapping[str, int], new_engine: NewEngine) -> None:
        self.number = number
        self.next_offsets = dict(next_offsets)
        self.markets: dict[str, Market] = {}
        self.flush = 0
        self.touched = False
        self.settled: dict[str, int] = {}
        """Below these, what was bad or late has been reported before; it is not reported again when reread."""
        self.emitted: dict[str, EmittedUntil] = {}
        """How far each market has emitted; a state that is rebuilt does not repeat it."""
        self.allowed: frozenset[str] = frozenset()
        """The markets that are accepted; empty: any."""
        self._new_engine = new_engine

    def jump(self, topic: str, offset: int) -> int:
        """How many offsets lie between the next expected one and this; negative if it was seen."""
        return offset - self.next_offsets.get(topic, 0)

    def pass_over(self, topic: str, offset: int) -> None:
        """Accept that no message lies below ``offset`` (holes of transactions or of compaction, or a known loss)."""
        self.next_offsets[topic] = offset

    def apply(self, topic: str, name: str, offset: int, key: bytes | None, raw: bytes | None) -> Applied:
        """Take the next message of a topic.

        Args:
            topic: the source topic's name in the project, which is the stream's.
            name: its name on the broker, for the places.
            offset: must be the next one of that topic.
            key: the message's key.
            raw: the message's value.
        """
        if self.jump(topic, offset) != 0:
            raise ValueError(f"{topic}-{self.number}: {offset} is not the next offset")
        self.next_offsets[topic] = offset + 1
        self.touched = True
        decoded = codec.decode(raw, key=key, stream=topic)
        applied = Applied(rejects=decoded.rejects)
        if decoded.events:
            events = [event for _, event in decoded.events]
            applied.market = events[0].market
            market = self._admitted(applied.market, raw)
            if isinstance(market, Reject):
                applied.rejects = [*applied.rejects, market]
            elif offset >= market.seen.get(topic, 0):
                self._process(market, events, LogPosition(name, self.number, offset), applied)
        if offset < self.settled.get(topic, 0):
            applied.rejects, applied.late = [], []  # they were reported before
        return applied

    def _admitted(self, name: str, raw: bytes | None) -> Market | Reject:
        """The market of a message, or why it is rejected."""
        if self.allowed and name not in self.allowed:
            return _not_allowed(raw)
        return self._market(name) or _too_many(raw)

    def _process(self, market: Market, events: list[Event], place: LogPosition, applied: Applied) -> None:
        """Hand a message's events to its market's engine, and note what came of them."""
        result = market.engine.process(events, [place] * len(events))
        market.dirty = True
        applied.events = len(events)
        applied.duplicates = result.duplicates
        new = self._not_emitted_before(market.engine, result.outputs)
        applied.outputs = [(output, list(market.engine.places_of(output))) for output in new]
        applied.late = [*result.late, *result.conflicts]

    def _market(self, name: str) -> Market | None:
        market = self.markets.get(name)
        if market is None:
            engine = self._new_engine(name)
            if engine is None:
                return None
            market = self.markets[name] = Market(engine, {}, 0)
        return market

    def _not_emitted_before(self, engine: Engine, outputs: list[Output]) -> list[Output]:
        """The outputs that were not emitted before; from now on they count as emitted."""
        emitted = self.emitted.get(engine.market, EmittedUntil())
        new = [output for output in outputs if not emitted.covers(output)]
        until = engine.watermark_ns
        if until >= emitted.until_ns:
            ids = emitted.ids if until == emitted.until_ns else ()
            last = tuple(output.id for output in new if output.known >= until)
            self.emitted[engine.market] = EmittedUntil(emitted.flush, until, ids + last)
        return new

    def market_records(self) -> list[snapshot_records.MarketRecord]:
        """The states to write down in the flush that begins now, of the markets that have changed since the last."""
        self.flush += 1
        changed = []
        for name, market in self.markets.items():
            if market.dirty:
                market.flush = self.flush
                market.seen = dict(self.next_offsets)
                state = market.engine.snapshot()
                changed.append(
                    snapshot_records.MarketRecord(
                        market=name, flush=self.flush, applied=dict(self.next_offsets), state=state
                    )
                )
        return changed

    def position_record(self) -> snapshot_records.PositionRecord:
        """The position that belongs to these states."""
        for name, market in self.markets.items():
            self.emitted[name] = msgspec.structs.replace(self.emitted.get(name, EmittedUntil()), flush=market.flush)
        topics = {*self.next_offsets, *self.settled}
        return snapshot_records.PositionRecord(
            flush=self.flush,
            next_offsets=dict(self.next_offsets),
            settled={topic: max(self.next_offsets.get(topic, 0), self.settled.get(topic, 0)) for topic in topics},
            markets=dict(self.emitted),
        )

    def written(self) -> None:
        """Note that the flush was confirmed."""
        self.touched = False
        for market in self.markets.values():
            market.dirty = False


def _too_many(raw: bytes | None) -> Reject:
    return Reject(TOO_MANY_MARKETS, "the worker's bound on markets is reached", None, (raw or b"")[:2048])


def _not_allowed(raw: bytes | None) -> Reject:
    return Reject(NOT_ALLOWED, "CRUNCHWATCH_MARKETS does not name this market", None, (raw or b"")[:2048])
