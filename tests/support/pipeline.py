"""A pipeline for one test: topics of its own on a broker, a worker, a replay into it, and what came out."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition

from detectors import codec, config
from detectors.events import Event
from detectors.signals import Signal, Transition, to_json
from replay.producer.connection import Connection
from replay.producer.faults import Faults
from replay.producer.playback import Playback, play
from replay.scenarios.scenario import Script
from streams import settings
from streams.cli.worker_process import WorkerProcess
from streams.errors import BrokerUnavailableError
from streams.kafka import clients, handshake, security, topics
from streams.settings import Settings
from tests.support import shared

Story = Callable[[], Script]
DRAINED_WITHIN_S = 120.0
MADE_WITHIN_S = 30.0


def feb2021() -> Script:
    return shared.played("feb2021")


@cache
def _expected(story: Story, topic: str) -> tuple[bytes, ...]:
    kind = Transition if topic == topics.TRANSITIONS else Signal
    outputs = shared.run(story(), config.load()).outputs
    return tuple(to_json(output) for output in outputs if isinstance(output, kind))


def frame(events: Iterable[Event]) -> bytes:
    """Several events as one message."""
    return b"[" + b",".join(map(codec.encode, events)) + b"]"


class Pipeline:
    """Topics, group and instance names are new each time, so that tests share a broker and nothing else."""

    def __init__(
        self, broker_url: str, folder: Path, variables: Mapping[str, str] | None = None, story: Story = feb2021
    ) -> None:
        self.story = story
        name = f"t{uuid.uuid4().hex[:8]}"
        self.variables = {
            "CRUNCHWATCH_BROKER": broker_url,
            "CRUNCHWATCH_TOPIC_PREFIX": f"{name}.",
            "CRUNCHWATCH_GROUP": name,
            "CRUNCHWATCH_INSTANCE": f"{name}-1",
            **(variables or {}),
        }
        self.settings: Settings = settings.load(self.variables)
        self.log = folder / "worker.log"

    @contextmanager
    def worker(self, **variables: str) -> Iterator[WorkerProcess]:
        with self.log.open("ab") as log, WorkerProcess({**self.variables, **variables}, log=log) as worker:
            worker.wait_ready()
            yield worker

    def make_topics(self) -> None:
        """Make them; a broker of three that has only just begun may not answer yet on every node."""
        deadline = time.monotonic() + MADE_WITHIN_S
        while True:
            try:
                return asyncio.run(topics.ensure(self.settings))
            except BrokerUnavailableError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1.0)

    def replay(self, *, speed: float | None = None, force: bool = False, **faults: float) -> dict[str, Any]:
        how = Playback(
            broker=self.settings.broker,
            faults=Faults(**faults),  # type: ignore[arg-type]
            speed=speed,
            lateness_s=config.load().merge.lateness_s,
            topic_prefix=self.settings.topic_prefix,
            connection=Connection(security.options(self.settings), lambda: handshake.denial(self.settings)),
        )
        return play(self.story(), how, show_progress=False, force=force)

    def expected(self, topic: str) -> tuple[bytes, ...]:
        """What the backtest says of the story, as the bytes of a topic."""
        return _expected(self.story, topic)

    def drain(self) -> None:
        """Wait until the worker has written down that it has seen all there is."""
        deadline = time.monotonic() + DRAINED_WITHIN_S
        while behind := asyncio.run(self._behind()):
            assert time.monotonic() < deadline, f"still behind: {behind}\n{self.said()}"
            time.sleep(0.2)

    async def _behind(self) -> dict[str, int]:
        places = [
            TopicPartition(self.settings.topic(topic), number)
            for topic in topics.SOURCES
            for number in range(self.settings.partitions)
        ]
        async with clients.reader(self.settings) as reader, clients.admin(self.settings) as admin:
            await reader._client.set_topics({place.topic for place in places})
            ends = await reader.end_offsets(places)
            told = await admin.list_consumer_group_offsets(self.settings.group)
        seen = {place: told[place].offset if place in told else 0 for place in places}
        return {f"{at.topic}-{at.partition}": ends[at] - seen[at] for at in places if seen[at] < ends[at]}

    def read(self, topic: str) -> list[ConsumerRecord[bytes, bytes]]:
        """All records of a topic, by partition and offset."""
        return asyncio.run(self._read(self.settings.topic(topic)))

    async def _read(self, topic: str) -> list[ConsumerRecord[bytes, bytes]]:
        places = [TopicPartition(topic, number) for number in range(self.settings.partitions)]
        found: list[ConsumerRecord[bytes, bytes]] = []
        async with clients.reader(self.settings) as reader:
            await reader._client.set_topics([topic])
            ends = await reader.end_offsets(places)
            reader.assign(places)
            await reader.seek_to_beginning()
            while behind := [place for place in places if await reader.position(place) < ends[place]]:
                for batch in (await reader.getmany(*behind, timeout_ms=200)).values():
                    found.extend(batch)
        return sorted(found, key=lambda record: (record.partition, record.offset))

    def values(self, topic: str) -> list[bytes]:
        return [record.value or b"" for record in self.read(topic)]

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""
