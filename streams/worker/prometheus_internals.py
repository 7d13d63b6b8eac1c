"""The private names of prometheus-client that this project reads: metrics without a sample are listed nowhere else."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry


def collectors(registry: CollectorRegistry) -> list[Any]:
    """All collectors of a registry, whether or not they have a sample yet."""
    return list(registry._collector_to_names)  # noqa: SLF001


def labels(collector: Any) -> tuple[str, ...]:
    """The names of a collector's labels; none for one that is not of this library."""
    return tuple(getattr(collector, "_labelnames", ()))
