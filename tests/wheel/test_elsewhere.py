"""The wheel in an environment that never saw the checkout: imported, typed, backtesting, backfilling, at work."""

from __future__ import annotations

import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import debian
from tests.support.kafka import free_port
from tests.wheel import elsewhere
from tests.wheel.elsewhere import PACKAGES, PYPROJECT, ROOT, Elsewhere

USERS = Path(__file__).parent / "users"
GOLDEN = ROOT / "tests" / "golden" / "feb2021.desk.jsonl"
WITHIN_S = 120.0
EXTRAS = {("replay", "matplotlib"), ("detectors.testing", "pytest")}
"""What `crunchwatch[plot]` and `crunchwatch[testing]` bring, and which packages may ask for it."""
EVERY_MODULE = """
import importlib, json, pkgutil, sys
missing, seen = {}, ["crunchwatch"]
for package in sys.argv[1:]:
    root = importlib.import_module(package)
    seen += [package, *(one.name for one in pkgutil.walk_packages(root.__path__, f"{package}."))]
for name in seen:
    if not name.endswith("__main__"):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            missing[name] = error.name
files = {name: module.__file__ for name, module in sys.modules.items() if getattr(module, "__file__", None)}
print(json.dumps({"missing": missing, "files": files, "path": sys.path, "seen": seen}))
"""
MYPY = "[mypy]\n[mypy-river.*]\nfollow_imports = skip\n"
"""Nothing of river is in what a user handles, and reading its 300 files would take most of this suite's time."""
AGAIN_S = 0.2


@pytest.fixture(scope="module")
def imported(there: Elsewhere) -> dict:
    """Every module of the wheel, imported there once."""
    return json.loads(there.run(there.python, "-c", EVERY_MODULE, *PACKAGES))


@pytest.mark.slow("builds the wheel, makes an environment and imports every module")
def test_no_module_comes_from_the_checkout(imported: dict, there: Elsewhere) -> None:
    for name in ("crunchwatch", *PACKAGES):
        assert Path(imported["files"][name]).is_relative_to(there.site), name
    assert len([name for name in imported["files"] if name.partition(".")[0] in PACKAGES]) > 100
    leading_here = [one for one in (*imported["files"].values(), *imported["path"]) if Path(one).is_relative_to(ROOT)]
    assert leading_here == []


def test_every_module_is_imported_with_the_libraries_that_the_wheel_asks_for(imported: dict) -> None:
    asked = imported["missing"].items()
    wrong = [one for one in asked if not any(one[0].startswith(f"{room}.") and one[1] == name for room, name in EXTRAS)]
    assert wrong == []
    assert not [name for name in imported["seen"] if name.startswith(("grafana.boards", "grafana.check", "tests"))]


def test_the_version_is_that_of_pyproject(there: Elsewhere) -> None:
    version = PYPROJECT["project"]["version"]
    assert there.run(there.crunchwatch, "--version") == f"crunchwatch, version {version}\n"
    assert there.run(there.python, "-c", "import detectors; print(detectors.__version__)") == f"{version}\n"


def test_a_source_tree_that_nobody_installed_has_a_version_too(tmp_path: Path) -> None:
    (tmp_path / "detectors").symlink_to(ROOT / "detectors")
    code = "import sys; sys.path.insert(0, '.'); from detectors import __version__; print(__version__)"
    assert elsewhere.run([sys.executable, "-I", "-S", "-c", code], tmp_path).stdout == "0+unknown\n"


@pytest.mark.slow("mypy reads the wheel and its libraries without a cache")
def test_a_users_script_runs_and_is_typed(there: Elsewhere) -> None:
    # Copied to where they belong to no package: mypy would find the checkout by the folders above them.
    scripts = [Path(shutil.copy(USERS / name, there.folder)) for name in ("desk.py", "mistaken.py")]
    assert there.run(there.python, scripts[0]).split(maxsplit=2)[1:] == ["normal", "corridor.prewarning\n"]
    settings = there.folder / "mypy.ini"
    settings.write_text(MYPY)
    options = ["--strict", "--config-file", settings, "--cache-dir", there.folder / "mypy"]
    command = [sys.executable, "-m", "mypy", "--python-executable", there.python, *options, *scripts]
    found = subprocess.run(
        [str(part) for part in command],
        cwd=there.folder, env=there.variables(), capture_output=True, text=True, timeout=WITHIN_S, check=False,
    )  # fmt: skip
    errors = re.findall(r"(\w+\.py):(\d+): error: .*\[([\w-]+)\]", found.stdout)
    assert errors == [("mistaken.py", "5", "assignment"), ("mistaken.py", "6", "arg-type")], found.stdout + found.stderr


@pytest.mark.slow("the whole history passes through the engine of the wheel")
def test_a_backtest_gives_the_golden_transitions(there: Elsewhere) -> None:
    golden = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    said = [json.loads(line) for line in there.run(there.crunchwatch, "backtest", "feb2021", "--json").splitlines()]
    first = said[0]["known"]
    assert said == [one for one in golden if one["type"] == "transition" and one["known"] >= first]
    assert said[-1]["to_state"] == "normal"
    assert "de_facto_default" in {one["to_state"] for one in said}


@pytest.mark.slow("Prometheus answers the rules over the blocks")
def test_a_backfill_writes_the_alerts_of_the_rules_in_the_wheel(there: Elsewhere) -> None:
    folders = [str(program.parent) for program in (debian.promtool(), debian.prometheus())]
    path = os.pathsep.join([*folders, there.variables()["PATH"]])
    mine = there.folder / "mine"
    mine.mkdir()
    for name in ("special_repo_prints.csv", "policy_rates.csv"):  # a day on the floor needs no years to warm
        head, *rows = (there.site / "replay" / "data" / name).read_text(encoding="utf-8").splitlines()
        (mine / name).write_text("\n".join([head, *(row for row in rows if row.startswith("2021-03-0")), ""]))
    day = ("--from", "2021-03-03", "--to", "2021-03-03")
    done = json.loads(
        there.run(there.crunchwatch, "backfill", "--data", mine, *day, "--out", "past", "--json", PATH=path)
    )
    assert done["alerts"]["CrunchwatchDeFactoDefault"] == 1
    assert done["recorded"] > 0
    assert "CrunchwatchWorkerDown" in done["left_out"]


@pytest.mark.drill
@pytest.mark.embedded
@pytest.mark.slow("Prometheus and Alertmanager start beside a broker, a worker and a replay")
def test_the_stack_runs_on_the_rules_in_the_wheel(there: Elsewhere) -> None:
    debian.prometheus(), debian.alertmanager()
    ports = [f"--{name}-port=0" for name in ("broker", "worker", "prometheus", "past", "alertmanager", "grafana")]
    said = there.run(there.python, "-m", "grafana.stack", "--exit-when-up", "--no-past", *ports)
    assert "Alertmanager       http://127.0.0.1:" in said
    assert "checked" not in said, "a wheel has no checker of the boards' queries"


@pytest.mark.embedded
@pytest.mark.slow("a broker and a worker start")
def test_a_worker_becomes_ready_and_stops(there: Elsewhere) -> None:
    port = free_port()
    with (
        started(there, "broker", "--port", str(port)),
        started(there, "worker", "--broker", f"kafka://127.0.0.1:{port}", CRUNCHWATCH_METRICS_PORT="0") as worker,
    ):
        url = first_line(worker).removeprefix("worker listens on ")
        until_ready(url, worker)
        with urllib.request.urlopen(f"{url}/metrics", timeout=5) as answer:
            assert "crunchwatch_ready 1.0" in answer.read().decode()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(WITHIN_S) == 0


@contextmanager
def started(there: Elsewhere, *command: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    log = there.folder / f"{command[0]}.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [str(there.crunchwatch), *command],
            cwd=there.folder, env=there.variables(**variables), stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
    try:
        yield process
    except BaseException:
        sys.stderr.write(log.read_text())
        raise
    finally:
        process.terminate()
        process.wait(WITHIN_S)
        process.stdout.close()


def first_line(process: subprocess.Popen[str]) -> str:
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(WITHIN_S), "it said nothing"
    return process.stdout.readline().strip()


def until_ready(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(AGAIN_S)
    pytest.fail(f"it was not ready; it ended with {process.poll()}")
