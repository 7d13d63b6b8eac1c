"""One wheel for all tests of a run, built of a source distribution of the checkout's files."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.wheel import elsewhere
from tests.wheel.elsewhere import Elsewhere


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source distribution of the checkout's files."""
    return _once(
        tmp_path_factory, "sdist", lambda folder: elsewhere.built(elsewhere.copied(folder / "source"), "sdist")
    )


@pytest.fixture(scope="session")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built of it."""
    return _once(
        tmp_path_factory, "wheel", lambda folder: elsewhere.built(elsewhere.unpacked(sdist, folder / "sdist"), "wheel")
    )


@pytest.fixture(scope="session")
def there(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """An environment that never saw the checkout: made, with the wheel in it and its libraries linked."""
    made = _once(tmp_path_factory, "elsewhere", lambda folder: elsewhere.installed(wheel, folder).environment)
    return Elsewhere(made, tmp_path_factory.mktemp("work"))


def _once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Path]) -> Path:
    """What is made in a folder that all workers of pytest-xdist share: by the first that asks, the others wait."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, made = shared / f"wheel-{name}", shared / f"wheel-{name}.made"
    with (shared / f"wheel-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            folder.mkdir()  # one that is there already was left by a worker that failed, and fails here too
            made.write_text(str(make(folder)))
    return Path(made.read_text())
