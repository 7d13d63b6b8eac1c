"""What a worker would have shown on /metrics, moment by moment of the past.

The engine is fed as a live worker's is: each figure when it was known, and a heartbeat on every stream at each step of
the sampling. So a figure shows when it would have shown: once the allowed lateness has passed. The days before the
window go through in one piece and are not sampled.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import msgspec

from detectors.calendar import DAY, NS, ny
from detectors.engine import Engine
from detectors.events import STREAMS, Event, Heartbeat
from detectors.sections import Config
from detectors.signals import Output, Transition
from detectors.view.gauges import Family, MarketGauges, Sample
from replay.errors import ScenarioError
from replay.scenarios.scenario import Script

Key = tuple[Family, tuple[str, ...]]
OnProgress = Callable[[int, int], None]
"""Called with how many events went through, and the moment reached (UTC ns)."""
CHUNK = 2_000
HOUR_NS = 3600 * NS


@dataclass(frozen=True, slots=True)
class Tick:
    """One moment: every sample by family and labels; ``changed`` are those that may differ from the moment before."""

    ns: int
    values: dict[Key, float]
    changed: dict[Key, float]


def moments(script: Script, step_s: int) -> range:
    """The moments of the window, on a grid of UTC: from its first New York midnight to its last."""
    step = step_s * NS
    first, last = script.window_ns, ny(script.scenario.end + DAY, "00:00")
    return range(-(-first // step) * step, last // step * step + 1, step)


class Sampler:
    """Runs the engine over a script and looks at it at each moment; ``outputs`` is all that it emitted."""

    def __init__(self, script: Script, config: Config, step_s: int) -> None:
        if len(script.markets) > 1:
            raise ScenarioError(f"one market at a time: this script has {', '.join(script.markets)}")
        self.market = script.events[0].market
        self.outputs: list[Output] = []
        self.moments = moments(script, step_s)
        self._events = script.events
        self._engine = Engine(config, self.market)
        self._gauges = MarketGauges()
        self._next = 0
        self._lateness_ns = config.merge.lateness_s * NS
        self._due: deque[int] = deque()
        self._due_until = 0

    def ticks(self, progress: OnProgress = lambda _, __: None) -> Iterator[Tick]:
        """The moments in order.

        The engine is asked when events came, when the allowed lateness lets them count, and each hour for what time
        brings about. Between, nothing is heard but heartbeats, which decide nothing: time moves, and nothing else.
        """
        self._warm_up(progress)
        values: dict[Key, float] = {}
        status, behind_ns = self._engine.status(), 0
        for number, now in enumerate(self.moments):
            events = self._known_by(now)
            if self._is_due(now, events) or not values:
                self._take([*events, *self._heartbeats(now, number)], live=True)
                status = self._engine.status()
                behind_ns = now - status.watermark_ns
                values = changed = _keyed(self._gauges.samples(status, now / NS))
                progress(len(events), now)
            else:
                moved = msgspec.structs.replace(status, watermark_ns=now - behind_ns, newest_ns=now)
                changed = _keyed(self._gauges.timed(moved, now / NS))
                values = {**values, **changed}
            yield Tick(now, values, changed)

    def _is_due(self, now: int, events: list[Event]) -> bool:
        for known in sorted({event.known for event in events} | {now - now % HOUR_NS}):
            if known + self._lateness_ns > self._due_until:
                self._due_until = known + self._lateness_ns
                self._due.append(self._due_until)
        due = bool(events)
        while self._due and self._due[0] < now:
            self._due.popleft()
            due = True
        return due

    def _warm_up(self, progress: OnProgress) -> None:
        before = self._known_by(self.moments[0] - 1)
        for start in range(0, len(before), CHUNK):
            chunk = before[start : start + CHUNK]
            self._take(chunk, live=False)
            progress(len(chunk), chunk[-1].known)

    def _known_by(self, moment: int) -> list[Event]:
        start = self._next
        while self._next < len(self._events) and self._events[self._next].known <= moment:
            self._next += 1
        return self._events[start : self._next]

    def _take(self, events: list[Event], *, live: bool) -> None:
        emitted = self._engine.process(events).outputs
        self.outputs += emitted
        for output in emitted:
            # Steps of the warm-up are not counted: a worker begun on the window's first day has not seen them.
            if live and isinstance(output, Transition):
                self._gauges.step(output)

    def _heartbeats(self, now: int, number: int) -> list[Event]:
        return [
            Heartbeat(
                market=self.market,
                source=f"sampling.heartbeat.{stream}",
                sequence=number,
                ts=now,
                known=now,
                provenance="synthetic",
                stream=stream,
            )
            for stream in STREAMS
        ]


def _keyed(samples: Iterable[Sample]) -> dict[Key, float]:
    return {(sample.family, sample.labels): float(sample.value) for sample in samples}
