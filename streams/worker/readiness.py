"""Whether a worker is ready, and if not, why: the body of /readyz, a metric, and one line in the log.

It is asked by threads that need nothing of the event loop, so that a blocked loop shows as well.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator

from streams.worker.consumer_lag import LagMonitor
from streams.worker.partition_owner import PartitionOwner

log = logging.getLogger(__name__)

BEAT_S = 0.5
BLOCKED_AFTER_S = 10.0
UNCONFIRMED_AFTER_S = 15.0
ASK_EVERY_S = 0.5
REPORT_AFTER_S = 15.0
"""A start may take so long before it is logged."""
NO_PARTITIONS = "no partitions yet, or their state is being read back"


class Readiness:
    """What keeps a worker from being ready."""

    def __init__(self, owner: PartitionOwner, lag: LagMonitor) -> None:
        self._owner = owner
        self._lag = lag
        self._beat = time.monotonic()
        self._over = threading.Event()

    def reason(self) -> str | None:
        """Why the worker is not ready, or None; whatever thread asks."""
        return next(self._reasons(time.monotonic()), None)

    def _reasons(self, now: float) -> Iterator[str]:
        """All that keeps it, the one that explains the others first."""
        owner, lag = self._owner, self._lag
        flushing, silent = owner.flushing_since, lag.silent_since
        if owner.stopping:
            yield "stopping"
        if now - self._beat > BLOCKED_AFTER_S:
            yield f"the event loop has not run for {now - self._beat:.0f} s"
        if silent is not None:
            yield f"the broker at {owner.settings.broker} does not answer, for {now - silent:.0f} s now"
        if flushing is not None and now - flushing > UNCONFIRMED_AFTER_S:
            yield f"the broker has not confirmed a write for {now - flushing:.0f} s"
        if owner.lost:
            yield f"partitions {sorted(owner.lost)} turned out to have another owner, the group is asked to rebalance"
        if not owner.assigned:
            yield NO_PARTITIONS
        if lag.stalled is not None:
            yield lag.stalled

    @property
    def ready(self) -> bool:
        """Whether nothing keeps it."""
        return self.reason() is None

    async def beat(self) -> None:
        """Show that the event loop runs; until cancelled."""
        while True:
            self._beat = time.monotonic()
            await asyncio.sleep(BEAT_S)

    def report(self) -> None:
        """Log when it stops being ready, and when it is again; in a thread, until closed."""
        threading.Thread(target=self._report, name="readiness", daemon=True).start()

    def _report(self) -> None:
        since: float | None = None
        began, start = False, time.monotonic()
        while not self._over.wait(ASK_EVERY_S):
            reason, waited_s = self.reason(), time.monotonic() - start
            if reason is None:
                if since is not None:
                    log.warning("ready %s after %.0f s", "again" if began else "at last", time.monotonic() - since)
                began, since = True, None
            elif since is None and not self._owner.stopping and (began or waited_s > REPORT_AFTER_S):
                since = time.monotonic() if began else start
                log.warning("not ready%s: %s", "" if began else f" for {waited_s:.0f} s", self._explained(reason))

    def _explained(self, reason: str) -> str:
        """The reason, and for one that this worker did not cause, what may have."""
        if reason != NO_PARTITIONS:
            return reason
        settings = self._owner.settings
        return (
            f"{reason}. The group '{settings.group}' may still count on a member that was killed (for "
            f"{settings.session_timeout_s:g} s; the embedded broker forever: give each a CRUNCHWATCH_INSTANCE), "
            f"or have more workers than the {settings.partitions} partitions; then this one is a standby"
        )

    def close(self) -> None:
        """Stop logging."""
        self._over.set()
