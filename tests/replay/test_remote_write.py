"""Remote write to the byte, its patience and its refusals; and the past unfolding in a real Prometheus."""

from __future__ import annotations

import datetime as dt
import os
import struct
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Self

import cramjam
import pytest
from click.testing import CliRunner

from crunchwatch import main
from detectors.config import load
from replay.dataset.loader import BUNDLED
from replay.errors import AddressError, ProgramError
from replay.prometheus.promtool import PrometheusServer
from replay.prometheus.remote_write import Writer, address, labels, request, varint
from replay.prometheus.stream_remote_write import stream
from replay.scenarios.scenario import Scenario, script
from tests.support import debian


@pytest.fixture(scope="module")
def march():
    days = dt.date(2020, 3, 2), dt.date(2021, 3, 3), dt.date(2021, 3, 4)
    return script(Scenario("march", "two days on the floor", BUNDLED, *days))


def test_a_request_to_the_byte():
    series = (labels({"b": "2", "__name__": "up"}), [(1_000, 1.0), (2_000, -0.5)])
    name, other = b"\x0a\x0e\x0a\x08__name__\x12\x02up", b"\x0a\x06\x0a\x01b\x12\x012"
    first = b"\x12\x0c\x09" + struct.pack("<d", 1.0) + b"\x10\xe8\x07"
    second = b"\x12\x0c\x09" + struct.pack("<d", -0.5) + b"\x10\xd0\x0f"
    body = name + other + first + second
    assert request([series]) == b"\x0a" + varint(len(body)) + body


class Receiver:
    """Answers with the given codes in turn, then with 204; keeps what it was sent."""

    def __init__(self, *codes: int, says: bytes = b"") -> None:
        left, self.bodies = list(codes), []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:  # noqa: N805
                raw = handler.rfile.read(int(handler.headers["Content-Length"]))
                self.bodies.append(bytes(cramjam.snappy.decompress_raw(raw)))
                code = left.pop(0) if left else 204
                handler.send_response(code)
                handler.send_header("Content-Length", str(0 if code == 204 else len(says)))
                handler.end_headers()
                if code != 204:
                    handler.wfile.write(says)

            def log_message(handler, *_: object) -> None:  # noqa: N805
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


ONE = [(labels({"__name__": "up"}), [(1, 1.0)])]


def test_what_cannot_be_taken_now_is_sent_again_ever_more_slowly():
    waits: list[float] = []
    with Receiver(503, 429, 500) as receiver:
        writer = Writer(receiver.url, wait=waits.append)
        writer.send(ONE)
    assert waits == [0.1, 0.2, 0.4]
    assert (writer.requests, writer.samples, writer.repeats) == (1, 1, 3)
    assert receiver.bodies == [request(ONE)] * 4


@pytest.mark.parametrize(
    ("code", "says", "hint"),
    [
        (404, b"no", "--web.enable-remote-write-receiver"),
        (400, b"out of bounds", "a Prometheus of its own whose folder is new"),
        (401, b"who are you", "401 who are you"),
    ],
)
def test_a_refusal_is_said_with_what_to_do(code, says, hint):
    with Receiver(code, says=says) as receiver, pytest.raises(ProgramError, match=hint):
        Writer(receiver.url).send(ONE)


def test_patience_ends():
    waits: list[float] = []
    with pytest.raises(ProgramError, match="has not accepted what was sent within 30 s"):
        Writer("http://127.0.0.1:9", wait=waits.append).send(ONE)
    assert sum(waits) >= 30


@pytest.mark.parametrize("url", ["127.0.0.1:9090", "kafka://here", "http://", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(AddressError, match="is not an address"):
        address(url)


def test_the_past_unfolds_at_its_true_dates_in_a_prometheus_that_scrapes_nothing(march, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.pathsep.join([str(debian.prometheus().parent), os.environ["PATH"]]))
    with PrometheusServer(tmp_path / "data", receives=True) as server:
        done = stream(march, load(), Writer(server.url), speed=None, step_s=300)
        at_noon = {"query": 'crunchwatch_state{crunchwatch_state="de_facto_default"}', "time": "2021-03-04T17:00:00Z"}
        (found,) = server.ask("query", at_noon)["result"]
        assert found["value"][1] == "1"
        assert (found["metric"]["job"], found["metric"]["market"]) == ("replay", "UST")
        assert server.ask("query", {"query": "crunchwatch_state"})["result"] == []
        count = {"query": "count_over_time(crunchwatch_watermark_seconds[3d])", "time": "2021-03-05T05:00:00Z"}
        assert float(server.ask("query", count)["result"][0]["value"][1]) == done.moments == 2 * 288 + 1
        with pytest.raises(ProgramError, match="folder is new"):
            stream(march, load(), Writer(server.url), speed=None, step_s=300)


def test_dates_of_now_stand_at_the_moment_they_are_sent(march):
    with Receiver() as receiver:
        done = stream(march, load(), Writer(receiver.url), speed=None, step_s=1800, dates="now", clock=lambda: 5.0)
    assert done.moments == 2 * 48 + 1
    assert all(b"\x10" + varint(5_000) in body for body in receiver.bodies)


def test_a_speed_is_kept(march):
    now = [0.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    with Receiver() as receiver:
        options = {"speed": 86_400.0, "step_s": 1800, "clock": lambda: now[0], "wait": wait}
        done = stream(march, load(), Writer(receiver.url), **options)
    assert now[0] == pytest.approx(2.0)
    assert len(receiver.bodies) == 2 * 48 + 1
    assert done.behind_s == 0


def test_a_speed_that_cannot_be_kept_is_said(march):
    now = [0.0]

    def clock() -> float:  # each look at it takes a tenth of a second
        now[0] += 0.1
        return now[0]

    with Receiver() as receiver:
        done = stream(
            march, load(), Writer(receiver.url), speed=86_400.0, step_s=1800, clock=clock, wait=lambda _: None
        )
    assert done.moments == 2 * 48 + 1
    assert done.behind_s > 2 * 48 * 0.1 - 2.0 > 1.0


def test_what_belongs_to_kafka_does_not_go_with_it():
    refused = CliRunner().invoke(main, ["replay", "feb2021", "--remote-write", "http://127.0.0.1:9", "--late", "0.1"])
    assert refused.exit_code == 2
    assert "--late goes without it" in refused.output
