"""The commands of the live edge: ``worker``, ``topics``, ``broker`` and ``watch``.

Nothing heavy is imported before one of them runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.cli.config_commands import config
from streams.cli.deadletter_commands import deadletter

if TYPE_CHECKING:
    from streams.settings import Settings

EXIT_NOTHING_CAME = 1
DEFAULT_PORT = 9092

_settings_file = click.option(
    "--settings", "path", type=click.Path(dir_okay=False, path_type=Path), help="A TOML file; CRUNCHWATCH_* beats it."
)
_broker = click.option("--broker", help="kafka://host:port[,host:port…]; CRUNCHWATCH_BROKER without it.")


def _load(path: Path | None, **overrides: Any) -> Settings:
    from streams import settings

    return settings.load(path=path, **overrides)


@click.command()
@_settings_file
@_broker
@click.option("--instance", help="A fixed name of this worker in its group; a restart gets its partitions at once.")
@click.option("--preset", type=click.Choice(["desk", "framework"]), help="The detectors' configuration.")
@click.option("--config", type=click.Path(dir_okay=False), help="A TOML file with what differs from the preset.")
@click.option("--metrics-port", type=click.IntRange(0, 65535), help="For /metrics, /healthz, /readyz; 0: a free one.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="What is logged on stderr.")
def worker(path: Path | None, **overrides: Any) -> None:
    """Run a worker: events in, signals and transitions out, until SIGTERM or Ctrl-C."""
    from streams.cli.worker_process import STARTED
    from streams.worker import worker as running

    running.run(_load(path, **overrides), lambda address: click.echo(f"{STARTED}{address}"))


@click.command()
@_settings_file
@_broker
@click.option("--partitions", type=click.IntRange(1), help="Partitions of every topic.")
@click.option("--replication", type=click.IntRange(1), help="Copies of every topic.")
def topics(path: Path | None, **overrides: Any) -> None:
    """Create the topics that are missing and check those that are there."""
    from streams.kafka import topics as made

    settings = _load(path, **overrides)
    created = asyncio.run(made.ensure(settings))
    for name in made.ALL:
        topic = settings.topic(name)
        click.echo(f"{topic:<24} {settings.partitions} partitions  {'created' if topic in created else 'there'}")


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True, help="On 127.0.0.1.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Keep its data here; else nothing.")
def broker(port: int, folder: Path | None) -> None:
    """Run the embedded broker in the foreground: to try things out, not for anything to rely on."""
    from streams.cli.embedded_broker import EmbeddedBroker

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    with EmbeddedBroker(port=port, folder=folder) as running:
        click.echo(f"broker listens on {running.url}; Ctrl-C ends it")
        try:
            running.wait()
        except KeyboardInterrupt:
            return
    click.echo("error: the broker ended unexpectedly", err=True)
    sys.exit(9)


@click.command()
@_settings_file
@_broker
@click.option("--from-beginning", is_flag=True, help="Also what is on the topic already.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as on the topic.")
@click.option(
    "--until-idle", type=click.FloatRange(0, min_open=True), help="End after so many seconds without a transition."
)
@click.option("--exit-after", type=click.IntRange(1), help="End after so many transitions.")
def watch(
    path: Path | None,
    broker: str | None,
    from_beginning: bool,
    as_json: bool,
    until_idle: float | None,
    exit_after: int | None,
) -> None:
    """Follow the transitions of every market's state as a live table.

    Exit code 0, 1 if nothing came before --until-idle was over, or 130 by Ctrl-C.
    """
    from streams.cli.show import show

    settings = _load(path, broker=broker)
    showing = show(
        settings, from_beginning=from_beginning, as_json=as_json, until_idle_s=until_idle, exit_after=exit_after
    )
    if asyncio.run(showing) == 0:
        sys.exit(EXIT_NOTHING_CAME)


@click.command()
@_settings_file
@_broker
@click.option("--key-file", type=click.Path(exists=True, dir_okay=False), help="The file with the integration key.")
@click.option("--dry-run", is_flag=True, help="Print what would be paged; send and store nothing.")
@click.option("--from-beginning", is_flag=True, help="Also what is on the topic already; only with --dry-run.")
@click.option(
    "--until-idle", type=click.FloatRange(0, min_open=True), help="With --dry-run: end after so many quiet seconds."
)
@click.option("--acknowledge", "market", metavar="MARKET", help="Acknowledge the market's open incidents, and end.")
def notify(
    path: Path | None,
    broker: str | None,
    key_file: str | None,
    dry_run: bool,
    from_beginning: bool,
    until_idle: float | None,
    market: str | None,
) -> None:
    """Page through PagerDuty's Events v2 as states change, without Alertmanager.

    For each market one incident for crunch or worse and one for de facto default, each resolved with its own key. The
    first start begins with what comes from then on; past transitions page nobody.
    """
    from streams.notify import notifier as notifying

    if (from_beginning or until_idle) and not dry_run:
        raise click.UsageError("--from-beginning and --until-idle need --dry-run: past transitions page nobody")
    settings = _load(path, broker=broker, pagerduty_key_file=key_file)
    if market is not None:
        found = asyncio.run(notifying.acknowledge(settings, market, click.echo))
        if not found:
            click.echo(f"error: no incident of {market} is open", err=True)
            sys.exit(EXIT_NOTHING_CAME)
        return
    if dry_run:
        rehearsal = notifying.dry_run(settings, click.echo, from_beginning=from_beginning, until_idle_s=until_idle)
        click.echo(f"{asyncio.run(rehearsal)} messages would have been sent")
        return
    asyncio.run(_until_stopped(settings))


async def _until_stopped(settings: Settings) -> None:
    from streams.notify import notifier as notifying

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await notifying.run(settings, click.echo, stopping)


COMMANDS: tuple[click.Command, ...] = (worker, topics, broker, watch, deadletter, notify, config)
