"""What is shown of a market: bounded labels, state sets that add up, and lines for what they belong to."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import msgspec
import pytest

from detectors.config import load
from detectors.engine import Engine
from detectors.signals import STATES, Cause, Evidence, Transition
from detectors.view.gauges import (
    BECAUSE,
    CAUSE,
    FAMILIES,
    KINDS,
    LAST,
    LEVEL,
    MAX_SERIES,
    STATE,
    TRANSITIONS,
    VALUE,
    MarketGauges,
)
from detectors.view.status import Status
from detectors.view.thresholds import thresholds


@pytest.fixture
def status() -> Status:
    return Engine(load(), "UST").status()


def test_an_empty_market_shows_every_step_at_zero_and_one_state(status):
    shown = list(MarketGauges().samples(status, 0.0))
    steps = {sample.labels: sample.value for sample in shown if sample.family is TRANSITIONS}
    assert steps == dict.fromkeys(permutations(STATES, 2), 0)
    assert [sample.labels for sample in shown if sample.family is STATE and sample.value] == [("normal",)]
    assert all(len(sample.labels) == len(sample.family.labels) for sample in shown)
    assert max(Counter((sample.family, sample.labels) for sample in shown).values()) == 1


def test_the_families_come_in_one_order(status):
    order = [FAMILIES.index(sample.family) for sample in MarketGauges().samples(status, 0.0)]
    assert order == sorted(order)


def test_a_signal_that_fell_silent_is_at_zero(status):
    gauges = MarketGauges()
    list(gauges.samples(msgspec.structs.replace(status, signal_levels={"floor.breach": 3}), 0.0))
    shown = {one.labels: one.value for one in gauges.samples(status, 0.0) if one.family is LEVEL}
    assert shown[("floor.breach",)] == 0
    assert set(shown.values()) == {0}, "every signal is there from the beginning"


def test_series_are_bounded(status):
    gauges = MarketGauges()
    for batch in range(3):
        values = {f"specialness_{batch}-{number}_bp": 1.0 for number in range(200)}
        shown = list(gauges.samples(msgspec.structs.replace(status, values=values), 0.0))
    assert sum(sample.family is VALUE for sample in shown) == 0
    assert len({*gauges._series}) == MAX_SERIES


def test_every_kind_of_stress_is_among_the_kinds():
    rules = load().stress.rules
    assert {rule.kind for rule in rules} <= set(KINDS)


@pytest.mark.parametrize("preset", ["desk", "framework"])
def test_lines_are_the_configurations(preset):
    config = load(preset)
    lines = thresholds(config)
    assert {value for (series, _), value in lines.items() if series == "yield_10Y_pct"} == set(
        config.levels.levels_pct["10Y"]
    )
    assert lines["takeup_ON_RRP_usd", "high"] == config.facility.line_usd


def test_the_last_step_stands_there_with_its_rules_and_events_and_none_before_it(status):
    gauges = MarketGauges()
    for step in (_step("one", "normal", "crunch"), _step("two", "crunch", "de_facto_default")):
        gauges.step(step)
    shown = list(gauges.samples(status, 0.0))
    last = [(one.labels, one.value) for one in shown if one.family in {LAST, BECAUSE, CAUSE}]
    assert last == [
        (("two", "crunch", "de_facto_default", "squeeze", "medium", "2000"), 2.0),
        (("two", "floor_breached", "a print"), 1),
        (("two", "broker#7"), 1),
    ]


def _step(name: str, before: str, after: str) -> Transition:
    return Transition(
        id=name,
        market="UST",
        ts=10**9,
        known=2 * 10**9,
        from_state=before,
        to_state=after,
        kind="squeeze",
        confidence="medium",
        evidence=(Evidence(rule="floor_breached", holds=True, signals=("s",), summary="a print"),),
        causes=(Cause("broker", 7),),
        blind_on=(),
        provenance="quoted",
        config_hash="h",
    )


def test_the_lines_of_scarcity_lie_where_the_detector_looks():
    lines = thresholds(load())
    assert lines["scarcity_DVP-TRIPARTY_bp", "scarce"] == -5.0
    assert lines["scarcity_DVP-TRIPARTY_bp", "deep"] == -10.0
