"""Topics that keep less than a detector looks back: named at start, with both numbers and the way to mend it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from streams.errors import TopicMismatchError
from streams.kafka import topics
from tests.support.pipeline import Pipeline


@pytest.mark.kafka
def test_topics_that_were_made_for_a_shorter_past_are_named(on_kafka: Callable[..., Pipeline]) -> None:
    pipeline = on_kafka()
    shorter = msgspec.structs.replace(pipeline.settings, retention_days=400)
    asyncio.run(topics.ensure(shorter))
    with pytest.raises(TopicMismatchError) as error:
        asyncio.run(topics.ensure(pipeline.settings, needed_days=1_594, needed_by="cta"))
    assert "keeps 400 days, but 'cta' looks back 1594 days" in str(error.value)
    assert f"--add-config retention.ms={1_594 * 86_400_000}" in str(error.value)
    asyncio.run(topics.ensure(pipeline.settings, needed_days=400, needed_by="cta"))


@pytest.mark.embedded
def test_a_broker_that_does_not_tell_keeps_no_worker_from_starting(on_embedded: Callable[..., Pipeline]) -> None:
    pipeline = on_embedded()
    pipeline.make_topics()
    asyncio.run(topics.ensure(pipeline.settings, needed_days=1, needed_by="levels"))
