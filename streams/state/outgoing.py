"""What goes out to topics: the exact bytes of each output, keyed by market; where its causes lay is in a header."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import msgspec
import orjson

from detectors.codec import Reject
from detectors.log_positions import LogPosition
from detectors.results import RejectedEvent
from detectors.signals import Output, Transition, to_json
from streams.kafka.topics import DEAD_LETTER, LATE, SIGNALS, TRANSITIONS
from streams.state.partition import Applied

MAX_PLACES = 64
"""Positions in a header; the causes themselves are all in the value."""
MAX_KEY_BYTES = 64

Headers = list[tuple[str, bytes]]


class Outgoing(msgspec.Struct, frozen=True):
    """A message to be sent to the partition of the message that caused it."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers


def produced(applied: Applied, place: LogPosition, key: bytes | None) -> list[Outgoing]:
    """Everything that one message led to: outputs, late events, dead letters.

    Args:
        applied: what the engine made of the message.
        place: where the message lies.
        key: its key.
    """
    return [
        *(output(found, places) for found, places in applied.outputs),
        *(late(event, place) for event in applied.late),
        *(dead_letter(reject, place, key) for reject in applied.rejects),
    ]


def output(found: Output, places: Sequence[LogPosition]) -> Outgoing:
    """A signal or a transition: the same bytes as in a backtest and in the golden files."""
    topic = TRANSITIONS if isinstance(found, Transition) else SIGNALS
    where = orjson.dumps([_plain(place) for place in places[:MAX_PLACES]])
    headers = [("places", where), ("config", found.config_hash.encode()), ("id", found.id.encode())]
    return Outgoing(topic, found.market.encode(), to_json(found), headers)


def late(found: RejectedEvent, place: LogPosition) -> Outgoing:
    """An event that was not used, whole, with the reason and where it lies: one that waited lies further back."""
    value = {"reason": found.reason, "event": msgspec.to_builtins(found.event), **_plain(found.place or place)}
    return Outgoing(LATE, found.event.market.encode(), orjson.dumps(value, option=orjson.OPT_SORT_KEYS), [])


def dead_letter(reject: Reject, place: LogPosition, key: bytes | None) -> Outgoing:
    """A message, or one element of a frame, that is not a valid event: why, where it lies, and its first bytes."""
    value = {
        "reason": reject.reason,
        "detail": reject.detail,
        "index": reject.index,
        "key_base64": None if key is None else b64encode(key[:MAX_KEY_BYTES]).decode(),
        "raw_base64": b64encode(reject.raw).decode(),
        **_plain(place),
    }
    kept = key if key is None or len(key) <= MAX_KEY_BYTES else key[:MAX_KEY_BYTES]
    return Outgoing(DEAD_LETTER, kept, orjson.dumps(value, option=orjson.OPT_SORT_KEYS), [])


def _plain(place: LogPosition) -> dict[str, str | int]:
    return {"topic": place.topic, "partition": place.partition, "offset": place.offset}
