"""Private names of other libraries that this project rests on: an upgrade that changes one of them fails here."""

import inspect
from importlib import metadata
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.producer.sender import Sender
from prometheus_client import CollectorRegistry, Gauge

from streams.worker import faust_app, faust_internals, prometheus_internals
from transport import aiokafka_internals

# The versions whose source was read. A new one: read it again for the names below, run the chaos suite, then change it.
READ = {"aiokafka": "0.14.0", "faust-streaming": "0.15.3", "mode-streaming": "0.7.1", "prometheus-client": "0.26.0"}

# What our subclasses call or override, with the parameters Faust and mode give it.
FAUST = {
    (faust_app.driver.AIOKafkaConsumerThread, "_start_thread"): ["self"],
    (faust_app.driver.AIOKafkaConsumerThread, "_create_worker_consumer"): ["self", "transport"],
    (faust_app.driver.AIOKafkaConsumerThread, "_ensure_consumer"): ["self"],
    (faust_app.driver.AIOKafkaConsumerThread, "on_start"): ["self"],
    (faust_app.driver.AIOKafkaConsumerThread, "seek_wait"): ["self", "partitions"],
    (faust_app.driver.AIOKafkaConsumerThread, "call_thread"): ["self", "fun", "args", "kwargs"],
    (faust_app.driver.Consumer, "_new_consumer_thread"): ["self"],
    (faust_app.driver.Consumer, "on_partitions_revoked"): ["self", "revoked"],
    (faust_app.driver.Consumer, "on_partitions_assigned"): ["self", "assigned", "generation_id"],
    (faust_app.driver.Consumer, "seek_to_committed"): ["self"],
    (faust_app.faust.App, "_new_transport"): ["self"],
    (faust_app.faust.App, "_create_directories"): ["self"],
    (faust_app.WorkerThread, "__init__"): ["self", "service", "kwargs"],
}


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_versions_are_those_whose_source_was_read() -> None:
    assert {name: metadata.version(name) for name in READ} == READ


async def test_the_private_names_of_an_aiokafka_consumer() -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1", group_id=None)
    assert isinstance(consumer._client, AIOKafkaClient)
    assert parameters(AIOKafkaClient.set_topics) == ["self", "topics"]
    assert inspect.isfunction(AIOKafkaClient.set_topics)
    assert hasattr(consumer, "_fetcher")
    assert hasattr(consumer, "_coordinator")
    assert inspect.iscoroutinefunction(Fetcher._proc_fetch_request)
    assert parameters(Fetcher._proc_fetch_request) == ["self", "assignment", "node_id", "request"]
    assert "self._proc_fetch_request(" in inspect.getsource(Fetcher)  # looked up anew each time: ours is called
    assert parameters(GroupCoordinator.request_rejoin) == ["self"]
    await consumer.stop()


async def test_how_a_consumer_reads_is_still_decided_at_its_start() -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1", group_id="g")
    assert hasattr(consumer, "_partition_assignment_strategy")
    assert consumer._isolation_level == "read_uncommitted"
    aiokafka_internals.assign_by_range(consumer)
    assert consumer._partition_assignment_strategy == [RangePartitionAssignor]
    starting = inspect.getsource(AIOKafkaConsumer.start)
    assert "self._isolation_level" in starting
    assert "self._partition_assignment_strategy" in starting
    await consumer.stop()


async def test_the_private_names_of_an_aiokafka_producer() -> None:
    producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1")
    assert isinstance(producer._sender, Sender)
    assert isinstance(Sender.sender_task, property)
    assert producer._sender.sender_task is None  # not started
    aiokafka_internals.cancel_sender(producer)
    assert isinstance(producer.client, AIOKafkaClient)
    await producer.stop()


@pytest.mark.parametrize(("owner", "name"), FAUST, ids=lambda one: getattr(one, "__name__", one))
def test_what_we_override_or_call_of_faust_is_there(owner: Any, name: str) -> None:
    assert parameters(getattr(owner, name)) == FAUST[owner, name]


async def test_a_crash_of_a_service_is_heard_of_with_its_reason() -> None:
    from mode import Service

    class Failing(Service):  # type: ignore[misc]
        pass

    service = Failing()
    reason = ValueError("on purpose")
    await service.crash(reason)
    assert await faust_internals.crashed(service) is reason


def test_prometheus_client_lists_what_has_no_sample_yet() -> None:
    registry = CollectorRegistry()
    gauge = Gauge("g", "…", ["market"], registry=registry)
    assert prometheus_internals.collectors(registry) == [gauge]
    assert prometheus_internals.labels(gauge) == ("market",)
