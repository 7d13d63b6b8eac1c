"""One worker, start to stop: topics, partitions, Faust, its web port; it ends in bounded time, or reports why not."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from detectors.config import load
from detectors.config_diff import longest_window
from detectors.sections import Config
from streams.errors import BrokerUnavailableError, SettingsError, StopError, StreamsError
from streams.kafka import topics
from streams.settings import Settings
from streams.state.metrics import Metrics
from streams.web.routes import pages
from streams.web.server import WebServer
from streams.web.view import LatestView, look
from streams.worker import faust_app, faust_internals
from streams.worker.consumer_lag import LagMonitor
from streams.worker.partition_owner import PartitionOwner
from streams.worker.readiness import Readiness
from streams.worker.silence_watchdog import Watchdog

log = logging.getLogger(__name__)

_NOISY = ("aiokafka", "faust", "mode", "asyncio", "streams.worker.faust_app")


def run(settings: Settings, started: Callable[[str], None]) -> None:
    """Run a worker until SIGTERM, SIGINT or a failure.

    Args:
        settings: everything it needs to know.
        started: called with the web port's address once the worker has its partitions.

    Raises:
        StreamsError: what an operator can correct, by name; anything else is a fault of the program.
        ConfigError: the detectors' configuration is invalid; nothing was connected yet.
    """
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in _NOISY:  # they log as errors what a rebalance or a starting broker brings about every day
        logging.getLogger(name).setLevel("DEBUG" if settings.log_level == "debug" else "CRITICAL")
    config = load(settings.preset, Path(settings.config) if settings.config else None)
    check_retention(settings, config)
    asyncio.run(_main(settings, config, started))


def check_retention(settings: Settings, config: Config) -> None:
    """Reject a retention from which a lost state could not be rebuilt: a detector would be blind and nobody told."""
    needed, name = longest_window(config)
    if settings.retention_days < needed:
        raise SettingsError(
            "retention_days",
            f"the topics keep {settings.retention_days} days, but '{name}' looks back {needed} days: a state that is "
            f"lost could not be rebuilt from them. Set CRUNCHWATCH_RETENTION_DAYS to {needed} or more, or shorten its "
            "window",
        )


async def _main(settings: Settings, config: Config, started: Callable[[str], None]) -> None:
    metrics = Metrics(settings.partitions)
    needed_days, needed_by = longest_window(config)
    await topics.ensure(settings, needed_days=needed_days, needed_by=needed_by)
    owner = PartitionOwner(settings, config, metrics)
    lag = LagMonitor(owner)
    readiness = Readiness(owner, lag)
    metrics.ready.set_function(lambda: readiness.ready)
    glance = LatestView(asyncio.get_running_loop(), lambda: look(owner.partitions, ready=readiness.ready))
    web = WebServer(settings, metrics.exposition, readiness.reason, pages(glance.take, settings))
    app = faust_app.build(settings, owner)

    async def commit_group(positions: Mapping[TopicPartition, int]) -> None:
        await cast("faust_app.Consumer", app.consumer).commit_group(positions)

    async def rejoin() -> None:
        await cast("faust_app.Consumer", app.consumer).rejoin()

    owner.commit, owner.rejoin = commit_group, rejoin
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    starting = asyncio.create_task(_start(app, lambda: started(web.url)))
    readiness.report()
    watchdog = Watchdog(settings, config.merge, metrics, lambda: owner.partitions if owner.assigned else {})
    works = (owner.tend(), lag.watch(), readiness.beat(), watchdog.run())
    tending = [asyncio.create_task(work) for work in works]
    try:
        await _until_stopped(owner, app, stopping, starting)
    finally:
        _end_hard_after(settings.stop_timeout_s, owner)
        await _stop(owner, app, settings.stop_timeout_s)
        for task in (*tending, starting):  # not before: an interrupted flush is not resumed
            task.cancel()
        readiness.close()
        web.close()
    failure = _by_name(owner.failure, settings)
    if failure is not None:
        raise failure


def _by_name(failure: Exception | None, settings: Settings) -> Exception | None:
    """What Kafka's client gave up on, as an error an operator can correct."""
    if isinstance(failure, KafkaError):
        return BrokerUnavailableError(f"the broker at {settings.broker} was lost: {failure!r}")
    return failure


async def _start(app: faust_app.App, started: Callable[[], None]) -> None:
    await app.start()
    started()


async def _until_stopped(
    owner: PartitionOwner, app: faust_app.App, stopping: asyncio.Event, starting: asyncio.Task[None]
) -> None:
    """Wait for a signal, for a failure of ours, or for Faust to crash."""

    async def crashed() -> None:
        await starting
        reason = await faust_internals.crashed(app)
        raise reason if isinstance(reason, Exception) else RuntimeError(f"Faust crashed: {reason!r}")

    waits = [asyncio.create_task(wait) for wait in (stopping.wait(), owner.failed.wait(), crashed())]
    done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    for task in done:
        error = task.exception()
        if isinstance(error, Exception):
            owner.fail(error)


async def _stop(owner: PartitionOwner, app: faust_app.App, within_s: float) -> None:
    """Write the state, leave the group, disconnect; a failing step does not keep the next from being taken."""
    steps = ((owner.close, 0.4), (app.stop, 0.45), (owner.disconnect, 0.1))
    for step, share in steps:
        try:
            async with asyncio.timeout(share * within_s):
                await step()
        except Exception as error:  # noqa: BLE001 - it stops anyway, and is read back from what was confirmed
            why = "no answer in time" if isinstance(error, TimeoutError) else repr(error)
            log.warning("while stopping: %s", why)
            if step == owner.close and owner.failure is None:
                owner.failure = StopError("not everything could be written in time; it will be read again")


def _end_hard_after(seconds: float, owner: PartitionOwner) -> None:
    """End the process if disconnecting takes too long: a dead broker must not keep a worker from ending."""

    def end() -> None:
        failure = owner.failure
        code = failure.exit_code if isinstance(failure, StreamsError) else int(failure is not None)
        why = f"{failure}; " if failure is not None else ""
        sys.stderr.write(f"crunchwatch worker: {why}not disconnected within {seconds:g} s, ending hard\n")
        sys.stderr.flush()
        os._exit(code)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
