"""Bytes to events and back. Decoding is total: whatever the bytes, it returns events and named rejects, never raises.

A message's value is one event or an array of events (a frame), in JSON; its key is the market. In a frame one bad
element spoils only itself.
"""

from typing import Any

import msgspec
import orjson

from detectors.checks import CheckError, check
from detectors.events import Event, stream_of
from detectors.events.catalogue import kinds_by_tag


class Limits(msgspec.Struct, frozen=True):
    """How large a message may be: bytes of its value and of its key, events of a frame, bytes kept of a reject."""

    value_bytes: int = 1_000_000
    key_bytes: int = 64
    frame_events: int = 5_000
    reject_bytes: int = 2_048


REASONS = (
    *("missing_key", "bad_key", "key_mismatch", "empty", "too_large", "frame_too_long", "bad_utf8", "bad_json"),
    *("not_a_record", "unknown_kind", "wrong_stream", "bad_field", "bad_name", "missing_value", "crossed"),
    *("not_finite", "out_of_range", "wrong_unit", "unknown_stream"),
)
"""All reasons there are: a counter of rejects can begin at zero for each."""


class Reject(msgspec.Struct, frozen=True):
    """A message, or one element of a frame (``index``), that is no event: why, and the first bytes of it."""

    reason: str
    detail: str
    index: int | None
    raw: bytes


class Decoded(msgspec.Struct):
    """What a message held: events with their place in the frame, and what was refused."""

    events: list[tuple[int, Event]]
    rejects: list[Reject]


class _RejectedError(Exception):
    """Carries a reject's reason and detail out of a check; never leaves this module."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail[:300]


DEFAULT_LIMITS = Limits()


def encode(event: Event) -> bytes:
    """One event as JSON, without its absent fields, keys in the order of the record."""
    return orjson.dumps(_plain(event))


def _plain(event: Event) -> dict[str, Any]:
    record: dict[str, Any] = msgspec.to_builtins(event)
    return {name: value for name, value in record.items() if value is not None}


def decode(
    raw: bytes | None, *, key: bytes | None, stream: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> Decoded:
    """Take a message apart.

    Args:
        raw: the message's value.
        key: the message's key; it must name the market of every event.
        stream: the stream the message came on; an event of another stream's kind is refused.
        limits: the bounds; what exceeds them is refused unread.

    Returns:
        The events in their order, each with its index in the frame (0 for a single one), and the rejects.
    """
    try:
        market = _market_of(key, limits)
        content = _parse(raw, limits)
    except _RejectedError as rejected:
        return Decoded([], [Reject(rejected.reason, rejected.detail, None, (raw or b"")[: limits.reject_bytes])])
    if isinstance(content, dict):
        content = [content]
    elif len(content) > limits.frame_events:
        detail = f"{len(content)} events in a frame, {limits.frame_events} are allowed"
        return Decoded([], [Reject("frame_too_long", detail, None, (raw or b"")[: limits.reject_bytes])])
    decoded = Decoded([], [])
    for index, record in enumerate(content):
        try:
            decoded.events.append((index, _event(record, market, stream)))
        except _RejectedError as rejected:
            decoded.rejects.append(Reject(rejected.reason, rejected.detail, index, _kept(record, raw or b"", limits)))
    return decoded


def _kept(record: object, raw: bytes, limits: Limits) -> bytes:
    try:
        return orjson.dumps(record)[: limits.reject_bytes]
    except TypeError:  # nested deeper than the encoder goes: keep the beginning of the whole message instead
        return raw[: limits.reject_bytes]


def _market_of(key: bytes | None, limits: Limits) -> str:
    if not key:
        raise _RejectedError("missing_key", "a message's key names its market")
    if len(key) > limits.key_bytes:
        raise _RejectedError("bad_key", f"a key of {len(key)} bytes, {limits.key_bytes} are allowed")
    try:
        return key.decode()
    except UnicodeDecodeError:
        raise _RejectedError("bad_key", "a key that is not a UTF-8 string") from None


def _parse(raw: bytes | None, limits: Limits) -> dict[str, Any] | list[Any]:
    if not raw:
        raise _RejectedError("empty", "a message without a value")
    if len(raw) > limits.value_bytes:
        raise _RejectedError("too_large", f"a value of {len(raw)} bytes, {limits.value_bytes} are allowed")
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _RejectedError(_json_fault(raw), str(error)) from None
    if not isinstance(content, dict | list):
        raise _RejectedError("not_a_record", "neither an object nor an array of objects")
    if not content:
        raise _RejectedError("empty", "an empty object or array")
    return content


def _json_fault(raw: bytes) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "bad_utf8"
    return "bad_json"


def event_of(record: dict[str, Any]) -> Event:
    """Make the typed record of a plain one by its field ``kind``, unchecked.

    Raises:
        msgspec.ValidationError: a field is missing, unknown or of another type; or no kind is called so.
    """
    kind = record.get("kind")
    typed = kinds_by_tag().get(kind) if isinstance(kind, str) else None
    if typed is None:
        raise msgspec.ValidationError(f"unknown kind of event {kind!r:.80}")
    event: Event = msgspec.convert(record, type=typed)
    return event


def _event(record: object, market: str, stream: str | None) -> Event:
    if not isinstance(record, dict):
        raise _RejectedError("not_a_record", "an element that is not an object")
    kind = record.get("kind")
    if not isinstance(kind, str) or kind not in kinds_by_tag():
        raise _RejectedError("unknown_kind", f"unknown kind of event {kind!r:.80}")
    try:
        event = event_of(record)
        check(event)
    except msgspec.ValidationError as error:
        raise _RejectedError("bad_field", str(error)) from None
    except CheckError as error:
        raise _RejectedError(error.code, str(error)) from None
    if event.market != market:
        raise _RejectedError("key_mismatch", "the key names another market than the record")
    travels = stream_of(event)
    if stream is not None and travels != stream:
        raise _RejectedError("wrong_stream", f"{kind} belongs on {travels}, it came on {stream}")
    return event
