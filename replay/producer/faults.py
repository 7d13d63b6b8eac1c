"""Faults on purpose: reordering within the lateness, repeats, events that come too late, and messages that are none.

Every fault has a rate in [0, 1] and a stream of random numbers of its own, so that switching one on changes nothing
of another, and the same seed gives the same bytes on every machine.

The order on a stream is a sort by *delivery time*: ``known`` where nothing happens. A shuffled or repeated event is
delivered up to the allowed lateness after it was known, so whatever went before it was known at most that much
later: it is never late. A late event is delivered right after the first heartbeat that is further ahead than the
lateness (heartbeats are never moved): it is always late. Bad messages travel beside the good ones, which are untouched.
"""

import random
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from detectors.codec import DEFAULT_LIMITS, encode
from detectors.events import STREAMS, Event, Heartbeat, stream_of

OVERSIZED_A_STREAM = 1


class Item(NamedTuple):
    """One thing to deliver: bytes, when (event time, UTC ns), where, and whether it must be a message of its own."""

    at: int
    rank: int
    stream: str
    market: bytes
    raw: bytes
    alone: bool = False
    good: bool = True
    keyed: bool = True


@dataclass(frozen=True, slots=True)
class Faults:
    """Rates in [0, 1] and the seed that decides where they fall."""

    shuffle: float = 0.0
    duplicate: float = 0.0
    late: float = 0.0
    corrupt: float = 0.0
    seed: int = 0


@dataclass
class DeliveryPlan:
    """What will be delivered, in order, and how much of each fault is in it."""

    items: list[Item]
    shuffled: int = 0
    duplicated: int = 0
    late: Counter[str] = field(default_factory=Counter)
    corrupt: Counter[str] = field(default_factory=Counter)


def plan(events: Sequence[Event], faults: Faults, *, lateness_ns: int) -> DeliveryPlan:
    """Decide what is delivered and in which order; a pure function of its arguments."""
    made = DeliveryPlan([])
    dice = {name: random.Random(f"{faults.seed}/{name}") for name in ("shuffle", "duplicate", "late")}  # noqa: S311 - faults to be repeated by seed, no secrets
    vandal = _Vandal(random.Random(f"{faults.seed}/corrupt"), faults.corrupt)  # noqa: S311 - repeatable, not secret
    beats = _beats(events)
    for event in events:
        stream, market, raw = stream_of(event), event.market.encode(), encode(event)
        at, rank = event.known, 0
        if not isinstance(event, Heartbeat):
            late_at = _late(event, beats[event.market, stream], lateness_ns, dice["late"], faults.late)
            if late_at is not None:
                made.late[stream] += 1
                made.items.append(Item(late_at, 2, stream, market, raw))
                continue
            if dice["shuffle"].random() < faults.shuffle:
                at, rank = at + dice["shuffle"].randint(0, lateness_ns), 1
                made.shuffled += 1
        made.items.append(Item(at, rank, stream, market, raw))
        if isinstance(event, Heartbeat) and event.roster:
            continue  # a market's first word on a stream stays its first
        if dice["duplicate"].random() < faults.duplicate:
            again = event.known + dice["duplicate"].randint(0, lateness_ns)
            made.items.append(Item(max(at, again), 3, stream, market, raw))
            made.duplicated += 1
        bad = vandal.beside(event, stream, at)
        if bad is not None:
            made.items.append(bad)
    made.corrupt = vandal.done
    made.items.sort(key=lambda item: (item.at, item.rank))  # stable: the total order decides the rest
    return made


def _beats(events: Sequence[Event]) -> dict[tuple[str, str], list[int]]:
    beats: dict[tuple[str, str], list[int]] = defaultdict(list)
    for event in events:
        if isinstance(event, Heartbeat):
            beats[event.market, event.stream].append(event.known)
    return beats


def _late(event: Event, beats: list[int], lateness_ns: int, dice: random.Random, rate: float) -> int | None:
    """When to deliver an event that is to be late; None when it is not to be, or nothing comes after it."""
    if dice.random() >= rate:
        return None
    ahead = bisect_right(beats, event.known + lateness_ns)
    return beats[ahead] if ahead < len(beats) else None


def _truncated(event: Event) -> bytes:
    raw = encode(event)
    return raw[: len(raw) // 2]


def _bad_utf8(event: Event) -> bytes:
    return encode(event).replace(b'"market":"', b'"market":"\xff\xfe', 1)


def _nan(event: Event) -> bytes:
    return encode(event).replace(b'"ts":', b'"ts":NaN,"was":', 1)


def _wrong_type(event: Event) -> bytes:
    record = orjson.loads(encode(event))
    record["sequence"] = str(record["sequence"])
    return orjson.dumps(record)


def _unknown_kind(event: Event) -> bytes:
    record = orjson.loads(encode(event))
    record["kind"] = "crystal_ball"
    return orjson.dumps(record)


def _wrong_unit(event: Event) -> bytes:
    record = orjson.loads(encode(event))
    record["known"] //= 1_000_000
    return orjson.dumps(record)


def _oversized(event: Event) -> bytes:
    return encode(event).ljust(DEFAULT_LIMITS.value_bytes + 1)


class _Damage(NamedTuple):
    """A way to be bad. One that is still an object may stand in a frame among good events, and spoils only itself."""

    make: Callable[[Event], bytes]
    alone: bool
    keyed: bool = True


DAMAGE: dict[str, _Damage] = {
    "truncated": _Damage(_truncated, alone=True),
    "bad_utf8": _Damage(_bad_utf8, alone=True),
    "nan": _Damage(_nan, alone=True),
    "wrong_type": _Damage(_wrong_type, alone=False),
    "unknown_kind": _Damage(_unknown_kind, alone=False),
    "wrong_unit": _Damage(_wrong_unit, alone=False),
    "missing_key": _Damage(encode, alone=True, keyed=False),
}


class _Vandal:
    """Makes the bad messages, each kind in turn, and one oversized message a stream: those cost a megabyte each."""

    def __init__(self, dice: random.Random, rate: float) -> None:
        self.done: Counter[str] = Counter()
        self._dice = dice
        self._rate = rate
        self._oversized = dict.fromkeys(STREAMS, OVERSIZED_A_STREAM)
        self._kinds = list(DAMAGE)

    def beside(self, event: Event, stream: str, at: int) -> Item | None:
        if self._dice.random() >= self._rate:
            return None
        market = event.market.encode()
        if self._oversized[stream]:
            self._oversized[stream] -= 1
            self.done["oversized"] += 1
            return Item(at, 4, stream, market, _oversized(event), alone=True, good=False)
        name = self._kinds[self.done.total() % len(self._kinds)]
        damage = DAMAGE[name]
        self.done[name] += 1
        raw = damage.make(event)
        return Item(at, 4, stream, market, raw, alone=damage.alone, good=False, keyed=damage.keyed)
