"""One real Kafka and one embedded broker for all integration tests of a session."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.cli.embedded_broker import EmbeddedBroker
from tests.support import shared
from tests.support.kafka import Kafka, KafkaStartError, KafkaUnavailableError, free_port, libraries
from tests.support.pipeline import Pipeline
from tests.support.proxy import Proxy


@pytest.fixture(scope="session")
def kafka_jars() -> Path:
    """The server's jars; they have to be there in CI, elsewhere the tests say why they are skipped."""
    try:
        return libraries()
    except KafkaUnavailableError as error:
        if os.environ.get("CI"):
            pytest.fail(f"no Apache Kafka for the integration tests: {error}")
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def proxy() -> Iterator[Proxy]:
    """A way to the same Kafka over a network that can fail."""
    with Proxy(("127.0.0.1", free_port())) as passing:
        yield passing


@pytest.fixture(scope="session")
def kafka(kafka_jars: Path, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A running Apache Kafka."""
    broker = _started(proxy, tmp_path_factory)
    yield broker
    broker.stop()


def _started(proxy: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Kafka:
    # A port that was free when it was asked for may be taken when Kafka binds it: ask again, twice.
    for last in (False, False, True):
        broker = Kafka(tmp_path_factory.mktemp("kafka"))
        broker.listen_behind(proxy)
        try:
            return broker.start()
        except KafkaStartError:
            if last:
                raise
    raise AssertionError("the last attempt returns or raises")


@pytest.fixture(scope="session")
def embedded() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture
def on_kafka(kafka: Kafka, tmp_path: Path) -> Callable[..., Pipeline]:
    """Makes pipelines on Apache Kafka."""
    return lambda story=shared.year, **variables: Pipeline(kafka.url, tmp_path, variables, story)


@pytest.fixture(
    params=[pytest.param("kafka", marks=pytest.mark.kafka), pytest.param("embedded", marks=pytest.mark.embedded)]
)
def on_either(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Pipeline]:
    """Makes pipelines on Apache Kafka, then on the embedded broker."""
    url = request.getfixturevalue(request.param).url
    return lambda story=shared.year, **variables: Pipeline(url, tmp_path, variables, story)


@pytest.fixture
def on_embedded(embedded: EmbeddedBroker, tmp_path: Path) -> Callable[..., Pipeline]:
    """Makes pipelines on the embedded broker."""
    return lambda story=shared.year, **variables: Pipeline(embedded.url, tmp_path, variables, story)
