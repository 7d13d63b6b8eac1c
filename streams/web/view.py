"""What the page shows, taken in the worker's own loop between two messages, so that it is one moment and no mixture.

Asked from the web server's threads; however often the page is asked for, the worker is asked twice a second at most.
A loop that does not answer in time is reported as busy, and the last moment is shown with its age.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Callable, Mapping

import msgspec

from detectors.signals import STATES
from detectors.view.outlook import Outlook
from detectors.view.recent import Recalled
from detectors.view.status import Status
from streams.state.partition import Partition

FRESH_S = 0.5
PATIENCE_S = 2.0


class MarketView(msgspec.Struct, frozen=True, kw_only=True):
    """One market: how it stands, what would change it, its last transitions (oldest first)."""

    status: Status
    outlook: Outlook
    recent: tuple[Recalled, ...]


class WorkerView(msgspec.Struct, frozen=True, kw_only=True):
    """A worker at a moment of the wall clock (UTC ns); ``busy_s`` is how long it has not answered since."""

    at_ns: int
    ready: bool
    partitions: tuple[int, ...]
    markets: tuple[MarketView, ...]
    busy_s: float = 0.0


def look(partitions: Mapping[int, Partition], *, ready: bool) -> WorkerView:
    """Look at all markets of a worker: the worst state first, then by name."""
    engines = {name: one.engine for part in partitions.values() for name, one in part.markets.items()}
    markets = tuple(
        MarketView(status=engine.status(), outlook=engine.outlook(), recent=engine.recent())
        for _, engine in sorted(engines.items())
    )
    markets = tuple(sorted(markets, key=lambda one: -STATES.index(one.status.state)))
    return WorkerView(at_ns=time.time_ns(), ready=ready, partitions=tuple(sorted(partitions)), markets=markets)


class LatestView:
    """The last view of a worker, refreshed when it is older than half a second."""

    def __init__(self, loop: asyncio.AbstractEventLoop, look: Callable[[], WorkerView]) -> None:
        """Take the worker's loop and what is to be called in it."""
        self._loop = loop
        self._look = look
        self._lock = threading.Lock()
        self._last: WorkerView | None = None
        self._taken_s = 0.0

    def take(self) -> WorkerView | None:
        """The present, or the last moment if the loop is busy; None if it has never answered. Not for the loop."""
        with self._lock:
            if self._last is None or time.monotonic() - self._taken_s > FRESH_S:
                self._ask()
            if self._last is None:
                return None
            busy_s = time.monotonic() - self._taken_s
            return self._last if busy_s <= PATIENCE_S else msgspec.structs.replace(self._last, busy_s=busy_s)

    def _ask(self) -> None:
        answer: concurrent.futures.Future[WorkerView] = concurrent.futures.Future()

        def fill() -> None:
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(self._look())
                except Exception as error:  # noqa: BLE001 - it is the asking thread's, not the loop's
                    answer.set_exception(error)

        try:
            self._loop.call_soon_threadsafe(fill)
            self._last = answer.result(PATIENCE_S)
            self._taken_s = time.monotonic()
        except (TimeoutError, RuntimeError):  # busy; or closed, while the worker ends
            answer.cancel()
