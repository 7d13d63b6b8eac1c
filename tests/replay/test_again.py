"""A replay of what the topics hold already: refused with what to do, unless it is another market or is forced."""

import asyncio
import uuid
from collections.abc import Iterator

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from click.testing import CliRunner, Result

from crunchwatch import main
from detectors.events import STREAMS
from replay.producer import producer
from replay.scenarios.scenario import named, script, script_of
from streams.cli.embedded_broker import EmbeddedBroker

pytestmark = pytest.mark.embedded
WEEK = ("--from", "2021-03-29", "--to", "2021-04-01", "--speed", "max", "--json")


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
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


def replay(broker: str, prefix: str, *more: str) -> Result:
    return CliRunner().invoke(main, ["replay", "feb2021", "--broker", broker, "--topic-prefix", prefix, *WEEK, *more])


def test_the_same_again_is_refused_before_anything_is_sent(broker: str, prefix: str) -> None:
    assert asyncio.run(producer.held(broker, "UST", topic_prefix=prefix)) is None
    first = replay(broker, prefix)
    assert first.exit_code == 0, first.output
    topic = asyncio.run(producer.held(broker, "UST", topic_prefix=prefix))
    assert topic is not None
    assert topic.removeprefix(prefix) in STREAMS
    again = replay(broker, prefix)
    assert again.exit_code == 2
    assert again.stdout == ""
    for told in ("holds events of market UST already", "repeated or late", "--market UST-2", "--force"):
        assert told in again.stderr
    assert "Traceback" not in again.stderr


def test_another_market_or_force_goes_on(broker: str, prefix: str) -> None:
    assert replay(broker, prefix).exit_code == 0
    other = replay(broker, prefix, "--market", "UST-2")  # the same partition, and nothing of that market in it
    assert other.exit_code == 0, other.output
    assert sum(orjson.loads(other.stdout)["events"].values()) > 30_000
    assert replay(broker, prefix, "--market", "UST-2").exit_code == 2
    assert replay(broker, prefix, "--force").exit_code == 0


def test_a_market_is_named_as_events_may_name_it() -> None:
    for name in ("ust", "", "A B", "X" * 33):
        assert CliRunner().invoke(main, ["backtest", "feb2021", "--market", name]).exit_code == 2
    made = script(named("feb2021"), market="JGB")
    assert {event.market for event in made.events} == {"JGB"}
    own = script_of(made.scenario.directory, None, None, market="JGB")
    assert {event.market for event in own.events} == {"JGB"}


def test_a_transition_is_explained_from_the_topics(broker: str) -> None:
    """What a worker would have said is put on the topics; the events are those that came in there."""
    from detectors.config import load
    from detectors.signals import Transition, to_json
    from replay.backtest import run as backtest
    from streams import settings
    from streams.kafka import clients, topics

    prefix = f"t{uuid.uuid4().hex[:8]}."
    chosen = settings.load({}, broker=broker, topic_prefix=prefix, partitions=2)
    asyncio.run(topics.ensure(chosen))
    assert replay(broker, prefix, "--market", "JGB", "--duplicate", "0.01", "--shuffle", "0.01").exit_code == 0
    said = backtest.run(script(named("feb2021").between(None, None), market="JGB"), load()).outputs
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
