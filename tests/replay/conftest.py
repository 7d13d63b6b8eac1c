"""The bundled data, loaded once a session: nobody changes it."""

import pytest

from replay.dataset.loader import Dataset, load
from replay.scenarios.scenario import Script
from tests.support.shared import played


@pytest.fixture(scope="session")
def bundled() -> Dataset:
    """Every figure of the bundled data."""
    return load()


@pytest.fixture(scope="session")
def feb2021() -> Script:
    """The story of February and March 2021."""
    return played("feb2021")
