"""What would change it: derived from the table, so each answer is tried out on the table."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from detectors.calendar import NS, ny, sessions_after
from detectors.config import load
from detectors.engine import Engine
from detectors.events import Event
from detectors.signals import Transition
from detectors.view.margins import Margin
from detectors.view.outlook import Outlook, RuleOutlook, outlook
from tests.detectors.test_state_machine import Desk, stress
from tests.support.shared import played

MOMENT = ny(dt.date(2021, 3, 1), "12:00")


def seen(desk: Desk, now: int, margins: dict[str, list[Margin]] | None = None) -> Outlook:
    desk.until(now)
    return outlook(desk.table, now, desk.blind, margins or {})


def rule(found: Outlook, name: str) -> RuleOutlook:
    return next(one for one in found.rules if one.name == name)


def test_what_is_missing_is_named_and_the_nearest_rule_stands_first() -> None:
    desk = Desk(stress())
    desk.say(MOMENT, ("corridor.negative", 1))
    found = seen(desk, MOMENT)
    selloff = rule(found, "selloff")
    assert not selloff.holds
    assert [(one.name, one.holds) for one in selloff.conditions] == [("sustained", False), ("negative", True)]
    assert selloff.missing == 1
    assert [one.missing for one in found.rules] == sorted(one.missing for one in found.rules)
    assert {(one.to_state, one.at_ns) for one in found.changes} == {("crunch", None), ("de_facto_default", None)}


def test_a_dwell_says_when_it_ends_and_then_the_state_moves() -> None:
    desk = Desk(stress(dwell_s=(3600, 0)))
    desk.say(MOMENT, ("specialness.special", 2))
    [up] = [one for one in seen(desk, MOMENT).changes if one.to_state == "crunch"]
    assert up.at_ns == MOMENT + 3600 * NS
    assert up.by.startswith("special ")
    desk.until(up.at_ns)
    assert desk.table.position.state == "crunch"


def test_calm_says_when_the_state_will_be_left_and_then_it_is() -> None:
    desk = Desk(stress())
    desk.say(MOMENT, ("specialness.special", 2))
    desk.say(MOMENT + NS, ("specialness.special", 0))
    [down] = [one for one in seen(desk, MOMENT + NS).changes if one.to_state == "normal"]
    assert down.at_ns == sessions_after(MOMENT, 3)
    desk.until(down.at_ns - 1)
    assert desk.table.position.state == "crunch"
    desk.until(down.at_ns)
    assert desk.table.position.state == "normal"


def test_a_rule_on_silent_evidence_is_said_to_be_and_when_it_is_overruled() -> None:
    desk = Desk(stress())
    desk.say(MOMENT, ("specialness.special", 2))
    desk.say(MOMENT + NS, blind=("specials",))
    found = seen(desk, MOMENT + NS)
    special = rule(found, "special")
    assert special.holds
    assert special.silent
    assert special.conditions[0].blind_on == ("specials",)
    downs = [one for one in found.changes if one.to_state == "normal"]
    assert [one.at_ns for one in downs] == [None, sessions_after(MOMENT, 5)]


def test_a_condition_has_the_margins_of_its_own_level_and_the_nearest_first() -> None:
    def special(subject: str, level: int, value: float) -> Margin:
        return Margin(
            name="special", subject=subject, level=level, value=value, threshold=100.0, unit="bp", rising=True
        )

    margins = {"specialness": [special("far", 2, 10.0), special("near", 2, 90.0), special("other", 3, 99.0)]}
    found = seen(Desk(stress()), MOMENT, margins)
    [condition] = rule(found, "special").conditions
    assert [(one.subject, one.beyond) for one in condition.margins] == [("near", -10.0), ("far", -90.0)]


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """The bundled story."""
    return list(played("feb2021").events)


def test_margins_agree_with_the_signals_on_the_bundled_weeks(events: list[Event]) -> None:
    """A confirmed breach is beyond its threshold, and a state's reasons come back after a restart."""
    until = ny(dt.date(2021, 3, 4), "18:00")
    engine = Engine(load(), "UST")
    result = engine.process([event for event in events if event.known <= until])
    said = [one for one in result.outputs if isinstance(one, Transition)]
    found = engine.outlook()
    breached = rule(found, "floor_breached")
    assert breached.holds
    [margin] = breached.conditions[0].margins
    assert (margin.subject, margin.value, margin.threshold, margin.beyond) == ("10Y-OTR", -4.0, -3.0, 100.0)
    assert {one.name for one in found.rules if one.holds} == {
        name for name, holds in engine.status().rules.items() if holds
    }
    assert [one.transition for one in engine.recent()] == said[-8:]
    [mark] = engine.recent()[-1].marks
    assert mark.values == {"floor_pct": -3.0, "prints_below": 1.0, "worst_pct": -4.0}
    again = Engine.restore(load(), "UST", engine.snapshot())
    assert msgspec.to_builtins(again.outlook(), str_keys=True) == msgspec.to_builtins(found, str_keys=True)
    assert again.recent() == engine.recent()
