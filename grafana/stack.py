"""The whole stack without Docker: ``python -m grafana.stack``, or ``make stack``.

A broker of its own, a worker, Alertmanager, a Prometheus that scrapes the worker, a second one that holds February and
March 2021 at their true dates and scrapes nothing, the replay into the broker, and Grafana where it is installed. All
on loopback, all gone with Ctrl-C, nothing left behind. Nobody is paged: this Alertmanager has no receiver.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import urlencode

import click

from grafana import viewer
from grafana.child import Child, StackError
from grafana.programs import ProgramUnavailableError, at_home, find, with_pages
from streams.cli.embedded_broker import EmbeddedBroker
from streams.cli.worker_process import WorkerProcess
from streams.errors import StreamsError

HERE = Path(__file__).parent
CRUNCHWATCH = (sys.executable, "-m", "crunchwatch")
BACKFILL_WITHIN_S = 300.0
NOBODY = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
"""Alertmanager's configuration here: alerts are shown and sent to nobody."""
STATE = "market:crunchwatch_stress_level:last"
"""The state as one line: 0 normal, 1 crunch, 2 de facto default."""
END_OF_2021 = "2021-04-02 16:00"
FIRST_DAY, LAST_DAY = "2021-02-22", "2021-03-04"
"""What is replayed: the crunch of 25 February and the default of 3 March, in which it stops."""
SPEED = "10800"
"""Three hours a second: the crunch lasts 48 s before the default comes, longer than an alert waits."""


class Ports(NamedTuple):
    """Where each listens, on 127.0.0.1."""

    broker: int = 9092
    worker: int = 9464
    prometheus: int = 9090
    past: int = 9091
    alertmanager: int = 9093
    grafana: int = 3000


class Programs(NamedTuple):
    """Where the programs of Prometheus are; ``serving`` is the server with its web pages."""

    prometheus: Path
    promtool: Path
    alertmanager: str
    serving: str

    @classmethod
    def found(cls) -> Self:
        """Find them, or fetch them.

        Raises:
            ProgramUnavailableError: one is neither installed nor to be fetched.
        """
        prometheus = find("prometheus", "prometheus")
        promtool = find("prometheus", "promtool")
        alertmanager = at_home(find("prometheus-alertmanager", "prometheus-alertmanager", "alertmanager"))
        return cls(prometheus, promtool, str(alertmanager), str(with_pages(prometheus)))

    def path(self) -> dict[str, str]:
        """The variable by which ``crunchwatch backfill`` finds them."""
        return {
            "PATH": os.pathsep.join(
                [str(self.promtool.parent), str(self.prometheus.parent), os.environ.get("PATH", "")]
            )
        }


class Stack:
    """What runs, and where."""

    def __init__(self, ports: Ports, variables: Mapping[str, str]) -> None:
        self.ports = ports
        self.children: list[Child] = []
        self.blocks: Path | None = None
        self.variables = variables

    def url(self, name: str, path: str = "") -> str:
        """The address of one of them."""
        return f"http://127.0.0.1:{getattr(self.ports, name)}{path}"

    def check(self) -> None:
        """Raise if one of them has ended with an error."""
        for child in self.children:
            child.check()


@contextmanager
def running(ports: Ports, *, replay: Sequence[str], past: bool = True) -> Iterator[Stack]:
    """Start everything, in the order in which each needs the others; stop it in the other.

    Args:
        ports: where they listen; 0 takes a free one.
        replay: options of `crunchwatch replay feb2021`, such as its speed.
        past: also the weeks of 2021 at their true dates.

    Raises:
        StackError: a port is taken, or something did not start.
        ProgramUnavailableError: Prometheus or Alertmanager is neither installed nor to be fetched.
    """
    programs = Programs.found()
    stack = Stack(_free(ports), programs.path())
    ports = stack.ports
    with ExitStack() as stopping:
        folder = Path(stopping.enter_context(tempfile.TemporaryDirectory(prefix="crunchwatch-stack-")))

        def start(name: str, *command: str) -> Child:
            child = Child(name, command, folder, stack.variables)
            stopping.callback(child.stop)
            stack.children.append(child)
            return child

        def ready(name: str, program: str, options: Sequence[str]) -> None:
            start(name, program, *options).wait_for(stack.url(name, "/-/ready"))

        broker = stopping.enter_context(EmbeddedBroker(port=ports.broker, folder=folder / "broker"))
        blocks = folder / "blocks"
        backfill = start("backfill", *CRUNCHWATCH, "backfill", "feb2021", "--out", str(blocks)) if past else None
        variables = {"CRUNCHWATCH_BROKER": broker.url, "CRUNCHWATCH_METRICS_PORT": str(ports.worker)}
        worker = stopping.enter_context(WorkerProcess(variables))
        ready("alertmanager", programs.alertmanager, _alertmanager(folder, ports))
        worker.wait_ready()
        ready("prometheus", programs.serving, _prometheus(folder, ports))
        if backfill is not None:
            _finish(backfill)
            stack.blocks = blocks
            ready("past", programs.serving, _past(folder, blocks, ports))
        start("replay", *CRUNCHWATCH, "replay", "feb2021", "--broker", broker.url, *replay)
        yield stack


def _free(ports: Ports) -> Ports:
    chosen = []
    for name, port in ports._asdict().items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise StackError(
                    f"port {port} on 127.0.0.1, for {name}, is taken: stop what listens there, or choose another with "
                    f"--{name}-port (0: a free one)"
                ) from None
            chosen.append(int(probe.getsockname()[1]))
    return Ports(*chosen)


def _alertmanager(folder: Path, ports: Ports) -> list[str]:
    file = folder / "alertmanager.yml"
    file.write_text(NOBODY)
    address = f"--web.listen-address=127.0.0.1:{ports.alertmanager}"
    return [f"--config.file={file}", f"--storage.path={folder / 'alerts'}", address, "--cluster.listen-address="]


def _prometheus(folder: Path, ports: Ports) -> list[str]:
    """The shipped configuration, with the ports of this stack and the rules where they lie."""
    shipped = (HERE / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    for ours, shipped_port in ((ports.worker, 9464), (ports.alertmanager, 9093)):
        shipped = shipped.replace(f'"127.0.0.1:{shipped_port}"', f'"127.0.0.1:{ours}"')
    file = folder / "prometheus.yml"
    file.write_text(shipped.replace('"rules/', f'"{HERE}/prometheus/rules/'), encoding="utf-8")
    return _server(file, folder / "now", ports.prometheus)


def _past(folder: Path, blocks: Path, ports: Ports) -> list[str]:
    file = folder / "past.yml"
    file.write_text("{}\n")
    return [*_server(file, blocks, ports.past), "--storage.tsdb.retention.time=30y"]


def _server(file: Path, storage: Path, port: int) -> list[str]:
    return [
        f"--config.file={file}",
        f"--storage.tsdb.path={storage}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]


def _finish(child: Child) -> None:
    try:
        child.process.wait(BACKFILL_WITHIN_S)
    except subprocess.TimeoutExpired:
        raise StackError(f"{child.name} has not ended within {BACKFILL_WITHIN_S:g} s") from None
    child.check()


def graph(expr: str, *, weeks: int, end: str = "") -> str:
    """The path of a graph in Prometheus."""
    asked = {"g0.expr": expr, "g0.tab": "0", "g0.stacked": "0", "g0.range_input": f"{weeks}w"}
    return "/graph?" + urlencode(asked | ({"g0.end_input": end, "g0.moment_input": end} if end else {}))


def _report(stack: Stack, *, grafana: bool, checked: bool) -> None:
    lines = [
        ("the page", stack.url("worker", "/")),
        ("Prometheus, now", stack.url("prometheus", graph(STATE, weeks=1).replace("1w", "15m"))),
        ("Alertmanager", stack.url("alertmanager", "/")),
    ]
    if stack.blocks is not None:
        lines.insert(2, ("Prometheus, 2021", stack.url("past", graph(STATE, weeks=9, end=END_OF_2021))))
    if grafana:
        lines.append(("Grafana", stack.url("grafana", "/")))
    for name, url in lines:
        click.echo(f"{name:<18} {url}")
    if not grafana:
        instead = "; the boards are checked against Prometheus instead" if checked else ""
        click.echo(f"Grafana is not installed here{instead}.")


def _check_boards(stack: Stack, folder: Path) -> Child | None:
    """Ask every query of every board of the past that runs here; None where there is no past or no checker."""
    if stack.blocks is None or importlib.util.find_spec("grafana.check") is None:  # a wheel has no checker
        return None
    copy = folder / "checked"
    shutil.copytree(stack.blocks, copy, ignore=shutil.ignore_patterns("lock", "wal", "chunks_head", "queries.active"))
    return Child(
        "boards",
        [sys.executable, "-m", "grafana.check", str(copy)],
        folder,
        {**stack.variables, "PYTHONPATH": str(HERE.parent)},
    )


@click.command()
@click.option("--speed", default=SPEED, show_default=True, help="Of the replay: seconds a second, or 'max'.")
@click.option("--from", "first", default=FIRST_DAY, show_default=True, help="First day replayed at that speed.")
@click.option("--to", "last", default=LAST_DAY, show_default=True, help="Last day replayed; its state then stays.")
@click.option("--no-past", is_flag=True, help="Without the second Prometheus, which holds 2021 at its true dates.")
@click.option("--exit-when-up", is_flag=True, help="Stop again once everything runs: for a check.")
@click.option("--broker-port", type=click.IntRange(0, 65535), default=9092, show_default=True)
@click.option("--worker-port", type=click.IntRange(0, 65535), default=9464, show_default=True)
@click.option("--prometheus-port", type=click.IntRange(0, 65535), default=9090, show_default=True)
@click.option("--past-port", type=click.IntRange(0, 65535), default=9091, show_default=True)
@click.option("--alertmanager-port", type=click.IntRange(0, 65535), default=9093, show_default=True)
@click.option("--grafana-port", type=click.IntRange(0, 65535), default=3000, show_default=True)
def main(*, speed: str, first: str, last: str, no_past: bool, exit_when_up: bool, **ports: int) -> None:
    """Run the whole stack on loopback until Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background would have it ignored
    chosen = Ports(**{name.removesuffix("_port"): port for name, port in ports.items()})
    try:
        with ExitStack() as stopping:
            replay = ("--speed", speed, "--from", first, "--to", last)
            stack = stopping.enter_context(running(chosen, replay=replay, past=not no_past))
            folder = Path(stopping.enter_context(tempfile.TemporaryDirectory(prefix="crunchwatch-stack-")))
            seen = viewer.start(folder, stack.ports.grafana, stack.url("prometheus"), stack.url("past"))
            boards = _check_boards(stack, folder)
            for extra in (seen, boards):
                if extra is not None:
                    stopping.callback(extra.stop)
                    stack.children.append(extra)
            _report(stack, grafana=seen is not None, checked=boards is not None)
            click.echo(f"2021 passes from {first} on, {speed} seconds a second, and stops at the end of {last}.")
            click.echo(f"Ctrl-C, or a SIGTERM to process {os.getpid()}, ends all of it.")
            _watch(stack, until_checked=exit_when_up)
    except KeyboardInterrupt:
        click.echo("stopped")
    except (StreamsError, ProgramUnavailableError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)


def _watch(stack: Stack, *, until_checked: bool) -> None:
    """Until Ctrl-C, or until something ends that should not; say when the boards were checked."""
    reported = False
    while True:
        stack.check()
        boards = next((child for child in stack.children if child.name == "boards"), None)
        if not reported and (boards is None or boards.process.poll() == 0):
            reported = True
            if boards is not None:
                click.echo("the boards' queries have answers")
        if until_checked and reported:
            return
        time.sleep(0.5)


if __name__ == "__main__":
    main()
