"""One trial: topics of its own, scripts that stream in, workers that suffer, and at the end a comparison of bytes.

What is expected is what the backtest of the same script says. What was said is what a consumer that reads only what
was committed finds on the topics. Both have to be equal: each output once, in its market's order.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

from detectors import config
from detectors.calendar import NS
from detectors.signals import Transition, to_json
from replay.backtest import run as backtest
from replay.producer.faults import Faults
from replay.producer.playback import Playback, play
from replay.scenarios import synthetic
from replay.scenarios.scenario import Script
from streams.cli.worker_process import WorkerProcess
from streams.kafka import topics
from tests.chaos.ledger import Ledger
from tests.support import pipeline
from tests.support.pipeline import Pipeline

Markets = tuple[str, ...]
FEW: Markets = ("UST", "UKT", "DBR")
MANY: Markets = ("UST", "UKT", "DBR", "JGB", "OAT", "BTP", "SPGB", "ACGB")
STUCK_S = 90.0
SEED = 2
"""Of the made-up markets: with it, three of them visit every state within eighty sessions."""


@cache
def made_up(markets: Markets = FEW, sessions: int = 80, seed: int = SEED) -> Script:
    """The markets most trials use."""
    return synthetic.script(markets, sessions, seed)


feb2021 = pipeline.feb2021


class _Expectations:
    """What the backtest says of each script, worked out once a run."""

    def __init__(self) -> None:
        self._known: dict[int, dict[str, dict[str, list[bytes]]]] = {}

    def of(self, script: Script) -> dict[str, dict[str, list[bytes]]]:
        if id(script) not in self._known:
            said: dict[str, dict[str, list[bytes]]] = {topics.TRANSITIONS: {}, topics.SIGNALS: {}}
            for one in backtest.run(script, config.load()).outputs:
                topic = topics.TRANSITIONS if isinstance(one, Transition) else topics.SIGNALS
                said[topic].setdefault(one.market, []).append(to_json(one))
            self._known[id(script)] = said
        return self._known[id(script)]


EXPECTED = _Expectations()


class Trial(Pipeline):
    """A pipeline that keeps account of what was sent, what was broken and what came out."""

    def __init__(self, broker_url: str, folder: Path, ledger: Ledger, variables: Mapping[str, str]) -> None:
        super().__init__(broker_url, folder, variables)
        self.ledger = ledger
        self._sent: list[Script] = []

    # -- what goes in -------------------------------------------------------------------------------------------

    def send(self, script: Script, seconds: float | None = None, **faults: float) -> dict[str, Any]:
        """Play a script, within about so many seconds, or at once."""
        EXPECTED.of(script)
        self._sent.append(script)
        lasts_ns = script.events[-1].known - script.window_ns
        how = Playback(
            broker=self.settings.broker,
            faults=Faults(**faults),  # type: ignore[arg-type]
            speed=None if seconds is None else lasts_ns / NS / seconds,
            lateness_s=config.load().merge.lateness_s,
            topic_prefix=self.settings.topic_prefix,
        )
        return play(script, how, show_progress=False, force=True)

    @contextmanager
    def streaming(self, *scripts: Script, seconds: float) -> Iterator[Callable[[], bool]]:
        """Scripts stream in while the body breaks things; ends when all is in. Gives 'is it still coming?'."""
        for script in scripts:
            EXPECTED.of(script)
        with ThreadPoolExecutor(len(scripts)) as pool:
            going: list[Future[Any]] = [pool.submit(self.send, script, seconds) for script in scripts]
            yield lambda: not all(one.done() for one in going)
            for one in going:
                one.result()

    # -- workers ------------------------------------------------------------------------------------------------

    @contextmanager
    def supervised(self, **variables: str) -> Iterator[Supervised]:
        """A worker that is started again whenever it ends by itself, as an operator's supervisor would."""
        with self.log.open("ab") as log, Supervised({**self.variables, **variables}, log) as worker:
            worker.wait_ready()
            yield worker

    # -- what came out ------------------------------------------------------------------------------------------

    def committed(self, topic: str) -> dict[str, list[bytes]]:
        """A topic's committed values by market."""
        found: dict[str, list[bytes]] = defaultdict(list)
        for record in self.read(topic):
            found[(record.key or b"").decode()].append(record.value or b"")
        return dict(found)

    def drain(self) -> None:
        """Wait until the workers have written down that they have seen all there is, for as long as they get on."""
        least, since = float("inf"), time.monotonic()
        while behind := sum(asyncio.run(self._behind()).values()):
            if behind < least:
                least, since = behind, time.monotonic()
            assert time.monotonic() - since < STUCK_S, f"stuck {behind} messages behind\n{self.said()}"
            time.sleep(0.3)

    def settle(self) -> None:
        """Wait until all that was sent is applied, and hold what was said against the backtest."""
        self.drain()
        wanted = {
            topic: {market: values for script in self._sent for market, values in EXPECTED.of(script)[topic].items()}
            for topic in (topics.TRANSITIONS, topics.SIGNALS)
        }
        same = [
            self.ledger.compare(kind, wanted[topic], self.committed(topic))
            for kind, topic in (("transitions", topics.TRANSITIONS), ("signals", topics.SIGNALS))
        ]
        assert all(wanted.values()), "nothing was expected"
        assert all(same), "\n".join(self.ledger.lines())
        assert self.read(topics.DEAD_LETTER) == []
        assert self.read(topics.LATE) == []


class Supervised(WorkerProcess):
    """A worker with somebody who starts it again; ``exits`` are the codes with which it ended by itself."""

    def __init__(self, variables: Mapping[str, str], log: Any) -> None:
        super().__init__(variables, log=log)
        self.exits: list[int] = []
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._tend, daemon=True)

    def __enter__(self) -> Self:
        self.start()
        self._watch.start()
        return self

    def _tend(self) -> None:
        while not self._over.wait(0.2):
            code = self.poll()
            if code is not None:
                self.exits.append(code)
                said = self._running().stdout
                if said is not None:
                    said.close()
                self.start()

    def wait_ready(self, within_s: float = 90.0) -> None:
        """Wait until it is ready, whichever of its lives that is."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                super().wait_ready(max(0.1, deadline - time.monotonic()))
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()
        self.stop()


def until(condition: Callable[[], bool], within_s: float = 60.0, what: str = "it") -> None:
    """Wait for something to be so."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {within_s:g} s in vain for {what}"
        time.sleep(0.1)


def moves(worker: WorkerProcess, coming: Callable[[], bool]) -> None:
    """Wait until a worker applies something more, unless nothing comes any more."""
    before = applied(worker)
    until(lambda: applied(worker) > before or not coming(), what="a message to be applied")


def metric(worker: WorkerProcess, name: str, **labels: str) -> float:
    """The sum of a metric's samples with these labels; zero if it has none, or nobody answers."""
    lines = _metrics(worker)
    marks = [f'{label}="{value}"' for label, value in labels.items()]
    found = [line for line in lines if line.startswith((name + "{", name + " "))]
    return sum(float(line.rsplit(" ", 1)[1]) for line in found if all(mark in line for mark in marks))


def applied(worker: WorkerProcess) -> float:
    """How many messages a worker has applied since it started."""
    return metric(worker, "crunchwatch_messages_total")


def markets(worker: WorkerProcess) -> set[str]:
    """Whose state a worker shows."""
    shown = [line for line in _metrics(worker) if line.startswith("crunchwatch_state{")]
    return {line.split('market="')[1].split('"')[0] for line in shown}


def _metrics(worker: WorkerProcess) -> list[str]:
    """Nothing from one that has yet to say where it listens, or is gone."""
    try:
        return worker.metrics().splitlines() if worker.web_url else []
    except OSError:
        return []
