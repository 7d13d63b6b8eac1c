"""The scorecard on the terminal: tables for people, one JSON object for programs."""

import msgspec
from rich.markup import escape
from rich.table import Table

from replay.backtest import report
from replay.score.card import Scorecard
from replay.score.wording import heading, notes, tables


def show(card: Scorecard, *, as_json: bool) -> None:
    """Print a scorecard."""
    if as_json:
        report.record(msgspec.to_builtins(card))
        return
    out = report.console()
    for text in heading(card):
        out.print(escape(text), style="bold" if text.startswith("IN-SAMPLE") else None)
    for one in tables(card):
        table = Table(title=escape(one.title), title_justify="left")
        for index, title in enumerate(one.headings):
            table.add_column(title, justify="left" if index < one.words else "right", overflow="fold")
        for row in one.rows:
            table.add_row(*(escape(cell) for cell in row))
        out.print(table)
    for text in notes(card):
        out.print(escape(text))
