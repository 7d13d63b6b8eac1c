"""A network of the test's own: a TCP proxy before a broker that can fall silent, lose its answers, or be cut.

It changes no byte. Let Kafka name the proxy as its address (``advertised.listeners``), else clients that have asked
for the metadata once go past it. The proxy is made first, so that its port is known before Kafka starts::

    proxy = Proxy(("127.0.0.1", kafka.port)).start()
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

_CHUNK_BYTES = 1 << 16


class Proxy:
    """Passes bytes both ways in a thread of its own; a context manager, or ``start`` and ``close``."""

    def __init__(self, target: tuple[str, int], *, port: int = 0) -> None:
        """Choose the ends.

        Args:
            target: host and port of the broker; nobody need listen there yet.
            port: on 127.0.0.1; 0 takes a free one.
        """
        self.target = target
        self.port = port
        self.accepted = 0
        """Connections so far."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._open = {"requests": asyncio.Event(), "answers": asyncio.Event()}

    @property
    def url(self) -> str:
        """The address as the project's settings want it."""
        return f"kafka://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Listen, and pass everything on."""
        self._thread.start()
        self._do(self._heal())
        return self

    def hold(self, *, requests: bool = True, answers: bool = True) -> None:
        """Pass nothing on in these directions and keep every connection: a network that drops packets.

        New connections are accepted, and get no answer. What was held is passed on after :meth:`heal`, as TCP does.
        """
        self._do(self._hold(requests=requests, answers=answers))

    def cut(self) -> None:
        """End every connection and refuse new ones: a broker that is gone."""
        self._do(self._cut())

    def heal(self) -> None:
        """Pass everything on again."""
        self._do(self._heal())

    def close(self) -> None:
        """Cut, and end the thread."""
        self._do(self._cut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    async def _hold(self, *, requests: bool, answers: bool) -> None:
        for name, held in (("requests", requests), ("answers", answers)):
            if held:
                self._open[name].clear()

    async def _cut(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for writer in list(self._connections):
            writer.transport.abort()
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _heal(self) -> None:
        for gate in self._open.values():
            gate.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            to_target = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        for source, sink, name in ((reader, to_target[1], "requests"), (to_target[0], writer, "answers")):
            pump = asyncio.create_task(self._pump(source, sink, self._open[name]))
            self._pumps.add(pump)
            self._connections.add(sink)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, gate: asyncio.Event) -> None:
        """Pass one direction on until either end hangs up; what was read while held waits."""
        try:
            while chunk := await source.read(_CHUNK_BYTES):
                await gate.wait()
                sink.write(chunk)
                await sink.drain()
        except OSError:
            pass
        finally:
            self._connections.discard(sink)
            sink.transport.abort() if sink.transport.is_closing() else sink.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
