"""The page on metrics is what the code makes, and what a worker shows is as Prometheus advises."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

from detectors.codec import REASONS
from detectors.config import load
from detectors.engine import Engine
from streams.state.metrics import Metrics
from streams.state.partition import Market, Partition
from streams.worker.metrics_doc import LABELS, page, rows
from tests.support import debian
from tests.support.pipeline import feb2021

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_code_makes() -> None:
    written = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert written == page(), "write it anew: python -m streams.worker.metrics_doc > docs/metrics.md"


def test_every_label_says_what_bounds_it_and_none_is_left_over() -> None:
    used = {label for row in rows(Metrics()) if row.name.startswith("crunchwatch_") for label in row.labels}
    assert used == set(LABELS)


def test_every_metric_says_what_it_is() -> None:
    assert all(row.meaning for row in rows(Metrics()))


def test_promtool_finds_nothing_to_mend_in_what_a_worker_shows() -> None:
    metrics = Metrics(4)
    engine = Engine(load(), "UST")
    engine.process(feb2021().events[:20_000])
    partition = Partition(0, next_offsets={}, new_engine=lambda _: None)
    partition.markets["UST"] = Market(engine, {}, 0)
    metrics.owned({0: partition})
    shown = metrics.exposition()
    run = subprocess.run(
        [debian.promtool(), "check", "metrics"], input=shown, capture_output=True, timeout=60, check=False
    )
    assert (run.returncode, run.stdout + run.stderr) == (0, b"")


def test_the_reasons_named_are_those_that_the_decoder_gives() -> None:
    given = set()
    core = ROOT / "detectors"
    for file in (core / "codec.py", core / "checks.py", *(core / "events").glob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {
                "_RejectedError",
                "CheckError",
                "Reject",
            }:
                first = call.args[0]
                given |= {first.value} if isinstance(first, ast.Constant) else set()
            if isinstance(call, ast.FunctionDef) and call.name == "_json_fault":
                given |= {one.value.value for one in ast.walk(call) if isinstance(one, ast.Return)}
    assert given == set(REASONS)
