"""Rows of the scorecard: a verdict in figures, with its intervals and, for a baseline, its distance from the preset."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from replay.score.alarms import Alarm, sessions_in
from replay.score.bootstrap import Draws
from replay.score.card import At, Row
from replay.score.ground import YEAR_SESSIONS, Ground
from replay.score.worth import Sort, Verdict, judge


@dataclass(frozen=True)
class Rival:
    """Alarms under a name. ``kinds`` says whether they have kinds; ``speaks_from`` is a session."""

    name: str
    about: str
    at: At
    alarms: Sequence[Alarm]
    line: float | None = None
    kinds: bool = False
    speaks_from: int | None = None
    left_out_score: float | None = None


class Rows:
    """Makes rows over one ground with the same draws; the preset's is made first and the others are held against it."""

    def __init__(self, ground: Ground, draws: Draws, preset: Rival) -> None:
        """Judge the preset."""
        self._ground = ground
        self._draws = draws
        self.verdict = judge(preset.alarms, ground)
        self.preset = self._made(preset, self.verdict, against=None)

    def against_preset(self, rival: Rival) -> Row:
        """The row of a baseline."""
        return self._made(rival, judge(rival.alarms, self._ground), against=self.verdict)

    def _made(self, rival: Rival, verdict: Verdict, against: Verdict | None) -> Row:
        ground, draws = self._ground, self._draws
        seen = np.array([one.session is not None for one in verdict.judged], dtype=np.float64)
        right = np.array([one.right_kind for one in verdict.judged], dtype=np.float64)
        false, hits = int(verdict.false.sum()), int(verdict.hits.sum())
        unlabelled = self._dates(verdict, "unlabelled")
        difference = None if against is None else against.worths - verdict.worths
        return Row(
            name=rival.name,
            about=rival.about,
            at=rival.at,
            line=rival.line,
            speaks_from=None if rival.speaks_from is None else ground.axis.date(rival.speaks_from),
            seen=int(seen.sum()),
            seen_interval=draws.mean(seen),
            right_kind=int(right.sum()) if rival.kinds else None,
            right_kind_interval=draws.mean(right) if rival.kinds else None,
            score=_rounded(verdict.score),
            score_interval=draws.mean(verdict.worths),
            difference=None if difference is None else _rounded(float(difference.mean())),
            difference_interval=None if difference is None else draws.mean(difference),
            left_out_score=None if rival.left_out_score is None else _rounded(rival.left_out_score),
            false_onsets=false,
            false_a_quiet_year=_share(false, ground.quiet_years),
            false_a_quiet_year_interval=draws.rate(verdict.false, ground.quiet_sessions, YEAR_SESSIONS),
            hits=hits,
            precision=_share(hits, hits + false),
            precision_interval=draws.precision(verdict.hits, verdict.false),
            precision_at_worst=_share(hits, hits + false + len(unlabelled)),
            grey_onsets=self._dates(verdict, "grey"),
            false_on=self._dates(verdict, "false"),
            unlabelled_onsets=unlabelled,
            on_share=_rounded(float(sessions_in(rival.alarms, ground.axis.count).mean())),
            worth={one.placed.episode.name: _rounded(one.worth) for one in verdict.judged},
            spells=self._spells(rival.alarms),
        )

    def _dates(self, verdict: Verdict, sort: Sort) -> list[dt.date]:
        return [self._ground.axis.date(one.session) for one in verdict.of_sort(sort)]

    def _spells(self, alarms: Sequence[Alarm]) -> list[tuple[dt.date, dt.date]]:
        axis = self._ground.axis
        inside = [one for one in alarms if one.last >= 0 and one.first < axis.count]
        return [(axis.date(max(one.first, 0)), axis.date(min(one.last, axis.count - 1))) for one in inside]


def _rounded(value: float) -> float:
    return round(value, 6)


def _share(part: float, whole: float) -> float | None:
    return _rounded(part / whole) if whole else None
