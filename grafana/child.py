"""A program of the stack: started with a log of its own, waited for, ended."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from streams.errors import StreamsError

START_WITHIN_S = 90.0
STOP_WITHIN_S = 15.0
LOG_TAIL = 1_500


class StackError(StreamsError):
    """Something of the stack could not be started, or ended; which, and its last output."""

    exit_code = 9


class Child:
    """A program of the stack, with its log in a file."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **variables},
                cwd=folder,
                start_new_session=True,  # a Ctrl-C in the terminal is for us, who end them in order
            )

    def wait_for(self, url: str) -> None:
        """Wait until it answers.

        Raises:
            StackError: it ended, or did not answer in time.
        """
        deadline = time.monotonic() + START_WITHIN_S
        while not _answers(url):
            self.check()
            if time.monotonic() > deadline:
                raise StackError(f"{self.name} does not answer at {url}: {self._output()}")
            time.sleep(0.1)

    def check(self) -> None:
        """Raise if it has ended with an error."""
        if self.process.poll() not in (None, 0):
            raise StackError(f"{self.name} ended with exit code {self.process.returncode}: {self._output()}")

    def stop(self) -> None:
        """End it, gently at first."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _output(self) -> str:
        return self._log.read_bytes()[-LOG_TAIL:].decode(errors="replace").strip() or "no output"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own http
            return int(answer.status) < 400
    except OSError:
        return False
