"""One run of the demo: plays the script, follows the worker's outputs, shows the transitions, and compares.

The live edge is handed in: the topic of each kind of output, and a feed of the messages on those topics.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import click
from rich.console import Group
from rich.live import Live
from rich.progress import Progress
from rich.table import Table

from detectors.calendar import ny_date
from detectors.signals import Output, from_json, to_json
from replay.backtest import report, scorecard
from replay.producer import playback
from replay.producer.playback import Playback
from replay.scenarios.scenario import Script

LONGEST_PAUSE_S = 30.0
"""Seconds without a new output after which the rest is taken to be missing."""
SILENCE_S = 0.5
"""Seconds to wait for surplus outputs once all expected ones have arrived."""

OutputStream = AsyncIterator[tuple[str, bytes]]
"""Topic and value of each message on the output topics, from the beginning; it never ends by itself."""


class Demonstration:
    """A script, the outputs its backtest produced, and the outputs a worker emits for it."""

    def __init__(self, script: Script, expected: Sequence[Output], topics: Mapping[str, str], *, as_json: bool) -> None:
        """Prepare the comparison; ``topics`` gives the topic of each kind of output, "signal" and "transition"."""
        self._script = script
        self._as_json = as_json
        self._topics = topics
        self._expected: dict[str, list[bytes]] = {topic: [] for topic in topics.values()}
        for output in expected:
            self._expected[topics[str(output.__struct_config__.tag)]].append(to_json(output))
        self._emitted: dict[str, list[bytes]] = {topic: [] for topic in topics.values()}
        self._sent: dict[str, Any] = {}
        self._began = time.monotonic()

    async def run(self, how: Playback, feed: OutputStream) -> None:
        """Play and follow at once; return when all expected outputs arrived, or none has come for long."""
        plan = playback.planned(self._script, how)
        bar = Progress(*playback.columns())
        task = bar.add_task("demo", total=len(plan.items), day="connecting")
        console = report.console()
        live = Live(self._view(bar), console=console, refresh_per_second=8, transient=True)
        drawn = console.is_terminal and not self._as_json
        show = (lambda _: live.update(self._view(bar))) if drawn else self._print
        with live if drawn else nullcontext():
            follower = asyncio.create_task(self._follow(feed, show))
            try:
                self._sent = await playback.perform(
                    self._script,
                    how,
                    plan,
                    lambda slot: bar.update(task, advance=slot.elements, day=ny_date(slot.until_ns).isoformat()),
                )
                await self._all_arrived(follower)
            finally:
                follower.cancel()

    async def _follow(self, feed: OutputStream, show: Callable[[bytes], None]) -> None:
        """Keep every output for as long as they come, and show each transition."""
        async for topic, value in feed:
            self._emitted[topic].append(value)
            if topic == self._topics["transition"]:
                show(value)

    def _print(self, raw: bytes) -> None:
        """One line for a transition, where there is no terminal for a table that grows."""
        if self._as_json:
            report.line(raw)
        else:
            transition = from_json(raw)
            click.echo(f"{report.when(transition.known)}  {scorecard.described(transition)}")

    async def _all_arrived(self, follower: "asyncio.Task[None]") -> None:
        """Wait for as many outputs as are expected and a moment longer, or until none has come for long."""
        seen, since = -1, time.monotonic()
        expected = sum(map(len, self._expected.values()))
        while not follower.done():
            count = sum(map(len, self._emitted.values()))
            if count != seen:
                seen, since = count, time.monotonic()
            if time.monotonic() - since > (SILENCE_S if count >= expected else LONGEST_PAUSE_S):
                return
            await asyncio.sleep(0.05)
        await follower

    def _view(self, bar: Progress) -> Group:
        return Group(self._table(), bar)

    def _table(self) -> Table:
        emitted = [from_json(raw) for raw in self._emitted[self._topics["transition"]]]
        return report.outputs_table(emitted, "Transitions, as the worker says them")

    def closing(self) -> bool:
        """Print how it went (the transitions, the chronology, the comparison); whether both sides are the same."""
        missing = Counter(raw for side in self._expected.values() for raw in side)
        missing.subtract(raw for side in self._emitted.values() for raw in side)
        absent, extra = (+missing).total(), (-missing).total()
        same = self._emitted == self._expected
        counts = {kind: len(self._emitted[topic]) for kind, topic in self._topics.items()}
        took_s = time.monotonic() - self._began
        if self._as_json:
            facts = {"same": same, "missing": absent, "extra": extra, **counts, "elapsed_s": round(took_s, 3)}
            report.summary({"type": "summary", **facts, "replay": self._sent}, as_json=True)
            return same
        report.console().print(self._table())
        report.chronology(scorecard.score([from_json(raw) for side in self._emitted.values() for raw in side]))
        verdict = "the same, byte for byte, as the backtest's" if same else "NOT the backtest's"
        click.echo(
            f"Through broker and worker: {counts['transition']} transitions and {counts['signal']} signals, {verdict}"
            f" ({absent} missing, {extra} extra). {sum(self._sent['events'].values()):,} events in"
            f" {self._sent['elapsed_s']:.1f} s."
        )
        return same
