"""The regime map: its table by hand, its time, its forgetting, and the bundled years with no date in any setting."""

import datetime as dt
import json
from collections import Counter, defaultdict

import msgspec
import pytest

from detectors.calendar import next_business_day, ny, ny_date, sessions_after
from detectors.config import load
from detectors.model.regime import Regime, RegimeMap
from detectors.registry import installed
from detectors.signals import Cause, Signal
from detectors.testing import make
from detectors.testing.bench import Bench

WEDGE = ("inversion", "shock", "supply")
DEMAND = ("inversion", "shock", "demand")
NEGATIVE = ("corridor", "negative", "GC")
SPECIAL = ("specialness", "special", "10Y-OTR")
BREACH = ("floor", "breach", "10Y-OTR")
SUSTAINED = ("levels", "sustained", "10Y@1.10")


class Heard:
    """A regime map and the signals it is given, each known at noon of a day."""

    def __init__(self, config=None):
        self.regime = RegimeMap(config or load().regime)
        self.regime.meet(installed())
        self.sequence = 0

    def __call__(self, what, level, day, **fields):
        self.sequence += 1
        detector, name, subject = what
        signal = Signal(
            market="UST",
            ts=make.moment(f"{day} 11:00"),
            known=make.moment(f"{day} 12:00"),
            detector=detector,
            name=name,
            subject=subject,
            level=level,
            values={},
            rule="",
            threshold=None,
            causes=(Cause(detector, self.sequence),),
            provenance="official",
            config_hash="",
            **fields,
        )
        return brief(self.regime.observe(signal))


def brief(drafts):
    return [(draft.subject, draft.level) for draft in drafts]


@pytest.fixture
def heard():
    return Heard()


@pytest.mark.parametrize(
    ("signals", "kind"),
    [
        ([(WEDGE, 2)], "supply"),
        ([(WEDGE, 1)], None),
        ([(("corridor", "above", "GC:SOFR"), 2)], "supply"),
        ([(("corridor", "above", "GC:SOFR"), 1)], None),
        ([(DEMAND, 2)], "scarcity"),
        ([(DEMAND, 1)], None),
        ([(NEGATIVE, 1)], "scarcity"),
        ([(SPECIAL, 3)], "squeeze"),
        ([(SPECIAL, 2)], None),
        ([(BREACH, 2)], "squeeze"),
        ([(SUSTAINED, 1)], None),
        ([(SUSTAINED, 1), (SPECIAL, 2)], "squeeze"),
        ([(NEGATIVE, 1), (SPECIAL, 3)], "squeeze"),
        ([(WEDGE, 2), (SPECIAL, 3)], "mixed"),
        ([(WEDGE, 2), (NEGATIVE, 1)], "mixed"),
        ([(("corridor", "prewarning", "GC:SOFR"), 1)], None),
    ],
    ids=str,
)
def test_the_table_row_by_row(heard, signals, kind):
    for what, level in signals:
        said = heard(what, level, "2021-03-03")
    assert [subject for subject, level in said if level] == ([kind] if kind else [])
    assert heard.regime.readings() == {
        f"regime_{one}": float(one == kind) for one in ("supply", "scarcity", "squeeze", "mixed")
    }


def test_a_change_of_kind_ends_one_and_begins_the_other(heard):
    assert heard(WEDGE, 2, "2020-03-17") == [("supply", 1)]
    assert heard(WEDGE, 2, "2020-03-18") == []
    assert heard(SPECIAL, 3, "2020-03-18") == [("supply", 0), ("mixed", 1)]
    assert heard.regime.levels() == {("kind", "mixed"): 1}


def test_a_rule_outlives_its_evidence_by_its_sessions_and_time_ends_it(heard):
    heard(WEDGE, 2, "2020-03-17")
    assert heard.regime.wake_at() is None
    assert heard(WEDGE, 0, "2020-03-19") == []
    due = sessions_after(make.moment("2020-03-19 12:00"), 5)
    assert due == ny(dt.date(2020, 3, 27), "00:00")
    assert heard.regime.wake_at() == due
    (draft,) = heard.regime.on_time(due)
    assert (draft.subject, draft.level, draft.ts, draft.known) == ("supply", 0, due, due)
    assert draft.causes == (Cause("inversion", 1),)
    assert heard.regime.wake_at() is None


def test_what_happens_counts_from_when_it_was_said(heard):
    heard(SUSTAINED, 1, "2021-02-08")
    heard(SUSTAINED, 0, "2021-02-10")  # the run ends, the break was said
    assert heard(SPECIAL, 2, "2021-03-08") == [("squeeze", 1)]
    assert brief(heard.regime.on_time(sessions_after(make.moment("2021-02-08 12:00"), 20))) == [("squeeze", 0)]


def test_one_of_two_issues_that_clears_ends_nothing(heard):
    other = ("specialness", "special", "7Y-OTR")
    heard(SPECIAL, 3, "2021-03-03")
    heard(other, 3, "2021-03-04")
    heard(SPECIAL, 0, "2021-03-05")
    assert heard.regime.wake_at() is None
    heard(other, 1, "2021-03-08")
    assert heard.regime.wake_at() == sessions_after(make.moment("2021-03-08 12:00"), 5)


def test_the_wedge_says_nothing_of_issues_nor_issues_of_the_wedge():
    rules = {rule.name: rule for rule in load().regime.rules}
    general = {"inversion", "corridor"}
    for rule in rules.values():
        named = {condition.detector for condition in rule.all}
        assert named <= general if rule.kind == "supply" else True
        assert not named & general if rule.kind == "squeeze" else True


def test_the_evidence_is_that_of_every_condition_of_the_rules(heard):
    heard(SUSTAINED, 1, "2021-03-01")
    heard(SPECIAL, 2, "2021-03-03")
    heard.regime.overrule("kind", "nothing", 0)
    (draft,) = heard.regime.overrule("kind", "squeeze", make.moment("2021-03-12 12:00"))
    assert draft.causes[-1] == Cause("specialness", 2)
    assert [(one.source, one.sequence) for one in heard.regime._because] == [("levels", 1), ("specialness", 2)]


def test_overruled_it_forgets_what_it_rested_on(heard):
    heard(BREACH, 3, "2021-03-03")
    (draft,) = heard.regime.overrule("kind", "squeeze", make.moment("2021-03-12 12:00"))
    assert (draft.subject, draft.level) == ("squeeze", 0)
    assert heard(NEGATIVE, 0, "2021-03-12") == []
    assert heard.regime.levels() == {}


def test_the_same_after_a_restart(heard):
    heard(WEDGE, 2, "2020-03-17")
    heard(WEDGE, 0, "2020-03-18")
    heard(SPECIAL, 2, "2020-03-18")
    again = RegimeMap(load().regime)
    again.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(heard.regime.snapshot())))
    assert again.snapshot() == heard.regime.snapshot()
    due = heard.regime.wake_at()
    assert again.wake_at() == due
    assert again.on_time(due) == heard.regime.on_time(due)


def test_memory_is_bounded_whatever_the_issues(heard):
    for index in range(500):
        heard(("specialness", "special", f"X{index}"), 3, "2021-03-03")
    assert len(msgspec.msgpack.encode(heard.regime.snapshot())) < 10_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"detector": "inversion", "name": "wedge"}, "name: unknown signal"),
        ({"detector": "regime", "name": "kind"}, "must not name the regime itself"),
    ],
)
def test_rules_without_sense_are_refused(change, said):
    plain = json.loads(msgspec.json.encode(load().regime))
    plain["rules"][0]["all"][0] |= change
    with pytest.raises((msgspec.ValidationError, ValueError), match=said):
        msgspec.convert(plain, type=Regime).check(installed())


def test_a_rule_may_name_any_detector_but_the_regime_itself():
    plain = json.loads(msgspec.json.encode(load().regime))
    plain["rules"][0]["all"][0] |= {"detector": "facility", "name": "high"}
    regime = RegimeMap(msgspec.convert(plain, type=Regime))
    assert "facility" in regime.listens


# The bundled history, desk preset.


@pytest.fixture(scope="module")
def bundled():
    from replay.dataset.loader import load as dataset

    said = Bench(load(), "regime").run(dataset().events)
    kinds, kind, index = {}, "none", 0
    day = dt.date(2017, 1, 3)
    while day <= dt.date(2021, 4, 9):
        while index < len(said) and ny_date(said[index].known) <= day:
            draft = said[index]
            kind = draft.subject if draft.level else "none"
            index += 1
        kinds[day] = kind
        day = next_business_day(day)
    return kinds


def test_calm_years_have_no_regime_not_even_at_quarter_ends(bundled):
    for year in (2017, 2018):
        assert {kind for day, kind in bundled.items() if day.year == year} == {"none"}


def test_september_2019_and_march_2020_are_supply(bundled):
    assert bundled[dt.date(2019, 9, 18)] == "supply"
    assert bundled[dt.date(2020, 3, 18)] == "supply"
    for year, month in ((2019, 9), (2020, 3)):
        seen = Counter(kind for day, kind in bundled.items() if (day.year, day.month) == (year, month))
        assert seen.keys() == {"none", "supply"}
        assert seen["supply"] >= 5


def test_march_2021_is_a_squeeze_after_scarcity_and_never_supply(bundled):
    weeks = [kind for day, kind in bundled.items() if dt.date(2021, 2, 1) <= day]
    assert set(weeks) == {"none", "scarcity", "squeeze"}
    assert bundled[dt.date(2021, 2, 25)] == "scarcity"
    assert all(bundled[dt.date(2021, 3, day)] == "squeeze" for day in (3, 4, 5, 8, 9, 10, 11, 12))


def test_days_in_each_regime_by_year(bundled):
    years = defaultdict(Counter)
    for day, kind in bundled.items():
        years[day.year][kind] += 1
    stressed = {year: sum(count for kind, count in kinds.items() if kind != "none") for year, kinds in years.items()}
    assert stressed[2017] == stressed[2018] == 0
    assert 10 <= stressed[2019] <= 35  # the turn into 2019 of 218 bp, 1 July, and September
    assert 5 <= stressed[2020] <= 15
    assert years[2021]["supply"] == years[2021]["mixed"] == 0
