"""``crunchwatch deadletter list`` and ``deadletter replay``: rejected messages, listed and replayed."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from streams.cli.deadletters import Letter, Outcome
    from streams.settings import Settings

EXIT_SOME_LEFT = 1
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_settings_file = click.option(
    "--settings", "path", type=click.Path(dir_okay=False, path_type=Path), help="A TOML file; CRUNCHWATCH_* beats it."
)
_broker = click.option("--broker", help="kafka://host:port[,host:port…]; CRUNCHWATCH_BROKER without it.")


class Since(click.ParamType):
    """A moment: ISO, UTC without a zone, or an age (30m, 2h, 1d)."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """Text to a moment."""
        if match := re.fullmatch(r"(\d{1,6})([smhd])", value):
            with suppress(OverflowError):
                return dt.datetime.now(dt.UTC) - dt.timedelta(**{_UNITS[match[2]]: int(match[1])})
        with suppress(ValueError):
            moment = dt.datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        return self.fail(
            f"'{value}' is neither a moment (2021-03-01T10:00) nor an age (30m, 2h, 1d; at most 999999)",
            param,
            ctx,
        )


class PlaceId(click.ParamType):
    """Where a dead letter lies: P:O."""

    name = "P:O"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Checked text."""
        if not re.fullmatch(r"\d{1,9}:\d{1,18}", value):
            self.fail(f"'{value}' is not partition:offset, as the first column of `deadletter list` has it", param, ctx)
        return str(value)


class ReasonCode(click.ParamType):
    """Why a message was rejected, or an event set aside; a misspelt one would find nothing, and look like success."""

    name = "reason"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Checked text."""
        from detectors.codec import REASONS
        from detectors.results import LATE_REASONS
        from streams.state.partition import REASONS as MARKET_REASONS

        late = ctx is not None and ctx.params.get("late")
        return _one_of(LATE_REASONS if late else (*REASONS, *MARKET_REASONS), value, param, ctx)


class Stream(click.ParamType):
    """One of the ten streams, by its topic's name without the prefix."""

    name = "stream"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Checked text."""
        from detectors.events import STREAMS

        return _one_of(STREAMS, value, param, ctx)


def _one_of(choices: Iterable[str], value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
    return str(click.Choice(tuple(choices)).convert(value, param, ctx))


def _load(path: Path | None, broker: str | None) -> Settings:
    from streams import settings

    return settings.load(path=path, broker=broker)


@click.group()
def deadletter() -> None:
    """Rejected messages: list them, correct them, replay them."""


@deadletter.command("list")
@_settings_file
@_broker
@click.option("--reason", type=ReasonCode(), help="Only those rejected for this reason.")
@click.option("--topic", type=Stream(), help="Only those that came on this stream.")
@click.option("--since", type=Since(), help="Only those rejected since then: 2021-03-01T10:00, or 30m, 2h, 1d ago.")
@click.option("--open", "only_open", is_flag=True, help="Only those that were not replayed yet.")
@click.option("--late", is_flag=True, is_eager=True, help="Events that were set aside instead, such as late ones.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line, whole, to be corrected for `replay --file`."
)
def list_(
    path: Path | None,
    broker: str | None,
    reason: str | None,
    topic: str | None,
    since: dt.datetime | None,
    only_open: bool,
    late: bool,
    as_json: bool,
) -> None:
    """List rejected messages, oldest first; those replayed since are marked."""
    from streams.cli import deadletters

    settings = _load(path, broker)
    found = [
        one
        for one in asyncio.run(deadletters.letters(settings, late=late))
        if reason in {None, one.reason}
        and topic in {None, one.topic}
        and not (only_open and one.replayed)
        and (since is None or dt.datetime.fromisoformat(one.at) >= since)
    ]
    if as_json:
        _print_json(settings, found)
    else:
        _print_table(found)


def _print_json(settings: Settings, found: list[Letter]) -> None:
    import msgspec

    from streams.cli import deadletters

    cut = [one for one in found if one.value is None]
    whole = asyncio.run(deadletters.originals(settings, cut)) if cut else {}
    for one in found:
        with suppress(UnicodeDecodeError):
            if one.id in whole:
                one = msgspec.structs.replace(one, value=whole[one.id][1].decode())  # noqa: PLW2901
        record = {"key": one.key, "value": one.value, **msgspec.to_builtins(one)}
        click.echo(msgspec.json.encode(record).decode())


def _print_table(found: list[Letter]) -> None:
    for one in found:
        element = "" if one.index is None else f"[{one.index}]"
        place = f"{one.topic}-{one.partition}@{one.offset}{element}"
        mark = "replayed" if one.replayed else ""
        click.echo(f"{one.id:<10} {one.at[:19]}  {one.reason:<18} {place:<24} {mark:<9}{one.detail[:60]}".rstrip())
    click.echo(f"{len(found)} found", err=True)


@deadletter.command()
@_settings_file
@_broker
@click.option(
    "--offset", "ids", type=PlaceId(), multiple=True, help="This one, by the list's first column; repeatable."
)
@click.option(
    "--file", "source", type=click.File(encoding="utf-8-sig"), help="Corrected lines of `list --json`; - is stdin."
)
@click.option(
    "--all-of", "reason", type=ReasonCode(), help="All that were rejected for this reason and not replayed yet."
)
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
def replay(
    path: Path | None,
    broker: str | None,
    ids: tuple[str, ...],
    source: TextIO | None,
    reason: str | None,
    dry_run: bool,
) -> None:
    """Send rejected messages to their source topics: as they came, or corrected from a file.

    Exit code 0, or 1 if something that was asked for could not be sent.
    """
    from streams.cli.deadletters import lines

    if sum(map(bool, (ids, source, reason))) != 1:
        raise click.UsageError("name one of --offset, --file and --all-of")
    settings = _load(path, broker)
    corrected = None if source is None else lines(source, getattr(source, "name", "standard input"))
    outcome = asyncio.run(_replay(settings, ids, corrected, reason, dry_run=dry_run))
    _report(outcome, dry_run=dry_run)
    if outcome.gone or outcome.bad:
        sys.exit(EXIT_SOME_LEFT)


async def _replay(
    settings: Settings, ids: tuple[str, ...], corrected: list[Any] | None, reason: str | None, *, dry_run: bool
) -> Outcome:
    from streams.cli import deadletters

    outcome = deadletters.Outcome()
    if corrected is not None:
        ready = [deadletters.of_line(one) for one in corrected]
        if any(one.id for one in corrected):
            known_ids = {letter.id for letter in await deadletters.letters(settings)}
            outcome.gone += [f"{one.id}: no such dead letter" for one in ready if one.id not in {None, *known_ids}]
            ready = [one for one in ready if one.id in {None, *known_ids}]
    else:
        known = await deadletters.letters(settings)
        outcome.gone += [f"{one}: no such dead letter" for one in ids if one not in {letter.id for letter in known}]
        chosen = [one for one in known if one.id in ids or (reason == one.reason and not one.replayed)]
        ready = await deadletters.of_letters(settings, chosen, outcome)
    return await deadletters.replay(settings, ready, outcome, dry_run=dry_run)


def _report(outcome: Outcome, *, dry_run: bool) -> None:
    def say(what: str, names: Iterable[str]) -> None:
        for name in names:
            click.echo(f"{what} {name}")

    say("would send" if dry_run else "sent", outcome.sent)
    say("replayed before", outcome.before)
    say("gone", outcome.gone)
    say("still bad", outcome.bad)
    click.echo(
        f"{len(outcome.sent)} {'would be ' if dry_run else ''}sent, {len(outcome.before)} replayed before, "
        f"{len(outcome.gone)} gone, {len(outcome.bad)} still bad",
        err=True,
    )
    if outcome.sent and not dry_run:
        click.echo("what is late by now is set aside, not used: `crunchwatch deadletter list --late`", err=True)
