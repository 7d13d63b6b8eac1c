"""Memory and latency of a soak over time, as one small picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

Sample = dict[str, Any]


def draw(samples: Sequence[Sample], kills: Sequence[float], out: Path) -> None:
    """Write an SVG; wants matplotlib (the extra ``plot``)."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "crunchwatch"
    from matplotlib import pyplot as plt

    minutes = [sample["at_s"] / 60 for sample in samples]
    figure, (memory, latency, behind) = plt.subplots(3, 1, sharex=True, figsize=(8, 6), layout="constrained")
    memory.plot(minutes, [sample["memory_mb"] for sample in samples], color="black", lw=1)
    memory.set(ylabel="memory, MB", ylim=(0, None), title="The worker that is never killed")
    latency.plot(minutes, [sample["processing_ms"] for sample in samples], color="black", lw=1, label="one message")
    latency.plot(minutes, [sample["flush_ms"] for sample in samples], color="tab:blue", lw=1, label="one write")
    latency.set(ylabel="latency, ms", yscale="log")
    latency.legend(fontsize="small", frameon=False)
    behind.plot(minutes, [sample["behind"] for sample in samples], color="black", lw=1)
    behind.set(ylabel="messages not yet\nwritten down", xlabel="minutes; red: the other worker was killed")
    for axis in (memory, latency, behind):
        for kill in kills:
            axis.axvline(kill / 60, color="tab:red", lw=0.4, alpha=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(out, metadata={"Date": None})
    plt.close(figure)
