"""How a transition looks in a terminal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from detectors.signals import Transition

NEW_YORK = ZoneInfo("America/New_York")
COLOURS = {"normal": "green", "crunch": "yellow", "de_facto_default": "bold red"}
SHOWN = 200
_EVIDENCE_LINES = 4


def steps(transitions: Sequence[Transition], *, title: str) -> Table:
    """The last steps as a table: when a desk could know, which market, from where to where, why, blind on what."""
    table = Table(title=title, title_justify="left", expand=True)
    table.add_column("known (New York)", no_wrap=True)
    table.add_column("market", no_wrap=True)
    table.add_column("step", no_wrap=True)
    table.add_column("why")
    table.add_column("blind on")
    for transition in transitions[-SHOWN:]:
        table.add_row(
            moment(transition.known),
            transition.market,
            step(transition),
            "\n".join(reasons(transition)) or transition.kind,
            ", ".join(transition.blind_on) or "-",
        )
    return table


def moment(ns: int) -> str:
    """A time in New York, to the minute."""
    return f"{dt.datetime.fromtimestamp(ns / 10**9, NEW_YORK):%Y-%m-%d %H:%M}"


def step(transition: Transition) -> Text:
    """From state to state, each in its colour."""
    return Text.assemble(
        (transition.from_state.replace("_", " "), COLOURS[transition.from_state]),
        " → ",
        (transition.to_state.replace("_", " "), COLOURS[transition.to_state]),
    )


def reasons(transition: Transition) -> list[str]:
    """The rules that decided, each in one line."""
    return [evidence.summary or evidence.rule for evidence in transition.evidence[:_EVIDENCE_LINES]]
