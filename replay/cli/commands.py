"""The commands of the past: ``replay``, ``backtest``, ``backfill``, ``chronology`` and ``chart``.

Nothing heavy is imported before one of them runs, so that ``--help`` answers at once.
"""

import asyncio
import datetime as dt
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from replay.cli.data_commands import data, series
from replay.cli.options import DAY, DIRECTORY, FILE, RATE, MarketName, Markets, Speed
from replay.dealer_model.commands import model
from replay.score.commands import score

if TYPE_CHECKING:
    from replay.producer.connection import Connect
    from replay.producer.playback import Playback
    from replay.scenarios.scenario import Script

_market = click.option(
    "--market", type=MarketName(), default="UST", show_default=True, help="The market's name: a run of its own."
)
_markets = click.option("--markets", type=Markets(), help="Of synthetic: UST,UKT,DBR,…")
_sessions = click.option("--sessions", type=click.IntRange(1), help="Of synthetic: how many.  [default: 250]")


@click.command()
@click.argument("scenario", required=False)
@click.option("--data", type=DIRECTORY, help="A folder of your own files of figures instead of a scenario.")
@_market
@_markets
@_sessions
@click.option("--force", is_flag=True, help="Even if the topics hold this market already.")
@click.option("--speed", type=Speed(), default="259200", show_default=True, help="Seconds a second, or 'max'.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Instead: single messages a second, as a load.")
@click.option("--from", "window", type=DAY, help="First day shown; what is before is sent at once, as warm-up.")
@click.option("--to", "end", type=DAY, help="Last day.")
@click.option("--broker", envvar="CRUNCHWATCH_BROKER", default="kafka://127.0.0.1:9092", show_default=True)
@click.option("--topic-prefix", envvar="CRUNCHWATCH_TOPIC_PREFIX", default="", help="Before every topic's name.")
@click.option("--shuffle", type=RATE, default=0.0, help="Rate of events moved, within the lateness.")
@click.option("--duplicate", type=RATE, default=0.0, help="Rate of messages sent once more.")
@click.option("--late", type=RATE, default=0.0, help="Rate of events sent too late to count.")
@click.option("--corrupt", type=RATE, default=0.0, help="Rate of bad messages sent beside the good ones.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides where the faults fall, and synthetic.")
@click.option("--lateness", type=click.FloatRange(0), help="Seconds; by default the desk preset's.")
@click.option(
    "--remote-write", metavar="URL", help="Instead of a broker: what a worker would show, to this Prometheus."
)
@click.option("--dates", type=click.Choice(["true", "now"]), default="true", show_default=True, help="Of its samples.")
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
@click.pass_obj
def replay(
    connect: "Connect | None",
    /,
    scenario: str | None,
    data: Path | None,
    window: dt.datetime | None,
    end: dt.datetime | None,
    lateness: float | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Play SCENARIO (feb2021, bundled, synthetic) into a broker, at a speed of your choice.

    The days before --from go out at once, so that every window is warm; from there on the events come as they came
    in 2021, --speed times as fast. Topics that hold the market already are left alone: to a worker that has seen a
    market's events, they would be repeats. Play it again under another name with --market.

    synthetic generates events for as many --markets as you name: crunches and defaults by mechanism, no history.

    --remote-write URL needs no broker: the engine runs here, and a Prometheus that takes remote writes is sent what a
    worker would have shown, at the dates of the past or (--dates now) as if it were today, under job="replay".
    """
    from replay.backtest import report
    from replay.producer.playback import play
    from replay.producer.producer import answers
    from replay.prometheus import commands

    if options["rate"] is not None and _is_given("speed"):
        raise click.UsageError("give either --rate or --speed")
    if options["remote_write"]:
        commands.remote_write(_script(scenario, data, window, end, **_chosen(options)), options, as_json=as_json)
        return
    _choose(scenario, data, markets=options["markets"], sessions=options["sessions"])
    how = _playback(options, lateness, connect)
    # What the client library reports of a broker is in our own error, in one line.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    asyncio.run(answers(how.broker, topic_prefix=how.topic_prefix, connection=how.connection))
    script = _script(scenario, data, window, end, **_chosen(options))
    done = play(script, how, show_progress=not as_json and sys.stderr.isatty(), force=options["force"])
    report.summary(done, as_json=as_json)


def _playback(options: dict[str, Any], lateness: float | None, connect: "Connect | None") -> "Playback":
    """How the options of ``replay`` ask for a script to be played into a broker."""
    from detectors.config import load
    from replay.producer.connection import PLAINTEXT
    from replay.producer.faults import Faults
    from replay.producer.playback import Playback
    from replay.producer.producer import addresses

    addresses(options["broker"])
    return Playback(
        broker=options["broker"],
        faults=Faults(*(options[name] for name in ("shuffle", "duplicate", "late", "corrupt", "seed"))),
        speed=options["speed"],
        lateness_s=load().merge.lateness_s if lateness is None else lateness,
        topic_prefix=options["topic_prefix"],
        rate=options["rate"],
        connection=connect(options["broker"]) if connect is not None else PLAINTEXT,
    )


@click.command()
@click.argument("scenario", required=False)
@click.option("--data", type=DIRECTORY, help="A folder of your own files of figures instead of a scenario.")
@_market
@_markets
@_sessions
@click.option("--seed", type=int, default=0, show_default=True, help="Decides synthetic.")
@click.option("--preset", type=click.Choice(["desk", "framework"]), default="desk", show_default=True)
@click.option("--config", type=FILE, help="A TOML file with what differs from the preset.")
@click.option("--from", "window", type=DAY, help="First day shown; what is before only warms the windows.")
@click.option("--to", "end", type=DAY, help="Last day.")
@click.option("--signals", is_flag=True, help="The signals too, not only the transitions.")
@click.option("--warm-up", is_flag=True, help="Also outputs from before the first day shown.")
@click.option("--years", is_flag=True, help="By calendar year: sessions in each state, onsets, kinds, blindness.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, canonical: as on the topics.")
def backtest(
    scenario: str | None,
    data: Path | None,
    window: dt.datetime | None,
    end: dt.datetime | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Run SCENARIO (feb2021, bundled, synthetic), or your own --data, through the same engine in this process.

    For feb2021 the framework's chronology follows, each claim beside what the engine said and what the public record
    says.
    """
    from detectors.config import load
    from replay.backtest import report, scorecard
    from replay.backtest import run as backtest
    from replay.backtest.by_year import by_year

    config = load(options["preset"], options["config"])
    script = _script(scenario, data, window, end, **_chosen(options))
    result = backtest.run(script, config, show_progress=not as_json and sys.stderr.isatty())
    if options["years"]:
        report.years(by_year(result.outputs, script, config), as_json=as_json)
        return
    emitted = result.outputs if options["warm_up"] else result.shown
    report.outputs(emitted, signals=options["signals"], as_json=as_json)
    if as_json:
        return
    if script.scenario.name == "feb2021":
        days = script.scenario
        inside = [claim for claim in scorecard.claims() if days.window <= claim.date <= days.end]
        report.chronology(scorecard.score(result.outputs, inside))
    report.closing(result, script)


@click.command()
@click.option("--preset", type=click.Choice(["desk", "framework"]), default="desk", show_default=True)
@click.option("--config", type=FILE, help="A TOML file with what differs from the preset.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def chronology(preset: str, config: Path | None, as_json: bool) -> None:
    """Print the framework's dated claims beside what the engine said and what the public record says."""
    from detectors.config import load
    from replay.backtest import report, scorecard
    from replay.backtest import run as backtest

    result = backtest.run(_script("feb2021", None, None, None), load(preset, config))
    report.chronology(scorecard.score(result.outputs), as_json=as_json)


@click.command()
@click.argument("scenario", required=False)
@click.option("--data", type=DIRECTORY, help="A folder of your own files of figures instead of a scenario.")
@click.option("--preset", type=click.Choice(["desk", "framework"]), default="desk", show_default=True)
@click.option("--config", type=FILE, help="A TOML file with what differs from the preset.")
@click.option("--from", "window", type=DAY, help="First day shown; what is before only warms the windows.")
@click.option("--to", "end", type=DAY, help="Last day.")
@click.option("--out", type=FILE, required=True, help="The file to draw: FILE.svg or FILE.png.")
def chart(
    scenario: str | None,
    data: Path | None,
    window: dt.datetime | None,
    end: dt.datetime | None,
    out: Path,
    **options: Any,
) -> None:
    """Draw SCENARIO (by default feb2021), or your own --data: state, yield, repo, scarcity and signals in one picture.

    Needs matplotlib: pip install 'crunchwatch[plot]'.
    """
    from detectors.config import load
    from replay.backtest import run as backtest
    from replay.plots import chart as drawn

    drawn.checked(out)
    config = load(options["preset"], options["config"])
    script = _script(scenario or (None if data else "feb2021"), data, window, end)
    drawn.draw(script, backtest.run(script, config).outputs, config, out)
    click.echo(f"{out}: {out.stat().st_size:,} bytes")


@click.command()
@click.argument("scenario", required=False)
@click.option("--data", type=DIRECTORY, help="A folder of your own files of figures instead of a scenario.")
@_market
@click.option("--preset", type=click.Choice(["desk", "framework"]), default="desk", show_default=True)
@click.option("--config", type=FILE, help="A TOML file with what differs from the preset.")
@click.option("--from", "window", type=DAY, help="First day written; what is before only warms the windows.")
@click.option("--to", "end", type=DAY, help="Last day.")
@click.option("--out", type=DIRECTORY, required=True, help="A folder that is new or empty.")
@click.option("--step", type=click.IntRange(15, 3600), help="Seconds between samples.  [default: 300; over years 3600]")
@click.option("--rules", type=click.Path(path_type=Path), multiple=True, help="Files or folders of rules.")
@click.option("--no-rules", is_flag=True, help="Measurements alone, no recording rule and no alert.")
@click.option("--text-only", is_flag=True, help="The OpenMetrics text alone, for which no program is needed.")
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
def backfill(
    scenario: str | None,
    data: Path | None,
    window: dt.datetime | None,
    end: dt.datetime | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Write what a worker would have shown in SCENARIO (feb2021, bundled), or --data, as blocks for Prometheus.

    At the true dates, with what the shipped rules would have recorded and alerted, under job="backfill". Needs promtool
    and prometheus on the PATH. A Prometheus started on the folder shows it, and pages nobody.
    """
    from replay.prometheus import commands

    commands.run(_script(scenario, data, window, end, market=options["market"]), options, as_json=as_json)


def _chosen(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in ("market", "markets", "sessions", "seed")}


def _is_given(option: str) -> bool:
    """Whether an option was given, be it with its default."""
    context = click.get_current_context(silent=True)
    return context is not None and context.get_parameter_source(option) is ParameterSource.COMMANDLINE


def _choose(scenario: str | None, data: Path | None, *, markets: tuple[str, ...] | None, sessions: int | None) -> None:
    """Refuse what cannot go together, and a scenario that there is not, before anything long is begun."""
    from replay.scenarios import synthetic
    from replay.scenarios.scenario import named

    if (scenario is None) == (data is None):
        raise click.UsageError("give either a scenario (feb2021) or --data DIR")
    if scenario == synthetic.NAME:
        if _is_given("market"):
            raise click.UsageError(
                "synthetic generates --markets, as many as you name; --market is for the other scenarios"
            )
        return
    if markets is not None or sessions is not None:
        raise click.UsageError("--markets and --sessions belong to the scenario synthetic; --market names one market")
    if scenario is not None:
        named(scenario)


def _script(
    scenario: str | None,
    data: Path | None,
    window: dt.datetime | None,
    end: dt.datetime | None,
    *,
    market: str = "UST",
    markets: tuple[str, ...] | None = None,
    sessions: int | None = None,
    seed: int = 0,
) -> "Script":
    from replay.scenarios import synthetic
    from replay.scenarios.scenario import named, script, script_of

    first = None if window is None else window.date()
    last = None if end is None else end.date()
    _choose(scenario, data, markets=markets, sessions=sessions)
    if scenario == synthetic.NAME:
        count = synthetic.DEFAULT_SESSIONS if sessions is None else sessions
        return synthetic.script(markets or synthetic.DEFAULT_MARKETS, count, seed, window=first, end=last)
    if data is not None:
        made = script_of(data, first, last, market=market)
    else:
        assert scenario is not None
        made = script(named(scenario).between(first, last), market=market)
    for warning in made.warnings:
        click.echo(f"warning: {warning}", err=True)
    return made


COMMANDS: list[click.Command] = [replay, backtest, backfill, chronology, chart, series, data, score, model]
