"""Records of the state that must not be used: refused by name, the state read again from the sources, nothing repeated.

Each poison is written twice over: one bad record alone is stood in for by the one before it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from zlib import crc32

import msgspec

from detectors import config
from detectors.engine import Engine
from detectors.snapshot import MAGIC
from streams.kafka import clients, topics
from streams.state import snapshot_records
from streams.state.snapshot_records import MarketRecord, RecordRejectedError
from tests.chaos.ledger import Ledger
from tests.chaos.trial import FEW, Trial, made_up, metric, moves, until

STREAM_S = 45
MORE_S = 1.5
VICTIM = FEW[0]


def _truncated(last: MarketRecord) -> bytes:
    raw = snapshot_records.encode(last)
    return raw[: len(raw) // 2]


def _of_another_version(last: MarketRecord) -> bytes:
    return bytes([snapshot_records.FORMAT + 97]) + snapshot_records.encode(last)[1:]


def _garbage(last: MarketRecord) -> bytes:
    return bytes(range(256)) * (1 + len(last.state) // 256)


def _of_an_older_engine(last: MarketRecord) -> bytes:
    """A whole state, as the engine before wrote it: its form is another, though the record's is not."""
    version, *rest = msgspec.msgpack.decode(last.state[8:], strict=False)
    body = msgspec.msgpack.encode([version - 1, *rest])
    state = MAGIC + crc32(body).to_bytes(4, "big") + body
    return snapshot_records.encode(msgspec.structs.replace(last, state=state))


def _of_another_market(last: MarketRecord) -> bytes:
    other = Engine(config.load(), "JGB").snapshot()
    return snapshot_records.encode(msgspec.structs.replace(last, state=other))


def _cut_state(last: MarketRecord) -> bytes:
    return snapshot_records.encode(msgspec.structs.replace(last, state=last.state[:-9]))


POISONS: dict[str, tuple[Callable[[MarketRecord], bytes], str]] = {
    "truncated": (_truncated, "truncated"),
    "of another version": (_of_another_version, "format"),
    "garbage": (_garbage, "format"),
    "of an older engine": (_of_an_older_engine, "version"),
    "of another market": (_of_another_market, "market"),
    "its state cut off": (_cut_state, "truncated"),
}


def test_poisoned_snapshots_are_refused_and_rebuilt(trial: Callable[..., Trial], ledger: Ledger) -> None:
    going = trial()
    going.make_topics()
    with going.streaming(made_up(), seconds=STREAM_S) as coming:
        for kind, (poison, reason) in POISONS.items():
            with going.worker() as worker:
                moves(worker, coming)
                time.sleep(MORE_S)
                until(lambda: _last(going) is not None, what="a first record of the state")
                worker.kill()
            _poison(going, poison)
            ledger.fault(f"snapshot: {kind}")
            with going.worker() as again:
                assert metric(again, "crunchwatch_snapshots_refused_total", reason=reason) >= 1, kind
                assert metric(again, "crunchwatch_states_rebuilt_total") >= 1, kind
    with going.worker():
        going.settle()


def _last(going: Trial) -> tuple[int, MarketRecord] | None:
    """The victim's last record of state, with its partition."""
    for record in reversed(going.read(topics.SNAPSHOTS)):
        if record.key == VICTIM.encode():
            with suppress(RecordRejectedError):  # an earlier poison
                found = snapshot_records.decode(record.value or b"")
                return (record.partition, found) if isinstance(found, MarketRecord) else None
    return None


def _poison(going: Trial, poison: Callable[[MarketRecord], bytes]) -> None:
    """Write the victim's last record again, spoiled, after all that its worker wrote."""
    last = _last(going)
    assert last is not None

    async def write() -> None:
        producer = await clients.producer(going.settings)
        try:
            for _ in range(2):
                topic = going.settings.topic(topics.SNAPSHOTS)
                await producer.send_and_wait(topic, poison(last[1]), VICTIM.encode(), last[0])
        finally:
            await producer.stop()

    asyncio.run(write())
