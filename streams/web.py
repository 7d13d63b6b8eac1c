"""The worker's own port: /metrics for Prometheus, /healthz for 'the process lives', /readyz for 'it does its work'."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST

from streams.errors import SettingsError
from streams.settings import Settings

_TEXT = "text/plain; charset=utf-8"


class WebServer:
    """A small threaded server; it only reads what the worker shows."""

    def __init__(self, settings: Settings, exposition: Callable[[], bytes], ready: Callable[[], bool]) -> None:
        handler = _handler(exposition, ready)
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


def _handler(exposition: Callable[[], bytes], ready: Callable[[], bool]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "crunchwatch"
        sys_version = ""
        timeout = 10

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(HTTPStatus.OK, exposition(), CONTENT_TYPE_LATEST)
            elif self.path == "/healthz":
                self._answer(HTTPStatus.OK, b"alive\n", _TEXT)
            elif self.path == "/readyz":
                if ready():
                    self._answer(HTTPStatus.OK, b"ready\n", _TEXT)
                else:
                    self._answer(HTTPStatus.SERVICE_UNAVAILABLE, b"not ready\n", _TEXT)
            else:
                self._answer(HTTPStatus.NOT_FOUND, b"/metrics /healthz /readyz\n", _TEXT)

        def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing of each scrape."""

    return Handler
