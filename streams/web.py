"""The worker's own port: /metrics for Prometheus, /healthz for 'the process lives', /readyz for 'it does its work'.

What else there is to see (the page at ``/``) is handed in as one function from a path to an answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST

from streams.errors import SettingsError
from streams.settings import Settings

_TEXT = "text/plain; charset=utf-8"


class Answer(NamedTuple):
    """What a path answers: a body and its media type."""

    body: bytes
    kind: str
    status: HTTPStatus = HTTPStatus.OK


Pages = Callable[[str], Answer | None]
"""What else is served: an answer for a path, or None for one that is not there; called in the server's threads."""


class WebServer:
    """A small threaded server; it only reads what the worker shows."""

    def __init__(
        self,
        settings: Settings,
        exposition: Callable[[], bytes],
        ready: Callable[[], bool],
        pages: Pages = lambda _: None,
    ) -> None:
        handler = _handler(exposition, ready, pages)
        try:
            self._server = ThreadingHTTPServer((settings.metrics_host, settings.metrics_port), handler)
        except OSError as error:
            raise SettingsError(
                "metrics_port",
                f"{settings.metrics_host}:{settings.metrics_port} cannot be listened on ({error.strerror}); "
                "0 takes a free port",
            ) from None
        self._server.daemon_threads = True
        host = f"[{settings.metrics_host}]" if ":" in settings.metrics_host else settings.metrics_host
        self.url = f"http://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="web", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def _handler(exposition: Callable[[], bytes], ready: Callable[[], bool], pages: Pages) -> type[BaseHTTPRequestHandler]:
    def answer(path: str) -> Answer:
        if path == "/metrics":
            return Answer(exposition(), CONTENT_TYPE_LATEST)
        if path == "/healthz":
            return Answer(b"alive\n", _TEXT)
        if path == "/readyz":
            if ready():
                return Answer(b"ready\n", _TEXT)
            return Answer(b"not ready\n", _TEXT, HTTPStatus.SERVICE_UNAVAILABLE)
        return pages(path) or Answer(b"/ /metrics /healthz /readyz\n", _TEXT, HTTPStatus.NOT_FOUND)

    class Handler(BaseHTTPRequestHandler):
        server_version = "crunchwatch"
        sys_version = ""
        timeout = 10

        def do_GET(self) -> None:
            said = answer(self.path)
            self.send_response(said.status)
            self.send_header("Content-Type", said.kind)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing of each scrape."""

    return Handler
