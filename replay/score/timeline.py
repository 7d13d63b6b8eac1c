"""The timeline of a scorecard as inline SVG: labels on top, the preset below them, then each baseline at its lines."""

import datetime as dt
from collections.abc import Iterable
from html import escape

from replay.score.card import Row, Scorecard

LEFT, WIDTH, ROW, GAP, TOP = 250, 1150, 16, 5, 24
LABELS_HEIGHT = 30
PRESET, BASELINE, TICK = "#b3362b", "#3f6796", "#888"
Span = tuple[dt.date, dt.date]


def timeline(card: Scorecard) -> str:
    """One SVG element; every bar has a title that says from when to when."""
    rows = (card.preset_row, *card.baselines)
    height = TOP + LABELS_HEIGHT + GAP + len(rows) * (ROW + GAP)
    scale = _Scale(card)
    inside = [*_years(scale, height), *_labels(card, scale, height)]
    for index, row in enumerate(rows):
        inside += _row(row, scale, TOP + LABELS_HEIGHT + GAP + index * (ROW + GAP))
    box = f'viewBox="0 0 {LEFT + WIDTH} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="timeline" {box}>{"".join(inside)}</svg>'


class _Scale:
    """Days as places on the picture."""

    def __init__(self, card: Scorecard) -> None:
        self.first, self.last = card.first, card.last
        self._per_day = WIDTH / ((card.last - card.first).days + 1)

    def x(self, day: dt.date) -> float:
        return round(LEFT + (day - self.first).days * self._per_day, 2)

    def bar(self, span: Span, y: float, height: float, colour: str, title: str) -> str:
        """A bar over whole days, wide enough to be seen."""
        first, last = max(span[0], self.first), min(span[1], self.last)
        width = max(round(((last - first).days + 1) * self._per_day, 2), 1.5)
        box = f'x="{self.x(first)}" y="{y}" width="{width}" height="{height}"'
        return f'<rect {box} fill="{colour}"><title>{escape(title)}</title></rect>'


def _years(scale: _Scale, height: int) -> Iterable[str]:
    for year in range(scale.first.year, scale.last.year + 1):
        x = scale.x(max(dt.date(year, 1, 1), scale.first))
        yield f'<line x1="{x}" x2="{x}" y1="0" y2="{height}" stroke="{TICK}" stroke-width="0.5"/>'
        yield f'<text x="{x + 3}" y="14" class="year">{year}</text>'


def _labels(card: Scorecard, scale: _Scale, height: int) -> Iterable[str]:
    yield f'<text x="0" y="{TOP + 20}">labels</text>'
    for kind, colour, spells in (("quiet", "#dcefdc", card.quiet), ("grey", "#e4e4e4", card.grey)):
        for one in spells:
            title = f"{kind}, {one.first} to {one.last}"
            yield scale.bar((one.first, one.last), TOP, height - TOP, colour, title)
    for episode in card.episodes:
        title = f"{episode.name}: {episode.onset} to {episode.peak}; {', '.join(episode.right_kinds)}; {episode.source}"
        yield scale.bar((episode.onset, episode.peak), TOP, height - TOP, "#f0c9a0", title)
        yield scale.bar((episode.onset, episode.peak), TOP, LABELS_HEIGHT, "#d9822b", title)


def _row(row: Row, scale: _Scale, y: int) -> Iterable[str]:
    name = row.name if row.at in {"preset", "as it is"} else f"{row.name}, {row.at}"
    yield f'<text x="0" y="{y + 12}">{escape(name)}</text>'
    colour = PRESET if row.at == "preset" else BASELINE
    for span in row.spells:
        yield scale.bar(span, y, ROW, colour, f"{name}: {span[0]} to {span[1]}")
