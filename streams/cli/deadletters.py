"""Rejected messages read back and replayed: dead letters, their originals, corrected ones.

A dead letter holds the first bytes of a message and its place; the message itself lies on its source topic as long as
the broker keeps it. What is replayed goes to its source topic under its key, like any other message: it is applied in
order, or is late. What was replayed is noted on the dead-letter topic, and not replayed again.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from base64 import b64decode
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from detectors import codec
from detectors.events import STREAMS
from streams.errors import DeadLetterError
from streams.kafka import clients, topic_reader
from streams.kafka.topics import DEAD_LETTER, LATE
from streams.settings import Settings

REPLAYED_HEADER = "replayed"
KEPT_BYTES = codec.DEFAULT_LIMITS.reject_bytes


class Letter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A dead letter, or an event that was set aside: ``id`` is where it lies itself, the place is the message's.

    ``value`` is the message, or the element of its frame, as text; None where it is cut off or is not text.
    """

    id: str
    reason: str
    detail: str = ""
    topic: str
    partition: int
    offset: int
    index: int | None = None
    at: str
    key: str | None = None
    value: str | None = None
    replayed: bool = False


class CorrectedLine(msgspec.Struct, kw_only=True):
    """A line to be replayed: one of ``deadletter list --json`` with its value or key corrected, or one made by hand.

    One that was not corrected may lack its key, or its value where that is not text: it is rejected again.
    """

    topic: str
    key: str | None
    value: str | dict[str, Any] | list[Any] | None
    id: str | None = None


class Outcome(msgspec.Struct):
    """What became of the letters that were to be replayed."""

    sent: list[str] = msgspec.field(default_factory=list)
    before: list[str] = msgspec.field(default_factory=list)
    gone: list[str] = msgspec.field(default_factory=list)
    bad: list[str] = msgspec.field(default_factory=list)


async def letters(settings: Settings, *, late: bool = False) -> list[Letter]:
    """All dead letters that the broker still has, oldest first; or the events that were set aside."""
    found, replayed = [], set()
    for record in await topic_reader.read(settings, [LATE if late else DEAD_LETTER]):
        try:
            content = orjson.loads(record.value or b"")
            if "replayed" in content:
                replayed.update(content["replayed"])
            else:
                found.append(_letter(record, content, settings))
        except (ValueError, KeyError, TypeError):
            continue  # not written by a worker
    found.sort(key=lambda one: one.at)
    return [msgspec.structs.replace(one, replayed=one.id in replayed) for one in found]


def _letter(record: topic_reader.Record, content: dict[str, Any], settings: Settings) -> Letter:
    at = dt.datetime.fromtimestamp(record.timestamp_ms / 1000, dt.UTC).isoformat(timespec="milliseconds")
    place: dict[str, Any] = {"topic": content["topic"].removeprefix(settings.topic_prefix)}
    place |= {"partition": content["partition"], "offset": content["offset"]}
    common: dict[str, Any] = {
        "id": f"{record.partition}:{record.offset}",
        "reason": content["reason"],
        "at": at,
        **place,
    }
    if "event" in content:
        return Letter(**common, key=_text(record.key), value=orjson.dumps(content["event"]).decode())
    raw = b64decode(content["raw_base64"])
    key = None if content["key_base64"] is None else b64decode(content["key_base64"])
    value = _text(raw) if len(raw) < KEPT_BYTES else None
    return Letter(**common, detail=content["detail"], index=content["index"], key=_text(key), value=value)


def _text(raw: bytes | None) -> str | None:
    try:
        return None if raw is None else raw.decode()
    except UnicodeDecodeError:
        return None


async def originals(settings: Settings, asked_for: Iterable[Letter]) -> dict[str, tuple[bytes | None, bytes]]:
    """Key and value of the messages behind dead letters, by the letters' ids; those that are gone are missing.

    Of a frame it is the one element that was rejected: the others were applied.
    """
    by_place: dict[TopicPartition, list[Letter]] = {}
    for one in asked_for:
        by_place.setdefault(TopicPartition(settings.topic(one.topic), one.partition), []).append(one)
    found: dict[str, tuple[bytes | None, bytes]] = {}
    async with clients.reader(settings) as reader:
        first = await reader.beginning_offsets(list(by_place))
        ends = await reader.end_offsets(list(by_place))
        for place, asked in by_place.items():
            for one in asked:
                if not first[place] <= one.offset < ends[place]:
                    continue
                record = await _at(reader, place, one.offset)
                element = None if record is None else _element(record.value or b"", one.index)
                if record is not None and element is not None:
                    found[one.id] = (record.key, element)
    return found


async def _at(reader: AIOKafkaConsumer, place: TopicPartition, offset: int) -> topic_reader.KafkaRecord | None:
    reader.assign([place])
    reader.seek(place, offset)
    try:
        async with asyncio.timeout(topic_reader.SILENCE_S):
            record = await reader.getone(place)
    except TimeoutError:  # nothing but a marker lies there
        return None
    return record if record.offset == offset else None


def _element(value: bytes, index: int | None) -> bytes | None:
    if index is None:
        return value
    try:
        frame = orjson.loads(value)
        return orjson.dumps(frame[index] if isinstance(frame, list) else frame)
    except (ValueError, IndexError, TypeError):
        return None


def lines(text: Iterable[str], where: str) -> list[CorrectedLine]:
    """Read corrected lines.

    Raises:
        DeadLetterError: a line is not one; which, and what is wrong with it.
    """
    found = []
    for number, line in _numbered(text, where):
        if not line.strip():
            continue
        try:
            one = msgspec.json.decode(line, type=CorrectedLine)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise DeadLetterError(
                f"{where}, line {number}: {error}; a line needs 'topic', 'key' and 'value', as "
                "`deadletter list --json` writes them"
            ) from None
        if one.topic not in STREAMS:
            raise DeadLetterError(f"{where}, line {number}: '{one.topic}' is not a stream: one of {', '.join(STREAMS)}")
        found.append(one)
    if not found:
        raise DeadLetterError(f"{where}: it holds no line")
    return found


def _numbered(text: Iterable[str], where: str) -> Iterator[tuple[int, str]]:
    """The lines as they come, counted from one."""
    number = 0
    try:
        for number, line in enumerate(text, start=1):
            yield number, line
    except UnicodeDecodeError as error:
        # What is decoded ahead of the lines is wrong somewhere behind them.
        raise DeadLetterError(f"{where}, after line {number}: not UTF-8 text: {error.reason}") from None


class Ready(msgspec.Struct, frozen=True):
    """A message to be sent: for which letter (None: made by hand), where to, key and value."""

    id: str | None
    topic: str
    key: bytes
    value: bytes

    @property
    def name(self) -> str:
        """What it is called in a report."""
        return self.id or f"{self.topic} by hand"


def of_line(one: CorrectedLine) -> Ready:
    """A corrected line as a message."""
    text = "" if one.value is None else one.value  # what is not text is rejected as empty, not sent as "null"
    value = text.encode() if isinstance(text, str) else orjson.dumps(text)
    return Ready(one.id, one.topic, (one.key or "").encode(), value)


async def of_letters(settings: Settings, chosen: list[Letter], outcome: Outcome) -> list[Ready]:
    """Dead letters as they came: their originals, as far as the broker still has them."""
    fetched = await originals(settings, chosen) if chosen else {}
    outcome.gone += [f"{one.id}: {one.topic}-{one.partition} no longer holds {one.offset}" for one in chosen
                     if one.id not in fetched]  # fmt: skip
    return [
        Ready(one.id, one.topic, fetched[one.id][0] or b"", fetched[one.id][1]) for one in chosen if one.id in fetched
    ]


async def replay(settings: Settings, ready: list[Ready], outcome: Outcome, *, dry_run: bool = False) -> Outcome:
    """Send what a worker would accept, each once; what it would reject again is named and stays where it is."""
    done = {one.id for one in await letters(settings) if one.replayed}
    going = []
    for one in ready:
        rejects = codec.decode(one.value, key=one.key or None, stream=one.topic).rejects
        if one.id in done:
            outcome.before.append(one.name)
        elif rejects:
            outcome.bad.append(f"{one.name}: {rejects[0].reason}: {rejects[0].detail}")
        else:
            going.append(one)
            done.add(one.id) if one.id is not None else None
    if not dry_run and going:
        await _send(settings, going)
    outcome.sent += [one.name for one in going]
    return outcome


async def _send(settings: Settings, going: list[Ready]) -> None:
    producer = await clients.producer(settings)
    try:
        for one in going:
            headers = [(REPLAYED_HEADER, (one.id or "").encode())]
            await producer.send_and_wait(settings.topic(one.topic), one.value, one.key, headers=headers)
            if (
                one.id is not None
            ):  # noted when it is confirmed: a crash between the two sends it twice, which is harmless
                note = orjson.dumps({"replayed": [one.id]})
                await producer.send_and_wait(settings.topic(DEAD_LETTER), note, one.key, int(one.id.partition(":")[0]))
    finally:
        await producer.stop()
