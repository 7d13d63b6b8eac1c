"""Walks docs/coverage.md: each signal, metric and test it names exists, and no row is open."""

import ast
import functools
from pathlib import Path

import pytest

from detectors import coverage_doc
from detectors.config import load
from detectors.registry import detectors_of, installed
from detectors.view.gauges import FAMILIES
from tests.support import shared

ROOT = Path(__file__).parents[2]
HEADER = ["source", "what it says", "signal", "metric", "test", "status"]


def rows() -> list[dict[str, str]]:
    lines = [line for line in (ROOT / "docs" / "coverage.md").read_text("utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == HEADER
    return [dict(zip(HEADER, row, strict=True)) for row in cells[2:]]


ROWS = rows()


@functools.cache
def functions(path: Path) -> frozenset[str]:
    return frozenset(node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef))


def series() -> frozenset[str]:
    return frozenset(shared.backtested("feb2021").status.values)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["what it says"][:40])
def test_a_row_is_done_and_its_test_exists(row: dict[str, str]) -> None:
    assert row["status"] == "done"
    file, _, name = row["test"].partition("::")
    assert name in functions(ROOT / "tests" / "detectors" / file)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["what it says"][:40])
def test_a_rows_signal_and_metric_exist(row: dict[str, str]) -> None:
    detector, _, signal = row["signal"].partition(".")
    if signal:
        assert signal in installed().signals[detector]
    metric = row["metric"]
    if metric.startswith("value("):
        name = metric.removeprefix("value(").removesuffix(")")
        assert name in series() or name in possible(), name
    else:
        assert metric in {"level", "crunchwatch model", "crunchwatch_state", "crunchwatch_blind"}


def possible() -> set[str]:
    """Series that the bundled data has no figures for, named by the configuration."""
    return {f"scarcity_{spread.name}_bp" for spread in load().scarcity.spreads}


def test_the_metrics_the_table_speaks_of_are_the_workers() -> None:
    spoken_of = {"crunchwatch_signal_level", "crunchwatch_value", "crunchwatch_state", "crunchwatch_blind"}
    assert spoken_of <= {family.name for family in FAMILIES}


def test_the_page_is_what_the_detectors_say() -> None:
    assert (ROOT / "docs" / "coverage.md").read_text("utf-8") == coverage_doc.page()


def test_every_detector_and_every_indicator_has_a_row() -> None:
    named_signals = {row["signal"].partition(".")[0] for row in ROWS}
    assert {detector.name for detector in detectors_of(load())} <= named_signals
    sources = " ".join(row["source"] for row in ROWS)
    assert all(f"indicator {number}" in sources for number in range(1, 9))
