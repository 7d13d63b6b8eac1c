from __future__ import annotations

import asyncio
import io
from collections.abc import Coroutine

import msgspec
import orjson
import pytest
from click.testing import CliRunner

import crunchwatch
from detectors.signals import Transition, content_id, to_json
from streams.cli import table
from streams.cli.commands import COMMANDS, watch
from streams.kafka import clients, topics
from streams.kafka.follow import follow
from streams.settings import Settings

pytestmark = pytest.mark.embedded


def step(known: int, before: str = "normal", after: str = "crunch") -> Transition:
    made = Transition(
        market="UST",
        ts=known,
        known=known,
        from_state=before,
        to_state=after,
        kind="enter",
        confidence="medium",
        evidence=(),
        causes=(),
        blind_on=("specials",),
        provenance="official",
        config_hash="0" * 16,
    )
    return msgspec.structs.replace(made, id=content_id(made))


async def _said(settings: Settings, values: list[bytes]) -> None:
    await topics.ensure(settings)
    producer = await clients.producer(settings)
    for value in values:
        await producer.send_and_wait(settings.topic(topics.TRANSITIONS), value, b"UST", 0)
    await producer.stop()


def run(settings: Settings, *options: str) -> tuple[int, str, str]:
    variables = {"CRUNCHWATCH_BROKER": settings.broker, "CRUNCHWATCH_TOPIC_PREFIX": settings.topic_prefix}
    done = CliRunner().invoke(watch, ["--until-idle", "1.5", *options], env=variables)
    return done.exit_code, done.stdout, repr(done.exception)


def test_each_step_is_shown_once_and_as_it_is_on_the_topic(chosen: Settings) -> None:
    first, second = step(10**18), step(2 * 10**18, "crunch", "normal")
    said = [to_json(first), b"what somebody else wrote", to_json(first), to_json(second)]
    asyncio.run(_said(chosen, said))
    code, text, _ = run(chosen, "--from-beginning", "--json")
    assert code == 0
    assert text.encode() == to_json(first) + b"\n" + to_json(second) + b"\n"
    assert set(orjson.loads(text.splitlines()[0])) >= {
        *("id", "market", "ts", "known", "from_state", "to_state", "kind", "evidence", "blind_on", "config_hash")
    }
    code, text, _ = run(chosen, "--from-beginning", "--exit-after", "1")
    assert (code, text.count("\n")) == (0, 1)
    assert "UST  normal → crunch" in text


def test_nothing_new_is_told_by_the_exit_code(chosen: Settings) -> None:
    asyncio.run(_said(chosen, [to_json(step(10**18))]))
    assert run(chosen)[:2] == (1, "")


def test_what_a_killed_worker_withholds_is_waited_for(chosen: Settings) -> None:
    first = step(10**18)

    async def end_late(left_open: asyncio.Event) -> None:
        producer = await clients.producer(chosen, transactional_id=chosen.group)
        await producer.begin_transaction()
        await producer.send_and_wait(chosen.topic(topics.TRANSITIONS), to_json(first), b"UST", 0)
        left_open.set()
        await asyncio.sleep(3)  # twice as long as what is followed may be idle
        await producer.commit_transaction()
        await producer.stop()

    async def followed() -> list[Transition]:
        left_open = asyncio.Event()
        ending = asyncio.create_task(end_late(left_open))
        await left_open.wait()
        steps = [one async for one in follow(chosen, from_beginning=True, until_idle_s=1.5) if one is not None]
        await ending
        return [one.transition for one in steps]

    asyncio.run(topics.ensure(chosen))
    assert asyncio.run(followed()) == [first]


def test_a_broker_without_the_topic_is_a_named_error(chosen: Settings) -> None:
    _, _, error = run(chosen)
    assert "BrokerUnavailableError" in error
    assert "has a worker run there?" in error


def test_the_table_says_when_what_and_why() -> None:
    from rich.console import Console

    console = Console(width=120, record=True, file=io.StringIO())
    console.print(table.steps([step(1_614_787_200 * 10**9)], title="steps"))
    text = console.export_text()
    assert "2021-03-03 11:00" in text
    assert "normal → crunch" in text
    assert "specials" in text


def test_every_command_helps() -> None:
    for command in COMMANDS:
        assert CliRunner().invoke(command, ["--help"]).exit_code == 0


def test_ctrl_c_has_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(work: Coroutine[None, None, int]) -> int:
        work.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(asyncio, "run", interrupted)
    assert CliRunner().invoke(crunchwatch.main, ["watch"]).exit_code == crunchwatch.INTERRUPTED
