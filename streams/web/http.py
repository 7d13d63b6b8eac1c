"""A threaded HTTP server that slow, greedy and rude clients cannot fill: few places, short patience, small requests.

When all places are taken the connection that has been open longest makes room: an honest request is over in
milliseconds, so the oldest is a slow one. A request that has not been answered in ``PATIENCE_S`` is cut off, however
busily its bytes drip.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from contextlib import suppress
from http.server import ThreadingHTTPServer
from typing import Any

log = logging.getLogger(__name__)

PLACES = 16
PATIENCE_S = 5.0
REQUEST_BYTES = 16_384


class Server(ThreadingHTTPServer):
    """At most ``PLACES`` connections, none for longer than ``PATIENCE_S``."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._since: dict[Any, float] = {}
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection, and cut off the oldest if there is no room."""
        with self._lock:
            while len(self._since) >= PLACES:
                self._cut(next(iter(self._since)))
            self._since[request] = time.monotonic()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """A connection is over."""
        with self._lock:
            self._since.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Twice a second: cut off those that take too long."""
        with self._lock:
            late = [one for one, since in self._since.items() if time.monotonic() - since > PATIENCE_S]
            for request in late:
                self._cut(request)

    def _cut(self, request: Any) -> None:
        del self._since[request]
        with suppress(OSError):  # its thread reads an end, and closes it
            request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's parameters
        """A client that disconnected is not logged."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            log.error("a request failed: %r", error)


class Bounded:
    """The request as a file that ends after so many bytes; ``over`` says that there was more."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = REQUEST_BYTES
        self.over = False

    def readline(self, limit: int = -1) -> bytes:
        """A line, or nothing once the bound is reached."""
        limit_now = self._left if limit < 0 else min(limit, self._left)
        line: bytes = self._file.readline(limit_now)
        self._left -= len(line)
        if self._left <= 0 and not line.endswith(b"\n"):
            self.over = True
            return b""
        return line

    def close(self) -> None:
        """Close the file."""
        self._file.close()
