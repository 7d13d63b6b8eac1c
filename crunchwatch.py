"""The command line; the one file that knows all three packages.

Exit codes: 0 done · 1 a check failed, or a difference was found · 2 usage or configuration · 3 data that cannot be
used · 4 no broker · 130 stopped by Ctrl-C · others: the worker's own, see docs/operations.md.
"""

import asyncio
import logging
import signal
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli.commands import COMMANDS as REPLAY
from replay.cli.options import Speed
from streams.cli.commands import COMMANDS as STREAMS

if TYPE_CHECKING:
    from replay.backtest.case import Case, Configuration
    from replay.producer.connection import Connection
    from streams.settings import Settings

EXIT_DIFFERENCE = 1
EXIT_CONFIGURATION = 2
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
LOG_TAIL = 2_000


class Crunchwatch(click.Group):
    """A group that reports an error in one line: a user's mistake gets no traceback."""

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
    """The code of an error that is meant for the user; None for a fault of this program."""
    from detectors.plugin_error import PluginError
    from transport.errors import CrunchwatchError

    if isinstance(error, PluginError):  # before the configuration, which cannot be imported where a plugin cannot
        return EXIT_CONFIGURATION
    if isinstance(error, CrunchwatchError):
        return error.exit_code
    from detectors.config import ConfigError

    if isinstance(error, ConfigError):
        return EXIT_CONFIGURATION
    return EXIT_DIFFERENCE if isinstance(error, OSError) else None  # a full disk, a folder that may not be written


@click.group(cls=Crunchwatch, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(metadata.version("crunchwatch"), prog_name="crunchwatch")
@click.pass_context
def main(context: click.Context) -> None:
    """See stress in the U.S. Treasury and repo markets while it forms: normal, crunch, de facto default."""
    # Each attempt to connect would be a line of its own; the command reports a failure once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    context.obj = connection


def connection(broker: str) -> "Connection":
    """How the past reaches a broker: by the live edge's settings of TLS and SASL, which it does not know itself."""
    from replay.producer.connection import Connection
    from streams import settings
    from streams.kafka import handshake, security

    chosen = settings.load(broker=broker)
    return Connection(security.options(chosen), lambda: handshake.denial(chosen))


@main.command()
@click.option("--speed", type=Speed(), default="259200", show_default=True, help="Seconds a second, or 'max'.")
@click.option("--json", "as_json", is_flag=True, help="Transitions and a summary, one JSON object a line.")
def demo(speed: float | None, as_json: bool) -> None:
    """Watch February and March 2021 stream through a broker and a worker of their own, and check the outputs.

    A broker and a worker are started on free loopback ports, the weeks of 2021 are replayed into them, transitions are
    shown as they come, and at the end all outputs are compared with the backtest, byte for byte. Nothing is left
    behind. Exit code 1 means that something differed.
    """
    from streams.cli.embedded_broker import EmbeddedBroker

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # so that the children are stopped on the way out
    with tempfile.TemporaryDirectory(prefix="crunchwatch-demo-") as folder, EmbeddedBroker() as broker:
        same = _demo_on(broker.url, Path(folder) / "worker.log", speed, as_json=as_json)
    sys.exit(0 if same else EXIT_DIFFERENCE)


def _demo_on(url: str, log: Path, speed: float | None, *, as_json: bool) -> bool:
    """Run the demo on a broker; whether the worker's outputs are the backtest's."""
    from detectors.config import load as load_config
    from replay.backtest import run as backtest
    from replay.demo.demonstration import Demonstration
    from replay.producer.faults import Faults
    from replay.producer.playback import Playback
    from replay.scenarios.scenario import named, script
    from streams import settings
    from streams.cli.worker_process import WorkerProcess
    from streams.kafka import follow, topics

    chosen = settings.load({}, broker=url)  # the demo is the same for everyone: no variable of the user's goes in
    asyncio.run(topics.ensure(chosen))
    made = script(named("feb2021"))
    with log.open("wb") as errors:
        worker = WorkerProcess(_variables(chosen), log=errors)
        with worker:
            expected = backtest.run(made, load_config()).outputs  # while the worker starts
            try:
                worker.wait_ready()
                kinds = {"signal": topics.SIGNALS, "transition": topics.TRANSITIONS}
                demonstration = Demonstration(made, expected, kinds, as_json=as_json)
                feed = follow.messages(chosen, tuple(kinds.values()))
                asyncio.run(demonstration.run(Playback(url, Faults(), speed), feed))
            except Exception:
                click.echo(log.read_bytes()[-LOG_TAIL:].decode(errors="replace"), err=True)
                raise
    return demonstration.closing()


def _variables(chosen: "Settings") -> dict[str, str]:
    """All of the worker's settings as variables, so that none of the user's own stays in force."""
    variables = {f"CRUNCHWATCH_{name.upper()}": str(getattr(chosen, name)) for name in chosen.__struct_fields__}
    return {**variables, "CRUNCHWATCH_SETTINGS": "", "CRUNCHWATCH_METRICS_PORT": "0"}


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
    "--config", type=click.Path(dir_okay=False, path_type=Path), help="A TOML file with what differs from it."
)
@click.option("--json", "as_json", is_flag=True, help="All of it as one JSON object.")
def explain(output_id: str, *, as_json: bool, **where: Any) -> None:
    """Print all evidence of a transition, or of a signal, and prove it by replaying just the events it names.

    OUTPUT_ID is its id, or a beginning that no other id has. By default the bundled backtest is searched;
    --outputs takes the lines of `crunchwatch backtest --json --signals --warm-up`, --broker the topics of a worker, and
    with it the events that came in there. Exit code 1: it was not reproduced.
    """
    from replay.backtest import case as cases
    from replay.backtest import explain as explanations
    from replay.backtest import explain_tree, report, reproduce

    configuration = cases.Configuration(where["preset"], where["config"])
    sources = {name: where[name] for name in ("scenario", "data", "file")}
    if where["broker"] is None:
        if sources["scenario"] and sources["data"]:
            raise click.UsageError("give either --scenario or --data")
        case = cases.of_backtest(output_id, configuration, **sources)
    elif any(sources.values()):
        raise click.UsageError("--broker goes without --scenario, --data and --outputs")
    else:
        broker, prefix = where["broker"], where["topic_prefix"]
        case = asyncio.run(_case_of_topics(output_id, configuration, broker=broker, topic_prefix=prefix))
    explanation = explanations.explain(case.output, case.outputs, case.events)
    proof = reproduce.reproduce(case.events, case.config, case.output)
    if as_json:
        report.record(explain_tree.plain(explanation, proof))
    else:
        report.console().print(explain_tree.tree(explanation, proof))
    sys.exit(0 if proof.reproduced else EXIT_DIFFERENCE)


async def _case_of_topics(
    output_id: str, configuration: "Configuration", *, broker: str, topic_prefix: str | None
) -> "Case":
    from replay.backtest import case
    from streams import settings
    from streams.kafka import topic_reader

    chosen = settings.load(broker=broker, topic_prefix=topic_prefix)
    return await case.of_topics(
        output_id,
        configuration,
        emitted=await topic_reader.outputs(chosen),
        sources=lambda partition: topic_reader.sources(chosen, partition),
    )


for _command in (*REPLAY, *STREAMS):
    main.add_command(_command)

if __name__ == "__main__":
    sys.exit(main())
