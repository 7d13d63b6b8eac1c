"""The map of rooms: its picture is drawn from the imports, and every room has its line."""

from __future__ import annotations

import re
from pathlib import Path

from tests import rooms

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_the_picture_is_that_of_the_imports() -> None:
    drawn = rooms.picture()
    assert rooms.PICTURE.read_text(encoding="utf-8") == drawn, "python -m tests.rooms draws it anew"
    assert "<script" not in drawn
    assert "docs/rooms.svg" in MAP


def test_every_room_has_a_line_and_every_line_a_room() -> None:
    for package in ("detectors", "streams", "replay"):
        section = MAP.partition(f"\n## {package}/\n")[2].partition("\n## ")[0]
        lines = re.findall(r"^\| `(\w+)/` ", section, re.MULTILINE)
        folders = {path.parent.name for path in (ROOT / package).glob("*/*.*") if "__pycache__" not in path.parts}
        there = sorted(folders - {"data", "static"})
        assert sorted(lines) == there, package
        named = set(re.findall(r"`(\w+)`", section))
        lone = {path.stem for path in (ROOT / package).glob("*.py")} - {"__init__", "__main__"}
        assert lone - named == set(), package
    packages = re.findall(r"^\| `([\w./]+)` ", MAP.partition("\n## ")[0], re.MULTILINE)
    assert [one for one in packages if not (ROOT / one).exists()] == []
    top = {path.parent.name + "/" for path in ROOT.glob("*/__init__.py")}
    assert top - set(packages) == set()


def test_an_arrow_that_a_longer_way_implies_is_left_out() -> None:
    assert rooms.reduced({"a": {"b", "c", "d"}, "b": {"c"}}) == {"a": {"b", "d"}, "b": {"c"}}
