"""The scorecard put together: a preset's backtest, the baselines on the same events, both judged by labels."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from detectors.config import config_hash, load
from detectors.sections import Config
from replay.backtest import run as backtest
from replay.scenarios.scenario import Script
from replay.score.alarms import Alarm, of_outputs, sessions_in
from replay.score.axis import Axis
from replay.score.baselines import Baseline, baselines
from replay.score.bootstrap import DRAWS, SEED, Draws
from replay.score.card import At, EpisodeRow, Row, Scorecard, SpellRow, YearRow
from replay.score.figures import read
from replay.score.ground import Ground, lay
from replay.score.labels import DEVELOPED, Labels
from replay.score.lines import Fit, Lines, left_out_score
from replay.score.prewarnings import prewarnings
from replay.score.rows import Rival, Rows
from replay.score.worth import Verdict

LITERAL = "framework"
"""The preset of the framework's own numbers, which is a baseline where it is not what is scored."""


@dataclass(frozen=True)
class Asked:
    """What is to be scored: a script, a configuration, labels with their file, and what is withheld of the events."""

    script: Script
    config: Config
    labels: Labels
    labels_file: Path
    withheld: str | None = None
    seed: int = SEED
    draws: int = DRAWS
    fit: Fit | None = None
    """What fixes the preset's thresholds on labels, for leave-one-out; no shipped preset has any."""


def scorecard(asked: Asked, *, show_progress: bool = False) -> Scorecard:
    """Backtest, judge, and put all figures into one card.

    Raises:
        replay.score.labels.LabelsError: no episode lies in the days scored.
        replay.errors.ScenarioError: these days have no session.
    """
    days = asked.script.scenario
    axis = Axis(days.window, days.end, days.start)
    ground = lay(asked.labels, axis, asked.labels_file)
    outputs = backtest.run(asked.script, asked.config, show_progress=show_progress).outputs
    alarms = of_outputs(outputs, axis)
    rows = _rows(asked, ground, alarms)
    others = _literal(asked, rows, axis, show_progress=show_progress)
    with _waiting(show_progress):
        others += _baselines(asked, ground, rows)
    return Scorecard(
        scenario=days.name,
        preset=asked.config.preset,
        config_hash=config_hash(asked.config),
        labels=asked.labels_file.name,
        withheld=asked.withheld,
        first=axis.days[0],
        last=axis.days[-1],
        sessions=axis.count,
        in_sample=_in_sample(ground),
        leave_one_out=_leave_one_out(asked),
        left_out_episodes=ground.left_out,
        quiet_years=round(ground.quiet_years, 3),
        seed=asked.seed,
        draws=asked.draws,
        preset_row=rows.preset,
        baselines=others,
        episodes=_episodes(rows.verdict, axis),
        years=_years(ground, sessions_in(alarms, axis.count)),
        prewarnings=prewarnings(outputs, ground),
        quiet=_spells(ground.quiet, axis),
        grey=_spells(ground.grey, axis),
    )


def _rows(asked: Asked, ground: Ground, alarms: Sequence[Alarm]) -> Rows:
    """What makes rows; the preset's is made."""
    left_out = None if asked.fit is None else left_out_score(ground, asked.fit)
    preset = Rival(asked.config.preset, "the preset", "preset", alarms, kinds=True, left_out_score=left_out)
    return Rows(ground, Draws(len(ground.episodes), len(ground.quiet), asked.seed, asked.draws), preset)


def _waiting(show: bool) -> AbstractContextManager[object]:
    """A spinner while baselines are judged, which takes some seconds."""
    return Console(stderr=True).status("baselines") if show else nullcontext()


def _literal(asked: Asked, rows: Rows, axis: Axis, *, show_progress: bool) -> list[Row]:
    """The framework's thresholds as they stand, where they are not what is scored."""
    if asked.config.preset == LITERAL:
        return []
    outputs = backtest.run(asked.script, load(LITERAL), show_progress=show_progress).outputs
    about = "the framework's thresholds as it states them"
    return [rows.against_preset(Rival(LITERAL, about, "as it is", of_outputs(outputs, axis), kinds=True))]


def _baselines(asked: Asked, ground: Ground, rows: Rows) -> Iterator[Row]:
    """Each baseline at its drawn line, and at its best with the preset's false onsets and with one a quiet year."""
    budgets: dict[At, int] = {}
    if ground.quiet:  # without a quiet day nothing is false, and any line would do
        budgets["same false onsets"] = rows.preset.false_onsets
        budgets["one false onset a year"] = int(ground.quiet_years)
    for one in baselines(read(asked.script.events, ground.axis), ground.axis):
        lines = Lines(one, ground)
        if one.line is not None:
            yield rows.against_preset(_at(one, lines, "drawn line", one.line))
        for at, count in budgets.items():
            line, left_out = _fixed(lines, ground, count)
            if line is not None:
                yield rows.against_preset(_at(one, lines, at, line, left_out))


def _fixed(lines: Lines, ground: Ground, count: int) -> tuple[float | None, float | None]:
    """The best line with so many false onsets, and the score when it is fixed on the other episodes."""
    return lines.best(ground, count), left_out_score(ground, lines.fitted(count))


def _at(one: Baseline, lines: Lines, at: At, line: float, left_out: float | None = None) -> Rival:
    return Rival(
        one.name, one.about, at, lines.alarms(line), line, speaks_from=lines.speaks_from, left_out_score=left_out
    )


def _in_sample(ground: Ground) -> str:
    """Which of the episodes whoever wrote the presets had in view."""
    inside = sum(one.episode.in_sample for one in ground.episodes)
    of = f"{inside} of {len(ground.episodes)} episodes are in-sample"
    return f"{of}: the presets were written with {DEVELOPED[0]} to {DEVELOPED[1]} in view"


def _leave_one_out(asked: Asked) -> str:
    if asked.fit is None:
        return (
            f"no threshold of {asked.config.preset} is fixed on labels, so none can be fixed on the other episodes: "
            "its score has no leave-one-out. Lines of baselines that are fixed on labels have theirs."
        )
    return f"thresholds of {asked.config.preset} that come from data were fixed on the other episodes"


def _episodes(verdict: Verdict, axis: Axis) -> list[EpisodeRow]:
    return [
        EpisodeRow(
            name=one.placed.episode.name,
            onset=one.placed.episode.onset,
            peak=one.placed.episode.peak,
            right_kinds=one.placed.episode.kinds,
            source=one.placed.episode.source,
            in_sample=one.placed.episode.in_sample,
            seen=one.session is not None,
            known=None if one.session is None else axis.date(one.session),
            early_sessions=None if one.session is None else one.placed.onset - one.session,
            worth=round(one.worth, 6),
            kinds=one.kinds,
            right_kind=one.right_kind,
        )
        for one in verdict.judged
    ]


def _years(ground: Ground, in_crunch: NDArray[np.bool_]) -> list[YearRow]:
    found = []
    for year in sorted({day.year for day in ground.axis.days}):
        mine = [bool(on) for day, on in zip(ground.axis.days, in_crunch, strict=True) if day.year == year]
        touched = [one for one in ground.episodes if one.episode.onset.year <= year <= one.episode.peak.year]
        found.append(
            YearRow(
                year=year,
                sessions=len(mine),
                in_crunch=sum(mine),
                share=round(sum(mine) / len(mine), 6),
                episodes=len(touched),
            )
        )
    return found


def _spells(spells: tuple[tuple[int, int], ...], axis: Axis) -> list[SpellRow]:
    return [SpellRow(first=axis.date(a), last=axis.date(b), sessions=b - a + 1) for a, b in spells]
