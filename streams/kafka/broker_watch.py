"""Whether the broker still answers, for readers that follow: to them a lost broker looks like a quiet topic.

The loss is logged once, the return is logged once, and a loss that lasts ends the reader, so that a supervisor sees it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import BrokerUnavailableError
from streams.settings import Settings

log = logging.getLogger(__name__)

ASK_EVERY_S = 3.0
ANSWER_WITHIN_S = 5.0


class BrokerWatch:
    """Asks the broker for the ends of what is followed, repeatedly, while it is entered."""

    def __init__(self, settings: Settings, reader: AIOKafkaConsumer, places: Sequence[TopicPartition]) -> None:
        self._settings = settings
        self._reader = reader
        self._places = list(places)
        self._lost_since: float | None = None
        self._task: asyncio.Task[None]

    def check(self) -> None:
        """Raise if the broker is lost.

        Raises:
            BrokerUnavailableError: the broker has not answered for ``recovery_timeout_s``.
        """
        if self._task.done():
            self._task.result()

    async def over(self, work: asyncio.Task[None]) -> None:
        """Wait for work, which may itself hang without the broker, or for the loss of the broker to be final."""
        await asyncio.wait((work, self._task), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            self.check()
        work.result()

    async def _keep(self) -> None:
        while True:
            asked = time.monotonic()
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    await self._reader.end_offsets(self._places)
            except (KafkaError, OSError, TimeoutError):
                self._unanswered(asked)
            else:
                self._answered()
            await asyncio.sleep(ASK_EVERY_S)

    def _answered(self) -> None:
        if self._lost_since is not None:
            log.warning(
                "the broker at %s answers again, after %.0f s: continuing",
                self._settings.broker,
                time.monotonic() - self._lost_since,
            )
        self._lost_since = None

    def _unanswered(self, asked: float) -> None:
        patience_s = self._settings.recovery_timeout_s
        if self._lost_since is None:
            self._lost_since = asked
            log.warning(
                "the broker at %s does not answer: nothing is read until it does, and after %g s this ends",
                self._settings.broker,
                patience_s,
            )
        if time.monotonic() - self._lost_since > patience_s:
            raise BrokerUnavailableError(f"the broker at {self._settings.broker} has not answered for {patience_s:g} s")

    async def __aenter__(self) -> Self:
        """Start asking."""
        self._task = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop asking."""
        self._task.cancel()
        with suppress(asyncio.CancelledError, BrokerUnavailableError):
            await self._task
