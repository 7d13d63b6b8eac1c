"""A detector from outside comes to a market that has applied 69,541 events: nothing is rebuilt, no other id changes."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Callable

import orjson
import pytest

from detectors import codec
from detectors import events as ev
from detectors.testing import make
from streams.kafka import clients, topics
from tests.support import plugin
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.kafka
QUOTES = 70


def quotes() -> list[bytes]:
    """Quotes of April and May 2021, the last of them far wider than the others, each day with every stream's word."""
    made = []
    for index, day in enumerate(make.sessions("2021-04-05", QUOTES)):
        ts = make.moment(f"{day} 17:00")
        fields = {"market": "UST", "source": "fx", "sequence": index, "ts": ts, "known": ts, "provenance": "synthetic"}
        basis = -90.0 if index == QUOTES - 1 else -10.0 - index % 5
        made.append(
            orjson.dumps({"kind": "fx_basis_quote", **fields, "pair": "EURUSD", "tenor": "3M", "basis_bp": basis})
        )
    return made


async def send(pipeline: Pipeline, until: str) -> None:
    """The quotes on their topic, and time on every other stream: the merge waits for all that were heard."""
    producer = await clients.producer(pipeline.settings)
    for raw in quotes():
        await producer.send(pipeline.settings.topic("fx_basis"), raw, b"UST")
    for day in ("2021-03-25", "2021-04-20", "2021-05-15", "2021-06-10", "2021-07-05", until):
        for stream in (*ev.STREAMS, "fx_basis"):
            beat = {**orjson.loads(codec.encode(make.heartbeat(day, "yields"))), "stream": stream}
            await producer.send(pipeline.settings.topic(stream), orjson.dumps(beat), b"UST")
        await producer.flush()
    await producer.stop()


@pytest.mark.slow("two workers in turn on one Kafka, and a year through the first")
def test_it_warms_beside_all_that_goes_on(on_kafka: Callable[..., Pipeline]) -> None:
    # First: the second worker has to come before the group has forgotten the first, which had a topic less.
    pipeline = on_kafka()
    wanted, chosen = pipeline.expected(topics.SIGNALS), plugin.environment()["PYTHONPATH"]
    pipeline.make_topics()
    with pipeline.worker() as worker:
        pipeline.replay()
        pipeline.drain()
        assert worker.stop() == 0
    said = tuple(pipeline.values(topics.SIGNALS))
    assert said == wanted
    with pipeline.worker(CRUNCHWATCH_CONFIG=str(plugin.CONFIG), PYTHONPATH=chosen) as worker:
        shown = worker.metrics()
        assert _applied(shown) == [], "it was rebuilt from the topics"
        assert 'crunchwatch_blind{feed="fx_basis:EURUSD",market="UST"} 1.0' in shown
        asyncio.run(send(pipeline, "2021-07-20"))
        pipeline.drain()
        shown = worker.metrics()
        assert 'crunchwatch_signal_level{market="UST",signal="fx_basis.wide"} 2.0' in shown
        assert 'crunchwatch_blind{feed="fx_basis:EURUSD",market="UST"} 0.0' in shown
        with urllib.request.urlopen(f"{worker.web_url}/", timeout=10) as answer:
            assert "Dollars dear abroad" in answer.read().decode()
        assert worker.stop() == 0
    after = tuple(pipeline.values(topics.SIGNALS))
    assert after[: len(said)] == said
    more = [orjson.loads(raw) for raw in after[len(said) :]]
    assert [(one["name"], one["level"]) for one in more if one["detector"] == "fx_basis"] == [("wide", 2)]
    assert "'fx_basis' begins anew (new)" in pipeline.said()
    assert pipeline.read(topics.DEAD_LETTER) == []


def _applied(shown: str) -> list[str]:
    """The streams of which something was applied since the start."""
    lines = [line for line in shown.splitlines() if line.startswith("crunchwatch_events_total{")]
    return [line for line in lines if float(line.rpartition(" ")[2]) > 0]
