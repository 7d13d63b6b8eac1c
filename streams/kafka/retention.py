"""How long the topics that are there keep what came in: a state that is lost is rebuilt from as much, and no more."""

from __future__ import annotations

import logging

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from streams.errors import TopicMismatchError
from streams.settings import Settings

log = logging.getLogger(__name__)

_KEY = "retention.ms"
_DAY_MS = 86_400_000


async def check(
    admin: AIOKafkaAdminClient, settings: Settings, sources: tuple[str, ...], needed_days: int, needed_by: str
) -> None:
    """Reject input topics that keep less than a detector looks back.

    Raises:
        TopicMismatchError: with the topic, both numbers, and the command that mends it.
    """
    for topic, kept_ms in (await _kept_ms(admin, [settings.topic(name) for name in sources])).items():
        if 0 <= kept_ms < needed_days * _DAY_MS:
            raise TopicMismatchError(
                f"topic '{topic}' keeps {kept_ms / _DAY_MS:g} days, but '{needed_by}' looks back {needed_days} days: a "
                "state that is lost could not be rebuilt from it. Let it keep more: kafka-configs.sh --alter "
                f"--entity-type topics --entity-name {topic} --add-config {_KEY}={needed_days * _DAY_MS}"
            )


async def _kept_ms(admin: AIOKafkaAdminClient, topics: list[str]) -> dict[str, int]:
    """By topic; none for a broker that does not tell, such as an embedded one. -1 is for ever."""
    wanted = [ConfigResource(ConfigResourceType.TOPIC, topic, {_KEY: None}) for topic in topics]
    try:
        answers = await admin.describe_configs(wanted)
    except (KafkaError, ValueError, NotImplementedError) as error:
        log.info("the broker does not tell how long its topics keep: %r", error)
        return {}
    found = {}
    for answer in answers:
        for code, _, _, topic, entries in (resource[:5] for resource in answer.resources):
            values = {entry[0]: entry[1] for entry in entries} if code == 0 else {}
            if values.get(_KEY) is not None:
                found[topic] = int(values[_KEY])
    return found
