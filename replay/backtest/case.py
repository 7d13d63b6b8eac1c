"""What ``explain`` looks at: an output with the outputs, the events and the configuration it came from.

A case is made from a backtest of this process, from the lines one wrote, or from the topics of a worker; how topics
are read is handed in, because this package does not know the live edge.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from detectors.codec import decode
from detectors.config import PRESETS, load
from detectors.events import Event
from detectors.registry import hash_behind
from detectors.sections import Config
from detectors.signals import Output, from_json
from replay.backtest import explain
from replay.backtest import run as backtest
from replay.scenarios.scenario import named, script, script_of


class Case(NamedTuple):
    """An output to explain, all other outputs, the events of its market in their order, and the configuration."""

    output: Output
    outputs: Sequence[Output]
    events: Sequence[Event]
    config: Config


class TopicRecord(Protocol):
    """A message of a topic, as the live edge reads it."""

    @property
    def topic(self) -> str:
        """The topic's name without its prefix."""

    @property
    def partition(self) -> int:
        """The number of the partition."""

    @property
    def key(self) -> bytes | None:
        """The market, for a message that is valid."""

    @property
    def value(self) -> bytes | None:
        """One event, or a frame of them."""


class Configuration(NamedTuple):
    """The preset and the file that were asked for; without either it is the one an output was made with."""

    preset: str | None
    file: Path | None

    def of(self, output: Output) -> Config:
        """The configuration asked for; else the preset with the output's hash, or the default one."""
        if self.preset is None and self.file is None:
            made_with = [one for one in map(load, PRESETS) if hash_behind(one, output) == output.config_hash]
            return made_with[0] if made_with else load()
        return load(self.preset or "desk", self.file)


def of_backtest(
    output_id: str, configuration: Configuration, *, scenario: str | None, data: Path | None, file: Path | None
) -> Case:
    """A case from a backtest of this process, or from the lines that one wrote and the same data.

    Args:
        output_id: the beginning of the output's id.
        configuration: what the backtest runs with.
        scenario: the script's name; "bundled" by default.
        data: a folder of the user's own figures instead.
        file: lines that a backtest wrote; then nothing is run.

    Raises:
        replay.errors.ReplayError: there is no such scenario, output or file.
    """
    if file is not None:
        outputs = explain.read(file)
        output = explain.find(outputs, output_id)
        chosen = configuration.of(output)
        market = output.market
        made = (
            script_of(data, None, None, market=market) if data else script(named(scenario or "bundled"), market=market)
        )
        return Case(output, outputs, made.events, chosen)
    chosen = load(configuration.preset or "desk", configuration.file)
    made = script_of(data, None, None) if data else script(named(scenario or "bundled"))
    outputs = backtest.run(made, chosen).outputs
    return Case(explain.find(outputs, output_id), outputs, made.events, chosen)


async def of_topics(
    output_id: str,
    configuration: Configuration,
    *,
    emitted: Iterable[TopicRecord],
    sources: Callable[[int], Awaitable[Iterable[TopicRecord]]],
) -> Case:
    """A case from the topics of a worker: what it emitted, and what came in on the output's partition.

    Args:
        output_id: the beginning of the output's id.
        configuration: what the worker ran with.
        emitted: the records of the output topics.
        sources: reads the records of all source topics on one partition.

    Raises:
        replay.errors.ReplayError: no output has such an id, or several have.
    """
    placed = [(from_json(one.value), one.partition) for one in emitted if one.value is not None]
    outputs = [output for output, _ in placed]
    output = explain.find(outputs, output_id)
    chosen = configuration.of(output)
    partition = next(number for one, number in placed if one.id == output.id)
    received = [
        event
        for one in await sources(partition)
        for _, event in decode(one.value, key=one.key, stream=one.topic).events
        if event.market == output.market
    ]
    return Case(output, outputs, explain.taken(received, chosen, output.market), chosen)
