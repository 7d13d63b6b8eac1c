"""Prometheus, Alertmanager and others: those on the PATH, else Debian's packages, unpacked and not installed.

A package is fetched once with ``apt-get download`` into a folder under ``~/.cache/crunchwatch`` (or
``CRUNCHWATCH_DEBIAN_CACHE``) and used from there afterwards; no service is started and no privilege is needed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

FETCH_WITHIN_S = 300.0
_SHARE = b"/usr/share/prometheus/alertmanager"
PAGES = (
    "fonts-glyphicons-halflings",
    "libjs-bootstrap4",
    "libjs-d3",
    "libjs-eonasdan-bootstrap-datetimepicker",
    "libjs-jquery",
    "libjs-jquery-hotkeys",
    "libjs-moment",
    "libjs-moment-timezone",
    "libjs-mustache",
    "libjs-popper.js",
    "libjs-rickshaw",
)
"""What Debian's Prometheus links to for its graphs."""


class ProgramUnavailableError(RuntimeError):
    """A program is not installed, and its package could not be fetched; the message says how to get it."""

    exit_code = 9


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


def with_pages(program: Path) -> Path:
    """Prometheus with its own pages, where an unpacked one can be given them; else as it is, with its API alone.

    Debian's build looks in /usr/share for its pages and for the scripts they link to. Those are fetched, and shown to
    it there in a namespace that only it sees; where a machine allows no such thing its graphs are not available.
    """
    if not program.is_relative_to(_cache()):
        return program  # installed: whoever installed it saw to that
    folder = program.parents[2]
    share = "mount -t overlay overlay -o lowerdir=$0/usr/share:/usr/share /usr/share"
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    try:
        _fetch_pages(folder)
        _run("prometheus", [*inside, share, str(folder)], folder)
    except ProgramUnavailableError:
        return program
    launcher = program.with_name(f"{program.name}-with-pages")
    partial = launcher.with_name(f"{launcher.name}.{os.getpid()}")
    shown = f"{' '.join(inside)} '{share} && exec \"$@\"' '{folder}' '{program}'"
    partial.write_text(f'#!/bin/sh\nexec {shown} "$@"\n')
    partial.chmod(0o755)
    partial.replace(launcher)
    return launcher


def _fetch_pages(folder: Path) -> None:
    if (folder / "usr" / "share" / "javascript").is_dir():
        return
    partial = folder.with_name(f"{folder.name}.pages.{os.getpid()}.partial")
    partial.mkdir()
    try:
        _run("prometheus", ["apt-get", "download", *PAGES], partial)
        for archive in sorted(partial.glob("*.deb")):
            _run("prometheus", ["dpkg-deb", "-x", archive.name, "files"], partial)
        shutil.copytree(partial / "files/usr/share", folder / "usr/share", dirs_exist_ok=True, symlinks=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def at_home(program: Path) -> Path:
    """A copy of Debian's unpacked Alertmanager that reads its templates where they lie; an installed one as it is.

    The folder is written into the program, so it is replaced there by a link of the same length.
    """
    if not program.is_relative_to(_cache()):
        return program
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
        run = subprocess.run(  # noqa: S603 - our own commands, no shell
            command, cwd=folder, capture_output=True, text=True, timeout=FETCH_WITHIN_S, check=False
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise ProgramUnavailableError(_how_to_get(package, str(error))) from None
    if run.returncode:
        raise ProgramUnavailableError(_how_to_get(package, (run.stdout + run.stderr).strip()[-500:]))


def _how_to_get(package: str, reason: str) -> str:
    return (
        f"{package} is not on the PATH and Debian's package could not be fetched: install it "
        f"(Debian: apt-get install {package}), or put its programs on the PATH. It reported: {reason}"
    )
