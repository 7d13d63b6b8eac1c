"""The commands about files of figures: ``series``, and ``data check``."""

import sys
from pathlib import Path

import click

from replay.cli.options import DIRECTORY, FILE

DOUBT, UNUSABLE = 1, 3


@click.command()
@click.argument("word", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def series(word: str | None, as_json: bool) -> None:
    """List the series that files may hold, with the ids of their publishers, units, and when each is known.

    With WORD, those that have it in their ids, publisher, event or note.
    """
    from replay.cli import series_list

    series_list.show(series_list.rows(word), as_json=as_json)


@click.group()
def data() -> None:
    """Look at files of figures."""


@data.command()
@click.argument("directory", type=DIRECTORY)
@click.option("--preset", type=click.Choice(["desk", "framework"]), default="desk", show_default=True)
@click.option("--config", type=FILE, help="A TOML file with what differs from the preset.")
@click.option("--json", "as_json", is_flag=True, help="All of it as one JSON object.")
def check(directory: Path, preset: str, config: Path | None, as_json: bool) -> None:
    """Say of each file in DIRECTORY what was understood, what is missing or in doubt, and what can be judged with it.

    Exit code 0: all of it was understood; 1: something was left out or is in doubt; 3: a row cannot be used.
    """
    from detectors.config import load
    from replay.cli import check_report
    from replay.dataset.check import check as checked

    found = checked(directory, load(preset, config))
    check_report.show(found, as_json=as_json)
    if found.errors:
        sys.exit(UNUSABLE)
    sys.exit(DOUBT if found.warnings else 0)
