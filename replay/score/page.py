"""The scorecard as one page of HTML: nothing on it is fetched from anywhere."""

from html import escape
from pathlib import Path

from replay.errors import OutputError
from replay.score.card import Scorecard
from replay.score.timeline import timeline
from replay.score.wording import TextTable, heading, notes, tables

LEGEND = (
    "Green: quiet. Grey: counts neither way. Orange: an episode, onset to peak. Red: the preset in crunch or worse. "
    "Blue: a baseline at or above its line. A bar says more when pointed at."
)
STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem; color: #1c1c1c; background: #fff; } h1 { font-size:
1.4rem; } h2 { font-size: 1.05rem; margin-top: 2rem; } svg { width: 100%; min-width: 60rem; height: auto; font: 11px
system-ui, sans-serif; } .wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 12px; } th, td {
padding: 0.2rem 0.5rem; border-bottom: 1px solid #ddd; } th { text-align: left; vertical-align: bottom; } td.number {
text-align: right; white-space: nowrap; } .sample { font-weight: bold; color: #8a2a20; }
"""


def write(card: Scorecard, path: Path) -> None:
    """Write the page; raises OutputError where that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(card), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}; name another file with --html") from error


def page(card: Scorecard) -> str:
    """The whole page."""
    title = f"Scorecard: {card.preset} on {card.scenario}"
    above = "".join(
        f'<p class="sample">{escape(text)}</p>' if text.startswith("IN-SAMPLE") else f"<p>{escape(text)}</p>"
        for text in heading(card)
    )
    below = "".join(f"<p>{escape(text)}</p>" for text in notes(card))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>{above}"
        f'<h2>Timeline</h2><div class="wide">{timeline(card)}</div><p>{LEGEND}</p>'
        f"{''.join(map(_table, tables(card)))}<h2>How to read it</h2>{below}</body></html>\n"
    )


def _table(table: TextTable) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in table.headings)
    rows = "".join(
        f"<tr>{''.join(_cell(text, word=i < table.words) for i, text in enumerate(row))}</tr>" for row in table.rows
    )
    return f'<h2>{escape(table.title)}</h2><div class="wide"><table><tr>{head}</tr>{rows}</table></div>'


def _cell(text: str, *, word: bool) -> str:
    return f"<td>{escape(text)}</td>" if word else f'<td class="number">{escape(text)}</td>'
