"""Pacing: what is due when, and that packing loses, adds and reorders nothing."""

from collections import defaultdict

import orjson
import pytest

from detectors.calendar import NS
from detectors.codec import DEFAULT_LIMITS, decode
from detectors.events import Event
from replay.producer.faults import Faults, Item, plan
from replay.producer.pacer import FRAME_BYTES, FRAME_EVENTS, TICK_S, slots
from replay.scenarios.scenario import Script

LATENESS_NS = 600 * NS


@pytest.mark.parametrize("speed", [None, 3600.0, 259_200.0])
def test_packing_keeps_every_stream_as_it_was(feb2021: Script, speed: float | None) -> None:
    planned = plan(feb2021.events, Faults(shuffle=0.3, duplicate=0.2, corrupt=0.05, seed=2), lateness_ns=LATENESS_NS)
    before: dict[str, list[bytes]] = defaultdict(list)
    after: dict[str, list[bytes]] = defaultdict(list)
    for item in planned.items:
        if item.good:
            before[item.stream].append(item.raw)
    bad = 0
    for slot in slots(planned.items, speed=speed, window_ns=feb2021.window_ns):
        for message in slot.messages:
            bad += message.bad
            if message.good + message.bad > 1:
                assert len(message.value) <= max(FRAME_BYTES + 2 * FRAME_EVENTS, DEFAULT_LIMITS.value_bytes)
            key = message.market if message.keyed else None
            found = decode(message.value, key=key, stream=message.stream)
            assert len(found.events) == message.good
            content = orjson.loads(message.value) if found.events else []
            elements = content if isinstance(content, list) else [content]
            after[message.stream] += [orjson.dumps(elements[index]) for index, _ in found.events]
    assert after == before
    assert bad == planned.corrupt.total()


def test_the_past_is_due_at_once_and_the_window_at_its_speed(feb2021: Script) -> None:
    planned = plan(feb2021.events, Faults(), lateness_ns=LATENESS_NS)
    speed = 3600.0
    due = {slot.until_ns: slot.due_s for slot in slots(planned.items, speed=speed, window_ns=feb2021.window_ns)}
    for until_ns, due_s in due.items():
        at_s = (until_ns - feb2021.window_ns) / NS / speed
        if due_s is None:
            assert at_s < 0
        else:
            assert 0 <= at_s - due_s <= TICK_S
    paced = [due_s for due_s in due.values() if due_s is not None]
    assert paced == sorted(paced)
    assert list(due.values())[-len(paced) :] == paced  # first what is due at once


def test_as_fast_as_it_goes_nothing_is_due_later(feb2021: Script) -> None:
    planned = plan(feb2021.events, Faults(), lateness_ns=LATENESS_NS)
    made = list(slots(planned.items, speed=None, window_ns=feb2021.window_ns))
    assert {slot.due_s for slot in made} == {None}
    assert sum(len(slot.messages) for slot in made) < 5_000


def test_the_default_speed_is_well_under_a_minute(feb2021: Script) -> None:
    planned = plan(feb2021.events, Faults(), lateness_ns=LATENESS_NS)
    *_, last = slots(planned.items, speed=259_200.0, window_ns=feb2021.window_ns)
    assert last.due_s is not None
    assert last.due_s < 45


def test_a_bad_message_goes_out_in_its_place() -> None:
    raw = b'{"kind":"x"}'
    items = [Item(0, 0, "repo", b"UST", raw), Item(0, 4, "repo", b"UST", b"{", alone=True, good=False)]
    items += [Item(0, 0, "repo", b"UST", raw)] * 2
    (slot,) = slots(items, speed=None, window_ns=0)
    assert [(m.value, m.good, m.bad) for m in slot.messages] == [
        (raw, 1, 0),
        (b"{", 0, 1),
        (b"[" + raw + b"," + raw + b"]", 2, 0),
    ]


def test_an_event_alone_is_sent_as_it_is(feb2021: Script) -> None:
    one: Event = feb2021.events[0]
    (slot,) = slots(plan([one], Faults(), lateness_ns=0).items, speed=60.0, window_ns=one.known)
    assert decode(slot.messages[0].value, key=b"UST").events == [(0, one)]
