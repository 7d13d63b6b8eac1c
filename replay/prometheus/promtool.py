"""Prometheus' own programs, as far as the past needs them: promtool writes blocks, a server of our own answers queries.

The server listens on a free loopback port, scrapes nothing, has no Alertmanager and lives as long as its ``with``.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from replay.errors import ProgramError

START_S = 60.0
QUERY_S = 120.0
TAIL = 600
RETENTION = "100y"
BLOCK_HOURS = 162
"""The longest block: 2 h tripled four times, which is a range Prometheus knows; about a week."""
AT_ONCE = 2
"""Runs of promtool side by side: it uses one core, and most of a backfill's time is its."""


def program(name: str) -> str:
    """The path of one of Prometheus' programs.

    Raises:
        ProgramError: it is not on the PATH.
    """
    found = shutil.which(name)
    if found is None:
        raise ProgramError(
            f"{name} is not on the PATH: it comes with Prometheus (Debian and Ubuntu: apt-get install prometheus; "
            "others: https://prometheus.io/download)"
        )
    return found


# Most of promtool's time would go into collecting garbage, of which a run of seconds need not be rid so often, nor by
# more threads than the one that works.
_HASTE = {**os.environ, "GOGC": "800", "GOMAXPROCS": "1"}


class BlockWriter:
    """Hands OpenMetrics files to promtool, two processes at a time at most, while the caller goes on."""

    def __init__(self, out: Path, hours: int = BLOCK_HOURS) -> None:
        """Choose where; promtool reads a file once for each block of so many hours that it touches, and once before."""
        self._promtool = program("promtool")
        self._out = out
        self._hours = hours
        self._running: deque[tuple[subprocess.Popen[bytes], Path]] = deque()

    def write(self, file: Path) -> None:
        """Make blocks of a file and delete it; returns at once unless two others still run."""
        while len(self._running) >= AT_ONCE:
            self._finish()
        duration = f"--max-block-duration={self._hours}h"
        command = [self._promtool, "tsdb", "create-blocks-from", duration, "openmetrics", str(file), str(self._out)]
        self._running.append(
            (
                subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=_HASTE),  # noqa: S603 - our own command, no shell
                file,
            )
        )

    def close(self) -> None:
        """Wait for what runs.

        Raises:
            ProgramError: promtool rejected a file.
        """
        while self._running:
            self._finish()

    def _finish(self) -> None:
        process, file = self._running.popleft()
        _, errors = process.communicate()
        file.unlink(missing_ok=True)
        if process.returncode:
            raise ProgramError(f"promtool could not write blocks: {errors.decode(errors='replace').strip()[-TAIL:]}")

    def abandon(self) -> None:
        """End what runs."""
        while self._running:
            process, _ = self._running.popleft()
            process.kill()
            process.communicate()


class PrometheusServer:
    """A Prometheus over a folder of blocks, with rules if files are given; it can be written to remotely.

    ``configuration`` (YAML or JSON) takes the place of one that only names the rules.
    """

    def __init__(
        self, data: Path, *, rules: Sequence[Path] = (), receives: bool = False, configuration: str | None = None
    ) -> None:
        self._program = program("prometheus")
        self._data = data
        files = json.dumps([str(path.resolve()) for path in rules])  # JSON is YAML
        self._configuration = configuration or f"rule_files: {files}\n"
        self._receives = receives
        self._folder = tempfile.TemporaryDirectory(prefix="crunchwatch-prometheus-")
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        """Start it and wait until it is ready.

        Raises:
            ProgramError: it ends, or is not ready in time.
        """
        folder = Path(self._folder.name)
        (folder / "prometheus.yml").write_text(self._configuration, encoding="utf-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        command = [
            self._program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._data}",
            f"--storage.tsdb.retention.time={RETENTION}",
            f"--web.listen-address={address}",
            *(["--web.enable-remote-write-receiver"] if self._receives else []),
        ]
        self.url = f"http://{address}"
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own command, no shell
        self._wait(folder / "log")
        return self

    def _wait(self, log: Path) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1):  # noqa: S310 - our own server, or one the user named
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        text = log.read_text(errors="replace")[-TAIL:]
        self.close()
        raise ProgramError(f"prometheus did not start within {START_S:g} s: {text}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.close()

    def close(self) -> None:
        """Stop it; what it was written is kept in the folder."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        self._folder.cleanup()

    def ask(self, path: str, parameters: Mapping[str, str], **in_address: str) -> Any:
        """The data of an answer of the API; ``in_address`` is for what takes its parameters there alone.

        Raises:
            ProgramError: the server rejected the request; its answer is in the message.
        """
        body = urllib.parse.urlencode(list(parameters.items())).encode()
        address = f"{self.url}/api/v1/{path}" + (f"?{urllib.parse.urlencode(in_address)}" if in_address else "")
        request = urllib.request.Request(address, data=body if parameters else None)  # noqa: S310 - our own server, or one the user named
        try:
            with urllib.request.urlopen(request, timeout=QUERY_S) as answer:  # noqa: S310 - our own server, or one the user named
                return orjson.loads(answer.read())["data"]
        except urllib.error.HTTPError as rejection:
            with rejection:
                text = rejection.read().decode(errors="replace")
            raise ProgramError(f"Prometheus rejected {parameters.get('query', path)!r}: {text[:TAIL]}") from None
        except OSError as error:
            raise ProgramError(f"Prometheus at {self.url} does not answer: {error}") from None
