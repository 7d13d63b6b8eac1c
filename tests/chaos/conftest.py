"""What the tests of chaos share: one Apache Kafka, and one ledger for the run.

``CHAOS_SHORT=1`` breaks less often, and leaves out what has a shorter sister. ``CHAOS_SEED`` repeats a run.
"""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.brokers import DooredKafka
from tests.chaos.ledger import Ledger
from tests.chaos.trial import Trial
from tests.support.kafka import KafkaUnavailableError, libraries

LEDGER = pytest.StashKey[Ledger]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.chaos)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEDGER] = Ledger()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):  # one of xdist's processes: the account is put together in the first
        session.config.workeroutput["ledger"] = session.config.stash[LEDGER].plain()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    told = getattr(node, "workeroutput", {}).get("ledger")
    if told is not None:
        node.config.stash[LEDGER].add(told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash[LEDGER]
    if found.faults:
        terminalreporter.section("chaos")
        for line in found.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def ledger(request: pytest.FixtureRequest) -> Ledger:
    return request.config.stash[LEDGER]


@pytest.fixture(scope="session")
def short() -> bool:
    return os.environ.get("CHAOS_SHORT", "") not in {"", "0"}


@pytest.fixture
def long_form(short: bool) -> None:
    """For what the short form can do without."""
    if short:
        pytest.skip("left out of the short form")


@pytest.fixture(scope="session")
def jars() -> None:
    """Kafka's jars; they have to be there in CI, elsewhere the tests say why they are skipped."""
    try:
        libraries()
    except KafkaUnavailableError as error:
        if os.environ.get("CI"):
            pytest.fail(f"no Apache Kafka for the tests of chaos: {error}")
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def kafka(jars: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DooredKafka]:
    broker = DooredKafka(tmp_path_factory.mktemp("kafka"))
    broker.start()
    yield broker
    broker.stop()
    broker.door.close()


@pytest.fixture
def trial(kafka: DooredKafka, tmp_path: Path, ledger: Ledger) -> Callable[..., Trial]:
    """Makes trials on the one broker; a test that failed while it was down leaves it to the next to start it."""
    if not kafka.running():
        kafka.start()
    return lambda **variables: Trial(kafka.url, tmp_path, ledger, variables)


@pytest.fixture
def dice(request: pytest.FixtureRequest, ledger: Ledger) -> random.Random:
    """Random numbers of a test's own; the seed is told, and CHAOS_SEED gives it back."""
    seed = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(1_000_000))
    ledger.note(f"{request.node.name}: CHAOS_SEED={seed}")
    return random.Random(f"{seed}/{request.node.name}")
