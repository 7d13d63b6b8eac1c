"""A producer is stopped in bounded time, whatever becomes of its broker."""

import asyncio
from typing import Any

from transport import producers


class Client:
    def __init__(self, *, hangs: bool = False) -> None:
        self.closed = False
        self._hangs = hangs

    async def close(self) -> None:
        if self._hangs:
            await asyncio.Event().wait()
        self.closed = True


class Sender:
    def __init__(self) -> None:
        self.sender_task = asyncio.create_task(asyncio.Event().wait())


class Producer:
    """Stops at once, fails, or waits for a broker that is gone."""

    def __init__(self, error: Exception | None = None, *, hangs: bool = False, client: Any = None) -> None:
        self.client = client or Client()
        self._sender = Sender()
        self._error = error
        self._hangs = hangs

    async def stop(self) -> None:
        if self._hangs:
            await asyncio.Event().wait()
        if self._error is not None:
            raise self._error
        self._sender.sender_task.cancel()


async def test_one_that_stops_has_nothing_to_report() -> None:
    assert await producers.stop(Producer(), within_s=5) is None  # type: ignore[arg-type]


async def test_what_goes_wrong_is_returned_and_not_raised() -> None:
    error = ConnectionResetError()
    assert await producers.stop(Producer(error), within_s=5) is error  # type: ignore[arg-type]


async def test_one_whose_broker_is_gone_is_abandoned_with_what_it_had_to_deliver() -> None:
    producer = Producer(hangs=True)
    assert await producers.stop(producer, within_s=0.05) is None  # type: ignore[arg-type]
    assert producer.client.closed
    await asyncio.wait([producer._sender.sender_task], timeout=5)
    assert producer._sender.sender_task.cancelled()


async def test_connections_that_do_not_close_are_not_waited_for() -> None:
    producer = Producer(hangs=True, client=Client(hangs=True))
    assert isinstance(await producers.stop(producer, within_s=0.05), TimeoutError)  # type: ignore[arg-type]
