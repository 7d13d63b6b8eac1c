"""What every run of the tests has: a folder of results that its processes share, and the list of its slowest tests."""

import os
import shutil
import tempfile

import pytest

from tests.support import FOLDER
from tests.support.slowest import pytest_fixture_setup, pytest_runtest_makereport, pytest_terminal_summary

__all__ = ["pytest_fixture_setup", "pytest_runtest_makereport", "pytest_terminal_summary"]


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder, before xdist's processes begin, which inherit the variable."""
    if not hasattr(config, "workerinput"):
        folder = os.environ[FOLDER] = tempfile.mkdtemp(prefix="crunchwatch-tests-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands take what another test has backtested; that a backtest gives the same again is tested elsewhere."""
    from tests.support import shared

    monkeypatch.setattr("replay.backtest.run.run", shared.run)
