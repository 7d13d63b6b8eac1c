"""The demo from end to end on the embedded broker: what it says, and that it leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

pytestmark = [pytest.mark.embedded, pytest.mark.slow("the whole demo: a broker, a worker and the replay")]
ONCE_MORE = pytest.mark.drill  # the other signal takes the same way


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "crunchwatch", "demo", *arguments]


def environment(folder: Path) -> dict[str, str]:
    """Everything temporary goes into the folder; the user's own settings must not matter."""
    return {**os.environ, "TMPDIR": str(folder), "CRUNCHWATCH_BROKER": "kafka://127.0.0.1:1", "CRUNCHWATCH_PRESET": "x"}


def children(folder: Path) -> list[int]:
    """Processes that were told of the folder: the demo's own, whatever became of their parent."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            told = entry.read_bytes()
        except OSError:
            continue
        if f"TMPDIR={folder}\0".encode() in told:
            found.append(int(entry.parent.name))
    return found


def test_the_worker_says_what_the_backtest_says(tmp_path: Path) -> None:
    demo = command("--speed", "max", "--json")
    run = subprocess.run(demo, env=environment(tmp_path), capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    *transitions, summary = map(orjson.loads, run.stdout.splitlines())
    assert {line["type"] for line in transitions} == {"transition"}
    assert summary["type"] == "summary"
    assert summary["same"] is True
    assert (summary["missing"], summary["extra"]) == (0, 0)
    assert summary["transition"] == len(transitions) > 0
    assert list(tmp_path.iterdir()) == []
    assert children(tmp_path) == []


@pytest.mark.parametrize(
    ("how", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 128 + signal.SIGTERM, marks=ONCE_MORE)]
)
def test_stopped_half_way_it_leaves_nothing_behind(tmp_path: Path, how: signal.Signals, code: int) -> None:
    with subprocess.Popen(
        command("--speed", "60", "--json"),
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # A shell that starts a job in the background has it ignore Ctrl-C; a desk's terminal does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no threads here
    ) as run:
        try:
            assert run.stdout is not None
            assert run.stdout.readline()  # the first transition: broker, worker and replay are all at work
            assert len(children(tmp_path)) >= 3
            run.send_signal(how)
            assert run.wait(30) == code
        finally:
            run.kill()
    deadline = time.monotonic() + 5
    while children(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
