"""From a plan to timed messages: ticks of event time, frames of one stream, and when each is due on the wall clock.

The past before the window goes out at once. From there on, a message is due as long after the window's beginning as
its event time divided by the speed. What falls into one tick is packed into frames, so a fast replay sends few, full
messages and a slow one sends each figure at its moment. All of this is decided by event time alone: the clock only
decides when to go on.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from replay.producer.faults import Item

TICK_S = 0.02
BULK_NS = 7 * 86_400 * 1_000_000_000
FRAME_EVENTS = 500
FRAME_BYTES = 200_000
NS = 1_000_000_000


class Message(NamedTuple):
    """What one send carries: stream, market (its key, if ``keyed``), value, and the good and bad elements in it."""

    stream: str
    market: bytes
    value: bytes
    good: int
    bad: int
    keyed: bool = True


@dataclass(frozen=True, slots=True)
class Slot:
    """Messages due together and the event time they reach.

    ``due_s`` is seconds of wall time after the window begins; None for what is due at once.
    """

    due_s: float | None
    until_ns: int
    messages: list[Message]

    @property
    def elements(self) -> int:
        """How many events and bad elements its messages hold."""
        return sum(message.good + message.bad for message in self.messages)


def slots(items: Iterable[Item], *, speed: float | None, window_ns: int) -> Iterator[Slot]:
    """Pack items into slots.

    Args:
        items: in order of delivery.
        speed: seconds of event time a second of wall time; None for as fast as it goes.
        window_ns: where pacing begins (UTC ns); what is before is due at once.
    """
    tick_ns = BULK_NS if speed is None else max(1, round(TICK_S * speed * NS))

    def tick(item: Item) -> tuple[bool, int]:
        paced = speed is not None and item.at >= window_ns
        return paced, (item.at - window_ns) // (tick_ns if paced else BULK_NS)

    for (paced, number), group in groupby(items, key=tick):
        due_s = number * tick_ns / NS / speed if paced and speed is not None else None
        held = list(group)
        yield Slot(due_s, held[-1].at, list(_frames(held)))


@dataclass(slots=True)
class _Open:
    """A frame being filled."""

    items: list[Item]
    size: int = 0


def singly(items: Iterable[Item], *, rate: float) -> Iterator[Slot]:
    """Each item a message of its own, so many a second whatever its event time: a load, not a replay of a time."""
    for number, group in groupby(enumerate(items), key=lambda one: int(one[0] / (rate * TICK_S))):
        held = [item for _, item in group]
        messages = [
            Message(item.stream, item.market, item.raw, int(item.good), int(not item.good), item.keyed) for item in held
        ]
        yield Slot(number * TICK_S, held[-1].at, messages)


def _frames(items: list[Item]) -> Iterator[Message]:
    """Messages of one tick, a market's stream at a time, the order of each kept."""
    open_: dict[tuple[str, bytes], _Open] = defaultdict(lambda: _Open([]))
    for item in items:
        whose = item.stream, item.market
        held = open_[whose]
        full = len(held.items) >= FRAME_EVENTS or held.size + len(item.raw) > FRAME_BYTES
        if held.items and (item.alone or full):
            yield _frame(held.items)
            held = open_[whose] = _Open([])
        if item.alone:
            yield Message(item.stream, item.market, item.raw, int(item.good), int(not item.good), item.keyed)
        else:
            held.items.append(item)
            held.size += len(item.raw)
    for held in open_.values():
        if held.items:
            yield _frame(held.items)


def _frame(items: list[Item]) -> Message:
    value = items[0].raw if len(items) == 1 else b"[" + b",".join(item.raw for item in items) + b"]"
    good = sum(item.good for item in items)
    return Message(items[0].stream, items[0].market, value, good, len(items) - good)
