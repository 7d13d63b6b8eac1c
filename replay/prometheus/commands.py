"""The past for Prometheus and Grafana: the commands ``backfill`` and ``replay --remote-write``.

Nothing heavy is imported before one of them runs.
"""

import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

if TYPE_CHECKING:
    from replay.prometheus.backfill import Summary
    from replay.scenarios.scenario import Script

RULES_PACKAGE = "grafana"
RULES_FOLDER = ("prometheus", "rules")
PATTERN = "*.yml"


def rule_files(given: tuple[Path, ...]) -> list[Path]:
    """The files of rules: those given, those in a folder given, or by default those that are shipped.

    Raises:
        click.UsageError: one that is given does not exist, or none is given and none is installed.
    """
    found: list[Path] = []
    for path in given or (shipped_rules(),):
        if path.is_dir():
            found += sorted(path.glob(PATTERN))
        elif path.is_file():
            found.append(path)
        else:
            raise click.UsageError(f"--rules: {path} does not exist")
    return found


def shipped_rules() -> Path:
    """The folder of the rules that come with the program, as data of the package that holds them.

    Raises:
        click.UsageError: they are not installed.
    """
    try:
        folder: Path | None = Path(str(resources.files(RULES_PACKAGE).joinpath(*RULES_FOLDER)))
    except ModuleNotFoundError:
        folder = None
    if folder is None or not any(folder.glob(PATTERN)):
        raise click.UsageError(
            "the shipped rules are not installed here: name a folder of rules with --rules, or leave alerts out with "
            "--no-rules"
        )
    return folder


def run(script: "Script", options: dict[str, Any], *, as_json: bool) -> None:
    """Write the past of a script and print what was written."""
    from detectors.config import load
    from replay.prometheus import backfill

    config = load(options["preset"], options["config"])
    step_s = options["step"] or backfill.step_for(script)
    without = options["no_rules"] or (options["text_only"] and not options["rules"])
    files = [] if without else rule_files(options["rules"])
    if step_s > backfill.LOOKBACK_S:
        click.echo(
            f"warning: a step of {step_s} s leaves gaps in a Prometheus that looks back five minutes; start it with "
            f"--query.lookback-delta={step_s + 60}s",
            err=True,
        )
    if not files and not without:
        click.echo("warning: no rules were found, so no alert is written; name them with --rules", err=True)
    done = backfill.write(
        script,
        config,
        options["out"],
        step_s=step_s,
        rule_files=files,
        text_only=options["text_only"],
        show_progress=not as_json and sys.stderr.isatty(),
    )
    click.echo(msgspec.json.encode(done).decode() if as_json else _described(done, text_only=options["text_only"]))


def _described(done: "Summary", *, text_only: bool) -> str:
    alerts = ", ".join(f"{name} ({series})" for name, series in sorted(done.alerts.items()) if series)
    what = f"{done.out}: {done.scenario} from {done.first} to {done.last}, every {done.step_s} s"
    steps = f"{done.transitions} transition" + "s" * (done.transitions != 1)
    counts = f"{done.samples:,} samples, {steps}, {done.recorded} recorded series"
    lines = [f"{what}: {counts}; {done.elapsed_s:.1f} s"]
    if not text_only:
        lines.append(f"alerts that fired: {alerts or 'none'}")
    if done.left_out:
        lines.append(f"rules of a living worker, left out: {', '.join(sorted(set(done.left_out)))}")
    if done.too_coarse:
        names = ", ".join(sorted(set(done.too_coarse)))
        lines.append(
            f"rules that look back over no more than {done.step_s} s, left out (a finer --step has them): {names}"
        )
    if not text_only:
        where = f"--storage.tsdb.path={done.out} --storage.tsdb.retention.time=100y"
        lines.append(f"look at it: prometheus --config.file=/dev/null {where}")
    return "\n".join(lines)


def remote_write(script: "Script", options: dict[str, Any], *, as_json: bool) -> None:
    """Write a script's past remotely as it becomes due, and print what was written."""
    from detectors.config import load
    from replay.prometheus import backfill, stream_remote_write
    from replay.prometheus.remote_write import Writer

    kafkas = ("shuffle", "duplicate", "late", "corrupt", "rate", "force", "topic_prefix")
    asked = [name for name in kafkas if options[name]]
    if asked:
        raise click.UsageError(f"--remote-write sends no messages: --{asked[0].replace('_', '-')} goes without it")
    writer = Writer(options["remote_write"])
    with backfill.bar(len(script.events), show=not as_json and sys.stderr.isatty()) as advance:
        done = stream_remote_write.stream(
            script,
            load(),
            writer,
            speed=options["speed"],
            step_s=backfill.step_for(script),
            dates=options["dates"],
            progress=advance,
        )
    text = f"{done.scenario}: {done.samples:,} samples in {done.requests:,} requests, {done.repeats} repeated"
    behind = f", {done.behind_s:.1f} s behind the requested speed" if done.behind_s >= 1 else ""
    click.echo(msgspec.json.encode(done).decode() if as_json else f"{text}; {done.elapsed_s:.1f} s{behind}")
