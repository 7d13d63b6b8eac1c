"""A worker as a process: what it says and how it ends when it cannot begin."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from streams.cli.embedded_broker import EmbeddedBroker, _listens
from streams.cli.worker_process import WorkerProcess
from streams.errors import EmbeddedBrokerError, WorkerProcessError
from tests.support.kafka import free_port


def test_a_missing_broker_is_one_line_and_an_exit_code(tmp_path: Path) -> None:
    variables = {"CRUNCHWATCH_BROKER": f"kafka://127.0.0.1:{free_port()}", "CRUNCHWATCH_CONNECT_TIMEOUT_S": "1"}
    with (tmp_path / "log").open("w+b") as log:
        worker = WorkerProcess(variables, log=log).start()
        with pytest.raises(WorkerProcessError, match="exit code 4"):
            worker.wait_ready()
        worker.stop()
        log.seek(0)
        said = log.read().decode()
    assert said.startswith("crunchwatch worker: no Kafka broker answered")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("CRUNCHWATCH_PARTITIONS", "none", "setting 'partitions': 'none' is not a whole number"),
        ("CRUNCHWATCH_CONFIG", "/nowhere.toml", "/nowhere.toml"),
    ],
)
def test_what_is_set_wrong_is_said_before_anything_is_connected(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    with (tmp_path / "log").open("w+b") as log:
        worker = WorkerProcess({name: text}, log=log).start()
        with pytest.raises(WorkerProcessError, match="exit code 2"):
            worker.wait_ready()
        worker.stop()
        log.seek(0)
        line = log.read().decode()
    assert said in line
    assert line.count("\n") == 1


@pytest.mark.embedded
def test_a_worker_that_its_group_leaves_waiting_stops_in_time_and_quietly(tmp_path: Path) -> None:
    with EmbeddedBroker() as broker, (tmp_path / "log").open("w+b") as log:
        port = free_port()
        variables = {"CRUNCHWATCH_BROKER": broker.url, "CRUNCHWATCH_METRICS_PORT": str(port)}
        with WorkerProcess(variables, log=log) as worker:
            worker.wait_ready()
            worker.kill()
            worker.start()  # this broker counts on the killed one for ever
            while not _listens(port):
                time.sleep(0.1)
            time.sleep(3)  # it asks its group
            began = time.monotonic()
            assert (worker.poll(), worker.stop()) == (None, 0)
            assert time.monotonic() - began < 10
        log.seek(0)
        assert log.read() == b""


def test_a_folder_that_cannot_be_made_is_a_line_of_the_embedded_brokers() -> None:
    with pytest.raises(EmbeddedBrokerError, match="folder /proc/x cannot be made"):
        EmbeddedBroker(folder=Path("/proc/x")).start()


def test_faust_is_imported_without_a_warning() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import streams.worker.worker, streams.cli.commands"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.embedded
def test_a_taken_port_is_refused() -> None:
    with EmbeddedBroker() as broker:
        second = EmbeddedBroker(port=broker.port)
        with pytest.raises(EmbeddedBrokerError, match="listens on"):
            second.start()
    assert not second.folder.exists()


@pytest.mark.embedded
def test_the_embedded_broker_leaves_nothing_behind() -> None:
    with EmbeddedBroker() as broker:
        folder = broker.folder
        assert folder.exists()
    assert not folder.exists()
