"""The backtest board counts what the run covers, however far the range reaches beyond it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from grafana.boards.backtest import days, steps
from grafana.check.ask import filled
from tests.support import debian

DAY = 288
"""Samples of five minutes."""
STATES = {"normal": f"1+0x{4 * DAY - 1} 0+0x{6 * DAY}", "crunch": f"0+0x{4 * DAY - 1} 1+0x{6 * DAY}"}
MOVED = f"0+0x{2 * DAY - 1} 1+0x{2 * DAY - 1} 2+0x{6 * DAY}"
RUN = 'job="backfill",instance="feb2021",market="UST"'


@pytest.mark.parametrize(
    ("asked_at", "range_days", "wanted"),
    [
        ("10d", 10, {"normal": 4, "crunch": 6, "steps": 2}),
        ("60d", 365, {"normal": 4, "crunch": 6, "steps": 2}),  # far beyond it on both sides
        ("10d", 7, {"normal": 1, "crunch": 6, "steps": 1}),  # what lies before the range is not in it
    ],
)
def test_days_and_steps_are_those_of_the_run_within_the_range(tmp_path: Path, asked_at, range_days, wanted):
    values = {"market": "UST", "job": ".*", "__range": f"{range_days}d"}
    queries = {"normal": days("normal"), "crunch": days("crunch"), "steps": steps()}
    cases = [
        {
            "expr": f"round({filled(query, values)}, 0.1)",
            "eval_time": asked_at,
            "exp_samples": [{"value": wanted[name]}],
        }
        for name, query in queries.items()
    ]
    series = [
        {"series": f'crunchwatch_state{{{RUN},crunchwatch_state="{state}"}}', "values": shown}
        for state, shown in STATES.items()
    ]
    series.append({"series": f'crunchwatch_transitions_total{{{RUN},from_state="normal"}}', "values": MOVED})
    case = tmp_path / "board.yml"
    # The samples end after ten days; promtool reads JSON as the YAML it is.
    test = {"interval": "5m", "input_series": series, "promql_expr_test": cases}
    case.write_text(json.dumps({"evaluation_interval": "1d", "tests": [test]}))
    done = subprocess.run(
        [str(debian.promtool()), "test", "rules", str(case)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
