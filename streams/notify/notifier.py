"""The direct notifier: follows the transitions and pages, for desks without Alertmanager.

What a transition demands is written into the outbox, with the position behind it, before anything is sent; each attempt
is written before it is made, and each acceptance after it. So a notifier that is killed sends a message twice at worst,
with the same dedup key and never after a later one of its incident, which changes nothing at PagerDuty.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable
from contextlib import aclosing
from typing import cast, get_args

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from detectors.events import Provenance
from detectors.signals import Transition, from_json
from streams.errors import BrokerUnavailableError, PagerRejectedError, SettingsError
from streams.kafka import clients, follow
from streams.kafka.broker_watch import BrokerWatch
from streams.kafka.topics import TRANSITIONS
from streams.notify import outbox as outbox_topic
from streams.notify.incidents import INCIDENTS, Due, Incident, Outbox, Policy, take
from streams.notify.outbox import OutboxStore
from streams.notify.pagerduty import Accepted, Declined, Pager, RetryLater, SendResult, wait_s
from streams.settings import Settings
from transport import aiokafka_internals

log = logging.getLogger(__name__)

POLL_MS = 250
STOP_WITHIN_S = 5.0
Say = Callable[[str], None]


def policy(settings: Settings) -> Policy:
    """What is not paged, by the settings."""
    names = [one.strip() for one in settings.notify_provenance.split(",") if one.strip()]
    unknown = sorted(set(names) - set(get_args(Provenance)))
    if unknown or not names:
        there = ", ".join(get_args(Provenance))
        raise SettingsError("notify_provenance", f"{', '.join(unknown) or 'nothing'} is not one of: {there}")
    return Policy(history_s=settings.notify_history_min * 60, provenances=cast("list[Provenance]", names))


class Notifier:
    """Reads transitions, keeps the outbox, sends what is due, one message at a time and in order."""

    def __init__(self, settings: Settings, pager: Pager, store: OutboxStore, outbox: Outbox, say: Say) -> None:
        self.outbox = outbox
        self._policy = policy(settings)
        self._pager = pager
        self._store = store
        self._say = say
        self._spacing_s = 60.0 / settings.notify_per_minute
        self._not_before_s = 0.0

    async def take(self, steps: Iterable[tuple[int, int, bytes]]) -> None:
        """Enter transitions, given as partition, offset and value, and write the outbox down."""
        changed = False
        for partition, offset, raw in steps:
            if offset < self.outbox.next_offsets.get(partition, 0):
                continue
            changed = True
            self.outbox.next_offsets[partition] = offset + 1
            step = read(raw)
            if step is None:
                self._say(f"the message at {partition}:{offset} is not a transition and is skipped")
                continue
            for line in take(self.outbox, step, time.time_ns(), self._policy):
                self._say(line)
        if changed:
            await self._store.write(self.outbox)

    async def send(self) -> None:
        """Make one attempt, if one is due and allowed now.

        Raises:
            PagerRejectedError: what is rejected stays in the outbox, behind the rest.
        """
        if not self.outbox.due or time.monotonic() < self._not_before_s:
            return
        message = self.outbox.due[0]
        message.attempts += 1
        await self._store.write(self.outbox)
        outcome = await asyncio.to_thread(self._pager.send, message)
        self._not_before_s = time.monotonic() + self._spacing_s
        await self._settle(message, outcome)

    async def _settle(self, message: Due, outcome: SendResult) -> None:
        what = f"{message.action} of {message.dedup_key} for {message.market}"
        if isinstance(outcome, Accepted):
            self.outbox.due.pop(0)
            await self._store.write(self.outbox)
            self._say(f"sent: {what}")
        elif isinstance(outcome, RetryLater):
            after_s = max(wait_s(message.attempts, outcome.after_s), self._spacing_s)
            self._not_before_s = time.monotonic() + after_s
            self._say(f"not sent, tried again in {after_s:.0f} s: {what}: {outcome.why}")
        else:
            message.refused = outcome.why
            # All of the incident go behind the others, in their order: a resolve never overtakes its trigger.
            others = [one for one in self.outbox.due if one.dedup_key != message.dedup_key]
            mine = [one for one in self.outbox.due if one.dedup_key == message.dedup_key]
            self.outbox.due = [*others, *mine]
            await self._store.write(self.outbox)
            raise PagerRejectedError(
                f"PagerDuty rejects the {what}: {outcome.why}. Check the key and the address; it stays in the outbox "
                "and is tried again at the next start"
            )


def read(raw: bytes) -> Transition | None:
    """What a worker wrote; None for anything else."""
    try:
        found = from_json(raw)
    except msgspec.MsgspecError:
        return None
    return found if isinstance(found, Transition) else None


async def run(settings: Settings, say: Say, stopping: asyncio.Event) -> None:
    """Notify until stopped; on the very first start only of what comes from then on."""
    policy(settings)
    pager = Pager(settings)
    store = await OutboxStore.open(settings)
    try:
        async with clients.reader(settings) as reader:
            outbox = await outbox_topic.read(settings) or Outbox()
            await _begin(reader, settings, outbox)
            await store.write(outbox)
            notifier = Notifier(settings, pager, store, outbox, say)
            opened = sum(map(len, outbox.open.values()))
            topic = settings.topic(TRANSITIONS)
            say(f"notifying of what comes to {topic}; {opened} incidents open, {len(outbox.due)} messages due")
            async with BrokerWatch(settings, reader, list(reader.assignment())) as watch:
                await watch.over(asyncio.create_task(_work(notifier, reader, stopping)))
    finally:
        await store.close()


async def _work(notifier: Notifier, reader: AIOKafkaConsumer, stopping: asyncio.Event) -> None:
    """Send and take until stopped; a write that waits for an unavailable broker does not delay that."""
    stopped = asyncio.create_task(stopping.wait())
    while not stopped.done():
        turn = asyncio.create_task(_turn(notifier, reader))
        try:
            await asyncio.wait((turn, stopped), return_when=asyncio.FIRST_COMPLETED)
            async with asyncio.timeout(STOP_WITHIN_S if stopped.done() else None):
                await turn
        except TimeoutError:
            log.warning("stopped during a write; the outbox is as it was last confirmed")
        finally:
            turn.cancel()
    stopped.cancel()


async def _turn(notifier: Notifier, reader: AIOKafkaConsumer) -> None:
    await notifier.send()
    batches = await reader.getmany(timeout_ms=POLL_MS)
    records = sorted((one for batch in batches.values() for one in batch), key=lambda one: one.timestamp)
    await notifier.take((one.partition, one.offset, one.value or b"") for one in records)


async def _begin(reader: AIOKafkaConsumer, settings: Settings, outbox: Outbox) -> None:
    """Go to where the outbox stands; a partition it does not know begins at its end: past transitions page nobody."""
    topic = settings.topic(TRANSITIONS)
    if topic not in await reader.topics():
        raise BrokerUnavailableError(f"there is no topic '{topic}' at {settings.broker}: has a worker run there?")
    await aiokafka_internals.know_topics(reader, [topic])
    places = [TopicPartition(topic, number) for number in sorted(reader.partitions_for_topic(topic) or ())]
    ends, first = await reader.end_offsets(places), await reader.beginning_offsets(places)
    reader.assign(places)
    for place in places:
        known = outbox.next_offsets.setdefault(place.partition, ends[place])
        if not first[place] <= known <= ends[place]:
            log.warning("%s was created anew or has lost messages, continuing at %d", place, ends[place])
            known = outbox.next_offsets[place.partition] = ends[place]
        reader.seek(place, known)


async def dry_run(settings: Settings, say: Say, *, from_beginning: bool, until_idle_s: float | None) -> int:
    """Say what would be paged, sending and writing nothing; how many messages that would have been.

    From the beginning nothing is too old to be shown: the past is shown as a pager would have seen it.
    """
    outbox, count = Outbox(), 0
    chosen = policy(settings)
    if from_beginning:
        chosen = msgspec.structs.replace(chosen, history_s=math.inf)
    steps = follow.follow(settings, from_beginning=from_beginning, until_idle_s=until_idle_s)
    async with aclosing(steps):
        async for step in steps:
            if step is None:
                continue
            for line in take(outbox, step.transition, time.time_ns(), chosen):
                say(line)
            for message in outbox.due:
                say(f"would send: {message.action} {message.dedup_key}: {message.payload['summary']}")
            count += len(outbox.due)
            outbox.due.clear()
    return count


async def acknowledge(settings: Settings, market: str, say: Say) -> int:
    """Acknowledge a market's open incidents at PagerDuty; how many there are.

    Raises:
        PagerRejectedError: PagerDuty does not take it, or cannot be reached now.
    """
    pager = Pager(settings)
    outbox = await outbox_topic.read(settings) or Outbox()
    mine = outbox.open.get(market, {})
    for incident in INCIDENTS:
        if incident not in mine:
            continue
        message = _acknowledgement(market, incident, mine[incident])
        outcome = await asyncio.to_thread(pager.send, message)
        if isinstance(outcome, RetryLater | Declined):
            raise PagerRejectedError(f"{mine[incident]} was not acknowledged: {outcome.why}")
        say(f"acknowledged: {mine[incident]}")
    return len(mine)


def _acknowledgement(market: str, incident: Incident, key: str) -> Due:
    payload = {"summary": f"{market}: seen by the desk", "source": market, "severity": "info"}
    return Due(market=market, incident=incident, action="acknowledge", dedup_key=key, payload=payload)
