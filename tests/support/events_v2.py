"""A local receiver that speaks PagerDuty's Events v2, keeps incidents as PagerDuty does, and fails as it is told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.listener import Listener, Quiet

Reply = Callable[[BaseHTTPRequestHandler], None]


def status(code: int, body: str = "{}", **headers: str) -> Reply:
    """Answer with a status; header names with underscores for hyphens."""

    def reply(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body.encode())

    return reply


def hang_up(request: BaseHTTPRequestHandler) -> None:
    request.connection.close()


def garbage(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"this is no HTTP\r\n\r\n")


def silence(request: BaseHTTPRequestHandler) -> None:
    time.sleep(3600)


class EventsV2(Listener):
    """What came, and what became of it: ``incidents`` by dedup key, with how often each was opened."""

    def __init__(self) -> None:
        self.came: list[dict[str, Any]] = []
        self.accepted: list[dict[str, Any]] = []
        self.incidents: dict[str, str] = {}
        self.opened: dict[str, int] = {}
        self.replies: list[Reply] = []
        """Replies in place of acceptance, the first for the next request."""
        receiver = self

        class Handler(Quiet):
            def do_POST(self) -> None:  # noqa: N802 - the base class names it so
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.came.append(body)
                if receiver.replies:
                    receiver.replies.pop(0)(self)
                    return
                receiver.accept(body)
                status(202, json.dumps({"status": "success", "dedup_key": body["dedup_key"]}))(self)

        super().__init__(Handler)
        self.url += "/v2/enqueue"

    def accept(self, body: dict[str, Any]) -> None:
        key, action = body["dedup_key"], body["event_action"]
        now = self.incidents.get(key)
        self.accepted.append(body)
        if action == "trigger" and now in {None, "resolved"}:
            self.incidents[key] = "triggered"
            self.opened[key] = self.opened.get(key, 0) + 1
        elif action == "acknowledge" and now == "triggered":
            self.incidents[key] = "acknowledged"
        elif action == "resolve" and now is not None:
            self.incidents[key] = "resolved"

    def actions(self) -> list[tuple[str, str]]:
        return [(body["event_action"], body["payload"]["class"]) for body in self.accepted]

    def wait(self, count: int, within_s: float = 60.0) -> None:
        """Until so many messages have come, accepted or not."""
        deadline = time.monotonic() + within_s
        while len(self.came) < count:
            assert time.monotonic() < deadline, f"{len(self.came)} of {count} messages came"
            time.sleep(0.05)
