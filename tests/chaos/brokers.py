"""Brokers to be broken: one with a door of its own for workers, and three that stand in for each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from tests.support.kafka import Kafka, free_port, new_cluster_id
from tests.support.proxy import Proxy

NODES = 3


class DooredKafka(Kafka):
    """Has a second listener that is advertised at a proxy's port: what a worker reaches it through."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._door_port = free_port()
        self.door = Proxy(("127.0.0.1", self._door_port))

    def start(self) -> Self:
        if not self.door.port:
            self.door.start()
        super().start()
        return self

    def _properties(self) -> dict[str, str]:
        inside, controller = f"PLAINTEXT://127.0.0.1:{self.port}", f"CONTROLLER://127.0.0.1:{self.controller_port}"
        return {
            **super()._properties(),
            "listeners": f"{inside},WORKERS://127.0.0.1:{self._door_port},{controller}",
            "advertised.listeners": f"{inside},WORKERS://127.0.0.1:{self.door.port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,WORKERS:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            # Kafka 4's default: what a producer dates more than an hour ahead is refused.
            "log.message.timestamp.after.max.ms": "3600000",
        }


class Node(Kafka):
    """One of three; its port opens when a majority of them is up."""

    def __init__(self, folder: Path, number: int, cluster: Cluster) -> None:
        super().__init__(folder)
        self.number = number
        self.cluster_id = cluster.name
        self._cluster = cluster

    def _java(self, *command: str) -> list[str]:
        return [word if word != "-Xmx512m" else "-Xmx320m" for word in super()._java(*command)]

    def _properties(self) -> dict[str, str]:
        return {
            **super()._properties(),
            "node.id": str(self.number),
            "controller.quorum.voters": self._cluster.voters,
            "default.replication.factor": "3",
            "min.insync.replicas": "2",
            "offsets.topic.replication.factor": "3",
            "transaction.state.log.replication.factor": "3",
            "transaction.state.log.min.isr": "2",
            "broker.heartbeat.interval.ms": "500",
            "broker.session.timeout.ms": "4000",
            "controller.quorum.election.timeout.ms": "500",
            "controller.quorum.fetch.timeout.ms": "1500",
            "replica.lag.time.max.ms": "5000",
        }


class Cluster:
    """Three brokers, each a controller too: any two of them go on without the third."""

    def __init__(self, folder: Path) -> None:
        self.name = new_cluster_id()
        self.nodes = [Node(folder / f"node{number}", number, self) for number in range(1, NODES + 1)]

    @property
    def voters(self) -> str:
        return ",".join(f"{node.number}@127.0.0.1:{node.controller_port}" for node in self.nodes)

    @property
    def url(self) -> str:
        return "kafka://" + ",".join(node.bootstrap for node in self.nodes)

    def __enter__(self) -> Self:
        with ThreadPoolExecutor(NODES) as pool:  # none is ready before another one is up
            for started in [pool.submit(node.start) for node in self.nodes]:
                started.result()
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            node.kill()
