"""Prometheus, Alertmanager and a browser for tests: those on the PATH, else Debian's packages, unpacked, not installed.

A package is fetched once with ``apt-get download`` into a folder under ``~/.cache/crunchwatch`` (or
``CRUNCHWATCH_DEBIAN_CACHE``) and used from there afterwards; no service is started and no privilege is needed. A
browser has too many libraries for that and has to be installed. What cannot be had is an error when ``CI`` or
``CRUNCHWATCH_REQUIRE_SERVERS`` is set, else its tests are skipped and say so.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

FETCH_WITHIN_S = 300.0


class ProgramUnavailableError(RuntimeError):
    """A program is not installed, and its package could not be fetched; the message says how to get it."""


def prometheus() -> Path:
    """The server."""
    return _for_test("prometheus", "prometheus")


def promtool() -> Path:
    """What checks rules, metrics and queries, and writes blocks."""
    return _for_test("prometheus", "promtool")


def alertmanager() -> Path:
    """The server, under Debian's name or its makers'."""
    found = _for_test("prometheus-alertmanager", "prometheus-alertmanager", "alertmanager")
    return _at_home(found) if found.is_relative_to(_cache()) else found


def amtool() -> Path:
    """What checks Alertmanager's configuration."""
    return _for_test("prometheus-alertmanager", "amtool")


def chromium() -> Path:
    """A browser that runs headless."""
    return _for_test(None, "chromium", "chromium-browser", "google-chrome")


def _for_test(package: str | None, *names: str) -> Path:
    try:
        return find(package, *names)
    except ProgramUnavailableError as error:
        _give_up(str(error))


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("CI") or os.environ.get("CRUNCHWATCH_REQUIRE_SERVERS"):
        pytest.fail(reason)
    pytest.skip(reason)


@cache
def find(package: str | None, *names: str) -> Path:
    """A program under the first of its names that is on the PATH, else from the package.

    Raises:
        ProgramUnavailableError: it is neither installed nor to be fetched.
    """
    for name in names:
        if on_path := shutil.which(name):
            return Path(on_path)
    if package is None:
        raise ProgramUnavailableError(
            f"'{names[0]}' is not on the PATH: install it (Debian: apt-get install {names[0]})"
        )
    folder = _unpacked(package)
    for name in names:
        if (program := folder / "usr" / "bin" / name).is_file():
            return program
    raise ProgramUnavailableError(f"Debian's package {package} in {folder} holds no program {' or '.join(names)}")


_SHARE = b"/usr/share/prometheus/alertmanager"


def _at_home(program: Path) -> Path:
    """A copy of Debian's Alertmanager that reads its templates where they were unpacked.

    The folder is written into the program, so it is replaced there by a link of the same length.
    """
    link = _cache().parent / "cw-am"
    place = str(link).encode().rjust(len(_SHARE), b"/")
    if len(place) > len(_SHARE):
        raise ProgramUnavailableError(_how_to_get("prometheus-alertmanager", f"{link} is too long a path for a copy"))
    copy = program.with_name("alertmanager-at-home")
    if not copy.exists() or not (link / "default.tmpl").exists():
        link.unlink(missing_ok=True)
        link.symlink_to(program.parents[1] / "share" / "prometheus" / "alertmanager")
        partial = copy.with_name(f"{copy.name}.{os.getpid()}")
        partial.write_bytes(re.sub(_SHARE + rb"(?!/)", place, program.read_bytes()))
        partial.chmod(0o755)
        partial.replace(copy)
    return copy


def _cache() -> Path:
    chosen = os.environ.get("CRUNCHWATCH_DEBIAN_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "crunchwatch"


def _unpacked(package: str) -> Path:
    """The folder of a package's files, fetched if it is not there yet."""
    folder = _cache() / f"debian-{package}"
    if folder.is_dir():
        return folder
    # Unpacked beside its place and renamed into it, so that two runs at once never see half a folder.
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    try:
        _run(package, ["apt-get", "download", package], partial)
        archive = next(iter(partial.glob("*.deb")), None)
        if archive is None:
            raise ProgramUnavailableError(_how_to_get(package, "apt-get download left no package"))
        _run(package, ["dpkg-deb", "-x", archive.name, "files"], partial)
        (partial / "files").rename(folder)
    except OSError:
        if not folder.is_dir():  # else another run was first
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _run(package: str, command: list[str], folder: Path) -> None:
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=FETCH_WITHIN_S, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise ProgramUnavailableError(_how_to_get(package, str(error))) from None
    if run.returncode:
        raise ProgramUnavailableError(_how_to_get(package, (run.stdout + run.stderr).strip()[-500:]))


def _how_to_get(package: str, reason: str) -> str:
    return (
        f"{package} is not on the PATH and Debian's package could not be fetched: install it "
        f"(Debian: apt-get install {package}), or put its programs on the PATH. It said: {reason}"
    )
