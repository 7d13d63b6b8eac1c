"""The command ``score``. Nothing heavy is imported before it runs."""

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from replay.scenarios.scenario import Script

DAY = click.DateTime(formats=["%Y-%m-%d"])
DIRECTORY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("scenario", required=False)
@click.option("--data", type=DIRECTORY, help="A directory of your own tidy CSV files instead of a scenario.")
@click.option(
    "--labels", type=FILE, help="A TOML file of episodes and spells.  [default: the shipped ones, 2017 to June 2023]"
)
@click.option("--preset", type=click.Choice(["desk", "framework"]), default="desk", show_default=True)
@click.option("--config", type=FILE, help="A TOML file with what differs from the preset.")
@click.option(
    "--without", type=click.Choice(["specials", "quotes"]), help="Withhold quoted special rates, or all quotes."
)
@click.option("--from", "window", type=DAY, help="First day scored; what is before only warms the windows.")
@click.option("--to", "end", type=DAY, help="Last day scored.")
@click.option("--draws", type=click.IntRange(100, 100_000), default=2_000, show_default=True, help="Of the bootstrap.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides the bootstrap.")
@click.option("--html", type=FILE, help="Also write one self-contained page with the timeline to this file.")
@click.option("--json", "as_json", is_flag=True, help="All of it as one JSON object.")
def score(scenario: str | None, data: Path | None, *, as_json: bool, **options: Any) -> None:
    """Score a preset on SCENARIO (bundled by default, feb2021), or on your own --data, against dated episodes.

    Says which episodes it sees, how early, with the right kind, how many onsets are false, and how simple baselines
    do on the same evenings: percentiles of VIX, MOVE and realised volatility, z-scores of moves and spreads, a CISS,
    the framework's own thresholds. The shipped labels are of the years the presets were written with: in-sample, and
    called so.
    """
    from detectors.config import load
    from replay.score import assemble, labels, page, report, withheld

    file = options["labels"] or labels.SHIPPED
    read = labels.read(file)
    config = load(options["preset"], options["config"])
    script = _script(scenario, data, options["window"], options["end"])
    if options["without"]:
        script = withheld.without(script, options["without"])
    asked = assemble.Asked(
        script,
        config,
        read,
        file,
        withheld=withheld.WITHHELD[options["without"]][0] if options["without"] else None,
        seed=options["seed"],
        draws=options["draws"],
    )
    card = assemble.scorecard(asked, show_progress=not as_json and sys.stderr.isatty())
    if options["html"]:
        page.write(card, options["html"])
    report.show(card, as_json=as_json)
    if options["html"]:
        click.echo(f"{options['html']}: {options['html'].stat().st_size:,} bytes", err=True)


def _script(scenario: str | None, data: Path | None, window: dt.datetime | None, end: dt.datetime | None) -> "Script":
    from replay.scenarios import scenario as scenarios
    from replay.scenarios import synthetic

    if scenario is not None and data is not None:
        raise click.UsageError("give either a scenario (bundled, feb2021) or --data DIR")
    if scenario == synthetic.NAME:
        raise click.UsageError("synthetic is made up and has no dated episodes: give bundled, feb2021 or --data DIR")
    first = None if window is None else window.date()
    last = None if end is None else end.date()
    if data is not None:
        made = scenarios.script_of(data, first, last)
    else:
        made = scenarios.script(scenarios.named(scenario or "bundled").between(first, last))
    for warning in made.warnings:
        click.echo(f"warning: {warning}", err=True)
    return made
