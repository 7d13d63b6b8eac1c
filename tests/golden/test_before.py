"""The bundled history's transitions are what version 0.1.0 gave, but for ids and hashes: they rest on other things now.

``before.*.jsonl`` were written by the commit before the detectors described themselves, from
``crunchwatch backtest bundled --preset PRESET --json``, without ids, hashes and the ids of signals. They are never
written anew: a change of behaviour that is meant says so here.
"""

import datetime as dt
from pathlib import Path
from typing import Any

import orjson
import pytest

from detectors.calendar import ny
from detectors.config import load
from detectors.engine import WARMING
from detectors.signals import Transition, to_json
from tests.support import shared

UNTIL = ny(dt.date(2021, 7, 1), "00:00")  # the data ended here
FEEDS = {feed.name for feed in load().stress.feeds}


def comparable(step: Transition) -> dict[str, Any]:
    plain: dict[str, Any] = orjson.loads(to_json(step))
    del plain["id"], plain["config_hash"]
    plain["blind_on"] = [name for name in plain["blind_on"] if name in FEEDS]
    plain["evidence"] = [one for one in plain["evidence"] if one["rule"] != WARMING]
    for evidence in plain["evidence"]:
        del evidence["signals"]
    return plain


@pytest.mark.parametrize("preset", ["desk", "framework"])
def test_transitions_are_as_they_were(preset: str) -> None:
    before = Path(__file__).with_name(f"before.{preset}.jsonl").read_text("utf-8").splitlines()
    outputs = shared.backtested("bundled", preset).outputs
    steps = [one for one in outputs if isinstance(one, Transition) and one.known < UNTIL]
    assert [comparable(step) for step in steps] == [orjson.loads(line) for line in before]


def test_what_is_named_besides() -> None:
    outputs = shared.backtested("bundled", "desk").outputs
    steps = [one for one in outputs if isinstance(one, Transition) and one.known < UNTIL]
    named = {step.known: {name for name in step.blind_on if name not in FEEDS} for step in steps}
    begin, end = (ny(day, "00:00") for day in (dt.date(2020, 3, 2), dt.date(2020, 4, 2)))
    assert {moment for moment, names in named.items() if names} == {at for at in named if begin < at < end}
    # BNYM's tri-party rate ended on 20 March 2020; the percentiles of EFFR stay away from December 2019 on.
    percentiles = {f"EFFR:P{share}" for share in (1, 25, 75, 99)}
    assert set().union(*named.values()) == {"TRIPARTY:BNYM", *percentiles}
    assert all(step.evidence[-1].rule == WARMING for step in steps)  # no issues on and off the run, no daily specials
