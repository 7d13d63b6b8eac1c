"""The wheel, built and installed in an environment that never saw the checkout.

Two shortcuts keep it quick, and neither shows it anything that a user would not have. It is built by setuptools in a
copy of the files, because a ``build`` folder of yesterday would go into it. The libraries it asks for are those of the
environment that runs the tests, as constraints.txt has them, linked in one by one: each that its own metadata names,
what those name in turn, and no other. A library that is declared nowhere, or for developers alone, is not there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from email.parser import HeaderParser
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = tuple(name.rstrip("*") for name in PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"])
WITHIN_S = 300
LEADS_BACK = re.compile(r"PYTHON|CRUNCHWATCH(?!_DEBIAN_CACHE)|VIRTUAL_ENV|MYPY|(OLD)?PWD$")
"""Variables that could lead to the checkout, or change what the command does; programs of Debian's may be kept."""
LEFT_BEHIND = (
    ".git",
    ".venv",
    ".*_cache",
    ".hypothesis",
    "__pycache__",
    "build",
    "dist",
    "site",
    "*.egg-info",
    "secrets",
)
NOT_SOURCE = shutil.ignore_patterns(*LEFT_BEHIND)


def copied(to: Path) -> Path:
    """The files of the checkout, without what running it leaves behind."""
    shutil.copytree(ROOT, to, ignore=NOT_SOURCE)
    return to


def built(source: Path, kind: str) -> Path:
    """A ``wheel`` or an ``sdist`` of a folder, made without any network by the setuptools of the lock."""
    out = source / "dist"
    out.mkdir(exist_ok=True)
    code = f"from setuptools import build_meta; print(build_meta.build_{kind}({str(out)!r}))"
    return out / run([sys.executable, "-c", code], source).stdout.splitlines()[-1]


def unpacked(sdist: Path, to: Path) -> Path:
    """The one folder that a source distribution holds."""
    to.mkdir()
    run(["tar", "-xzf", str(sdist)], to)  # tarfile's own way to do so differs from one Python 3.11 to the next
    (folder,) = to.iterdir()
    return folder


def files_of(wheel: Path) -> set[str]:
    """What the wheel holds, but for its own metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def metadata_of(wheel: Path) -> list[Requirement]:
    """What the wheel asks for."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        headers = HeaderParser().parsestr(archive.read(name).decode())
    return [Requirement(one) for one in headers.get_all("Requires-Dist", [])]


class Elsewhere(NamedTuple):
    """An environment with the wheel in it, and a folder to work in."""

    environment: Path
    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.environment / "bin" / "python"

    @property
    def crunchwatch(self) -> Path:
        """The command the wheel brings."""
        return self.environment / "bin" / "crunchwatch"

    @property
    def site(self) -> Path:
        """Where its modules lie."""
        (found,) = (self.environment / "lib").glob("python3.*/site-packages")
        return found

    def run(self, *command: object, **variables: str) -> str:
        """What a command prints that ends well, run in the folder; what it prints beside goes into the failure."""
        return run([str(part) for part in command], self.folder, self.variables(**variables)).stdout

    def variables(self, **more: str) -> dict[str, str]:
        """The process's environment, with nothing in it that leads to the checkout."""
        kept = {key: value for key, value in os.environ.items() if not LEADS_BACK.match(key)}
        path = [str(self.environment / "bin"), *(one for one in os.environ["PATH"].split(os.pathsep) if _foreign(one))]
        return {**kept, "PATH": os.pathsep.join(path), **more}


def installed(wheel: Path, folder: Path) -> Elsewhere:
    """A new environment with the wheel, installed by pip, and what it asks for, linked."""
    made = Elsewhere(folder / "environment", folder)
    run([sys.executable, "-m", "venv", "--without-pip", str(made.environment)], folder)
    for name in _needed(metadata_of(wheel)):
        _link(metadata.distribution(name), made.site)
    pip = [sys.executable, "-m", "pip", "--python", str(made.python), "--disable-pip-version-check"]
    run([*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)], folder)
    return made


def run(
    command: list[str], folder: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done


def _needed(wanted: list[Requirement]) -> set[str]:
    """The names of all distributions that are asked for, those asked for by others too."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(one, frozenset[str]()) for one in wanted]
    while waiting:
        requirement, extras = waiting.pop()
        if requirement.marker and not any(requirement.marker.evaluate({"extra": one}) for one in (extras or {""})):
            continue
        name = canonicalize_name(requirement.name)
        asked = frozenset(requirement.extras)
        if (name, asked) not in seen:
            seen.add((name, asked))
            waiting += [(Requirement(one), asked) for one in metadata.requires(name) or ()]
    return {name for name, _ in seen}


def _link(distribution: metadata.Distribution, site: Path) -> None:
    """Each file or folder that a distribution has at the top, by a link of its own."""
    for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
        here = Path(str(distribution.locate_file(top)))
        link = site / top
        if not link.is_symlink():
            link.symlink_to(here)
        assert link.readlink() == here, f"{top} belongs to two libraries"


def _foreign(folder: str) -> bool:
    return not re.match(rf"{re.escape(str(ROOT))}(/|$)", folder) and folder != str(Path(sys.executable).parent)
