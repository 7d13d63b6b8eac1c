"""A worker as a process of its own: started, waited for, stopped by its id. For the demo and for tests that kill."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from types import TracebackType
from typing import IO, Self

from streams.errors import WorkerProcessError

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 15.0
STARTED = "worker listens on "


class WorkerProcess:
    """One worker; its settings go in as environment variables, its standard error to where ours goes, or to a file."""

    def __init__(self, variables: Mapping[str, str], *, log: IO[bytes] | None = None) -> None:
        """Prepare a worker.

        Args:
            variables: ``CRUNCHWATCH_*`` on top of this process's own; the metrics port is free by default.
            log: takes its standard error.
        """
        self._environment = {**os.environ, "CRUNCHWATCH_METRICS_PORT": "0", **variables}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.web_url = ""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running().pid

    def start(self) -> Self:
        """Start it; it may take some seconds until it is ready."""
        self.web_url = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streams"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )
        return self

    def wait_ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Wait until it owns its partitions and has its state back.

        Raises:
            WorkerProcessError: it ended, or took too long.
        """
        deadline = time.monotonic() + within_s
        if not self.web_url:
            self.web_url = self._read_url(deadline)
        while not self.ready():
            if self._running().poll() is not None:
                raise WorkerProcessError(f"the worker ended with exit code {self._running().returncode}")
            if time.monotonic() > deadline:
                raise WorkerProcessError(f"the worker was not ready within {within_s:g} s")
            time.sleep(0.05)

    def _read_url(self, deadline: float) -> str:
        """The first line it says names its address."""
        stdout = self._running().stdout
        assert stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise WorkerProcessError("the worker did not start in time")
        line = stdout.readline().decode().strip()
        if not line.startswith(STARTED):
            raise WorkerProcessError(f"the worker did not start (exit code {self._running().wait(STOP_WITHIN_S)})")
        return line.removeprefix(STARTED)

    def ready(self) -> bool:
        """What its /readyz says now."""
        try:
            with urllib.request.urlopen(f"{self.web_url}/readyz", timeout=2) as answer:  # noqa: S310 - our own http
                return int(answer.status) == 200
        except OSError:
            return False

    def metrics(self) -> str:
        """Its metrics in the text format."""
        with urllib.request.urlopen(f"{self.web_url}/metrics", timeout=5) as answer:  # noqa: S310 - our own http
            text: str = answer.read().decode()
            return text

    def stop(self) -> int:
        """Let it write its state and leave; its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it as a crash would."""
        return self._end(signal.SIGKILL)

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self._running().poll()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise WorkerProcessError("the worker was not started")
        return self._process

    def _end(self, how: signal.Signals) -> int:
        process = self._running()
        if process.poll() is None:
            process.send_signal(how)
        try:
            code = process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait(STOP_WITHIN_S)
        if process.stdout is not None:
            process.stdout.close()
        return code

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
