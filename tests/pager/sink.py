"""Where chat and the heartbeat go in a test: says thank you, and remembers what came."""

from __future__ import annotations

from tests.support.listener import Listener, Quiet


class Sink(Listener):
    """Takes any POST, by path."""

    def __init__(self) -> None:
        self.came: list[tuple[str, bytes]] = []
        sink = self

        class Handler(Quiet):
            def do_POST(self) -> None:  # noqa: N802 - the base class names it so
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sink.came.append((self.path, body))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

        super().__init__(Handler)

    def bodies(self, path: str) -> list[bytes]:
        return [body for where, body in list(self.came) if where == path]
