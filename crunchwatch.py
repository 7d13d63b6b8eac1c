"""The command line; the one file that knows all three packages.

Exit codes: 0 done · 1 a check failed, or a difference was found · 2 usage or configuration · 3 data that cannot be
used · 4 no broker · 130 stopped by Ctrl-C · others: the worker's own, see docs/operations.md.
"""

import asyncio
import logging
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from replay.cli.commands import COMMANDS as REPLAY
from replay.cli.options import Speed
from streams.cli.commands import COMMANDS as STREAMS

if TYPE_CHECKING:
    from detectors.events import Event
    from detectors.sections import Config
    from detectors.signals import Output
    from replay.producer.connection import Connection
    from replay.producer.playback import Playback
    from replay.scenarios.scenario import Script
    from streams.settings import Settings

EXIT_DIFFERENCE = 1
EXIT_CONFIGURATION = 2
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
LAST_WORD_S = 30.0
SILENCE_S = 0.5
LOG_TAIL = 2_000


class Crunchwatch(click.Group):
    """A group that says what is wrong in one line: a user's mistake gets no traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors that are meant for the user become a line and an exit code."""
        try:
            return super().invoke(ctx)
        except (click.Abort, KeyboardInterrupt):
            click.echo("stopped", err=True)
            ctx.exit(INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as error:
            code = _exit_code(error)
            if code is None:
                raise
            click.echo(f"error: {error}", err=True)
            ctx.exit(code)


def _exit_code(error: Exception) -> int | None:
    """The code of an error that was made for the user; None for one that is a fault of this program."""
    from detectors.config import ConfigError

    if isinstance(error, ConfigError):
        return EXIT_CONFIGURATION
    code = getattr(error, "exit_code", None)
    if code is None and isinstance(error, OSError):  # a full disk, a folder that may not be written
        return EXIT_DIFFERENCE
    return code if isinstance(code, int) else None


@click.group(cls=Crunchwatch, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(metadata.version("crunchwatch"), prog_name="crunchwatch")
@click.pass_context
def main(context: click.Context) -> None:
    """See stress in the U.S. Treasury and repo markets while it forms: normal, crunch, de facto default."""
    # Each attempt to connect would be a line of its own; what failed is said once, by the command.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    context.obj = connection


def connection(broker: str) -> "Connection":
    """How the past reaches a broker: by the live edge's settings of TLS and SASL, which it does not know itself."""
    from replay.producer.connection import Connection
    from streams import settings
    from streams.kafka import handshake, security

    chosen = settings.load(broker=broker)
    return Connection(security.options(chosen), lambda: handshake.refusal(chosen))


@main.command()
@click.option("--speed", type=Speed(), default="259200", show_default=True, help="Seconds a second, or 'max'.")
@click.option("--json", "as_json", is_flag=True, help="Transitions and a summary, one JSON object a line.")
def demo(speed: float | None, as_json: bool) -> None:
    """Watch February and March 2021 stream through a broker and a worker of their own, and check what they say.

    A broker and a worker are started on free loopback ports, the weeks of 2021 are replayed into them, transitions are
    shown as they come, and at the end everything said is compared with the backtest, byte for byte. Nothing is left
    behind. Exit code 1 means that something differed.
    """
    from streams.cli.embedded_broker import EmbeddedBroker

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # so that the children are stopped on the way out
    with tempfile.TemporaryDirectory(prefix="crunchwatch-demo-") as folder, EmbeddedBroker() as broker:
        same = _demo_on(broker.url, Path(folder) / "worker.log", speed, as_json=as_json)
    sys.exit(0 if same else EXIT_DIFFERENCE)


def _demo_on(url: str, log: Path, speed: float | None, *, as_json: bool) -> bool:
    """Run the demo on a broker; whether what the worker said is what the backtest says."""
    from detectors.config import load as load_config
    from replay.backtest import run as backtest
    from replay.producer.faults import Faults
    from replay.producer.playback import Playback
    from replay.scenarios.scenario import named, script
    from streams import settings
    from streams.cli.worker_process import WorkerProcess
    from streams.kafka import topics

    chosen = settings.load({}, broker=url)  # the demo is the same for everyone: no variable of the user's goes in
    asyncio.run(topics.ensure(chosen))
    made = script(named("feb2021"))
    with log.open("wb") as errors:
        worker = WorkerProcess(_variables(chosen), log=errors)
        with worker:
            expected = backtest.run(made, load_config()).outputs  # while the worker starts
            try:
                worker.wait_ready()
                demonstration = Demonstration(made, expected, chosen, as_json=as_json)
                asyncio.run(demonstration.run(Playback(url, Faults(), speed)))
            except Exception:
                click.echo(log.read_bytes()[-LOG_TAIL:].decode(errors="replace"), err=True)
                raise
    return demonstration.closing()


def _variables(chosen: "Settings") -> dict[str, str]:
    """All of the worker's settings as variables, so that none of the user's own stays in force."""
    told = {f"CRUNCHWATCH_{name.upper()}": str(getattr(chosen, name)) for name in chosen.__struct_fields__}
    return {**told, "CRUNCHWATCH_SETTINGS": "", "CRUNCHWATCH_METRICS_PORT": "0"}


class Demonstration:
    """Plays the script, follows what the worker says, shows the transitions, and compares."""

    def __init__(self, made: "Script", expected: "list[Output]", chosen: "Settings", *, as_json: bool) -> None:
        from detectors.signals import to_json
        from streams.kafka.topics import SIGNALS, TRANSITIONS

        self._script = made
        self._settings = chosen
        self._as_json = as_json
        self._topics = {"signal": chosen.topic(SIGNALS), "transition": chosen.topic(TRANSITIONS)}
        self._expected: dict[str, list[bytes]] = {topic: [] for topic in self._topics.values()}
        for output in expected:
            self._expected[self._topics[str(output.__struct_config__.tag)]].append(to_json(output))
        self._said: dict[str, list[bytes]] = {topic: [] for topic in self._topics.values()}
        self._sent: dict[str, Any] = {}
        self._began = time.monotonic()

    async def run(self, how: "Playback") -> None:
        """Play and follow at once; return when everything expected was said, or nothing more comes."""
        from rich.live import Live
        from rich.progress import Progress

        from detectors.calendar import ny_date
        from replay.backtest import report
        from replay.producer import playback

        plan = playback.planned(self._script, how)
        bar = Progress(*playback.columns())
        task = bar.add_task("demo", total=len(plan.items), day="connecting")
        console = report.console()
        live = Live(self._view(bar), console=console, refresh_per_second=8, transient=True)
        shown = console.is_terminal and not self._as_json
        tell = (lambda _: live.update(self._view(bar))) if shown else self._tell
        with live if shown else nullcontext():
            follower = asyncio.create_task(self._follow(tell))
            try:
                self._sent = await playback.perform(
                    self._script,
                    how,
                    plan,
                    lambda slot: bar.update(task, advance=slot.elements, day=ny_date(slot.until_ns).isoformat()),
                )
                await self._last_word(follower)
            finally:
                follower.cancel()

    async def _follow(self, tell: Callable[[bytes], None]) -> None:
        """Read both topics from their beginning, for as long as it takes; tell of each transition."""
        from aiokafka import TopicPartition

        from streams.kafka import clients

        async with clients.reader(self._settings) as reader:
            topics = list(self._said)
            reader.assign([TopicPartition(name, part) for name in topics for part in range(self._settings.partitions)])
            await reader.seek_to_beginning()
            async for message in reader:
                self._said[message.topic].append(message.value)
                if message.topic == self._topics["transition"]:
                    tell(message.value)

    def _tell(self, transition: bytes) -> None:
        """One line a transition, where there is no terminal for a table that grows."""
        from detectors.signals import from_json
        from replay.backtest import report, scorecard

        if self._as_json:
            report.line(transition)
        else:
            step = from_json(transition)
            click.echo(f"{report.when(step.known)}  {scorecard.described(step)}")

    async def _last_word(self, follower: "asyncio.Task[None]") -> None:
        """Wait until as much was said as was expected and a moment longer, or until nothing has come for long."""
        heard, since = -1, time.monotonic()
        wanted = sum(map(len, self._expected.values()))
        while not follower.done():
            count = sum(map(len, self._said.values()))
            if count != heard:
                heard, since = count, time.monotonic()
            if time.monotonic() - since > (SILENCE_S if count >= wanted else LAST_WORD_S):
                return
            await asyncio.sleep(0.05)
        await follower

    def _view(self, bar: Any) -> Any:
        from rich.console import Group

        return Group(self._table(), bar)

    def _table(self) -> Any:
        from detectors.signals import from_json
        from replay.backtest import report

        said = [from_json(raw) for raw in self._said[self._topics["transition"]]]
        return report.outputs_table(said, "Transitions, as the worker says them")

    def closing(self) -> bool:
        """Say how it went: the transitions, the chronology, and the comparison."""
        from detectors.signals import from_json
        from replay.backtest import report, scorecard

        missing = Counter(raw for side in self._expected.values() for raw in side)
        missing.subtract(raw for side in self._said.values() for raw in side)
        absent, extra = (+missing).total(), (-missing).total()
        same = self._said == self._expected
        counts = {name: len(self._said[topic]) for name, topic in self._topics.items()}
        took_s = time.monotonic() - self._began
        if self._as_json:
            facts = {"same": same, "missing": absent, "extra": extra, **counts, "elapsed_s": round(took_s, 3)}
            report.summary({"type": "summary", **facts, "replay": self._sent}, as_json=True)
            return same
        report.console().print(self._table())
        report.chronology(scorecard.score([from_json(raw) for side in self._said.values() for raw in side]))
        verdict = "the same, byte for byte, as the backtest's" if same else "NOT the backtest's"
        click.echo(
            f"Through broker and worker: {counts['transition']} transitions and {counts['signal']} signals, {verdict}"
            f" ({absent} missing, {extra} extra). {sum(self._sent['events'].values()):,} events in"
            f" {self._sent['elapsed_s']:.1f} s."
        )
        return same


@main.command()
@click.argument("output_id")
@click.option("--scenario", help="Whose backtest is explained: bundled (the default) or feb2021.")
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="The backtest of your own files instead."
)
@click.option("--outputs", "file", type=click.Path(dir_okay=False, path_type=Path), help="Lines a backtest wrote.")
@click.option("--broker", help="kafka://host:port[,host:port…]: explain what is on the topics there.")
@click.option("--topic-prefix", envvar="CRUNCHWATCH_TOPIC_PREFIX", help="Before every topic's name.")
@click.option("--preset", type=click.Choice(["desk", "framework"]), help="By default the one the output names.")
@click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help="A TOML file that says what differs from it."
)
@click.option("--json", "as_json", is_flag=True, help="All of it as one JSON object.")
def explain(output_id: str, *, as_json: bool, **where: Any) -> None:
    """Print all evidence of a transition, or of a signal, and prove it by replaying just the events it names.

    OUTPUT_ID is its id, or as much of it as no other begins with. By default the bundled backtest is looked through;
    --outputs takes the lines of `crunchwatch backtest --json --signals --warm-up`, --broker the topics of a worker, and
    with it the events that came in there. Exit code 1: it could not be reproduced.
    """
    from replay.backtest import explain as asked
    from replay.backtest import explain_tree, report, reproduce

    if where["broker"] is None:
        case = _of_backtest(output_id, **where)
    elif where["scenario"] or where["data"] or where["file"]:
        raise click.UsageError("--broker goes without --scenario, --data and --outputs")
    else:
        case = asyncio.run(_of_topics(output_id, **where))
    told = asked.explain(case.output, case.outputs, case.events)
    proof = reproduce.rehearse(case.events, case.config, case.output)
    if as_json:
        report.record(explain_tree.plain(told, proof))
    else:
        report.console().print(explain_tree.tree(told, proof))
    sys.exit(0 if proof.reproduced else EXIT_DIFFERENCE)


class Case(NamedTuple):
    """What is explained, what else was said, the events of its market in their order, and the configuration."""

    output: "Output"
    outputs: "list[Output]"
    events: "Sequence[Event]"
    config: "Config"


def _of_backtest(
    output_id: str,
    *,
    scenario: str | None,
    data: Path | None,
    file: Path | None,
    preset: str | None,
    config: Path | None,
    **_: Any,
) -> Case:
    """A case from a backtest of this process, or from the lines that one wrote and the same data."""
    from detectors.config import load as load_config
    from replay.backtest import explain as asked
    from replay.backtest import run as backtest
    from replay.scenarios.scenario import named, script, script_of

    if scenario and data:
        raise click.UsageError("give either --scenario or --data")
    if file is not None:
        outputs = asked.read(file)
        output = asked.find(outputs, output_id)
        chosen = _configured(output, preset, config)
        whose = output.market
        made = script_of(data, None, None, market=whose) if data else script(named(scenario or "bundled"), market=whose)
        return Case(output, outputs, made.events, chosen)
    chosen = load_config(preset or "desk", config)
    made = script_of(data, None, None) if data else script(named(scenario or "bundled"))
    outputs = backtest.run(made, chosen).outputs
    return Case(asked.find(outputs, output_id), outputs, made.events, chosen)


async def _of_topics(
    output_id: str,
    *,
    broker: str,
    topic_prefix: str | None,
    preset: str | None,
    config: Path | None,
    **_: Any,
) -> Case:
    """A case from the topics of a worker: what it said, and what came in on the partition it said it of."""
    from detectors.codec import decode
    from detectors.signals import from_json
    from replay.backtest import explain as asked
    from streams import settings as settings_of
    from streams.kafka import topic_reader

    settings = settings_of.load(broker=broker, topic_prefix=topic_prefix)
    said = [
        (from_json(one.value), one.partition) for one in await topic_reader.outputs(settings) if one.value is not None
    ]
    outputs = [output for output, _ in said]
    output = asked.find(outputs, output_id)
    chosen = _configured(output, preset, config)
    partition = next(place for one, place in said if one.id == output.id)
    came = [
        event
        for one in await topic_reader.sources(settings, partition)
        for _, event in decode(one.value, key=one.key, stream=one.topic).events
        if event.market == output.market
    ]
    return Case(output, outputs, asked.taken(came, chosen, output.market), chosen)


def _configured(output: "Output", preset: str | None, config: Path | None) -> "Config":
    """The configuration asked for; if none is, the preset that an output was made with, or else the default."""
    from detectors.config import PRESETS, load
    from detectors.registry import hash_behind

    if preset is None and config is None:
        made_with = [one for one in map(load, PRESETS) if hash_behind(one, output) == output.config_hash]
        return made_with[0] if made_with else load()
    return load(preset or "desk", config)


for _command in (*REPLAY, *STREAMS):
    main.add_command(_command)

if __name__ == "__main__":
    sys.exit(main())
