"""What is remembered of signals, and which of them is quoted."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from detectors.registry import installed
from detectors.sections.stress import Condition
from detectors.signal_memory import SignalMemory
from detectors.signals import Signal, content_id

CONDITION = Condition(detector="corridor", name="above", min_level=1, within_sessions=0)


def said(subject: str, level: int, market: str = "UST", known: int = 1) -> Signal:
    made = Signal(
        market=market,
        ts=known,
        known=known,
        detector="corridor",
        name="above",
        subject=subject,
        level=level,
        rule="above the upper limit",
        values={"above_bp": 26.0},
        threshold=25.0,
        causes=(),
        provenance="official",
        config_hash="0" * 16,
    )
    return msgspec.structs.replace(made, id=content_id(made))


@pytest.mark.parametrize("order", list(itertools.permutations(["GC:BGCR", "GC:SOFR", "TRIPARTY:BNYM"])))
def test_of_two_words_of_one_moment_the_same_is_quoted_in_every_market(order):
    quoted = set()
    for market in ("UST", "UST-2", "UKT", "DBR"):
        memory = SignalMemory(installed())
        for subject in order:
            memory.take(said(subject, 0, market))
        quoted.add(memory.latest(CONDITION).text)
    assert quoted == {"corridor.above TRIPARTY:BNYM is off; its rule: above the upper limit"}


def test_the_newest_is_quoted():
    memory = SignalMemory(installed())
    memory.take(said("TRIPARTY:BNYM", 1, known=1))
    memory.take(said("GC:BGCR", 2, known=2))
    assert memory.latest(CONDITION).text == "corridor.above GC:BGCR at level 2: above the upper limit"
    assert SignalMemory(installed()).latest(CONDITION) is None
