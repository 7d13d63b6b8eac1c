from __future__ import annotations

import asyncio
from typing import cast

import pytest
from aiokafka import AIOKafkaConsumer

from streams import settings
from streams.errors import BrokerUnavailableError
from streams.kafka.broker_watch import BrokerWatch


class Broker:
    """Answers when the test says so."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.answer: asyncio.Future[dict[object, int]] = asyncio.get_running_loop().create_future()

    async def end_offsets(self, places: object) -> dict[object, int]:
        self.asked.set()
        return await self.answer


def vigil_over(broker: Broker, **chosen: object) -> BrokerWatch:
    return BrokerWatch(settings.load({}, **chosen), cast("AIOKafkaConsumer", broker), [])


@pytest.mark.timeout(20)
async def test_an_answer_that_comes_with_the_end_does_not_keep_it_from_ending() -> None:
    broker = Broker()
    async with vigil_over(broker):
        await broker.asked.wait()
        broker.answer.set_result({})


@pytest.mark.timeout(20)
async def test_a_loss_that_comes_with_the_end_does_not_either() -> None:
    broker = Broker()
    async with vigil_over(broker):
        await broker.asked.wait()
        broker.answer.set_exception(OSError())


@pytest.mark.timeout(20)
async def test_work_that_hangs_is_over_when_the_broker_is_lost_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.kafka.broker_watch.ASK_EVERY_S", 0.02)
    broker = Broker()
    broker.answer.set_exception(OSError())
    async with vigil_over(broker, recovery_timeout_s=1.0) as vigil:
        with pytest.raises(BrokerUnavailableError, match="has not answered for 1 s"):
            await vigil.over(asyncio.create_task(asyncio.sleep(60)))
