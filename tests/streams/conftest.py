from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from streams import settings
from streams.cli.embedded_broker import EmbeddedBroker
from streams.settings import Settings


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture
def chosen(embedded: EmbeddedBroker) -> Settings:
    """Settings with topics of the test's own."""
    prefix = f"t{uuid.uuid4().hex[:8]}."
    return settings.load({}, broker=embedded.url, topic_prefix=prefix, group=f"{prefix}g")
