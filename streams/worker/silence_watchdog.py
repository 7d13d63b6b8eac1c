"""Time for streams that have died: their owner writes heartbeats for them, in band, so that the market goes on.

A stream that was announced and dies would hold its market forever. The owner of its partition, having read it to its
end, writes a heartbeat on it: on the topic itself, so the recorded stream replays to the same outputs. The market goes
blind on the feed by its own rules. What the dead gateway sends later of older moments is late, by the normal rule.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from detectors.codec import encode
from detectors.events import Heartbeat
from detectors.sections import Merge
from streams.errors import StreamsError
from streams.kafka import clients
from streams.settings import Settings
from streams.state import snapshot_reader
from streams.state.metrics import Metrics
from streams.state.partition import Partition
from streams.worker.stream_silence import NS, StreamSilences
from transport import producers

log = logging.getLogger(__name__)

SOURCE = "watchdog"
DAY_NS = 86_400 * NS
_LOOKS = 8
"""Checks within the silence that is allowed."""
_STOP_WITHIN_S = 1.0
_HOLES = 16
"""Offsets behind the last message that may be a transaction's markers."""

Owned = Callable[[], Mapping[int, Partition]]


class Watchdog:
    """Watches the streams of the partitions that this worker owns."""

    def __init__(self, settings: Settings, merge: Merge, metrics: Metrics, owned: Owned) -> None:
        self._settings = settings
        self._merge = merge
        self._metrics = metrics
        self._owned = owned
        self._silences: dict[tuple[int, str], StreamSilences] = {}
        self._producer: AIOKafkaProducer | None = None

    async def run(self) -> None:
        """Check from time to time until cancelled; without a broker it waits for the next check."""
        if not self._settings.stream_silence_s:
            return
        try:
            while True:
                await asyncio.sleep(min(self._settings.stream_silence_s / _LOOKS, 5.0))
                try:
                    await self.look()
                except (KafkaError, StreamsError, OSError, TimeoutError) as error:
                    log.info("the watchdog could not check: %r", error)
        finally:
            if self._producer is not None:
                failure = await producers.stop(self._producer, within_s=_STOP_WITHIN_S)
                if failure is not None:
                    log.info("the watchdog's producer did not stop cleanly: %r", failure)

    async def look(self) -> None:
        """Write a heartbeat for every stream that is dead now."""
        owned = self._owned()
        present = {(number, name) for number, partition in owned.items() for name in partition.markets}
        self._silences = {key: one for key, one in self._silences.items() if key in present}
        for number, partition in list(owned.items()):
            for market, held in list(partition.markets.items()):
                silences = self._silences.setdefault((number, market), self._fresh())
                dead = silences.look(held.engine.marks, time.monotonic(), time.time_ns())
                for stream, known in dead.items():
                    if await self._at_its_end(partition, stream) and self._owned().get(number) is partition:
                        await self._write_heartbeat(number, market, stream, known)
                        silences.wrote(stream, known)

    def _fresh(self) -> StreamSilences:
        return StreamSilences(
            silence_s=self._settings.stream_silence_s,
            lateness_ns=self._merge.lateness_s * NS,
            max_ahead_ns=self._merge.max_ahead_days * DAY_NS,
        )

    async def _at_its_end(self, partition: Partition, stream: str) -> bool:
        """Whether the broker has nothing of this stream that was not read."""
        place = TopicPartition(self._settings.topic(stream), partition.number)
        async with clients.reader(self._settings) as reader:
            end = (await reader.end_offsets([place]))[place]
        begin = partition.next_offsets.get(stream, 0)
        if begin >= end:
            return True
        return end - begin <= _HOLES and not await snapshot_reader.reread(self._settings, place, begin, end)

    async def _write_heartbeat(self, number: int, market: str, stream: str, known: int) -> None:
        beat = Heartbeat(
            market=market,
            source=SOURCE,
            sequence=known // NS,
            ts=known,
            known=known,
            provenance="synthetic",
            stream=stream,
        )
        if self._producer is None:
            self._producer = await clients.producer(self._settings)
        await self._producer.send_and_wait(self._settings.topic(stream), encode(beat), market.encode(), number)
        self._metrics.heartbeat_written(stream)
        log.warning(
            "%s: %s has been silent for %g s while others went on; a heartbeat of %d s was written for it",
            market, stream, self._settings.stream_silence_s, known // NS,
        )  # fmt: skip
