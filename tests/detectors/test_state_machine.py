"""The stress table by hand, then against a model of it that counts days on its fingers."""

import datetime as dt

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import calendar
from detectors.registry import installed
from detectors.sections import Stress
from detectors.signals import Cause, Signal
from detectors.state_machine import StateMachine
from detectors.testing import make

ALIVE: tuple[str, ...] = ()


def condition(name, level=1, within=0):
    detector, _, signal = name.partition(".")
    return {"detector": detector, "name": signal, "min_level": level, "within_sessions": within}


def rule(name, state, kind, *conditions):
    return {"name": name, "state": state, "kind": kind, "all": list(conditions)}


RULES = [
    rule("breached", "de_facto_default", "squeeze", condition("floor.breach", 3)),
    rule("special", "crunch", "squeeze", condition("specialness.special", 2)),
    rule("above", "crunch", "supply", condition("corridor.above", 1)),
    rule("recent", "crunch", "scarcity", condition("fails.high", 1, within=2)),
    rule("selloff", "crunch", "scarcity", condition("levels.sustained", 1, within=5), condition("corridor.negative")),
]


def stress(rules=None, dwell_s=(0, 0), exits=(3, 1), blind_exit=5):
    return msgspec.convert(
        {
            "crunch": {"entry_dwell_s": dwell_s[0], "exit_sessions": exits[0]},
            "de_facto_default": {"entry_dwell_s": dwell_s[1], "exit_sessions": exits[1]},
            "living": ["yields", "repo_gc"],
            "blind_exit_sessions": blind_exit,
            "feeds": [{"name": name, "stale_sessions": 2} for name in ("yields", "repo_gc", "specials", "fails")],
            "rules": RULES if rules is None else rules,
        },
        type=Stress,
    )


class Desk:
    """The table with a clock of its own: it wakes when the table asks, as the engine does, but to the nanosecond."""

    def __init__(self, config=None):
        self.table = StateMachine(config or stress(), installed())
        self.blind = ALIVE
        self.steps = []
        self.overruled = []
        self._numbers = iter(range(10**6))

    def signal(self, name, level, now, subject="X"):
        detector, _, signal = name.partition(".")
        number = next(self._numbers)
        self.table.take(
            Signal(
                id=f"{number:06}",
                market="UST",
                ts=now,
                known=now,
                detector=detector,
                name=signal,
                subject=subject,
                level=level,
                values={},
                rule="as it is",
                threshold=None,
                causes=(Cause("test", number),),
                provenance="official",
                config_hash="",
            )
        )

    def until(self, at):
        now = make.moment(at)
        while (wake := self.table.wake_at()) is not None and wake <= now:
            for detector, name, subject in self.table.overruled(wake, self.blind):
                self.overruled.append((f"{detector}.{name}", subject, wake))
                self.signal(f"{detector}.{name}", 0, wake, subject)
            self._evaluate(wake)
        return now

    def say(self, at, *said, blind=None):
        """At a moment: signals as ``name=level``, and from now on what is blind."""
        now = self.until(at)
        for name, level in said:
            signal, _, subject = name.partition("@")
            self.signal(signal, level, now, subject or "X")
        if blind is not None:
            self.blind = tuple(sorted(blind))
        return self._evaluate(now)

    def _evaluate(self, now):
        steps = self.table.evaluate(now, self.blind)
        self.steps += [(now, step.from_state, step.to_state, step.kind) for step in steps]
        return steps

    @property
    def state(self):
        return self.table.position.state

    def moves(self):
        return [(at, to_state) for at, _, to_state, _ in self.steps]


def at(text):
    return make.moment(text)


def test_nothing_is_normal():
    desk = Desk()
    assert desk.say("2021-03-01") == []
    assert desk.state == "normal"
    assert desk.table.wake_at() is None


def test_a_rule_that_holds_enters_its_state_at_once():
    desk = Desk()
    (step,) = desk.say("2021-03-01 10:00", ("specialness.special", 2))
    assert (step.from_state, step.to_state, step.kind) == ("normal", "crunch", "squeeze")
    assert [(one.rule, one.holds, one.signals) for one in step.evidence] == [("special", True, ("000000",))]
    assert desk.table.position.since == at("2021-03-01 10:00")


def test_a_level_below_the_rules_does_nothing():
    desk = Desk()
    assert desk.say("2021-03-01 10:00", ("specialness.special", 1), ("floor.breach", 2)) == []


def test_every_condition_of_a_rule_must_hold():
    desk = Desk()
    assert desk.say("2021-03-01 10:00", ("levels.sustained", 1)) == []
    (step,) = desk.say("2021-03-02 10:00", ("corridor.negative", 1))
    assert step.kind == "scarcity"
    assert step.evidence[0].signals == ("000000", "000001")


def test_from_normal_straight_to_de_facto_default():
    desk = Desk()
    (step,) = desk.say("2021-03-03 11:00", ("floor.breach", 3), ("specialness.special", 3))
    assert (step.from_state, step.to_state) == ("normal", "de_facto_default")
    assert [one.rule for one in step.evidence] == ["breached"]


def test_from_crunch_to_de_facto_default():
    desk = Desk()
    desk.say("2021-03-03 10:00", ("specialness.special", 2))
    (step,) = desk.say("2021-03-03 11:00", ("floor.breach", 3))
    assert (step.from_state, step.to_state) == ("crunch", "de_facto_default")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ((("specialness.special", 2), ("corridor.above", 1)), "mixed"),
        ((("specialness.special", 2), ("floor.breach", 2)), "squeeze"),
        ((("corridor.above", 1),), "supply"),
    ],
)
def test_kinds_that_differ_are_mixed(said, kind):
    (step,) = Desk().say("2021-03-03 10:00", *said)
    assert step.kind == kind


def test_it_is_left_step_by_step_after_the_sessions_of_each():
    desk = Desk()
    desk.say("2021-03-03 11:00", ("floor.breach", 3))
    desk.say("2021-03-04 11:00", ("floor.breach", 0))
    desk.until("2021-03-31")
    # One session after Thursday is Friday 5; three after that (8, 9, 10) end at the midnight after Wednesday.
    assert desk.steps[1:] == [
        (at("2021-03-06 00:00"), "de_facto_default", "crunch", "squeeze"),
        (at("2021-03-11 00:00"), "crunch", "normal", "none"),
    ]


def test_leaving_says_which_rule_ended_and_what_is_alive():
    desk = Desk()
    desk.say("2021-03-03 11:00", ("floor.breach", 3))
    desk.until("2021-03-04")
    desk.say("2021-03-04 11:00", ("floor.breach", 0))
    now = desk.table.wake_at()
    (step,) = desk.table.evaluate(now, ALIVE)
    ended, calm = step.evidence
    assert (ended.rule, ended.holds, ended.signals) == ("breached", False, ("000001",))
    assert (calm.rule, calm.holds) == ("calm", True)
    assert "yields, repo_gc" in calm.summary


@pytest.mark.parametrize("sessions", [0, 1, 2, 10])
def test_exit_sessions_are_configuration(sessions):
    desk = Desk(stress(exits=(sessions, 1)))
    desk.say("2021-02-10 11:00", ("corridor.above", 1))
    desk.say("2021-02-11 11:00", ("corridor.above", 0))
    desk.until("2021-03-31")
    ends = {0: "2021-02-11 11:00", 1: "2021-02-13 00:00", 2: "2021-02-17 00:00", 10: "2021-02-27 00:00"}
    assert desk.moves()[1:] == [(at(ends[sessions]), "normal")]


def test_a_rule_that_returns_starts_the_calm_anew():
    desk = Desk()
    desk.say("2021-03-01 11:00", ("corridor.above", 1))
    desk.say("2021-03-02 11:00", ("corridor.above", 0))
    desk.say("2021-03-05 11:00", ("specialness.special", 2))  # the calm would have ended at midnight
    desk.say("2021-03-08 11:00", ("specialness.special", 0))
    desk.until("2021-03-31")
    assert desk.moves()[1:] == [(at("2021-03-12 00:00"), "normal")]


def test_a_dwell_must_be_held_through():
    desk = Desk(stress(dwell_s=(600, 0)))
    assert desk.say("2021-03-01 10:00", ("corridor.above", 1)) == []
    assert desk.table.wake_at() == at("2021-03-01 10:10")
    desk.say("2021-03-01 10:09", ("corridor.above", 0))
    assert desk.table.wake_at() is None
    desk.say("2021-03-01 10:20", ("corridor.above", 1))
    desk.until("2021-03-02")
    assert desk.moves() == [(at("2021-03-01 10:30"), "crunch")]


def test_the_dwell_is_of_the_state_and_not_of_the_rule():
    desk = Desk(stress(dwell_s=(600, 0)))
    desk.say("2021-03-01 10:00", ("corridor.above", 1))
    desk.say("2021-03-01 10:05", ("specialness.special", 2), ("corridor.above", 0))
    desk.until("2021-03-02")
    assert desk.moves() == [(at("2021-03-01 10:10"), "crunch")]


def test_a_default_that_dwells_passes_through_crunch():
    desk = Desk(stress(dwell_s=(0, 600)))
    desk.say("2021-03-01 10:00", ("floor.breach", 3))
    desk.until("2021-03-02")
    assert desk.moves() == [(at("2021-03-01 10:00"), "crunch"), (at("2021-03-01 10:10"), "de_facto_default")]


def test_a_condition_may_count_for_some_sessions_after_it_ended():
    desk = Desk(stress(exits=(0, 0)))
    desk.say("2021-03-01 10:00", ("fails.high", 1))
    desk.say("2021-03-03 10:00", ("fails.high", 0))
    desk.until("2021-03-31")
    assert desk.moves()[1:] == [(at("2021-03-06 00:00"), "normal")]


def test_a_break_counts_from_when_it_was_said_however_long_it_holds():
    desk = Desk(stress(exits=(0, 0)))
    desk.say("2021-03-01 10:00", ("levels.sustained", 1), ("corridor.negative", 1))
    desk.until("2021-03-31")
    assert desk.moves()[1:] == [(at("2021-03-09 00:00"), "normal")]


def test_a_break_that_ends_is_still_the_break_that_was_said():
    desk = Desk(stress(exits=(0, 0)))
    desk.say("2021-03-01 10:00", ("levels.sustained", 1))
    desk.say("2021-03-02 10:00", ("levels.sustained", 0))
    desk.say("2021-03-05 10:00", ("corridor.negative", 1))
    desk.until("2021-03-31")
    assert desk.moves() == [(at("2021-03-05 10:00"), "crunch"), (at("2021-03-09 00:00"), "normal")]


def test_one_subject_that_ends_leaves_the_other():
    desk = Desk()
    desk.say("2021-03-01 10:00", ("floor.breach@10Y", 3), ("floor.breach@7Y", 3))
    desk.say("2021-03-02 10:00", ("floor.breach@10Y", 0))
    desk.until("2021-03-31")
    assert desk.state == "de_facto_default"


@pytest.mark.parametrize("blind", [{"specials"}, {"specials", "yields"}, {"yields", "repo_gc", "specials", "fails"}])
def test_losing_a_feed_moves_nothing_by_itself(blind):
    desk = Desk()
    desk.say("2021-03-03 11:00", ("floor.breach", 3))
    desk.say("2021-03-08 00:00", blind=blind)
    assert desk.state == "de_facto_default"
    assert desk.moves() == [(at("2021-03-03 11:00"), "de_facto_default")]


def test_a_feed_that_is_not_alive_stops_the_calm():
    desk = Desk()
    desk.say("2021-03-01 11:00", ("corridor.above", 1))
    desk.say("2021-03-02 11:00", ("corridor.above", 0))
    desk.say("2021-03-04 00:00", blind={"yields"})
    desk.until("2021-03-20")
    assert desk.state == "crunch"
    desk.say("2021-03-22 09:00", blind=())
    desk.until("2021-03-31")
    assert desk.moves()[1:] == [(at("2021-03-26 00:00"), "normal")]  # three sessions after Monday 22


def test_after_five_quiet_sessions_the_silent_feed_is_overruled():
    desk = Desk()
    desk.say("2021-03-05 11:00", ("floor.breach@10Y", 3), ("specialness.special@10Y", 3), ("corridor.negative", 1))
    desk.say("2021-03-11 00:00", blind={"specials"})
    desk.until("2021-04-30")
    # The midnight belongs to Wednesday 10: five sessions more end with Wednesday 17. Then one, then three.
    overruled = at("2021-03-18 00:00")
    assert desk.overruled == [("floor.breach", "10Y", overruled), ("specialness.special", "10Y", overruled)]
    assert desk.moves()[1:] == [(at("2021-03-19 00:00"), "crunch"), (at("2021-03-24 00:00"), "normal")]


def test_what_living_feeds_say_is_never_overruled():
    desk = Desk()
    desk.say("2021-03-05 11:00", ("floor.breach", 3), ("corridor.above", 1))
    desk.say("2021-03-11 00:00", blind={"specials"})
    desk.until("2021-04-30")
    assert desk.state == "crunch"
    assert [name for name, _, _ in desk.overruled] == ["floor.breach"]


def test_while_a_living_rule_carries_the_state_nothing_is_overruled():
    desk = Desk()
    desk.say("2021-03-05 11:00", ("specialness.special", 3), ("corridor.above", 1))
    desk.say("2021-03-11 00:00", blind={"specials"})
    desk.until("2021-04-30")
    assert (desk.state, desk.overruled) == ("crunch", [])


@pytest.mark.parametrize("dead", ["yields", "repo_gc"])
def test_silence_everywhere_overrules_nothing(dead):
    desk = Desk()
    desk.say("2021-03-05 11:00", ("floor.breach", 3))
    desk.say("2021-03-11 00:00", blind={"specials"})
    desk.say("2021-03-15 00:00", blind={"specials", dead})
    desk.until("2021-06-30")
    assert (desk.state, desk.overruled) == ("de_facto_default", [])
    desk.say("2021-07-01 09:00", blind={"specials"})
    desk.until("2021-07-31")
    # Friday 2, Tuesday 6 (the 5th is closed), 7, 8, 9: the five sessions are counted anew.
    assert desk.overruled == [("floor.breach", "X", at("2021-07-10 00:00"))]


def test_a_feed_that_speaks_again_in_time_is_believed():
    desk = Desk()
    desk.say("2021-03-05 11:00", ("floor.breach", 3))
    desk.say("2021-03-11 00:00", blind={"specials"})
    desk.say("2021-03-16 09:00", blind=())
    desk.until("2021-04-30")
    assert (desk.state, desk.overruled) == ("de_facto_default", [])


def test_in_normal_nothing_is_overruled():
    desk = Desk()
    desk.say("2021-03-05 11:00", ("specialness.special", 1))
    desk.say("2021-03-11 00:00", blind={"specials"})
    desk.until("2021-04-30")
    assert desk.overruled == []


def test_an_anomaly_alone_is_refused_as_a_rule():
    for detector in ("anomaly.spread", "shift.off", "joint.score"):
        alone = stress([rule("odd", "crunch", "supply", condition(detector))])
        with pytest.raises(ValueError, match="all: an anomaly alone never moves the state"):
            alone.check(installed())
        stress([rule("odd", "crunch", "supply", condition(detector), condition("corridor.above"))]).check(installed())


@pytest.mark.parametrize(("name", "level"), [("floor.breach", 2), ("specialness.special", 3), ("floor.below", 1)])
def test_de_facto_default_is_entered_through_a_confirmed_breach_alone(name, level):
    other = stress([rule("other", "de_facto_default", "squeeze", condition(name, level))])
    with pytest.raises(ValueError, match="all: de facto default is entered through"):
        other.check(installed())


def test_a_model_beside_a_rule_supports_it_and_alone_does_nothing():
    desk = Desk()
    assert desk.say("2021-03-01 10:00", ("anomaly.spread", 1)) == []
    (step,) = desk.say("2021-03-01 11:00", ("specialness.special", 2))
    assert [one.rule for one in step.evidence] == ["special", "support"]
    assert step.evidence[-1].signals == ("000000",)
    assert step.confidence == "high"


def test_confidence_is_what_carries_the_state():
    assert Desk().say("2021-03-01 11:00", ("specialness.special", 2))[0].confidence == "medium"
    assert Desk().say("2021-03-01 11:00", ("specialness.special", 2), ("corridor.above", 1))[0].confidence == "high"


@pytest.mark.parametrize("stop", range(6))
def test_a_restart_changes_nothing(stop):
    story = [
        ("2021-03-01 10:00", (("levels.sustained", 1), ("corridor.negative", 1)), ()),
        ("2021-03-03 11:00", (("floor.breach", 3), ("specialness.special", 3)), ()),
        ("2021-03-05 11:00", (("corridor.negative", 0),), ()),
        ("2021-03-11 00:00", (), ("specials",)),
        ("2021-03-16 00:00", (("fails.high", 1),), ("specials",)),
        ("2021-03-18 00:00", (("fails.high", 0),), ("specials",)),
    ]
    whole, parted = Desk(stress(dwell_s=(60, 60))), Desk(stress(dwell_s=(60, 60)))
    for index, (moment, said, blind) in enumerate(story):
        whole.say(moment, *said, blind=blind)
        parted.say(moment, *said, blind=blind)
        if index == stop:
            plain = msgspec.msgpack.decode(msgspec.msgpack.encode(parted.table.snapshot()), strict=False)
            parted.table = StateMachine(stress(dwell_s=(60, 60)), installed())
            parted.table.restore(plain)
    whole.until("2021-05-01")
    parted.until("2021-05-01")
    assert parted.steps == whole.steps
    assert len(whole.steps) >= 4
    assert whole.state == "normal"
    assert parted.overruled == whole.overruled


class Fingers:
    """The table for two rules, in whole sessions: what happens at noon of a day, and at the midnight that ends it."""

    def __init__(self, exits, blind_exit):
        self.exits = {"crunch": exits[0], "de_facto_default": exits[1]}
        self.blind_exit = blind_exit
        self.state = "normal"
        self.above = self.breach = False
        self.blind = frozenset()
        self.calm = self.quiet = None

    def noon(self, day, above, breach, blind):
        self.above, self.breach, self.blind = above, breach, blind
        self._settle(day)

    def midnight(self, day):
        if self.quiet is not None and day >= self.quiet + self.blind_exit:
            self.breach = False
            self._settle(day)
        if self.calm is not None and day >= self.calm + self.exits[self.state]:
            self.state = {"de_facto_default": "crunch", "crunch": "normal"}[self.state]
            self.calm = self.quiet = None
            self._settle(day)

    def _settle(self, day):
        before = self.state
        if self.breach and ("specials" not in self.blind or self.state == "de_facto_default"):
            self.state = "de_facto_default"  # what is silent holds a state and founds none
        elif self.above and self.state == "normal":
            self.state = "crunch"
        if self.state != before:
            self.calm = self.quiet = None
        alive = not self.blind & {"yields", "repo_gc"}
        holds = {"normal": True, "crunch": self.above or self.breach, "de_facto_default": self.breach}[self.state]
        living = self.above if self.state == "crunch" else False
        silent = self.state != "normal" and holds and "specials" in self.blind and not living
        self.calm = (day if self.calm is None else self.calm) if alive and not holds else None
        self.quiet = (day if self.quiet is None else self.quiet) if alive and silent else None


BLIND = st.sampled_from([(), (), ("specials",), ("specials",), ("yields",), ("specials", "yields")])
NOONS = st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.booleans(), BLIND), max_size=14)


@settings(max_examples=300, deadline=None)
@given(
    noons=NOONS,
    exits=st.tuples(st.integers(1, 4), st.integers(1, 3)),
    blind_exit=st.integers(1, 5),
)
def test_it_moves_as_one_would_count_it_on_ones_fingers(noons, exits, blind_exit):
    rules = [
        rule("breached", "de_facto_default", "squeeze", condition("floor.breach", 3)),
        rule("above", "crunch", "supply", condition("corridor.above", 1)),
    ]
    desk, fingers = Desk(stress(rules, exits=exits, blind_exit=blind_exit)), Fingers(exits, blind_exit)
    date, index = dt.date(2021, 1, 29), 0
    for gap, above, breach, blind in [*noons, (30, False, False, ())]:
        for _ in range(gap):
            fingers.midnight(index)
            desk.until(calendar.ny(date + calendar.DAY, "00:00"))
            assert desk.state == fingers.state, date
            date, index = calendar.next_business_day(date), index + 1
            desk.until(calendar.ny(date, "00:00"))
            assert desk.state == fingers.state, date
        noon = calendar.ny(date, "12:00")
        desk.say(noon, ("corridor.above", int(above)), ("floor.breach", 3 * breach), blind=blind)
        fingers.noon(index, above, breach, frozenset(blind))
        assert desk.state == fingers.state, date
