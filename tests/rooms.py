"""The picture of the rooms: ``python -m tests.rooms`` writes docs/rooms.svg from the imports there are.

The rows are the floors of the import contracts in pyproject.toml, so a room stands where the contract puts it. The
arrows are the imports of the code as grimp reads them (import-linter rests on it), without those that a longer way
implies; dashed is what the registry looks up instead of importing. From one package to another there is one arrow.
"""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import grimp

from detectors.registry import ROOMS

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "rooms.svg"
PACKAGES = ("detectors", "streams", "replay", "transport", "grafana")
OUTSIDE_CONTRACTS = {"crunchwatch": "crunchwatch.py", "grafana": "grafana", "transport": "transport"}

LOOSE = ("__main__", "version", "calendar")
"""Modules that say nothing about the rooms: an entry, a number, and the calendar, which all look at."""
HIGH, BETWEEN, PAD, HEAD, LANE, SIDE = 34, 34, 14, 26, 8, 44
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1d2530; text-anchor: middle }
.small { font-size: 10.5px; fill: #55606e }
.name { font-weight: 600; text-anchor: start; font-size: 14px }
.frame { fill: #f5f7fa; stroke: #b8c2cc }
.box { fill: #fff; stroke: #51708f }
path { fill: none; stroke: #51708f; stroke-width: 1.2; marker-end: url(#tip) }
.dashed { stroke-dasharray: 4 3 }
.thick { stroke: #9a6a1f; stroke-width: 2.2; marker-end: url(#end) }
"""

Edges = dict[str, set[str]]
Floors = list[list[tuple[str, ...]]]


class Box(NamedTuple):
    """Where something is drawn."""

    x: float
    y: float
    wide: float
    high: float = HIGH

    @property
    def middle(self) -> float:
        return self.x + self.wide / 2

    @property
    def bottom(self) -> float:
        return self.y + self.high


def floors() -> dict[str, Floors]:
    """By package its floors from above, each a list of rooms, each room the modules it is made of."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    found = {}
    for contract in (one for one in contracts if one["type"] == "layers"):
        rows = []
        for layer in contract["layers"]:
            rooms = [tuple(part.strip() for part in one.split(":")) for one in layer.split("|")]
            rows.append([room for room in rooms if room[0] not in LOOSE])
        found[contract["containers"][0]] = [row for row in rows if row]
    return found


def imports(rows: dict[str, Floors]) -> Edges:
    """Who imports whom: rooms by ``package.room``, and packages by their names."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    room_of = {
        f"{package}.{module}": f"{package}.{room[0]}"
        for package, row in rows.items()
        for rooms in row
        for room in rooms
        for module in room
    }
    found: Edges = defaultdict(set)
    for node in ast.walk(ast.parse((ROOT / "crunchwatch.py").read_text("utf-8"))):  # a module is no package for grimp
        if isinstance(node, ast.ImportFrom) and node.module:
            found["crunchwatch"].add(node.module.partition(".")[0])
    for module in sorted(graph.modules):
        for other in sorted(graph.find_modules_directly_imported_by(module)):
            if other == "detectors.view.margins":
                continue  # part of what a detector says, and the one exception of the contracts
            packages = module.partition(".")[0], other.partition(".")[0]
            if packages[0] != packages[1]:
                found[packages[0]].add(packages[1])
                continue
            rooms = [room_of.get(".".join(one.split(".")[:2])) for one in (module, other)]
            if rooms[0] and rooms[1] and rooms[0] != rooms[1]:
                found[rooms[0]].add(rooms[1])
    return found


def looked_up(rows: dict[str, Floors]) -> Edges:
    """What the registry finds by looking instead of importing it: the rooms of the detectors."""
    registry = next(room for row in rows["detectors"] for room in row if "registry" in room)
    return {f"detectors.{registry[0]}": {f"detectors.{name}" for name in ROOMS}}


def reduced(edges: Edges) -> Edges:
    """Without the arrows that a longer way implies."""

    def reach(name: str) -> set[str]:
        found: set[str] = set()
        waiting = list(edges.get(name, ()))
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += edges.get(one, ())
        return found

    beyond = {name: reach(name) for name in {*edges, *(one for found in edges.values() for one in found)}}
    return {
        name: {one for one in direct if not any(one in beyond[other] for other in direct - {one})}
        for name, direct in edges.items()
    }


def placed(package: str, rows: Floors, x: float, y: float) -> tuple[Box, list[dict[str, Box]]]:
    """The frame of a package with its boxes, floor by floor."""
    sizes = [[max(64.0, 8.2 * len(room[0]) + 22, 5.6 * len(", ".join(room[1:])) + 22) for room in row] for row in rows]
    inner = max(sum(row) + PAD * (len(row) - 1) for row in sizes)
    found, top = [], y + HEAD + PAD
    for row, wide in zip(rows, sizes, strict=True):
        left = x + SIDE + (inner - sum(wide) - PAD * (len(row) - 1)) / 2
        boxes = {}
        for room, size in zip(row, wide, strict=True):
            boxes[f"{package}.{room[0]}"] = Box(left, top, size)
            left += size + PAD
        found.append(boxes)
        top += HIGH + BETWEEN
    return Box(x, y, inner + 2 * SIDE, top - BETWEEN + PAD - y), found


def routed(start: Box, end: Box, between: Iterable[dict[str, Box]], lanes: dict[tuple[float, float], int]) -> str:
    """A way from one box down to another that goes round the boxes of the floors between."""
    first = min(max(end.middle, start.x + 10), start.x + start.wide - 10)
    points = [(first, start.bottom)]
    for floor in between:
        row = sorted(floor.values())
        gaps = [row[0].x - PAD, *(left.x + left.wide + PAD / 2 for left, _ in pairwise(row)), row[-1].x + row[-1].wide]
        gaps[-1] += PAD
        gap = min(gaps, key=lambda one: abs(one - points[-1][0]) + abs(one - end.middle))
        used = lanes[gap, row[0].y]
        lanes[gap, row[0].y] += 1
        shift = {gaps[0]: -LANE, gaps[-1]: LANE}.get(gap, LANE / 2)
        points += [(gap + used * shift, row[0].y - 4), (gap + used * shift, row[0].bottom + 4)]
    last = min(max(points[-1][0], end.x + 10), end.x + end.wide - 10) if len(points) > 1 else end.middle
    points.append((last, end.y - 2))
    text = f"M{points[0][0]:.0f},{points[0][1]:.0f}"
    for (x1, y1), (x2, y2) in pairwise(points):
        half = (y1 + y2) / 2
        bent = f" C{x1:.0f},{half:.0f} {x2:.0f},{half:.0f} {x2:.0f},{y2:.0f}"
        text += f" L{x2:.0f},{y2:.0f}" if abs(x1 - x2) < 1 else bent
    return text


def inside(package: str, rows: Floors, edges: tuple[Edges, Edges], x: float, y: float) -> tuple[Box, list[str]]:
    """A package drawn: its frame, its rooms, the arrows between them."""
    frame, boxes = placed(package, rows, x, y)
    drawn = [_rect(frame, "frame"), f'<text class="name" x="{x + PAD}" y="{y + 19}">{package}</text>']
    level = {name: number for number, floor in enumerate(boxes) for name in floor}
    lanes: dict[tuple[float, float], int] = defaultdict(int)
    for kind, arrows in zip(("", ' class="dashed"'), edges, strict=True):
        for name in sorted(arrows.keys() & level.keys()):
            for other in sorted(arrows[name] & level.keys(), key=lambda one: (level[one], one)):
                way = routed(
                    boxes[level[name]][name],
                    boxes[level[other]][other],
                    boxes[level[name] + 1 : level[other]],
                    lanes,
                )
                drawn.append(f'<path{kind} d="{way}"/>')
    members = {f"{package}.{room[0]}": room for row in rows for room in row}
    for floor in boxes:
        for name, box in floor.items():
            drawn.append(_labelled(box, members[name][0], ", ".join(members[name][1:])))
    return frame, drawn


def _rect(box: Box, kind: str) -> str:
    return (
        f'<rect class="{kind}" x="{box.x:.0f}" y="{box.y:.0f}" width="{box.wide:.0f}" height="{box.high:.0f}" rx="5"/>'
    )


def _labelled(box: Box, name: str, more: str = "") -> str:
    down = 14 if more else 22
    text = f'<text x="{box.middle:.0f}" y="{box.y + down:.0f}">{escape(name)}</text>'
    small = f'<text class="small" x="{box.middle:.0f}" y="{box.y + 27:.0f}">{escape(more)}</text>' if more else ""
    return _rect(box, "box") + text + small


def _joined(upper: Box, lower: Box, at: float) -> str:
    x1 = upper.x + upper.wide * at
    x2 = min(max(x1, lower.x + 20), lower.x + lower.wide - 20)
    half = (upper.bottom + lower.y) / 2
    way = f"M{x1:.0f},{upper.bottom:.0f} C{x1:.0f},{half:.0f} {x2:.0f},{half:.0f} {x2:.0f},{lower.y - 2:.0f}"
    return f'<path class="thick" d="{way}"/>'


def picture() -> str:
    """The whole of it as SVG."""
    rows = floors()
    direct, found = imports(rows), looked_up(rows)
    together = {name: direct.get(name, set()) | found.get(name, set()) for name in {*direct, *found}}
    kept = reduced(together)
    solid = {name: kept[name] & direct.get(name, set()) for name in kept}
    dashed = {name: kept[name] - direct.get(name, set()) for name in kept}
    edges, gap, top = (solid, dashed), 40, 10 + HIGH + 44
    streams, drawn = inside("streams", rows["streams"], edges, 10, top)
    replay, more = inside("replay", rows["replay"], edges, streams.x + streams.wide + gap, top)
    low = max(streams.bottom, replay.bottom) + 50
    detectors, core = inside("detectors", rows["detectors"], edges, 10, low)
    wide = max(replay.x + replay.wide, detectors.x + detectors.wide + 150) + 10
    single = {
        "crunchwatch": Box(wide / 2 - 210, 10, 140),
        "grafana": Box(wide / 2 + 70, 10, 140),
        "transport": Box(wide - 130, low, 120),
    }
    frames = {"streams": streams, "replay": replay, "detectors": detectors, **single}
    thick = []
    packages = reduced({name: direct[name] & frames.keys() for name in frames if name in direct})
    for name in sorted(packages):
        others = sorted(packages[name], key=lambda one: frames[one].x)
        for number, other in enumerate(others, 1):
            thick.append(_joined(frames[name], frames[other], number / (len(others) + 1)))
    boxes = [_labelled(box, OUTSIDE_CONTRACTS[name]) for name, box in single.items()]
    high = max(one.bottom for one in frames.values()) + 10
    tips = "".join(
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="{size}" markerHeight="{size}" '
        f'orient="auto"><path d="M0,0 L8,4 L0,8 z" style="fill:{colour};stroke:none;marker-end:none"/></marker>'
        for name, size, colour in (("tip", 7, "#51708f"), ("end", 5, "#9a6a1f"))
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high:.0f}" role="img">'
    title = "<title>The rooms of crunchwatch: an arrow goes from who imports to what is imported</title>"
    back = f'<rect width="{wide:.0f}" height="{high:.0f}" rx="8" fill="#fff"/>'
    parts = [head, title, f"<style>{STYLE}</style><defs>{tips}</defs>", back, *drawn, *more, *core, *thick, *boxes]
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
