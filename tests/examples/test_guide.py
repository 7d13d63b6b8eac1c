"""The page on detectors: its commands run, what it says they print is printed, its snippets are the files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from detectors import decode
from detectors.testing import Battery
from grafana.check.queries import of_board
from streams.cli.embedded_broker import EmbeddedBroker
from tests.support import debian, plugin
from tests.support.kafka import free_port

ROOT = plugin.ROOT
PAGE = (ROOT / "docs" / "write-your-own-detector.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
PRINTED = [line for kind, text in BLOCKS if kind == "text" for line in text.splitlines() if "─" not in line]
WITHIN_S = 90.0

# Commands that are run by other means here, or elsewhere.
ELSEWHERE = {
    "make venv": "every run of the tests is in what it makes",
    ". .venv/bin/activate": "the environment of this test puts the same folder first",
    "cp -r examples/fx_basis ../crunchwatch-fx-basis": "the fixture copies it",
    "cd ../crunchwatch-fx-basis": "every command is run there",
    "crunchwatch broker": "tests/wheel/test_elsewhere.py; here it is the same broker on a free port",
    "crunchwatch worker --config fx_basis.toml": "the worker below, by the same arguments",
    "prometheus --config.file=/dev/null --storage.tsdb.path=past --storage.tsdb.retention.time=100y": "docs/past.md",
}
PIP = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_DEPS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


class Terminal:
    """The reader's: a folder, an environment, and all that was printed."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        self.variables = variables
        self.printed: dict[str, str] = {}

    def run(self, command: str) -> str:
        """Run a line of the page as it stands."""
        assert command in COMMANDS, command
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        self.printed[command] = done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """Copy, and install: into a folder that stands for the environment, so that ours stays as it is."""
    there = tmp_path_factory.mktemp("guide")
    folder = shutil.copytree(
        ROOT / "examples" / "fx_basis", there / "crunchwatch-fx-basis", ignore=shutil.ignore_patterns("__pycache__")
    )
    site = there / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    variables = {
        **os.environ,
        **PIP,
        "PIP_PREFIX": str(there),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        # An environment reads the .pth file of an editable package; a folder on the path does not.
        "PYTHONPATH": os.pathsep.join([str(site), str(folder)]),
        "COLUMNS": "200",
    }
    terminal = Terminal(folder, variables)
    terminal.run("pip install -e .")
    terminal.run("python figures.py figures")
    return terminal


@pytest.mark.slow("the whole battery over the example, as its author runs it")
def test_the_tests_of_the_package_pass(terminal: Terminal) -> None:
    assert re.search(r"\b2\d passed", terminal.run("pytest"))


def test_the_series_are_known(terminal: Terminal) -> None:
    assert "EURUSD_BASIS_3M" in terminal.run("crunchwatch series")


@pytest.mark.slow("two backtests, each a process")
def test_the_backtest_shows_the_signal_and_the_rule(terminal: Terminal) -> None:
    shown = terminal.run("crunchwatch backtest --data figures --config fx_basis.toml --signals")
    assert "fx_basis.wide EURUSD:3M level 2" in shown
    lines = terminal.run("crunchwatch backtest --data figures --config fx_basis.toml --json").splitlines()
    (step,) = [one for one in map(json.loads, lines) if "to_state" in one]
    assert (step["from_state"], step["to_state"]) == ("normal", "crunch")
    assert [one["rule"] for one in step["evidence"]] == ["dollars_dear_everywhere", "warming"]


def test_what_a_change_does_is_said(terminal: Terminal) -> None:
    shown = terminal.run("crunchwatch config diff desk fx_basis.toml")
    assert "fx_basis" in shown
    (line,) = [one for one in PRINTED if one.startswith("The topics hold")]
    assert line in shown


def test_the_program_prints_a_signal(terminal: Terminal) -> None:
    assert "name='wide'" in terminal.run("python in_process.py")


@pytest.mark.slow("the engine over half a year, and blocks of a month by promtool")
def test_the_past_is_written_for_prometheus(terminal: Terminal) -> None:
    programs = [debian.prometheus(), debian.promtool()]
    path = os.pathsep.join([*(str(one.parent) for one in programs), terminal.variables["PATH"]])
    there = Terminal(terminal.folder, {**terminal.variables, "PATH": path})
    there.run(
        "crunchwatch backfill --data figures --config fx_basis.toml --from 2024-06-01 --step 3600 --no-rules --out past"
    )
    assert list((terminal.folder / "past").glob("*/meta.json"))


def _fetched(url: str, enough: Callable[[str], bool]) -> str:
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                text = str(answer.read().decode())
        except OSError:
            text = ""
        if enough(text):
            return text
        assert time.monotonic() < deadline, text[-3000:]
        time.sleep(0.5)


@pytest.mark.embedded
@pytest.mark.slow("a broker, a worker and a replay, as the reader starts them")
def test_the_worker_shows_it(terminal: Terminal) -> None:
    port = free_port()
    with EmbeddedBroker() as broker:
        more = {"CRUNCHWATCH_BROKER": broker.url, "CRUNCHWATCH_METRICS_PORT": str(port)}
        there = Terminal(terminal.folder, {**terminal.variables, **more})
        command = ["crunchwatch", "worker", "--config", "fx_basis.toml"]
        assert " ".join(command) in COMMANDS
        with subprocess.Popen(command, cwd=there.folder, env=there.variables) as worker:
            try:
                address = f"http://127.0.0.1:{port}"
                _fetched(f"{address}/readyz", lambda text: text.startswith("ready"))
                there.run("crunchwatch replay --data figures --speed max")
                wanted = [line for line in PRINTED if line.startswith("crunchwatch_")]
                assert len(wanted) == 3
                metrics = _fetched(f"{address}/metrics", lambda text: all(line in text for line in wanted))
                page = _fetched(f"{address}/", bool)
            finally:
                worker.terminate()
    assert "Dollars dear abroad" in page
    assert "cross-currency basis" in page
    _board_asks_for_what_there_is(metrics)


def _board_asks_for_what_there_is(metrics: str) -> None:
    board = json.loads((ROOT / "examples" / "fx_basis" / "board.json").read_text(encoding="utf-8"))
    asked = [one.expr for one in of_board(board, "fx_basis") if "{" in one.expr]
    assert len(asked) == len(board["panels"]) == 3
    for expr in asked:
        name = re.search(r"crunchwatch_\w+", expr)
        (label, _, value) = re.findall(r'(\w+)(=~?)"([^"$]+)"', expr)[0]
        assert name is not None
        assert re.search(rf'^{name[0]}{{[^}}]*{label}="{value}"', metrics, re.MULTILINE), expr


@pytest.mark.slow("a start of the command line")
def test_without_the_package_the_worker_says_what_the_page_says(terminal: Terminal) -> None:
    plain = {**terminal.variables, "PYTHONPATH": "", "CRUNCHWATCH_BROKER": "kafka://127.0.0.1:1"}
    command = ["crunchwatch", "worker", "--config", "fx_basis.toml"]
    done = subprocess.run(
        command, cwd=terminal.folder, env=plain, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert done.returncode == 2
    (said,) = [line for line in PRINTED if line.startswith("error: ")]
    assert done.stderr.strip().endswith(said.removeprefix("error: "))


def test_every_command_is_run() -> None:
    run = re.findall(r'\.run\(\s*"([^"]+)"\s*\)', Path(__file__).read_text(encoding="utf-8"))
    assert [one for one in COMMANDS if one not in {*ELSEWHERE, *run}] == []
    assert [one for one in ELSEWHERE if one not in COMMANDS] == []


def test_the_snippets_are_the_whole_files() -> None:
    """A reader who writes down every snippet has the files of the example, to the line."""
    example = ROOT / "examples" / "fx_basis"
    included = re.findall(r'^--8<-- "examples/fx_basis/([^":]+)(?::(\w+))?"$', PAGE, re.MULTILINE)
    by_file: dict[str, list[str]] = {}
    for path, section in included:
        by_file.setdefault(path, []).append(section)
    needed = {"crunchwatch_fx_basis/event.py", "crunchwatch_fx_basis/series.py", "pyproject.toml", "fx_basis.toml"}
    assert needed < by_file.keys()
    assert all(by_file[path] == [""] for path in needed)
    for path in ("crunchwatch_fx_basis/detector.py", "tests/test_fx_basis.py"):
        text = (example / path).read_text(encoding="utf-8")
        assert re.findall(r"\[start:(\w+)\]", text) == re.findall(r"\[end:(\w+)\]", text) == by_file[path]
        outside = re.sub(r"^ *# --8<-- \[start:(\w+)\].*?\[end:\1\]$", "", text, flags=re.DOTALL | re.MULTILINE)
        assert outside.strip() == ""


def test_the_tree_has_every_file() -> None:
    tree = next(text for kind, text in BLOCKS if kind == "text")
    example = ROOT / "examples" / "fx_basis"
    made = {"__pycache__", ".pytest_cache", "README.md"}
    files = {path.name for path in example.rglob("*") if path.is_file() and not made & set(path.parts)}
    assert [name for name in sorted(files) if f"{name} " not in tree] == []


def test_the_table_of_failures_has_every_test_of_the_battery() -> None:
    rows = re.findall(r"^\| `(test_\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(name for name in dir(Battery) if name.startswith("test_"))


def test_the_message_is_one(terminal: Terminal) -> None:
    (message,) = [text for kind, text in BLOCKS if kind == "json"]
    code = "import sys; from detectors import decode; raw = sys.argv[1].encode();"
    code += "found = decode(raw, key=b'UST', stream='fx_basis');"
    code += "print(found.rejects, type(found.events[0][1]).__name__)"
    assert plugin.python(code, message) == "[] FxBasisQuote\n"
    assert decode(message.encode(), key=b"UST").rejects[0].reason == "unknown_kind"


def test_what_is_said_of_errors_is_what_errors_say() -> None:
    table = PAGE.partition("| if this is printed | then |")[2].partition("\n## ")[0]
    phrases = [
        phrase for row in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE) for phrase in row.strip("`").split("`, `")
    ]
    assert len(phrases) == 9
    core = ROOT / "detectors"
    code = "".join((core / f"{name}.py").read_text("utf-8") for name in ("config", "registry", "catalogue"))
    assert [phrase for phrase in phrases if phrase not in code] == []
