"""The scorecard's tables as rows of text, the same for the terminal and for the page."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from replay.score.bootstrap import Interval
from replay.score.card import Scorecard

NONE = "-"


class TextTable(NamedTuple):
    """A table: its title, headings, how many of the first columns hold words, and rows."""

    title: str
    headings: tuple[str, ...]
    words: int
    rows: Sequence[tuple[str, ...]]


def heading(card: Scorecard) -> list[str]:
    """What was scored, in sentences."""
    withheld = f", {card.withheld} withheld" if card.withheld else ""
    days = f"{card.first} to {card.last} ({card.sessions} sessions)"
    lines = [
        f"{card.preset} on {card.scenario}, {days}{withheld}; labels {card.labels}.",
        f"IN-SAMPLE: {card.in_sample}." if not card.in_sample.startswith("0 ") else f"{card.in_sample}.",
        f"Leave-one-out: {card.leave_one_out}.".replace("..", "."),
    ]
    if not card.quiet:
        lines.append("No quiet spell lies in these days: no onset can be false, and no line is fixed by false onsets.")
    if card.left_out_episodes:
        lines.append(f"Outside these days, so not scored: {', '.join(card.left_out_episodes)}.")
    return lines


def notes(card: Scorecard) -> list[str]:
    """How to read the tables."""
    seen = (
        "Seen: an onset known from ten sessions before the episode's onset to five after its peak, or an alarm that is "
        "on at the onset and began no more than twenty before. Score: the mean worth of the first such alarm, 1 up to "
        "the onset, 0.5 at the peak, 0 ten sessions later; an episode that is not seen counts 0."
    )
    false = (
        f"False: onsets in quiet spells ({card.quiet_years:.2f} years of 250 sessions). Grey onsets count neither way. "
        "Unlabelled onsets lie in no episode, quiet or grey spell. Precision is hits / (hits + false); 'at worst' "
        "counts unlabelled onsets as false."
    )
    lines = (
        "Baselines take each evening what was known then. 'Drawn line': fixed beforehand. 'Same false onsets' and 'one "
        "false onset a year': the line that serves the baseline best on these labels at no more than so many, with its "
        "leave-one-out. Before the day of 'speaks from' a baseline has too little history to alarm."
    )
    intervals = (
        f"In brackets: 95 % bootstrap intervals over episodes and quiet spells ({card.draws} draws, seed {card.seed}). "
        "Difference: the preset's score less the baseline's."
    )
    return [seen, false, lines, intervals]


def tables(card: Scorecard) -> list[TextTable]:
    """All tables, in the order in which they are read."""
    return [_scores(card), _onsets(card), _episodes(card), _years(card), _prewarnings(card)]


def _scores(card: Scorecard) -> TextTable:
    headings = ("", "at", "line", "seen", "right kind", "score", "difference", "leave-one-out")
    episodes = len(card.episodes)
    rows = [
        (
            row.name,
            row.at,
            _number(row.line),
            f"{row.seen}/{episodes}",
            NONE if row.right_kind is None else f"{row.right_kind}/{episodes}",
            f"{row.score:.2f}{_interval(row.score_interval)}",
            NONE if row.difference is None else f"{row.difference:+.2f}{_interval(row.difference_interval)}",
            _number(row.left_out_score),
        )
        for row in (card.preset_row, *card.baselines)
    ]
    return TextTable(f"Delay-aware scores, {episodes} labelled", headings, 2, rows)


def _onsets(card: Scorecard) -> TextTable:
    headings = (
        "", "at", "hits", "false", "false a quiet year", "precision", "at worst", "grey", "unlabelled", "sessions on",
        "speaks from",
    )  # fmt: skip
    rows = [
        (
            row.name,
            row.at,
            str(row.hits),
            str(row.false_onsets),
            f"{_number(row.false_a_quiet_year)}{_interval(row.false_a_quiet_year_interval)}",
            f"{_number(row.precision)}{_interval(row.precision_interval)}",
            _number(row.precision_at_worst),
            str(len(row.grey_onsets)),
            str(len(row.unlabelled_onsets)),
            f"{100 * row.on_share:.1f} %",
            _day(row.speaks_from),
        )
        for row in (card.preset_row, *card.baselines)
    ]
    return TextTable(f"Onsets, {card.quiet_years:.2f} quiet years", headings, 2, rows)


def _episodes(card: Scorecard) -> TextTable:
    headings = (
        "episode",
        "kinds that are right",
        "the preset's kinds",
        "onset",
        "peak",
        "known",
        "early by",
        "worth",
        "sample",
    )
    rows = [
        (
            one.name,
            ", ".join(one.right_kinds),
            (", ".join(one.kinds) + ("" if one.right_kind else " (wrong)")) if one.seen else "not seen",
            _day(one.onset),
            _day(one.peak),
            _day(one.known),
            NONE if one.early_sessions is None else f"{one.early_sessions:+d}",
            f"{one.worth:.2f}",
            "in" if one.in_sample else "out",
        )
        for one in card.episodes
    ]
    return TextTable(f"Episodes, as {card.preset} saw them (early by: sessions before the onset)", headings, 3, rows)


def _years(card: Scorecard) -> TextTable:
    rows = [
        (str(one.year), str(one.sessions), str(one.in_crunch), f"{100 * one.share:.1f} %", str(one.episodes or "none"))
        for one in card.years
    ]
    headings = ("year", "sessions", "in crunch or worse", "share", "labelled episodes")
    return TextTable(f"Sessions in crunch or worse under {card.preset}", headings, 1, rows)


def _prewarnings(card: Scorecard) -> TextTable:
    headings = ("signal", "warned of", "median lead", "early", "false", "unlabelled", "precision", "sessions on")
    rows = [
        (
            one.signal,
            f"{one.warned}/{one.episodes}",
            NONE if one.median_lead_sessions is None else f"{one.median_lead_sessions:g}",
            str(one.early),
            str(one.false_onsets),
            str(one.unlabelled),
            _number(one.precision),
            f"{100 * one.on_share:.1f} %",
        )
        for one in card.prewarnings
    ]
    title = "Signals as pre-warnings: an onset within twenty sessions before an episode's; leads in sessions"
    return TextTable(title, headings, 1, rows)


def _interval(interval: Interval | None) -> str:
    return "" if interval is None else f" [{interval.low:.2f}, {interval.high:.2f}]"


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"


def _day(day: dt.date | None) -> str:
    return NONE if day is None else day.isoformat()
