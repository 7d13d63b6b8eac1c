"""A real Apache Kafka for tests: one KRaft node on free loopback ports, in a folder of its own, with a small heap.

The server is the one that Apache publishes to Maven (``kafka-pom.xml`` beside this file); no Docker and no download
of an archive is needed, only Java 17 and Maven. The jars are fetched once into ``CRUNCHWATCH_KAFKA_LIBS`` (by default
a folder under ``~/.cache/crunchwatch``) and used from there afterwards.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.proxy import Proxy

POM = Path(__file__).with_name("kafka-pom.xml")
HEAP = "-Xmx512m"
READY_WITHIN_S = 120.0
STOP_WITHIN_S = 20.0


class KafkaUnavailableError(RuntimeError):
    """Java or Maven is missing, or the server's jars could not be fetched."""


class KafkaStartError(RuntimeError):
    """The server ended, or was not ready in time; the message holds the end of its log."""


_given: set[int] = set()


def free_port() -> int:
    """A loopback port that nobody listens on now, and that was not given out before: it may be taken up much later."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


def version() -> str:
    """The Kafka version that the pom names."""
    found = re.search(r"<kafka.version>([^<]+)</kafka.version>", POM.read_text(encoding="utf-8"))
    assert found is not None, f"{POM} names no kafka.version"
    return found.group(1)


def libraries() -> Path:
    """The folder of the server's jars, fetched with Maven if it is not there yet."""
    override = os.environ.get("CRUNCHWATCH_KAFKA_LIBS")
    folder = Path(override) if override else Path.home() / ".cache" / "crunchwatch" / f"kafka-{version()}"
    for tool, package in (("java", "openjdk-17-jre-headless"), ("mvn", "maven")):
        if shutil.which(tool) is None:
            raise KafkaUnavailableError(f"'{tool}' is not on the PATH: install Java 17 and Maven (Debian: {package})")
    if list(folder.glob("kafka_2.13-*.jar")):
        return folder
    # Fetched beside its place and renamed into it, so that two runs at once never see half a folder.
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    run = subprocess.run(
        [*command, f"-DoutputDirectory={partial}"], capture_output=True, text=True, timeout=600, check=False
    )
    if run.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise KafkaUnavailableError(f"Maven could not fetch Apache Kafka:\n{(run.stdout + run.stderr)[-2000:]}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        partial.rename(folder)
    except OSError:  # another run was first
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def new_cluster_id() -> str:
    """As Kafka makes them: none begins with a dash, which its own tools would take for an option."""
    made = "-"
    while made.startswith("-"):
        made = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return made


class Kafka:
    """One broker. ``start`` and ``stop`` may alternate: the log and the ports stay, as with a real restart."""

    def __init__(self, folder: Path, overrides: Mapping[str, str] | None = None, users: Sequence[str] = ()) -> None:
        """Choose where it lives.

        Args:
            folder: its own.
            overrides: properties that differ.
            users: made when the storage is: ``SCRAM-SHA-512=[name=…,password=…]``.
        """
        self.folder = folder
        self.port = free_port()
        self.controller_port = free_port()
        self._overrides = dict(overrides or {})
        self._users = users
        self.cluster_id = new_cluster_id()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Host and port, as aiokafka wants them."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The address as the project's settings want it."""
        return f"kafka://{self.bootstrap}"

    def listen_behind(self, proxy: Proxy) -> None:
        """Listen on one more port, and tell who comes there that the proxy is the address; before the start."""
        plain = f"PLAINTEXT://127.0.0.1:{self.port}"
        behind, told = (f"BEHIND://127.0.0.1:{port}" for port in (proxy.target[1], proxy.port))
        self._overrides |= {
            "listeners": f"{plain},{behind},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"{plain},{told}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,BEHIND:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
        }

    def _properties(self) -> dict[str, str]:
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.folder / "log"),
            "num.network.threads": "2",
            "num.io.threads": "2",
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "auto.create.topics.enable": "false",
            "log.cleaner.dedupe.buffer.size": "2097152",
            **self._overrides,
        }

    def _java(self, *command: str) -> list[str]:
        return ["java", HEAP, "-XX:+UseSerialGC", "-cp", f"{libraries()}/*", *command]

    def _format(self, properties: Path) -> None:
        users = [word for user in self._users for word in ("--add-scram", user)]
        run = subprocess.run(
            self._java("kafka.tools.StorageTool", "format", "-t", self.cluster_id, "-c", str(properties), *users),
            capture_output=True,
            text=True,
            timeout=READY_WITHIN_S,
            check=False,
        )
        if run.returncode != 0:
            raise KafkaStartError(f"the storage could not be formatted:\n{(run.stdout + run.stderr)[-2000:]}")

    def start(self) -> Kafka:
        """Format the storage if it is new, start the server and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        lines = [f"{name}={value}\n" for name, value in self._properties().items()]
        properties.write_text("".join(lines), encoding="utf-8")
        if not (self.folder / "log" / "meta.properties").exists():
            self._format(properties)
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(properties)), stdout=log, stderr=log, start_new_session=True
            )
        self._wait_until_ready(self._process)
        return self

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise KafkaStartError(f"Kafka ended with {process.returncode}:\n{self.log_tail()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        self.kill()
        raise KafkaStartError(f"Kafka was not ready within {READY_WITHIN_S:.0f} s:\n{self.log_tail()}")

    def log_tail(self, size_bytes: int = 3000) -> str:
        """The end of what the server said."""
        log = self.folder / "server.log"
        return log.read_bytes()[-size_bytes:].decode(errors="replace") if log.exists() else ""

    def running(self) -> bool:
        """Whether the server's process lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask the server to end, and end it hard if it does not."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server as a crash would."""
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
