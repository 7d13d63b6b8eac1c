import pytest

from detectors.config import load
from detectors.sections import Config
from detectors.testing import make


@pytest.fixture
def desk() -> Config:
    return load("desk")


@pytest.fixture
def framework() -> Config:
    return load("framework")


@pytest.fixture(autouse=True)
def numbered() -> None:
    make.restart()
