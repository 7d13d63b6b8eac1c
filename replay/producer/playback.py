"""Playing a script into a broker: plan, pace, send, and a summary that a test can compare."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

from detectors.calendar import NS, ny_date
from replay.errors import RepeatedError
from replay.producer import faults, pacer, producer
from replay.producer.connection import PLAINTEXT, Connection
from replay.scenarios.scenario import Script

# Three days a second: the fourteen weeks of feb2021 in 32 seconds.
DEFAULT_SPEED = 259_200.0


@dataclass(frozen=True, slots=True)
class Playback:
    """How a script is played: where to, how fast (None: as fast as it goes), with which faults.

    With a ``rate`` the speed is not looked at: each event is a message of its own, so many messages a second.
    """

    broker: str
    faults: faults.Faults
    speed: float | None = DEFAULT_SPEED
    lateness_s: float = 0.0
    topic_prefix: str = ""
    rate: float | None = None
    connection: Connection = PLAINTEXT


def play(script: Script, how: Playback, *, show_progress: bool, force: bool = False) -> dict[str, Any]:
    """Send a script, with a bar; returns the summary as plain values.

    Raises:
        RepeatedError: the topics hold events of the script's market already, and --force was not given.
        replay.errors.ReplayError: the address is invalid, no broker answers there, or it rejects what is sent.
    """
    producer.addresses(how.broker)
    if not force:
        asyncio.run(_reject_repeat(script, how))
    plan = planned(script, how)
    with _bar(len(plan.items), show_progress) as advance:
        return asyncio.run(perform(script, how, plan, advance))


async def _reject_repeat(script: Script, how: Playback) -> None:
    for market in script.markets:
        topic = await producer.held(how.broker, market, topic_prefix=how.topic_prefix, connection=how.connection)
        if topic is None:
            continue
        raise RepeatedError(
            f"topic {topic} holds events of market {market} already, and a worker applies nothing twice: what this "
            "replay sends would count as repeated or late, and no signal and no transition would come of it. Play it "
            f"as another market (--market {market}-2; of synthetic, --markets {market}-2), or into other topics "
            "(--topic-prefix again., with a worker on them), or send it anyway with --force"
        )


def planned(script: Script, how: Playback) -> faults.DeliveryPlan:
    """What will be sent, with its faults."""
    return faults.plan(script.events, how.faults, lateness_ns=round(how.lateness_s * NS))


async def perform(script: Script, how: Playback, plan: faults.DeliveryPlan, advance: producer.OnSlot) -> dict[str, Any]:
    """Send a plan at its speed; returns the summary as plain values."""
    if how.rate is not None:
        slots = pacer.singly(plan.items, rate=how.rate)
    else:
        slots = pacer.slots(plan.items, speed=how.speed, window_ns=script.window_ns)
    sent = await producer.send(
        slots, broker=how.broker, topic_prefix=how.topic_prefix, progress=advance, connection=how.connection
    )
    return summary(script, how, plan, sent)


def summary(script: Script, how: Playback, plan: faults.DeliveryPlan, sent: producer.Sent) -> dict[str, Any]:
    """What was sent, by stream, and how much of each fault was in it."""
    return {
        "scenario": script.scenario.name,
        "from": script.scenario.window.isoformat(),
        "to": script.scenario.end.isoformat(),
        "speed": "max" if how.speed is None else how.speed,
        "rate": how.rate,
        "seed": how.faults.seed,
        "messages": _ordered(sent.messages),
        "events": _ordered(sent.events),
        "bad": _ordered(sent.bad),
        "shuffled": plan.shuffled,
        "duplicated": plan.duplicated,
        "late": _ordered(plan.late),
        "corrupt": _ordered(plan.corrupt),
        "bytes": sent.bytes,
        "elapsed_s": round(sent.elapsed_s, 3),
    }


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in sorted(counts.items()) if count}


def columns() -> tuple[ProgressColumn, ...]:
    """Of the bar of a replay: the day reached, how many events are out, and the time taken."""
    return (
        SpinnerColumn(),
        TextColumn("{task.fields[day]}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} events"),
        TimeElapsedColumn(),
    )


@contextmanager
def _bar(total: int, show: bool) -> Iterator[producer.OnSlot]:
    with Progress(*columns(), console=Console(stderr=True), disable=not show) as progress:
        task = progress.add_task("replay", total=total, day="connecting")

        def advance(slot: pacer.Slot) -> None:
            progress.update(task, advance=slot.elements, day=ny_date(slot.until_ns).isoformat())

        yield advance
