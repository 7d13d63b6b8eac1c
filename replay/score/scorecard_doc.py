"""Makes docs/scorecard.md: ``python -m replay.score.scorecard_doc > docs/scorecard.md`` after any change of a preset.

The text stands beside this module in ``scorecard.md``; the figures are those of ``make scorecard``, as Markdown.
"""

import sys
from pathlib import Path

from detectors.config import load
from replay.scenarios.scenario import named, script
from replay.score import labels
from replay.score.assemble import Asked, scorecard
from replay.score.card import Scorecard
from replay.score.withheld import WITHHELD, without
from replay.score.wording import TextTable, heading, tables

TEXT = Path(__file__).with_name("scorecard.md")
WITH, ALONE = "{{ with quotes }}", "{{ public series alone }}"


def page(with_quotes: Scorecard, alone: Scorecard) -> str:
    """The page with the figures of both cards."""
    text = TEXT.read_text(encoding="utf-8")
    text = text.replace(WITH, "\n\n".join([*heading(with_quotes), *map(markdown, tables(with_quotes))]))
    scores, onsets, episodes, *_ = tables(alone)
    preset = [scores._replace(rows=scores.rows[:1]), onsets._replace(rows=onsets.rows[:1]), episodes]
    return text.replace(ALONE, "\n\n".join([*heading(alone), *map(markdown, preset)]))


def markdown(table: TextTable) -> str:
    """A table as Markdown, its title above it."""
    lines = [table.headings, ["---" if index < table.words else "---:" for index in range(len(table.headings))]]
    body = "\n".join(f"| {' | '.join(cells)} |" for cells in [*lines, *table.rows])
    return f"**{table.title}**\n\n{body}"


def cards() -> tuple[Scorecard, Scorecard]:
    """The desk preset on the bundled years, with quotes of the press and without."""
    made = script(named("bundled"))
    whole = Asked(made, load(), labels.read(), labels.SHIPPED)
    public = Asked(without(made, "quotes"), load(), labels.read(), labels.SHIPPED, withheld=WITHHELD["quotes"][0])
    return scorecard(whole, show_progress=True), scorecard(public, show_progress=True)


if __name__ == "__main__":
    sys.stdout.write(page(*cards()))
