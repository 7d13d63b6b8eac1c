"""A notifier that is told to stop stops, whatever it is in the midst of."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from streams.notify import notifier


@pytest.mark.timeout(20)
async def test_a_write_that_hangs_does_not_keep_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun, broken_off = asyncio.Event(), asyncio.Event()

    async def hang(*_: object) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            broken_off.set()

    monkeypatch.setattr(notifier, "_turn", hang)
    monkeypatch.setattr(notifier, "STOP_WITHIN_S", 0.2)
    stopping = asyncio.Event()
    nothing: Any = None
    working = asyncio.create_task(notifier._work(nothing, nothing, stopping))
    await begun.wait()
    stopping.set()
    await working
    assert broken_off.is_set()
    assert "stopped during a write" in caplog.text


@pytest.mark.timeout(20)
async def test_a_turn_that_is_nearly_done_is_let_finish(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    turns, stopping = [], asyncio.Event()

    async def turn(*_: object) -> None:
        stopping.set()
        await asyncio.sleep(0.1)
        turns.append("whole")

    monkeypatch.setattr(notifier, "_turn", turn)
    nothing: Any = None
    await notifier._work(nothing, nothing, stopping)
    assert turns == ["whole"]
    assert caplog.text == ""
