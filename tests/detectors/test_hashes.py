"""Hashes by part: a change elsewhere leaves ids and states as they were, and only what it concerns begins anew."""

import msgspec
import pytest

from detectors.config import load
from detectors.engine import Engine
from detectors.hashes import config_hash
from detectors.registry import hash_behind, part_hashes
from detectors.signals import Signal, Transition
from detectors.testing import make
from tests.support import shared

CUT = make.moment("2021-02-22 12:00")


def changed(table: str, **fields):
    config = load()
    return msgspec.structs.replace(config, **{table: msgspec.structs.replace(getattr(config, table), **fields)})


def rest(engine: Engine):
    events = [event for event in shared.played("feb2021").events if event.known > CUT]
    return engine.process(events).outputs


@pytest.fixture(scope="module")
def undisturbed():
    return rest(shared.engine("feb2021", CUT))


def signals(outputs, *, of=None, but=()):
    return [
        one for one in outputs if isinstance(one, Signal) and one.detector not in but and of in {None, one.detector}
    ]


def test_a_number_changes_its_own_detectors_hash_and_the_rules_that_name_it():
    before, after = part_hashes(load()), part_hashes(changed("curve", alert_z=2.5))
    assert {name for name in before if before[name] != after[name]} == {"curve"}
    assert config_hash(load()) != config_hash(changed("curve", alert_z=2.5))


def test_two_tables_that_share_a_section_change_together():
    before, after = part_hashes(load()), part_hashes(changed("funds", min_days=250))
    assert {name for name in before if before[name] != after[name]} == {"cta", "trend", "risk_parity", "balanced"}


@pytest.mark.parametrize("table", ["merge", "curve"])
def test_what_no_rule_names_leaves_the_transitions_hash(table):
    other = changed("merge", lateness_s=300) if table == "merge" else changed("curve", alert_z=2.5)
    step = next(one for one in shared.backtested("feb2021").outputs if isinstance(one, Transition))
    assert hash_behind(other, step) == hash_behind(load(), step) == step.config_hash


def test_what_a_rule_names_changes_the_transitions_hash_and_no_other_signals():
    other = changed("specialness", clear_bp=15.0)
    outputs = shared.backtested("feb2021").outputs
    step = next(one for one in outputs if isinstance(one, Transition))
    assert hash_behind(other, step) != step.config_hash
    for name in ("floor", "levels", "regime"):
        one = signals(outputs, of=name)[0]
        assert hash_behind(other, one) == one.config_hash


def test_a_changed_detector_begins_anew_and_all_others_go_on_with_their_ids(undisturbed):
    raw = shared.engine("feb2021", CUT).snapshot()
    engine = Engine.restore(changed("curve", span_days=240), "UST", raw)
    assert engine.anew == {"curve": "other tables"}
    assert "curve:5Y-3M" in engine.status().warming
    outputs = rest(engine)
    assert signals(outputs, but=("curve",)) == signals(undisturbed, but=("curve",))
    assert [one for one in outputs if isinstance(one, Transition)] == [
        one for one in undisturbed if isinstance(one, Transition)
    ]
    assert signals(undisturbed, of="curve")


def test_a_changed_detector_that_holds_figures_as_they_came_goes_on_with_them(undisturbed):
    raw = shared.engine("feb2021", CUT).snapshot()
    engine = Engine.restore(changed("floor", approach_bp=49.0), "UST", raw)
    assert set(engine.anew) == {"floor", "specialness"}  # specialness reads the floor's table too
    outputs = rest(engine)
    both = ("floor", "specialness")
    assert signals(outputs, but=both) == signals(undisturbed, but=both)
    states = [(one.known, one.to_state) for one in outputs if isinstance(one, Transition)]
    assert states == [(one.known, one.to_state) for one in undisturbed if isinstance(one, Transition)]


def test_the_same_configuration_under_another_name_begins_nothing_anew():
    raw = shared.engine("feb2021", CUT).snapshot()
    assert Engine.restore(msgspec.structs.replace(load(), preset="mine"), "UST", raw).anew == {}


def test_the_regime_hears_again_what_still_holds():
    raw = shared.engine("feb2021", make.moment("2021-03-04 20:00")).snapshot()
    before = Engine.restore(load(), "UST", raw)
    rules = load().regime.rules
    engine = Engine.restore(changed("regime", rules=(*rules[1:], rules[0])), "UST", raw)
    assert engine.anew == {"regime": "other tables"}
    assert before.status().values["regime_squeeze"] == engine.status().values["regime_squeeze"] == 1.0
    events = [e for e in shared.played("feb2021").events if make.moment("2021-03-04 20:00") < e.known][:4_000]
    kinds = [
        [(one.known, one.subject, one.level) for one in signals(made.process(events).outputs, of="regime")]
        for made in (before, engine)
    ]
    assert kinds[0] == kinds[1]
