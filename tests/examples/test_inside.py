"""A detector and a kind of event added inside: a file each, the lines of the presets, and no list to edit by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).parents[2]

DETECTOR = '''
"""A detector that was added by its file alone."""

from typing import ClassVar

from detectors.description import LookBack, Mechanism, SignalSpec
from detectors.detector import Detector, Finding, Reading
from detectors.events import Event
from detectors.events.added import AddedQuote
from detectors.sections.base import Section


class Added(Section, frozen=True, kw_only=True):
    """Its table."""

    table: ClassVar[str] = "added"

    line_bp: float


class AddedDetector(Detector):
    """Says when a figure is beyond the line."""

    name = "added"
    sections = (Added,)
    kinds = (AddedQuote,)
    feeds = ("added_feed",)
    signals = (SignalSpec(name="beyond", label="Beyond the added line", levels=("beyond the line",), unit="bp"),)
    mechanisms = (Mechanism(source="F indicator 1", says="added", signal="beyond", test="test_levels.py::test_x"),)

    def __init__(self, config: Added) -> None:
        super().__init__(config)
        self._line = config.line_bp

    @classmethod
    def look_back(cls, config):
        return LookBack(warm_up_days=0, window_days=9999)

    @classmethod
    def lines(cls, config):
        return {("added_bp", "the line"): config.of(Added).line_bp}

    def update(self, event: Event) -> list[Finding]:
        return self.set_level(Finding(
            name="beyond", subject="ALL", level=int(event.spread_bp > self._line), readings=[Reading.of(event, 0.0)],
            known=event.known, values={"spread_bp": event.spread_bp}, rule="beyond the line", threshold=self._line,
        ))
'''
KIND = '''
"""A kind of event that was added by its file alone."""

from typing import ClassVar

from detectors.events.base import Event
from detectors.events.bounds import bounded


class AddedQuote(Event, frozen=True, kw_only=True, tag="added_quote"):
    """A spread in basis points."""

    topic: ClassVar[str] = "added"
    feeds: ClassVar[dict[str, str]] = {"added_feed": "the added feed"}

    spread_bp: float

    def check(self) -> None:
        bounded("spread_bp", self.spread_bp, -10, 10)
'''
ASKED = """
import orjson
from detectors import coverage_doc
from detectors.config import load
from detectors.config_diff import longest_window
from detectors.codec import REASONS, decode
from detectors.events import KINDS, STREAMS
from detectors.events.catalogue import feed_labels
from detectors.registry import detectors_of, installed
from detectors.schemas import schemas
from detectors.testing.bench import all_of
from detectors.view.thresholds import thresholds
from streams.kafka import topics
from streams.worker import metrics_doc
record = dict(kind="added_quote", market="UST", source="s", sequence=1, ts=1614808800000000000,
              known=1614808800000000000, provenance="synthetic", spread_bp=12.0)
print(orjson.dumps({
    "registry": [one.name for one in detectors_of(load())],
    "signals": installed().signals["added"], "label": installed().label("added", "beyond"),
    "feeds": installed().feeds["added"], "feed_label": feed_labels()["added_feed"],
    "stream": "added" in STREAMS, "kind": "added_quote" in [kind.__struct_config__.tag for kind in KINDS],
    "topic": "added" in topics.SOURCES, "schema": "added_quote" in schemas(),
    "reject": decode(orjson.dumps(record), key=b"UST", stream="added").rejects[0].reason,
    "lines": thresholds(load())["added_bp", "the line"], "coverage": "added.beyond" in coverage_doc.page(),
    "battery": "added" in all_of(load()), "metrics": "added.beyond" in metrics_doc.page(),
    "longest": longest_window(load()),
}).decode())
"""


@pytest.mark.slow("a copy of the packages, and a process that imports all of it")
def test_a_detector_and_a_kind_are_added_by_their_files_and_the_presets_lines(tmp_path: Path) -> None:
    for package in ("detectors", "streams", "replay", "transport"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "data"))
    before = _files(tmp_path)
    (tmp_path / "detectors" / "repo" / "added.py").write_text(DETECTOR)
    (tmp_path / "detectors" / "events" / "added.py").write_text(KIND)
    for preset in ("desk", "framework"):
        with (tmp_path / "detectors" / "presets" / f"{preset}.toml").open("a") as file:
            file.write("\n[added]\nline_bp = 5.0\n")
    changed = {path for path, content in before.items() if _files(tmp_path)[path] != content}
    assert changed == {"detectors/presets/desk.toml", "detectors/presets/framework.toml"}
    command = [sys.executable, "-c", ASKED]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = orjson.loads(done.stdout)
    assert "added" in found.pop("registry")
    assert found == {
        "signals": ["beyond"],
        "label": "Beyond the added line",
        "feeds": ["added_feed"],
        "feed_label": "the added feed",
        "stream": True,
        "kind": True,
        "topic": True,
        "schema": True,
        "reject": "out_of_range",
        "lines": 5.0,
        "coverage": True,
        "battery": True,
        "metrics": True,
        "longest": [9999, "added"],
    }


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
