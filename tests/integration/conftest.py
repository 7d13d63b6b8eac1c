"""One real Kafka and one embedded broker for all integration tests of a session."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.kafka import Kafka, KafkaUnavailableError, libraries


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A running Apache Kafka, shared by the session's tests; each test names its own topics and group."""
    try:
        libraries()
    except KafkaUnavailableError as error:
        if os.environ.get("CI"):
            pytest.fail(f"no Apache Kafka for the integration tests: {error}")
        pytest.skip(str(error))
    broker = Kafka(tmp_path_factory.mktemp("kafka")).start()
    yield broker
    broker.stop()
