"""``crunchwatch config``: what a change of configuration does, before it is made."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from detectors.config_diff import ConfigChange, DetectorChange
    from detectors.sections import Config


@click.group("config")
def config() -> None:
    """Configurations side by side."""


@config.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--retention-days", type=click.IntRange(1), help="What the topics keep; by default as the settings say.")
@click.option("--broker", help="kafka://host:port[,...]: ask the topics there how far back they reach.")
@click.option("--topic-prefix", envvar="CRUNCHWATCH_TOPIC_PREFIX", help="Before every topic's name.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def diff(
    old: str, new: str, *, retention_days: int | None, broker: str | None, topic_prefix: str | None, as_json: bool
) -> None:
    """Say what the step from OLD to NEW changes for a market that is running.

    OLD and NEW are each a preset (desk, framework) or a TOML file over one. Printed are the detectors whose outputs get
    other ids, those that begin anew and for how long they warm up, and whether the topics still hold enough past to
    rebuild them. Exit code 1: something would be lost that the topics cannot give back.
    """
    import orjson

    from detectors.config_diff import compare, longest_window
    from streams import settings

    chosen = settings.load(broker=broker, topic_prefix=topic_prefix)
    found, after = compare(_read(old), _read(new)), _read(new)
    kept, said = retention_days or chosen.retention_days, "retention"
    if broker is not None:
        from streams.kafka.topic_age import oldest_days

        kept, said = asyncio.run(oldest_days(chosen)), "the oldest message"
    needed, furthest = longest_window(after)
    if as_json:
        click.echo(orjson.dumps(_plain(found, kept, needed, furthest)))
    else:
        _show(found, kept, said, needed, furthest)
    short = [one for one in found.detectors if one.window_days > kept]
    raise SystemExit(1 if short or needed > kept else 0)


def _read(which: str) -> Config:
    from detectors.config import PRESETS, load

    return load(which) if which in PRESETS else load(path=Path(which))


def _plain(found: ConfigChange, kept: int, needed: int, furthest: str) -> dict[str, Any]:
    import msgspec

    return {**msgspec.to_builtins(found), "kept_days": kept, "needed_days": needed, "furthest": furthest}


def _show(found: ConfigChange, kept: int, said: str, needed: int, furthest: str) -> None:
    from rich.console import Console
    from rich.table import Table

    changed = [one for one in found.detectors if one.change != "same"]
    table = Table(title="Detectors that differ" if changed else None, title_justify="left")
    for name in ("detector", "change", "tables", "ids", "state", "warm-up"):
        table.add_column(name)
    for one in changed:
        table.add_row(one.name, one.change, ", ".join(one.tables) or "-", *_words(one, kept))
    console = Console()
    if changed:
        console.print(table)
        click.echo("A detector that begins anew keeps what it last said until it is warm.")
    same = len(found.detectors) - len(changed)
    click.echo(f"{same} detectors go on as they are: their ids and their state stay.")
    click.echo(f"Transitions get {'other ids' if found.transitions_change else 'the same ids as before'}.")
    if found.rules_change:
        click.echo("The table of rules differs: the state stands until the new rules raise it or let it go.")
    if found.merge_change:
        click.echo("The merge differs: no id rests on it, but what is late may differ.")
    enough = "enough" if needed <= kept else f"not enough: '{furthest}' could not be rebuilt if its state were lost"
    click.echo(f"The topics hold {kept} days ({said}); '{furthest}' looks back furthest, {needed} days: {enough}.")


def _words(one: DetectorChange, kept: int) -> tuple[str, str, str]:
    if one.change == "gone":
        return "no more", "dropped", "-"
    ids = "first" if one.change == "new" else "other"
    if one.keeps_state:
        return ids, "kept", "-"
    short = f", topics hold {kept}" if one.window_days > kept else ""
    warm = f"{one.warm_up_days} days, {one.window_days} in full{short}" if one.window_days else "none"
    return ids, "begins anew", warm
