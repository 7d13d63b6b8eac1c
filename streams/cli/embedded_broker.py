"""A broker without Docker and without Java, for the demo and for quick tests: noida-db, installed from PyPI.

It is one small binary that speaks Kafka's protocol, idempotent producers and consumer groups included, and keeps its
data in a folder of ours. It is not trusted with anything: what is claimed of delivery is shown on Apache Kafka. Two
of its ways need care, and get it elsewhere: it answers an empty fetch at once (``pace_fetches``), and it
replaces a killed group member only under a fixed name (``CRUNCHWATCH_INSTANCE``).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.errors import EmbeddedBrokerError

READY_WITHIN_S = 10.0
STOP_WITHIN_S = 5.0
_LOG_TAIL_BYTES = 2000


class EmbeddedBroker:
    """The broker as a child process on a loopback port; a context manager, or ``start`` and ``stop``."""

    def __init__(self, *, port: int = 0, folder: Path | None = None) -> None:
        """Choose where it will run.

        Args:
            port: on 127.0.0.1; 0 takes a free one.
            folder: where its data stay; by default a new folder that is deleted at the end.
        """
        self.port = port or _free_port()
        self._own_folder = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="crunchwatch-broker-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address as the settings take it."""
        return f"kafka://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start it and wait until it listens.

        Raises:
            EmbeddedBrokerError: it is not installed, ended, or was not ready in time.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedBrokerError(f"the folder {self.folder} cannot be made: {error.strerror}") from None
        if _listens(self.port):
            with suppress(OSError):
                self.folder.rmdir()  # it is empty, unless a broker ran in it before
            raise EmbeddedBrokerError(
                f"something listens on 127.0.0.1:{self.port} already (a broker whose "
                "command was killed, perhaps: pgrep -a noida-db); choose another port"
            )
        command = [str(_binary()), "start", "--only", "kafka", "--kafka-port", str(self.port)]
        with (self.folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                [*command, "--host", "127.0.0.1", "--data-dir", str(self.folder / "data")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                # A Ctrl-C in the terminal is for us: the broker has to outlive the workers' last writes.
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_WITHIN_S
        while not _listens(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                output = self._log_tail()
                self.stop()
                raise EmbeddedBrokerError(f"the embedded broker did not start:\n{output}")
            time.sleep(0.05)
        return self

    def wait(self) -> int:
        """Wait until it ends by itself; its exit code."""
        return self._process.wait() if self._process is not None else 0

    def stop(self) -> None:
        """End it, and delete its folder if it is ours."""
        self._end(signal.SIGTERM)
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """End it as a crash would; its folder stays."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_WITHIN_S)

    def _log_tail(self) -> str:
        return (self.folder / "broker.log").read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _binary() -> Path:
    try:
        found = resources.files("noida_db").joinpath("noida-db")
    except ModuleNotFoundError:
        raise EmbeddedBrokerError(
            "the embedded broker is not installed: pip install noida-db, or use Apache Kafka (docker compose up kafka)"
        ) from None
    binary = Path(str(found))
    if not binary.is_file():
        raise EmbeddedBrokerError("noida-db is installed without its program for this machine: use Apache Kafka")
    if not os.access(binary, os.X_OK):
        binary.chmod(0o755)  # some installers drop the mark
    return binary


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        return False
    return True
