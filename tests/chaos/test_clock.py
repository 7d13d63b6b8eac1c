"""A wall clock that jumps: the engine has no clock, and what the clients do with theirs must not reach the outputs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.chaos.ledger import Ledger
from tests.chaos.trial import Trial, made_up

DAY_S = 86_400
JUMPS = ((4.0, 2 * DAY_S), (8.0, -3 * DAY_S), (12.0, 3_600.0), (16.0, 0.0))
"""Seconds after the worker's start, and by how much its clock is wrong from then on."""

SITE = f"""
import time
_clock, _began = time.time, time.monotonic()
def _jumpy():
    gone = time.monotonic() - _began
    return _clock() + ([0.0] + [wrong for after, wrong in {JUMPS!r} if after <= gone])[-1]
time.time = _jumpy
time.time_ns = lambda: int(_jumpy() * 1e9)
"""


def test_a_clock_that_jumps_changes_nothing(trial: Callable[..., Trial], ledger: Ledger, tmp_path: Path) -> None:
    """By two days ahead, three back, an hour ahead: in the worker's process, by a module that Python loads first."""
    (tmp_path / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    going = trial()
    going.make_topics()
    with going.supervised(PYTHONPATH=path) as worker:
        with going.streaming(made_up(), seconds=JUMPS[-1][0] + 4.0):
            pass
        going.settle()
    ledger.fault("clock: a jump", len(JUMPS))
    assert worker.exits == []
