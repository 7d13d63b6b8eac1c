"""The scorecard as plain values: what a preset and each baseline did, figure by figure, with intervals."""

import datetime as dt
from typing import Literal

import msgspec

from replay.score.bootstrap import Interval
from replay.score.prewarnings import PreWarning

At = Literal["preset", "as it is", "drawn line", "same false onsets", "one false onset a year"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A preset, or a baseline at one of its lines. Shares, scores and precisions are from 0 to 1, dates are sessions.

    ``difference`` is the preset's delay-aware score less this one's. What has no kinds, no line, or nothing to divide
    by is None.
    """

    name: str
    about: str
    at: At
    line: float | None
    speaks_from: dt.date | None
    seen: int
    seen_interval: Interval
    right_kind: int | None
    right_kind_interval: Interval | None
    score: float
    score_interval: Interval
    difference: float | None
    difference_interval: Interval | None
    left_out_score: float | None
    false_onsets: int
    false_a_quiet_year: float | None
    false_a_quiet_year_interval: Interval | None
    hits: int
    precision: float | None
    precision_interval: Interval | None
    precision_at_worst: float | None
    grey_onsets: list[dt.date]
    false_on: list[dt.date]
    unlabelled_onsets: list[dt.date]
    on_share: float
    worth: dict[str, float]
    spells: list[tuple[dt.date, dt.date]]


class EpisodeRow(msgspec.Struct, frozen=True, kw_only=True):
    """An episode as the preset saw it; ``early_sessions`` is below zero where it was known after the onset."""

    name: str
    onset: dt.date
    peak: dt.date
    right_kinds: tuple[str, ...]
    source: str
    in_sample: bool
    seen: bool
    known: dt.date | None
    early_sessions: int | None
    worth: float
    kinds: tuple[str, ...]
    right_kind: bool


class YearRow(msgspec.Struct, frozen=True, kw_only=True):
    """How many sessions of a calendar year the preset was in crunch or worse; whether an episode lies in the year."""

    year: int
    sessions: int
    in_crunch: int
    share: float
    episodes: int


class SpellRow(msgspec.Struct, frozen=True, kw_only=True):
    """A quiet or grey spell, cut to the days scored."""

    first: dt.date = msgspec.field(name="from")
    last: dt.date = msgspec.field(name="to")
    sessions: int


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    scenario: str
    preset: str
    config_hash: str
    labels: str
    withheld: str | None
    first: dt.date
    last: dt.date
    sessions: int
    in_sample: str
    leave_one_out: str
    left_out_episodes: tuple[str, ...]
    quiet_years: float
    seed: int
    draws: int
    preset_row: Row
    baselines: list[Row]
    episodes: list[EpisodeRow]
    years: list[YearRow]
    prewarnings: list[PreWarning]
    quiet: list[SpellRow]
    grey: list[SpellRow]
