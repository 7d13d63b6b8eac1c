"""The past streamed into a Prometheus: what a worker would have shown, by remote write and at any speed.

``true`` dates, the default: each sample at its moment of 2021, so that a board set to those weeks fills from left to
right, and nothing can be taken for today. ``now``: each at the moment it is sent, so that rules and boards that look at
now see it pass; it then differs from live only by ``job="replay"``. The server scrapes nothing and has no Alertmanager.
"""

import time
from collections.abc import Callable
from typing import Literal

import msgspec

from detectors.calendar import NS
from detectors.sections import Config
from replay.prometheus.remote_write import Samples, Writer, labels
from replay.prometheus.sampling import Key, OnProgress, Sampler, Tick
from replay.scenarios.scenario import Script

JOB = "replay"
BATCH = 20
Dates = Literal["true", "now"]


class Streamed(msgspec.Struct, kw_only=True):
    """What was written."""

    scenario: str
    dates: str
    moments: int
    samples: int
    requests: int
    repeats: int
    elapsed_s: float
    behind_s: float
    """How far the last moment came after it was due; 0 without a speed."""


def stream(
    script: Script,
    config: Config,
    writer: Writer,
    *,
    speed: float | None,
    step_s: int,
    dates: Dates = "true",
    progress: OnProgress = lambda _, __: None,
    clock: Callable[[], float] = time.time,
    wait: Callable[[float], None] = time.sleep,
) -> Streamed:
    """Write a script's moments as they become due; what is before the window only warms the engine.

    Args:
        script: what happened.
        config: the engine's.
        writer: where to.
        speed: seconds of the past a second; None for as fast as it goes.
        step_s: seconds of the past between two moments.
        dates: at which moments the samples stand.
        progress: called with how far it is.
        clock: seconds of UTC.
        wait: how to let time pass.

    Raises:
        replay.errors.ProgramError: the server rejects the samples or does not answer.
    """
    began = clock()
    sampler = Sampler(script, config, step_s)
    own = {"market": sampler.market, "job": JOB, "instance": script.scenario.name}
    batch = _Batch(writer, own, clock if dates == "now" else None)
    behind_s = _paced(sampler, batch, speed=speed, progress=progress, clock=clock, wait=wait)
    return Streamed(
        scenario=script.scenario.name,
        dates=dates,
        moments=len(sampler.moments),
        samples=writer.samples,
        requests=writer.requests,
        repeats=writer.repeats,
        elapsed_s=round(clock() - began, 3),
        behind_s=round(behind_s, 3),
    )


def _paced(
    sampler: Sampler,
    batch: "_Batch",
    *,
    speed: float | None,
    progress: OnProgress,
    clock: Callable[[], float],
    wait: Callable[[float], None],
) -> float:
    """Write each moment when it is due; returns by how many seconds the last one was late."""
    first: float | None = None
    due = 0.0
    for tick in sampler.ticks(progress):
        first = clock() if first is None else first
        due = first if speed is None else first + (tick.ns - sampler.moments[0]) / NS / speed
        if due > clock():
            batch.send()
            wait(max(0.0, due - clock()))
        batch.add(tick)
    batch.send()
    return 0.0 if speed is None or first is None else max(0.0, clock() - due)


class _Batch:
    """Moments that go out together: what is due while a request is on its way waits for the next."""

    def __init__(self, writer: Writer, own: dict[str, str], clock: Callable[[], float] | None) -> None:
        self._writer = writer
        self._own = own
        self._clock = clock
        self._heads: dict[Key, bytes] = {}
        self._held: list[Tick] = []

    def add(self, tick: Tick) -> None:
        self._held.append(tick)
        if len(self._held) >= BATCH:
            self.send()

    def send(self) -> None:
        if not self._held:
            return
        series: dict[bytes, Samples] = {}
        # At the moment of sending only the newest can stand.
        for tick in self._held if self._clock is None else self._held[-1:]:
            at = tick.ns * 1000 // NS if self._clock is None else round(self._clock() * 1000)
            for key, value in tick.values.items():
                series.setdefault(self._head(key), []).append((at, value))
        self._writer.send(series.items())
        self._held.clear()

    def _head(self, key: Key) -> bytes:
        head = self._heads.get(key)
        if head is None:
            family, values = key
            own = dict(zip(family.labels, values, strict=True))
            head = self._heads[key] = labels({"__name__": family.sample_name, **self._own, **own})
        return head
