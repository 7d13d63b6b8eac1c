"""Tables for people, one JSON object a line for programs."""

import datetime as dt
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from detectors.calendar import NEW_YORK, NS
from detectors.signals import Output, Signal, Transition, to_json
from replay.backtest.by_year import Year
from replay.backtest.run import Backtest
from replay.backtest.scorecard import ScoredClaim, described
from replay.scenarios.scenario import Script

COLOURS = {"normal": "green", "crunch": "yellow", "de_facto_default": "red"}
PLAIN_WIDTH = 160


def console() -> Console:
    """Standard output; wide enough for whole rows where it is no terminal."""
    return Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH)


def when(ns: int) -> str:
    """A moment as New York wall time to the minute."""
    return dt.datetime.fromtimestamp(ns // NS, NEW_YORK).strftime("%Y-%m-%d %H:%M")


def line(record: bytes) -> None:
    """Write one JSON object and its newline to standard output."""
    sys.stdout.buffer.write(record + b"\n")
    sys.stdout.buffer.flush()


def record(plain: dict[str, Any]) -> None:
    """Write plain values as one JSON object."""
    line(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS))


def outputs(emitted: Iterable[Output], *, signals: bool, as_json: bool) -> None:
    """Print transitions, and signals if asked for."""
    shown_ones = [output for output in emitted if signals or isinstance(output, Transition)]
    if as_json:
        for output in shown_ones:
            line(to_json(output))
        return
    console().print(outputs_table(shown_ones, "Signals and transitions" if signals else "Transitions"))


def outputs_table(emitted: Iterable[Output], title: str) -> Table:
    """A table of outputs, in their order."""
    table = Table(title=title, title_justify="left")
    for heading in ("known (New York)", "about", "what", "evidence", "blind on"):
        table.add_column(heading, overflow="fold")
    shown = list(emitted)
    several = len({output.market for output in shown}) > 1
    if several:
        table.add_column("market", overflow="fold")
    for output in shown:
        table.add_row(*_cells(output), *([output.market] if several else []))
    return table


def _cells(output: Output) -> tuple[str, str, str, str, str]:
    if isinstance(output, Signal):
        evidence = output.rule if output.threshold is None else f"{output.rule} ({output.threshold:g})"
        return when(output.known), when(output.ts)[:10], escape(described(output)), escape(evidence), ""
    step = f"{_coloured(output.from_state)} → {_coloured(output.to_state)}\n{output.kind}"
    evidence = "\n".join(one.summary for one in output.evidence)
    return when(output.known), when(output.ts)[:10], step, escape(evidence), ", ".join(output.blind_on)


def _coloured(state: str) -> str:
    return f"[{COLOURS[state]}]{state}[/]"


def chronology(rows: Iterable[ScoredClaim], *, as_json: bool = False) -> None:
    """Print the framework's claims beside what the engine said and what the record says."""
    if as_json:
        for row in rows:
            line(orjson.dumps(msgspec.to_builtins(row), option=orjson.OPT_SORT_KEYS))
        return
    table = Table(title="The framework's chronology", title_justify="left", show_lines=True)
    for heading in ("day", "the framework says", "the engine said", "known (New York)", "state", "the public record"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        emitted = escape("\n".join(one.what for one in row.emitted)) or "nothing"
        known = "\n".join(when(one.known) for one in row.emitted)
        record = f"[bold]{row.claim.record}[/]: {row.claim.public_record}"
        mark = row.claim.claim if row.verdict == "seen" else f"{row.claim.claim}\n[bold]{row.verdict}[/]"
        table.add_row(row.claim.date.isoformat(), mark, emitted, known, _coloured(row.state), record)
    console().print(table)


def years(rows: list[Year], *, as_json: bool) -> None:
    """Print what became of each year; one object a year for programs."""
    if as_json:
        for row in rows:
            line(orjson.dumps(msgspec.to_builtins(row), option=orjson.OPT_SORT_KEYS))
        return
    out = console()
    if not rows:
        out.print("No session in these days.")
        return
    counted = [_counts(row) for row in rows]
    table = Table(title="By calendar year of New York; days are SIFMA sessions", title_justify="left")
    table.add_column("year")
    for heading in counted[0]:
        table.add_column(heading, justify="right", overflow="fold")
    for heading in ("kinds of onsets", "days blind, by feed"):
        table.add_column(heading, overflow="fold")
    for row, counts in zip(rows, counted, strict=True):
        table.add_row(str(row.year), *(str(count or "·") for count in counts.values()), *_listed([row]))
    table.add_section()
    sums = [str(sum(counts[heading] for counts in counted)) for heading in counted[0]]
    table.add_row("all", *sums, *_listed(rows), style="bold")
    out.print(table)
    out.print(
        f"{rows[0].first} to {rows[-1].last}. A session counts under the worst state of its New York day. It is blind "
        "on a feed that was blind when the day ended. An onset of crunch is one from normal."
    )


def _counts(row: Year) -> dict[str, int]:
    """The columns of numbers of a year."""
    return {
        "days": row.days,
        **{state.replace("_", " "): count for state, count in row.states.items()},
        **{f"onsets of {state.replace('_', ' ')}": count for state, count in row.onsets.items()},
    }


def _listed(rows: list[Year]) -> tuple[str, str]:
    """Kinds, and feeds that were blind at all, with their counts."""
    kinds, blind = Counter[str](), Counter[str]()
    for row in rows:
        kinds.update(row.kinds)
        blind.update(row.blind_days)
    texts = [", ".join(f"{name} {count}" for name, count in found.items() if count) for found in (kinds, blind)]
    return texts[0], texts[1]


def closing(result: Backtest, script: Script) -> None:
    """Print how the run ended, in a few lines."""
    emitted = len(result.shown)
    out = console()
    for market, status in result.statuses.items():
        named = f"{market}: " if len(result.statuses) > 1 else ""
        blind = ", ".join(status.blind_on) or "nothing"
        out.print(f"{named}At the end of {script.scenario.end}: {_coloured(status.state)}, blind on {blind}.")
        if status.warming:
            out.print(f"{named}Not yet able to judge, for lack of history: {', '.join(status.warming)}.")
    out.print(
        f"{result.events:,} events in {result.elapsed_s:.2f} s; {emitted} outputs from {script.scenario.window} on, "
        f"{len(result.outputs) - emitted} in the warm-up before it (--warm-up shows them); "
        f"late {result.late}, repeated {result.duplicates}, in conflict {result.conflicts}."
    )


def summary(done: dict[str, Any], *, as_json: bool) -> None:
    """Print what a replay sent."""
    if as_json:
        line(orjson.dumps(done, option=orjson.OPT_SORT_KEYS))
        return
    table = Table(title=f"Sent: {done['scenario']} from {done['from']} to {done['to']}", title_justify="left")
    for heading in ("stream", "messages", "events", "bad", "late"):
        table.add_column(heading, justify="left" if heading == "stream" else "right")
    for stream, messages in done["messages"].items():
        counts = [str(done[name].get(stream, 0)) for name in ("events", "bad", "late")]
        table.add_row(stream, str(messages), *counts)
    out = console()
    out.print(table)
    out.print(
        f"{done['bytes'] / 1e6:.1f} MB in {done['elapsed_s']:.1f} s; "
        f"moved {done['shuffled']}, repeated {done['duplicated']}, bad {done['corrupt'] or 0}."
    )
