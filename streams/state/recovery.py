"""From what was found on the broker to a partition that can go on: states restored, offsets chosen, losses named."""

from __future__ import annotations

import logging

from detectors.engine import Engine
from detectors.sections import Config
from detectors.snapshot import SnapshotError
from streams.errors import GapError, RecoveryError
from streams.kafka.topics import SOURCES
from streams.settings import Settings
from streams.state import snapshot_reader, snapshot_records
from streams.state.metrics import Metrics
from streams.state.partition import Market, NewEngine, Partition

log = logging.getLogger(__name__)


def recover_partition(
    number: int,
    recovered: snapshot_reader.Recovered,
    config: Config,
    settings: Settings,
    metrics: Metrics,
    new_engine: NewEngine,
) -> Partition:
    """Build a partition from its records.

    Raises:
        RecoveryError: the broker holds less than the state has seen.
        GapError: messages not applied yet are lost, and the settings do not allow to continue without them.
    """
    found = recovered.found
    metrics.recovered(found)
    engines, unusable = _restore(found, config, metrics)
    plan = snapshot_records.plan(found, SOURCES, unusable)
    for market, reason in plan.healed.items():
        log.warning("partition %d: the state of %s is rejected (%s), reading further back", number, market, reason)
        metrics.healed(reason)
    promised = found.position.settled if found.position is not None else {}
    start = {}
    for topic, held in recovered.held.items():
        place = f"{settings.topic(topic)}-{number}"
        start[topic], lost = first_offset(place, plan.start[topic], promised.get(topic, 0), held)
        if lost:
            _lose(place, lost, settings, metrics)
    partition = Partition(number, next_offsets=start, new_engine=new_engine)
    partition.settled = dict(promised)
    partition.emitted = dict(found.position.markets) if found.position is not None else {}
    partition.flush = max((record.flush for record in (*found.markets.values(), found.position) if record), default=0)
    partition.allowed = settings.allowed_markets
    for market, engine in engines.items():
        if partition.allowed and market not in partition.allowed:
            continue  # taken before, not any more: its memory is freed
        record = found.markets[market]
        partition.markets[market] = Market(engine, record.applied, record.flush)
    return partition


def _restore(
    found: snapshot_records.PartitionRecords, config: Config, metrics: Metrics
) -> tuple[dict[str, Engine], dict[str, str]]:
    engines: dict[str, Engine] = {}
    unusable: dict[str, str] = {}
    for market, record in found.markets.items():
        try:
            engine = engines[market] = Engine.restore(config, market, record.state)
            for name, why in engine.anew.items():
                log.warning(
                    "%s: detector '%s' begins anew (%s); what it last said stands until it is warm", market, name, why
                )
        except SnapshotError as error:
            unusable[market] = error.reason
            metrics.rejected(error.reason)
    return engines, unusable


def first_offset(place: str, start: int, promised: int, held: snapshot_reader.OffsetRange) -> tuple[int, int]:
    """Where reading can begin, and how many messages nobody has applied are lost before it.

    What lies below ``promised`` was applied once; reading it again rebuilds a state, and missing it is not a loss.
    """
    if max(start, promised) > held.end:
        raise RecoveryError(
            f"{place} ends at {held.end}, but the state has seen it up to {max(start, promised)}: the broker lost "
            "messages, or the topic was created anew. Use fresh topics throughout (CRUNCHWATCH_TOPIC_PREFIX)"
        )
    if start >= held.first:
        return start, 0
    return held.first, max(0, held.first - max(start, promised)) if promised else 0


def _lose(place: str, count: int, settings: Settings, metrics: Metrics) -> None:
    metrics.lost(count)
    if settings.on_gap == "fail":
        raise GapError(
            f"{place}: {count} messages that were not applied yet are no longer on the broker. "
            "CRUNCHWATCH_ON_GAP=continue skips them and counts them"
        )
    log.error("%s: %d messages were lost, continuing without them", place, count)
