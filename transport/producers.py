"""Stopping a producer in bounded time, whether or not its broker still answers."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from transport import aiokafka_internals


async def stop(producer: AIOKafkaProducer, *, within_s: float) -> BaseException | None:
    """Stop a producer; one whose broker is lost is abandoned with whatever it had not delivered.

    Left alone, the client would try forever to deliver what nothing waits for any more. An open transaction is undone
    by the broker, or by the next producer with its id.

    Args:
        producer: started or not.
        within_s: seconds to wait for a regular stop, and again for the connections to close.

    Returns:
        What went wrong while stopping, for a log; None if nothing did.
    """
    stopping = asyncio.create_task(producer.stop())
    done, _ = await asyncio.wait([stopping], timeout=within_s)
    if done:
        return stopping.exception()
    stopping.cancel()
    aiokafka_internals.cancel_sender(producer)
    try:
        async with asyncio.timeout(within_s):
            await producer.client.close()
    except (KafkaError, OSError, TimeoutError) as error:
        return error
    return None
