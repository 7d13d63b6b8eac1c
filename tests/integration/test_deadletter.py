"""What was refused is listed with its place, mended, and taken in once; on Apache Kafka, by the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete
from click.testing import CliRunner, Result

from detectors import codec
from detectors import events as ev
from detectors.testing import make
from streams.cli.deadletter_commands import deadletter
from streams.cli.worker_process import WorkerProcess
from streams.kafka import clients, topic_reader, topics
from tests.support.pipeline import Pipeline

pytestmark = [pytest.mark.kafka, pytest.mark.slow("a worker, and the commands as a person gives them")]
DAY = "2021-03-03"


def run(pipeline: Pipeline, *options: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(deadletter, options, env=pipeline.variables, input=stdin)


def listed(pipeline: Pipeline, *options: str) -> list[dict[str, object]]:
    done = run(pipeline, "list", "--json", *options)
    assert done.exit_code == 0, done.output
    return [orjson.loads(line) for line in done.stdout.splitlines()]


def send(pipeline: Pipeline, stream: str, *values: bytes, market: str = "UST") -> None:
    async def sending() -> None:
        producer = await clients.producer(pipeline.settings)
        for value in values:
            await producer.send_and_wait(pipeline.settings.topic(stream), value, market.encode())
        await producer.stop()

    asyncio.run(sending())


def quote(clock: str, sequence: int, **changes: object) -> bytes:
    record = orjson.loads(codec.encode(make.quote(f"{DAY} {clock}", 1.54, source="desk", sequence=sequence)))
    return orjson.dumps({**record, **changes})


def events(worker: WorkerProcess) -> int:
    name = 'crunchwatch_events_total{stream="yields"}'
    return next(int(float(line.split()[1])) for line in worker.metrics().splitlines() if line.startswith(name))


def test_refused_listed_mended_and_taken_once(on_kafka: Callable[..., Pipeline], tmp_path: Path) -> None:
    pipeline = on_kafka(CRUNCHWATCH_MAX_MARKETS="1")
    pipeline.make_topics()
    wide = b"[" + b",".join(quote("10:10", number, market="UKT") for number in range(20)) + b"]"
    frame = b"[" + quote("10:01", 2) + b"," + quote("10:02", 3, mid_pct=154.0) + b"," + quote("10:03", 4) + b"]"
    with pipeline.worker() as worker:
        send(pipeline, "yields", quote("10:00", 1, mid_pct=154.0), frame, quote("09:00", 5))
        pipeline.drain()
        send(pipeline, "yields", wide, market="UKT")
        pipeline.drain()
        assert events(worker) == 3

        letters = listed(pipeline)
        assert sorted((one["reason"], one.get("index")) for one in letters) == [
            ("too_many_markets", None), ("wrong_unit", 0), ("wrong_unit", 1),
        ]  # fmt: skip
        assert {one["topic"] for one in listed(pipeline, "--since", "1h", "--topic", "yields")} == {"yields"}
        assert listed(pipeline, "--topic", "repo") == listed(pipeline, "--since", "2100-01-01") == []
        (late,) = listed(pipeline, "--late")
        assert (late["reason"], orjson.loads(str(late["value"]))["sequence"]) == ("late", 5)
        (whole,) = listed(pipeline, "--reason", "too_many_markets")
        assert str(whole["value"]).encode() == wide, "what is kept is cut off; the list has it whole from its topic"

        bad = [one for one in letters if one["reason"] == "wrong_unit"]
        verbatim = run(pipeline, "replay", "--offset", str(bad[0]["id"]))
        assert verbatim.exit_code == 1
        assert "still bad" in verbatim.output
        mended = tmp_path / "mended.jsonl"
        mended.write_text("".join(orjson.dumps(one).decode().replace("154.0", "1.54") + "\n" for one in bad))
        assert "2 would be sent" in run(pipeline, "replay", "--file", str(mended), "--dry-run").output
        assert events(worker) == 3
        assert "2 sent, 0 replayed before" in run(pipeline, "replay", "--file", str(mended)).output
        again = run(pipeline, "replay", "--file", str(mended))
        assert (again.exit_code, "0 sent, 2 replayed before" in again.output) == (0, True)
        pipeline.drain()
        assert events(worker) == 5
        assert len(pipeline.read(topics.LATE)) == 1, "within the lateness what was mended gets in"
        assert [bool(one.get("replayed")) for one in listed(pipeline, "--reason", "wrong_unit")] == [True, True]
        assert [one["reason"] for one in listed(pipeline, "--open")] == ["too_many_markets"]

    with pipeline.worker(CRUNCHWATCH_MAX_MARKETS="2") as worker:
        assert "1 sent" in run(pipeline, "replay", "--all-of", "too_many_markets").output
        assert "0 sent" in run(pipeline, "replay", "--all-of", "too_many_markets").output
        pipeline.drain()
        assert events(worker) == 20


def test_an_original_that_is_gone_is_named_and_a_line_made_by_hand_is_sent(on_kafka: Callable[..., Pipeline]) -> None:
    pipeline = on_kafka()
    pipeline.make_topics()
    with pipeline.worker():
        send(pipeline, "yields", b"x" * 3_000)
        pipeline.drain()
    (letter,) = listed(pipeline)
    assert letter["value"] == "x" * 3_000

    async def delete() -> None:
        place = TopicPartition(pipeline.settings.topic("yields"), int(str(letter["partition"])))
        async with clients.admin(pipeline.settings) as admin:
            await admin.delete_records({place: RecordsToDelete(before_offset=int(str(letter["offset"])) + 1)})

    asyncio.run(delete())
    beside = {"topic": "yields", "key": "UST", "value": {}, "id": "77:1"}
    unknown = run(pipeline, "replay", "--file", "-", stdin=orjson.dumps(beside).decode())
    assert (unknown.exit_code, "77:1: no such dead letter" in unknown.output) == (1, True)
    gone = run(pipeline, "replay", "--offset", str(letter["id"]), "--offset", "0:77")
    assert gone.exit_code == 1
    assert "0:77: no such dead letter" in gone.output
    assert f"no longer holds {letter['offset']}" in gone.output
    (cut,) = listed(pipeline)
    assert cut["value"] is None
    keyless = orjson.dumps({"topic": "yields", "key": None, "value": {}}).decode()
    untouched = run(pipeline, "list", "--json").stdout
    refused = run(pipeline, "replay", "--file", "-", stdin=untouched + keyless)
    assert refused.exit_code == 1
    assert f"still bad {letter['id']}: empty" in refused.output
    assert "yields by hand: missing_key" in refused.output
    assert "0 sent" in refused.output
    beat = orjson.loads(codec.encode(make.heartbeat(DAY, "yields", roster=ev.STREAMS)))
    line = orjson.dumps({"topic": "yields", "key": "UST", "value": beat}).decode()
    assert "1 sent" in run(pipeline, "replay", "--file", "-", stdin=line).output
    (record,) = asyncio.run(topic_reader.read(pipeline.settings, ["yields"]))
    assert orjson.loads(record.value or b"") == beat


@pytest.mark.parametrize(
    ("options", "stdin", "wanted"),
    [
        (("replay",), None, "name one of"),
        (("replay", "--offset", "seven"), None, "not partition:offset"),
        (("list", "--since", "yesterday"), None, "neither a moment"),
        (("replay", "--file", "-"), '{"topic": "yields"}', "line 1"),
        (("replay", "--file", "-"), '{"topic": "x", "key": "UST", "value": {}}', "one of auctions"),
        (("replay", "--file", "-"), b"\x00\xff\xfe\x01", "not UTF-8 text"),
        (("replay", "--file", "-"), b'\xef\xbb\xbf{"topic": "x", "key": "UST", "value": {}}', "one of auctions"),
        (("replay", "--file", "-"), " \n", "it holds no line"),
        (("replay", "--all-of", "nosuch"), None, "'wrong_unit'"),
        (("list", "--reason", "nosuch"), None, "'wrong_unit'"),
        (("list", "--late", "--reason", "wrong_unit"), None, "too_many_waiting"),
        (("list", "--topic", "nosuch"), None, "'yields'"),
    ],
)
def test_a_slip_is_one_line(
    on_kafka: Callable[..., Pipeline], options: tuple[str, ...], stdin: str | bytes | None, wanted: str
) -> None:
    done = run(on_kafka(), *options, stdin=stdin)
    assert done.exit_code != 0
    assert wanted in done.output + str(done.exception)
