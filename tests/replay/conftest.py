"""The bundled data, loaded once a session: nobody changes it."""

import pytest

from replay.dataset.loader import Dataset, load
from replay.scenarios.scenario import Script, named, script


@pytest.fixture(scope="session")
def bundled() -> Dataset:
    return load()


@pytest.fixture(scope="session")
def feb2021() -> Script:
    return script(named("feb2021"))
