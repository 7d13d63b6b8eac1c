"""One worker, start to stop: topics, custody, Faust, its web port; it ends in bounded time, or says why not."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import cast

from detectors.config import ConfigError
from streams import app as faust_app
from streams import topics
from streams.custody import Custody
from streams.errors import SettingsError, StreamsError
from streams.metrics import Metrics
from streams.settings import Settings
from streams.web import WebServer

log = logging.getLogger(__name__)

STOPPED_HARD = 10
_NOISY = ("aiokafka", "faust", "mode", "asyncio")


def run(settings: Settings, started: Callable[[int], None]) -> int:
    """Run a worker until it is told to stop or fails.

    Args:
        settings: everything it needs to know.
        started: called with the web port once the worker has begun.

    Returns:
        The process's exit code; what went wrong was said on standard error.
    """
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in _NOISY:  # they log as errors what a rebalance or a starting broker brings about every day
        logging.getLogger(name).setLevel("DEBUG" if settings.log_level == "debug" else "CRITICAL")
    try:
        asyncio.run(_main(settings, started))
    except StreamsError as error:
        sys.stderr.write(f"crunchwatch worker: {error}\n")
        return error.exit_code
    except Exception:
        log.exception("the worker ends: this is a fault of the program, the state is as last written")
        return 1
    return 0


async def _main(settings: Settings, started: Callable[[int], None]) -> None:
    metrics = Metrics()
    await topics.ensure(settings)
    try:
        custody = await Custody.open(settings, metrics)
    except ConfigError as error:
        raise SettingsError("config", str(error)) from None
    web = WebServer(settings, metrics.exposition, lambda: custody.ready)
    app = faust_app.build(settings, custody)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await app.start()
    custody.commit = cast("faust_app.Consumer", app.consumer).tell_group
    tending = asyncio.create_task(custody.tend())
    started(web.port)
    try:
        await _until_stopped(custody, app, stopping)
    finally:
        _end_hard_after(settings.stop_timeout_s)
        tending.cancel()
        await _stop(custody, app)
        web.close()
    if custody.failure is not None:
        raise custody.failure


async def _until_stopped(custody: Custody, app: faust_app.App, stopping: asyncio.Event) -> None:
    """Wait for a signal, for a failure of ours, or for Faust to crash."""
    waits = [
        asyncio.create_task(event.wait())
        for event in (stopping, custody.failed, app._crashed)  # noqa: SLF001 - mode has no public way to await a crash
    ]
    _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    if app.crashed and custody.failure is None:
        reason = app._crash_reason  # noqa: SLF001
        custody.fail(reason if isinstance(reason, Exception) else RuntimeError(f"Faust crashed: {reason!r}"))


async def _stop(custody: Custody, app: faust_app.App) -> None:
    """Write down, leave the group, hang up; a failing step does not keep the next from being taken."""
    for step in (custody.close, app.stop, custody.disconnect):
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - it stops anyway, and is read back from what was confirmed
            log.warning("while stopping: %r", error)


def _end_hard_after(seconds: float) -> None:
    """End the process if a graceful stop hangs: a dead broker must not keep a worker from ending."""

    def end() -> None:
        sys.stderr.write(f"crunchwatch worker: not stopped within {seconds:g} s, ending hard\n")
        sys.stderr.flush()
        os._exit(STOPPED_HARD)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
