"""What goes into the wheel: all that lies in its packages, from a checkout, an sdist and the image's files alike."""

from __future__ import annotations

import re
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.wheel import elsewhere
from tests.wheel.elsewhere import PACKAGES, ROOT

FOR_DEVELOPERS = ("grafana/boards/", "grafana/check/")
"""They make and check what is shipped, with libraries that a user has not."""


def of_the_checkout() -> set[str]:
    found = {"crunchwatch.py"}
    for package in PACKAGES:
        files = [path for path in (ROOT / package).rglob("*") if path.is_file() and path.suffix != ".pyc"]
        found |= {path.relative_to(ROOT).as_posix() for path in files}
    return {name for name in found if not name.startswith(FOR_DEVELOPERS)}


@pytest.mark.slow("builds the source distribution and the wheel")
def test_the_wheel_holds_every_file_of_its_packages_and_no_other(wheel: Path) -> None:
    assert elsewhere.files_of(wheel) == of_the_checkout(), "pyproject.toml says what goes in: tool.setuptools"
    assert {f"{package}/py.typed" for package in PACKAGES} <= elsewhere.files_of(wheel)


@pytest.mark.slow("builds a second wheel")
def test_what_an_image_is_built_of_gives_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    for line in lines:
        *names, to = line.split()[1:] if re.match(r"COPY (?!--)", line) else [""]
        for name in names:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, tmp_path / to, ignore=elsewhere.NOT_SOURCE)
            else:
                shutil.copy(ROOT / name, tmp_path / to)
    made = elsewhere.built(tmp_path, "wheel")
    assert elsewhere.files_of(made) == elsewhere.files_of(wheel), "the Dockerfile copies something else than is built"


def test_the_sdist_has_the_tests_and_the_lock_and_nothing_that_running_leaves(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"constraints.txt", "Makefile", "tests/golden/feb2021.desk.jsonl", "grafana/boards/desk.py"} <= names
    assert not [name for name in names if re.search(r"\.py[co]$|__pycache__|\.venv|^secrets", name)]


def test_the_shipped_rules_boards_and_routes_are_in_it(wheel: Path) -> None:
    names = elsewhere.files_of(wheel)
    assert {f"grafana/prometheus/rules/{name}.yml" for name in ("recorded", "market", "engine")} <= names
    assert {f"grafana/dashboards/{name}.json" for name in ("desk", "evidence", "engine", "backtest")} <= names
    assert {"grafana/alertmanager/alertmanager.yml", "grafana/alertmanager/templates/crunchwatch.tmpl"} <= names
    assert {f"grafana/provisioning/{one}.yml" for one in ("dashboards/crunchwatch", "datasources/prometheus")} <= names
