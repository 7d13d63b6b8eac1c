"""The direct notifier as a process: only what is new, each incident once, killed in mid-send, taken over by another."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from detectors.signals import Transition, to_json
from streams.errors import NotifierFencedError
from streams.kafka import clients, topics
from streams.notify import outbox as outbox_topic
from streams.notify.incidents import Outbox
from streams.notify.outbox import OutboxStore
from tests.streams.test_notify_plan import KEY, path
from tests.support import events_v2
from tests.support.events_v2 import EventsV2
from tests.support.pipeline import Pipeline

Pipelines = Callable[..., Pipeline]
WITHIN_S = 60.0


@pytest.fixture
def receiver() -> Iterator[EventsV2]:
    with EventsV2() as one:
        yield one


@pytest.fixture
def pipeline(on_either: Pipelines, receiver: EventsV2, tmp_path: Path) -> Pipeline:
    file = tmp_path / "key"
    file.write_text(KEY)
    file.chmod(0o600)
    made = on_either(
        CRUNCHWATCH_PAGERDUTY_KEY_FILE=str(file),
        CRUNCHWATCH_PAGERDUTY_URL=receiver.url,
        CRUNCHWATCH_NOTIFY_PER_MINUTE="100",
    )
    made.make_topics()
    return made


def now(*steps: Transition) -> list[Transition]:
    return [msgspec.structs.replace(one, known=time.time_ns()) for one in steps]


def put(pipeline: Pipeline, *steps: Transition) -> None:
    async def send() -> None:
        producer = await clients.producer(pipeline.settings)
        for one in steps:
            await producer.send_and_wait(pipeline.settings.topic(topics.TRANSITIONS), to_json(one), b"UST", 0)
        await producer.stop()

    asyncio.run(send())


@contextmanager
def notifier(pipeline: Pipeline) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "crunchwatch", "notify"],
        env={**os.environ, **pipeline.variables, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("notifying of what comes"), line + process.stdout.read()
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def stopped(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0, said
    return said


def test_a_kill_between_send_and_record_pages_again_with_the_same_key_and_no_more(
    pipeline: Pipeline, receiver: EventsV2
) -> None:
    before, *crisis = now(*path("normal", "crunch", "normal", "crunch", "de_facto_default", "crunch", "normal")[1:])
    put(pipeline, before)  # what was there before the first start is history
    receiver.replies = [events_v2.silence]
    with notifier(pipeline) as process:
        put(pipeline, *crisis[:1])
        receiver.wait(1)
        process.kill()  # PagerDuty may or may not have taken it
    receiver.accept(receiver.came[0])
    put(pipeline, *crisis[1:2])  # while nobody notifies
    with notifier(pipeline) as process:
        receiver.wait(3)
        put(pipeline, *crisis[2:])
        receiver.wait(5)
        said = stopped(process)
    assert KEY not in said
    assert receiver.actions() == [
        ("trigger", "crunch or worse"),
        ("trigger", "crunch or worse"),
        ("trigger", "de facto default"),
        ("resolve", "de facto default"),
        ("resolve", "crunch or worse"),
    ]
    assert set(receiver.incidents.values()) == {"resolved"}
    assert list(receiver.opened.values()) == [1, 1]


def test_an_acknowledgement_stands_until_the_end(pipeline: Pipeline, receiver: EventsV2) -> None:
    with notifier(pipeline) as process:
        crisis = now(*path("normal", "crunch", "de_facto_default", "crunch", "normal"))
        put(pipeline, crisis[0])
        receiver.wait(1)
        asyncio.run(_written(pipeline, lambda outbox: not outbox.due))
        run = subprocess.run(
            [sys.executable, "-m", "crunchwatch", "notify", "--acknowledge", "UST"],
            env={**os.environ, **pipeline.variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        [key] = receiver.incidents
        assert receiver.incidents[key] == "acknowledged"
        put(pipeline, *crisis[1:3])
        receiver.wait(4)
        assert receiver.incidents[key] == "acknowledged", "its worse and its better trigger it no more"
        put(pipeline, crisis[3])
        receiver.wait(5)
        stopped(process)
    assert receiver.incidents[key] == "resolved"


def test_what_is_refused_ends_it_by_name_and_is_sent_at_the_next_start(pipeline: Pipeline, receiver: EventsV2) -> None:
    receiver.replies = [events_v2.status(400, '{"message":"Event object is invalid"}')]
    with notifier(pipeline) as process:
        put(pipeline, *now(*path("normal", "crunch")))
        said, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 15
    assert "error: PagerDuty rejects the trigger" in said
    assert "Event object is invalid" in said
    assert "Traceback" not in said
    with notifier(pipeline) as process:
        receiver.wait(2)
        stopped(process)
    assert receiver.actions() == [("trigger", "crunch or worse")]


def test_a_second_notifier_takes_over_and_the_first_may_write_no_more(pipeline: Pipeline) -> None:
    async def both() -> None:
        first = await OutboxStore.open(pipeline.settings)
        await first.write(Outbox(next_offsets={0: 1}))
        second = await OutboxStore.open(pipeline.settings)
        with pytest.raises(NotifierFencedError, match="another notifier"):
            await first.write(Outbox(next_offsets={0: 9}))
        await second.write(Outbox(next_offsets={0: 2}))
        assert await outbox_topic.read(pipeline.settings) == Outbox(next_offsets={0: 2})
        await first.close()
        await second.close()

    asyncio.run(both())


def test_a_rehearsal_of_the_past_sends_nothing_and_remembers_nothing(pipeline: Pipeline, receiver: EventsV2) -> None:
    put(pipeline, *path("normal", "crunch", "normal"))  # years ago: a notifier would call it history
    command = [sys.executable, "-m", "crunchwatch", "notify", "--from-beginning"]
    environment = {**os.environ, **pipeline.variables}
    wrong = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (wrong.returncode, "past transitions page nobody" in wrong.stderr) == (2, True)
    run = subprocess.run(
        [*command, "--dry-run", "--until-idle", "2"], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("would send: ") == 2
    assert run.stdout.endswith("2 messages would have been sent\n")
    assert receiver.came == []
    assert asyncio.run(outbox_topic.read(pipeline.settings)) is None


async def _written(pipeline: Pipeline, wanted: Callable[[Outbox], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while (outbox := await outbox_topic.read(pipeline.settings)) is None or not wanted(outbox):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
