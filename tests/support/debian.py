"""Prometheus, Alertmanager and a browser for tests: those on the PATH, else Debian's packages, unpacked, not installed.

A package is fetched once with ``apt-get download`` into a folder under ``~/.cache/crunchwatch`` (or
``CRUNCHWATCH_DEBIAN_CACHE``) and used from there afterwards; no service is started and no privilege is needed. A
browser has too many libraries for that and has to be installed. What cannot be had is an error when ``CI`` or
``CRUNCHWATCH_REQUIRE_SERVERS`` is set, else its tests are skipped and say so.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from grafana.programs import ProgramUnavailableError, at_home, find

__all__ = ["ProgramUnavailableError", "find"]


def prometheus() -> Path:
    """The server."""
    return _for_test("prometheus", "prometheus")


def promtool() -> Path:
    """What checks rules, metrics and queries, and writes blocks."""
    return _for_test("prometheus", "promtool")


def alertmanager() -> Path:
    """The server, under Debian's name or its makers'."""
    return at_home(_for_test("prometheus-alertmanager", "prometheus-alertmanager", "alertmanager"))


def amtool() -> Path:
    """What checks Alertmanager's configuration."""
    return _for_test("prometheus-alertmanager", "amtool")


def chromium() -> Path:
    """A browser that runs headless."""
    return _for_test(None, "chromium", "chromium-browser", "google-chrome")


def javac() -> Path:
    """Java's compiler: a JDK, where a runtime is enough for Kafka itself."""
    found = shutil.which("javac")
    if found is None:
        _give_up("'javac' is not on the PATH: install a JDK (Debian: apt-get install openjdk-17-jdk-headless)")
    return Path(found)


def package(name: str, *programs: str) -> Path:
    """A program of any other package."""
    return _for_test(name, *programs)


def _for_test(package: str | None, *names: str) -> Path:
    try:
        return find(package, *names)
    except ProgramUnavailableError as error:
        _give_up(str(error))


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("CI") or os.environ.get("CRUNCHWATCH_REQUIRE_SERVERS"):
        pytest.fail(reason)
    pytest.skip(reason)
