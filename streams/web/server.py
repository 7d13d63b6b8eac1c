"""The worker's own port: /metrics for Prometheus, /healthz for 'the process lives', /readyz for 'it does its work'.

What else there is to see (the page at ``/``) is handed in as one function from a path to an answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST

from streams.errors import SettingsError
from streams.settings import Settings
from streams.web.access import HEADERS, Guard
from streams.web.http import Bounded, Server

_TICK_S = 0.2
_TEXT = "text/plain; charset=utf-8"


class Answer(NamedTuple):
    """What a path answers: a body and its media type."""

    body: bytes
    kind: str
    status: HTTPStatus = HTTPStatus.OK


Pages = Callable[[str], Answer | None]
"""What else is served: an answer for a path, or None for an unknown one; called in the server's threads."""


class WebServer:
    """A small threaded server; it only reads what the worker shows."""

    def __init__(
        self,
        settings: Settings,
        exposition: Callable[[], bytes],
        unready: Callable[[], str | None],
        pages: Pages = lambda _: None,
    ) -> None:
        handler = _handler(_answers(exposition, unready, pages), Guard(settings))
        try:
            self._server = Server((settings.metrics_host, settings.metrics_port), handler)
        except OSError as error:
            raise SettingsError(
                "metrics_port",
                f"{settings.metrics_host}:{settings.metrics_port} cannot be listened on ({error.strerror}); "
                "0 takes a free port",
            ) from None
        host = f"[{settings.metrics_host}]" if ":" in settings.metrics_host else settings.metrics_host
        self.url = f"http://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_TICK_S,), name="web", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def _answers(
    exposition: Callable[[], bytes], unready: Callable[[], str | None], pages: Pages
) -> Callable[[str], Answer]:
    def answer(path: str) -> Answer:
        if path == "/metrics":
            return Answer(exposition(), CONTENT_TYPE_LATEST)
        if path == "/healthz":
            return Answer(b"alive\n", _TEXT)
        if path == "/readyz":
            reason = unready()
            if reason is None:
                return Answer(b"ready\n", _TEXT)
            return Answer(f"not ready: {reason}\n".encode(), _TEXT, HTTPStatus.SERVICE_UNAVAILABLE)
        return pages(path) or Answer(b"/ /metrics /healthz /readyz\n", _TEXT, HTTPStatus.NOT_FOUND)

    return answer


class _Handler(BaseHTTPRequestHandler):
    """One connection, one request; what it may say is set by :func:`_handler`."""

    sys_version = ""
    timeout = 5
    rfile: Any
    answer: Callable[[str], Answer]
    guard: Guard

    def setup(self) -> None:
        """Bound the request before a byte of it is read."""
        super().setup()
        self.rfile = Bounded(self.rfile)

    def version_string(self) -> str:
        """No versions: they help only attackers."""
        return "crunchwatch"

    def do_GET(self) -> None:
        """Answer."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer with the headers alone."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        denied = self.guard.denial(path, self.headers.get_all("Host", []), self.headers.get_all("Authorization", []))
        if self.rfile.over:
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif denied is not None:
            self._send(Answer(f"{denied.text}\n".encode(), _TEXT, denied.status), with_body=with_body)
        else:
            self._send(self.answer(path), with_body=with_body)

    def _send(self, answer: Answer, *, with_body: bool) -> None:
        self.send_response(answer.status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        if answer.status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
            self.send_header("WWW-Authenticate", 'Basic realm="crunchwatch: any name, and the token as password"')
        if answer.status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """One plain line that repeats nothing of the request; the base class would quote it in HTML."""
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self.close_connection = True
        self._send(Answer(f"{status.phrase}\n".encode(), _TEXT, status), with_body=True)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing of each scrape."""


def _handler(answer: Callable[[str], Answer], guard: Guard) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"answer": staticmethod(answer), "guard": guard})
