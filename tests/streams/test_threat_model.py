"""Every test that the threat model names is there, and every row of threats names one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")


def test_every_named_test_exists() -> None:
    named = re.findall(r"`(test_\w+\.py)(?:::(test_\w+))?`", PAGE)
    assert len(named) > 20
    for file, function in named:
        found = list((ROOT / "tests").rglob(file))
        assert found, file
        assert not function or any(f"def {function}(" in path.read_text(encoding="utf-8") for path in found), function


def test_every_threat_names_its_test() -> None:
    threats = PAGE.partition("## Threats and answers")[2].partition("## Not defended")[0]
    rows = [line for line in threats.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rows) > 15
    assert not [row for row in rows if "test_" not in row]
