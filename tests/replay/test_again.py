"""A replay of what the topics hold already: refused with what to do, unless it is another market or is forced."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from click.testing import CliRunner, Result

from crunchwatch import main
from detectors.events import STREAMS
from replay.producer import producer
from replay.scenarios.scenario import named, script, script_of
from streams.cli.embedded_broker import EmbeddedBroker
from tests.support.shared import run

pytestmark = pytest.mark.embedded
WEEK = ("--from", "2021-03-29", "--to", "2021-04-01", "--speed", "max", "--json")


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """An embedded broker."""
    with EmbeddedBroker() as running:
        yield running.url


@pytest.fixture
def prefix(broker: str) -> str:
    """Topics of the test's own, with one partition: every market lies beside every other."""
    name = f"t{uuid.uuid4().hex[:8]}."

    async def make() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=producer.addresses(broker))
        await admin.start()
        await admin.create_topics([NewTopic(name + stream, 1, 1) for stream in STREAMS])
        await admin.close()

    asyncio.run(make())
    return name


@pytest.fixture
def replay(broker: str, prefix: str, tmp_path: Path) -> Callable[..., Result]:
    """Sends a few days of a user's own: whether they are refused does not hang on how many there are."""
    rows = [f"2024-07-{day:02d},DGS10,4.{day:02d},percent\n" for day in (1, 2, 3, 5, 8)]
    (tmp_path / "mine.csv").write_text("".join(["date,series,value,unit\n", *rows]))
    mine = ["replay", "--data", str(tmp_path), "--speed", "max", "--json", "--broker", broker, "--topic-prefix", prefix]
    return lambda *more: CliRunner().invoke(main, [*mine, *more])


def test_the_same_again_is_refused_before_anything_is_sent(
    broker: str, prefix: str, replay: Callable[..., Result]
) -> None:
    assert asyncio.run(producer.held(broker, "UST", topic_prefix=prefix)) is None
    first = replay()
    assert first.exit_code == 0, first.output
    topic = asyncio.run(producer.held(broker, "UST", topic_prefix=prefix))
    assert topic is not None
    assert topic.removeprefix(prefix) in STREAMS
    again = replay()
    assert again.exit_code == 2
    assert again.stdout == ""
    for told in ("holds events of market UST already", "repeated or late", "--market UST-2", "--force"):
        assert told in again.stderr
    assert "Traceback" not in again.stderr


def test_another_market_or_force_goes_on(replay: Callable[..., Result]) -> None:
    first = replay()
    assert first.exit_code == 0
    other = replay("--market", "UST-2")  # the same partition, and nothing of that market in it
    assert other.exit_code == 0, other.output
    assert orjson.loads(other.stdout)["events"] == orjson.loads(first.stdout)["events"]
    assert sum(orjson.loads(other.stdout)["events"].values()) > 5
    assert replay("--market", "UST-2").exit_code == 2
    assert replay("--force").exit_code == 0


def test_a_market_is_named_as_events_may_name_it() -> None:
    for name in ("ust", "", "A B", "X" * 33):
        assert CliRunner().invoke(main, ["backtest", "feb2021", "--market", name]).exit_code == 2
    made = script(named("feb2021"), market="JGB")
    assert {event.market for event in made.events} == {"JGB"}
    own = script_of(made.scenario.directory, None, None, market="JGB")
    assert {event.market for event in own.events} == {"JGB"}


@pytest.mark.slow("four years sent to a broker, read back and played up to the step")
def test_a_transition_is_explained_from_the_topics(broker: str) -> None:
    """What a worker would have said is put on the topics; the events are those that came in there."""
    from detectors.config import load
    from detectors.signals import Transition, to_json
    from streams import settings
    from streams.kafka import clients, topics

    prefix = f"t{uuid.uuid4().hex[:8]}."
    chosen = settings.load({}, broker=broker, topic_prefix=prefix, partitions=2)
    asyncio.run(topics.ensure(chosen))
    faults = ["--market", "JGB", "--duplicate", "0.01", "--shuffle", "0.01"]
    sent = ["replay", "feb2021", "--broker", broker, "--topic-prefix", prefix, *WEEK, *faults]
    assert CliRunner().invoke(main, sent).exit_code == 0
    said = run(script(named("feb2021").between(None, None), market="JGB"), load()).outputs
    step = next(one for one in said if isinstance(one, Transition))

    async def say() -> None:
        to = producer.DefaultPartitioner()(b"JGB", [0, 1], [0, 1])
        client = await clients.producer(chosen)
        for one in said:
            name = topics.TRANSITIONS if isinstance(one, Transition) else topics.SIGNALS
            await client.send(chosen.topic(name), to_json(one), key=b"JGB", partition=to)
        await client.stop()

    asyncio.run(say())
    asked = ["explain", step.id[:8], "--broker", broker, "--topic-prefix", prefix, "--json"]
    shown = CliRunner().invoke(main, asked)
    assert shown.exit_code == 0, shown.output
    told = orjson.loads(shown.stdout)
    assert told["output"] == orjson.loads(to_json(step))
    assert told["check"]["verdict"] == "reproduced"
    assert len(told["events"]) == len(step.causes)
    unknown = CliRunner().invoke(main, ["explain", "zz", "--broker", broker, "--topic-prefix", prefix])
    assert unknown.exit_code == 2
    assert step.id in unknown.stderr
