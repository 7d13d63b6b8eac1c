"""Seen, worth, sorts of onsets and precision, each by hand on a calendar of sessions."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from detectors.calendar import ny
from detectors.signals import Signal
from replay.errors import ScenarioError
from replay.score.alarms import FOREVER, Alarm, of_outputs, over_line, sessions_in
from replay.score.axis import Axis
from replay.score.bootstrap import Draws
from replay.score.ground import Ground, Placed, lay
from replay.score.labels import Episode, Labels, LabelsError, Spell
from replay.score.prewarnings import prewarnings
from replay.score.rows import Rival, Rows
from replay.score.worth import judge, sees, worth
from tests.support.steps import step

FIRST, LAST = dt.date(2019, 1, 2), dt.date(2019, 12, 31)


def axis() -> Axis:
    return Axis(FIRST, LAST)


def episode(name: str, onset: int, peak: int, kinds: tuple = ("supply",)) -> Episode:
    return Episode(name, axis().date(onset), axis().date(peak), kinds, "a test")


def spell(first: int, last: int) -> Spell:
    return Spell(axis().date(first), axis().date(last))


def ground(*episodes: Episode, quiet: tuple = (), grey: tuple = ()) -> Ground:
    return lay(Labels(episodes, quiet, grey), axis(), Path("labels.toml"))


def signal(session: int, level: int, name: str = "touched", subject: str = "A") -> Signal:
    at = ny(axis().date(session), "18:00")
    return Signal(
        market="UST", ts=at, known=at, detector="made", name=name, subject=subject, level=level, values={},
        rule="", threshold=None, causes=(), provenance="official", config_hash="",
    )  # fmt: skip


def test_sessions_are_numbers_and_closed_days_are_the_next() -> None:
    days = axis()
    assert (days.number(FIRST), days.date(0), days.days[0]) == (0, FIRST, FIRST)
    saturday = dt.date(2019, 1, 5)
    assert days.number(saturday) == days.number(dt.date(2019, 1, 7)) == 3
    assert days.known(ny(saturday, "10:00")) == 3
    assert days.held_until(ny(saturday, "10:00")) == 2  # what ended on Saturday held last on Friday
    assert days.held_until(ny(dt.date(2019, 1, 8), "00:00")) == 3  # midnight ends Monday
    assert days.date(-1) == dt.date(2018, 12, 31)
    with pytest.raises(ScenarioError, match="no session"):
        Axis(dt.date(2019, 1, 5), dt.date(2019, 1, 6))


def test_worth_falls_from_onset_to_peak_and_to_nothing() -> None:
    assert worth(-10, 0, 4) == worth(0, 0, 4) == 1.0
    assert worth(1, 0, 4) == pytest.approx(0.875)
    assert worth(4, 0, 4) == 0.5
    assert worth(9, 0, 4) == pytest.approx(0.25)
    assert worth(14, 0, 4) == worth(20, 0, 4) == 0.0
    assert (worth(0, 0, 0), worth(1, 0, 0)) == (1.0, pytest.approx(0.45))  # onset and peak on one day


def test_seen_from_ten_before_to_five_after_or_on_and_young() -> None:
    placed = Placed(episode("a", 40, 44), 40, 44)
    assert [sees(Alarm(first, first), placed) for first in (29, 30, 49, 50)] == [False, True, True, False]
    assert sees(Alarm(20, 40), placed)  # twenty before, still on
    assert not sees(Alarm(20, 39), placed)  # off by the onset
    assert not sees(Alarm(19, FOREVER), placed)  # older


def test_a_verdict_by_hand() -> None:
    here = ground(
        episode("a", 40, 44, ("squeeze",)),
        episode("b", 100, 100),
        episode("c", 200, 204),
        quiet=(spell(0, 19), spell(120, 169)),
        grey=(spell(170, 185),),
    )
    alarms = [
        Alarm(-5, -3, "supply"),  # before these days
        Alarm(5, 7, "supply"),  # false
        Alarm(42, 43, "supply"),  # sees a two sessions late, with a wrong kind
        Alarm(46, 47, "squeeze"),  # sees it again, with a right one
        Alarm(60, 61, "supply"),  # of no label
        Alarm(95, 99, "supply"),  # sees b
        Alarm(130, 131, "supply"),  # false
        Alarm(180, 185, "supply"),  # grey
    ]
    verdict = judge(alarms, here)
    assert [one.worth for one in verdict.judged] == [0.75, 1.0, 0.0]
    assert verdict.score == pytest.approx(1.75 / 3)
    assert [one.right_kind for one in verdict.judged] == [True, True, False]
    assert [one.session for one in verdict.judged] == [42, 95, None]
    assert verdict.hits.tolist() == [2, 1, 0]
    assert verdict.false.tolist() == [1, 1]
    assert [one.sort for one in verdict.onsets] == ["false", "hit", "hit", "unlabelled", "hit", "false", "grey"]
    rows = Rows(here, Draws(3, 2), Rival("made", "", "preset", alarms, kinds=True))
    row = rows.preset
    assert (row.seen, row.right_kind, row.hits, row.false_onsets) == (2, 2, 3, 2)
    assert row.precision == pytest.approx(3 / 5)
    assert row.precision_at_worst == pytest.approx(3 / 6)
    assert row.false_a_quiet_year == pytest.approx(2 / (70 / 250), abs=1e-6)
    assert row.on_share == pytest.approx((3 + 2 + 2 + 2 + 5 + 2 + 6) / axis().count, abs=1e-6)
    assert (row.unlabelled_onsets, row.grey_onsets) == ([axis().date(60)], [axis().date(180)])
    nothing = rows.against_preset(Rival("nothing", "", "drawn line", []))
    assert (nothing.score, nothing.precision, nothing.right_kind) == (0.0, None, None)
    assert nothing.difference == pytest.approx(1.75 / 3, abs=1e-6)


def test_an_alarm_from_the_warm_up_sees_and_is_no_onset() -> None:
    verdict = judge([Alarm(-4, 10, "supply")], ground(episode("a", 8, 9)))
    assert (verdict.score, verdict.onsets) == (1.0, ())


def test_what_lies_outside_is_left_out_and_named() -> None:
    outside = Episode("later", dt.date(2020, 3, 9), dt.date(2020, 3, 16), ("supply",), "a test")
    here = ground(episode("a", 40, 44), outside, quiet=(Spell(dt.date(2018, 1, 1), axis().date(3)),))
    assert (here.left_out, here.quiet, len(here.episodes)) == (("later",), ((0, 3),), 1)
    with pytest.raises(LabelsError, match=r"labels\.toml: episode: none lies in the days scored"):
        ground(outside)


def test_spells_of_crunch() -> None:
    said = [
        step("2019-01-03", "18:00", "normal", "crunch", "squeeze"),
        step("2019-01-04", "10:00", "crunch", "de_facto_default", "squeeze"),
        step("2019-01-08", "00:00", "de_facto_default", "crunch", "supply"),
        step("2019-01-10", "00:00", "crunch", "normal", "none"),
        step("2019-01-11", "09:00", "normal", "crunch", "supply"),
    ]
    alarms = of_outputs(said, axis())
    assert alarms == [Alarm(1, 5, "squeeze"), Alarm(7, FOREVER, "supply")]
    assert sessions_in(alarms, 10).tolist() == [False, True, True, True, True, True, False, True, True, True]


def test_a_line_is_left_after_three_sessions_below() -> None:
    values = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, np.nan, 2.0])
    assert over_line(values, 1.0) == [Alarm(0, 5), Alarm(8, 8)]
    assert over_line(values, 3.0) == []
    assert over_line(np.array([]), 1.0) == []


def test_leads_and_precision_of_pre_warnings() -> None:
    here = ground(episode("a", 40, 42), episode("b", 100, 104), quiet=(spell(60, 79),), grey=(spell(120, 130),))
    said = []
    for session in (25, 32, 65, 102, 125, 140):  # early, early again, false, during, grey, of no label
        said += [signal(session, 1), signal(session + 1, 0)]
    said += [signal(10, 2, "long"), signal(190, 0, "long")]
    long, touched = sorted(prewarnings(said, here), key=lambda one: one.signal)
    assert (touched.signal, touched.warned, touched.leads_sessions) == ("made.touched", 1, {"a": 15})
    assert (touched.early, touched.false_onsets, touched.unlabelled) == (2, 1, 1)
    assert touched.precision == pytest.approx(2 / 3)
    assert (long.warned, long.precision, long.unlabelled) == (
        0,
        None,
        1,
    )  # on since long before: no warning of anything
    assert long.on_share == pytest.approx(181 / axis().count, abs=1e-6)
