"""The worker's port: who may read it, and what slow, greedy and rude clients can do to it."""

from __future__ import annotations

import base64
import http.client
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from streams import settings
from streams.errors import SettingsError
from streams.web import http as web_http
from streams.web.server import WebServer

TOKEN = "canary-token-0123456789"
Serve = Callable[..., "Client"]


class Client:
    def __init__(self, server: WebServer) -> None:
        self.server = server
        self.port = int(urlsplit(server.url).port or 0)

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def open(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def say(self, raw: bytes) -> bytes:
        with self.open() as client:
            client.sendall(raw)
            return heard(client)


def heard(client: socket.socket) -> bytes:
    found = b""
    with suppress(ConnectionResetError):
        while part := client.recv(65536):
            found += part
    return found


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[WebServer] = []

    def start(**variables: str) -> Client:
        told = {f"CRUNCHWATCH_{name.upper()}": text for name, text in variables.items()}
        chosen = settings.load({"CRUNCHWATCH_METRICS_PORT": "0", **told})
        running.append(WebServer(chosen, lambda: b"shown 1\n", lambda: "a reason"))
        return Client(running[-1])

    yield start
    for server in running:
        server.close()


@pytest.fixture
def token(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    return str(path)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:9464", "127.0.0.1:1", "[::1]:9464", "127.9.9.9"])
def test_on_loopback_by_its_own_names(serve: Serve, host: str) -> None:
    assert serve().ask("/metrics", Host=host)[::2] == (200, "shown 1\n")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:9464", "127.0.0.1.evil.example", "localhost.evil.example", "", "0.0.0.0", "a:b"],
)
def test_a_name_that_is_not_ours_is_refused(serve: Serve, host: str) -> None:
    assert serve().ask("/metrics", Host=host)[0] == 421


def test_two_names_do_not_get_round_it(serve: Serve) -> None:
    said = serve().say(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
    assert said.startswith(b"HTTP/1.0 421")


def test_beyond_loopback_a_token_is_wanted(serve: Serve, token: str) -> None:
    client = serve(metrics_host="0.0.0.0", metrics_token_file=token)
    assert client.ask("/metrics", Authorization=f"Bearer {TOKEN}", Host="any.example")[::2] == (200, "shown 1\n")
    for wrong in ("", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer \xff"):
        status, headers, body = client.ask("/metrics", Authorization=wrong)
        assert status == 401
        assert headers["WWW-Authenticate"].split()[0] in {"Bearer", "Basic"}
        assert TOKEN not in body
    assert client.ask("/")[0] == 401
    basic = {text: "Basic " + base64.b64encode(text.encode()).decode() for text in (f"desk:{TOKEN}", f"{TOKEN}:", ":")}
    assert [client.ask("/metrics", Authorization=one)[0] for one in basic.values()] == [200, 401, 401]
    twice = f"GET /metrics HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nAuthorization: Bearer x\r\n\r\n"
    assert client.say(twice.encode()).startswith(b"HTTP/1.0 401")


def test_health_and_readiness_are_asked_without_a_token_and_by_any_name(serve: Serve, token: str) -> None:
    for client in (serve(metrics_host="0.0.0.0", metrics_token_file=token), serve()):
        assert client.ask("/healthz", Host="10.0.0.7:9464")[0] == 200
        assert client.ask("/readyz", Host="10.0.0.7:9464")[0] == 503


def test_a_guarded_port_is_open_to_the_names_it_is_given(serve: Serve) -> None:
    client = serve(metrics_host="0.0.0.0", metrics_open="true", metrics_names="worker, proxy.example")
    assert client.ask("/metrics", Host="Worker:9464")[0] == 200
    assert client.ask("/metrics", Host="127.0.0.1:9464")[0] == 200
    assert client.ask("/metrics", Host="evil.example")[0] == 421
    assert serve(metrics_host="0.0.0.0", metrics_open="true").ask("/metrics", Host="any.example")[0] == 200


def test_a_short_token_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("1234")
    with pytest.raises(SettingsError, match="can be guessed") as caught:
        WebServer(settings.load({"CRUNCHWATCH_METRICS_TOKEN_FILE": str(path)}), bytes, bool)
    assert "1234" not in str(caught.value)


@pytest.mark.parametrize("path", ["/metrics", "/nowhere", "/<script>"])
def test_every_answer_carries_the_headers_and_repeats_nothing(serve: Serve, path: str) -> None:
    _, headers, body = serve().ask(path)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Server"] == "crunchwatch"
    assert "script" not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE", "OPTIONS", "<script>", "x" * 100])
def test_other_methods_are_not_allowed(serve: Serve, method: str) -> None:
    status, headers, body = serve().ask("/metrics", method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert body == "Method Not Allowed\n"


def test_head_has_no_body(serve: Serve) -> None:
    status, headers, body = serve().ask("/metrics", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "8", "")


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n" + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n" + b"".join(b"X%d: a\r\n" % number for number in range(10_000)) + b"\r\n",
        b"GET /metrics HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500 + b"\n",
        b"\r\n\r\n",
        b"GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_rude_requests_get_no_metrics_and_harm_nobody(
    serve: Serve, raw: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    client = serve()
    assert b"shown" not in client.say(raw)
    assert client.ask("/metrics")[0] == 200
    assert capfd.readouterr().err == ""


def test_slow_clients_do_not_keep_others_out(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_http, "PATIENCE_S", 1.0)
    client = serve()
    slow = [client.open() for _ in range(5 * web_http.PLACES)]
    for one in slow:
        one.sendall(b"GET /metr")
    assert client.ask("/metrics")[0] == 200
    assert len(client.server._server._since) <= web_http.PLACES
    begun = time.monotonic()
    while client.server._server._since and time.monotonic() - begun < 30:
        for one in slow:  # it drips, so no single wait is ever long
            with suppress(OSError):
                one.send(b"x")
        time.sleep(0.1)
    assert not client.server._server._since
    for one in slow:
        one.close()
