"""Baselines: ranks, z-scores and the CISS by hand, figures as they become known, and nothing from later."""

import datetime as dt
import math
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from detectors import events as ev
from detectors.calendar import next_business_day, ny
from detectors.testing import make
from replay.score import ciss, ranks
from replay.score.axis import Axis
from replay.score.baselines import Baseline, baselines
from replay.score.figures import Figure, read
from replay.score.ground import Ground, lay
from replay.score.labels import Episode, Labels, Spell
from replay.score.lines import Lines, left_out_score
from replay.score.worth import judge

START, SESSIONS = "2019-01-02", 420


def index(day: str, name: str, points: float) -> ev.VolatilityIndex:
    at = ny(make.day(day), "18:00")
    return ev.VolatilityIndex(
        market="UST", source=f"test.{name}", sequence=1, ts=at, known=at, provenance="synthetic", index=name,
        level_points=points,
    )  # fmt: skip


def story(sessions: int = SESSIONS) -> Iterator[ev.Event]:
    """Every series that a baseline reads, made up; SOFR comes out the next morning."""
    rng = random.Random(3)
    yield make.policy("2018-12-20", 2.25, 2.5, iorb_pct=2.4)
    yield_pct = 2.5
    for day in make.sessions(START, sessions):
        yield_pct += rng.gauss(0, 0.04)
        yield make.close(day, round(yield_pct, 2), known=f"{day} 18:00")
        yield make.close(day, round(2.4 + rng.gauss(0, 0.02), 2), tenor="3M", known=f"{day} 18:00")
        yield make.swap(f"{day} 16:00", round(2.38 + rng.gauss(0, 0.01), 3), tenor="3M")
        morning = f"{next_business_day(make.day(day))} 08:00"
        yield make.average(day, "GC:SOFR", round(2.42 + rng.gauss(0, 0.02), 2), known=morning)
        yield make.average(day, "GCF:TSY", round(2.45 + rng.gauss(0, 0.02), 3), known=f"{day} 18:00")
        yield make.average(day, "TRIPARTY:OFR-TRIPARTY", round(2.41 + rng.gauss(0, 0.01), 2), known=morning)
        yield index(day, "VIX", round(15 + rng.gauss(0, 2), 2))
        yield index(day, "MOVE", round(60 + rng.gauss(0, 5), 2))


def axis(sessions: int = SESSIONS) -> Axis:
    days = list(make.sessions(START, sessions))
    return Axis(make.day(days[0]), make.day(days[-1]))


@pytest.fixture(scope="module")
def events() -> list[ev.Event]:
    return list(story())


def test_nothing_that_came_later_changes_an_earlier_value(events: list[ev.Event]) -> None:
    """The same evenings from a record that ends there: every value, to the last bit."""
    whole, cut = axis(), axis(400)
    end = ny(cut.days[-1], "23:59")
    before = baselines(read([event for event in events if event.known <= end], cut), cut)
    after = baselines(read(events, whole), whole)
    assert [one.name for one in before] == [one.name for one in after]
    assert len(after) == 10
    for early, late in zip(before, after, strict=True):
        shared = late.values[: len(early.values)]
        np.testing.assert_array_equal(early.values, shared, err_msg=early.name)
        assert np.isfinite(early.values[-1]), early.name


def test_a_figure_counts_on_the_evening_it_is_known(events: list[ev.Event]) -> None:
    days = axis()
    figures = read(events, days)
    friday = make.day("2019-01-11")
    vix = next(one for one in figures["VOLATILITY:VIX"] if one.day == friday)
    sofr = next(one for one in figures["SOFR - policy"] if one.day == friday)
    spread = next(one for one in figures["GCF - tri-party"] if one.day == friday)
    assert days.date(vix.session) == friday
    assert days.date(sofr.session) == days.date(spread.session) == make.day("2019-01-14")  # with its later leg


def test_the_first_print_counts_and_policy_is_that_of_the_day() -> None:
    days = Axis(make.day("2019-01-02"), make.day("2019-01-31"))
    told = [
        make.policy("2018-12-20", 2.25, 2.5, iorb_pct=2.4),
        make.policy("2019-01-10", 2.5, 2.75, iorb_pct=None),
        make.average("2019-01-09", "GC:SOFR", 2.45, known="2019-01-10 08:00"),
        make.average("2019-01-09", "GC:SOFR", 2.90, known="2019-01-10 14:30"),  # a later vintage
        make.average("2019-01-10", "GC:SOFR", 2.80, known="2019-01-11 08:00"),
        make.special("2019-01-10 10:00", -1.0),
    ]
    figures = read(told, days)
    assert [round(one.value, 6) for one in figures["SOFR - policy"]] == [0.05, 0.05]
    assert "SPECIAL:10Y-OTR" not in figures


def test_ranks_by_hand() -> None:
    rising = np.arange(130.0)
    rank = ranks.percentile(rising)
    assert np.isnan(rank[:125]).all()
    assert (rank[125:] == 1.0).all()
    flat = ranks.percentile(np.full(130, 7.0))
    assert (flat[125:] == 0.5).all()
    recursive = ranks.recursive_rank(np.concatenate((np.arange(250.0), [-1.0, 1000.0])))
    assert np.isnan(recursive[:250]).all()
    assert recursive[250:].tolist() == pytest.approx([1 / 251, 1.0])


def test_robust_z_by_hand() -> None:
    past = np.tile([0.0, 0.10, 0.20], 50)  # median 0.1, MAD 0.1
    z = ranks.robust_z(np.concatenate((past, [0.7])))
    assert z[-1] == pytest.approx(0.6 / (1.4826 * 0.1))
    still = ranks.robust_z(np.concatenate((np.zeros(150), [-0.05])))
    assert still[-1] == pytest.approx(5.0)  # no spread at all: a basis point is the least there is


def test_moves_and_volatility_by_hand() -> None:
    walk = np.cumsum(np.tile([0.04, -0.04], 100))
    assert ranks.realised(walk)[-1] == pytest.approx(np.tile([0.04, -0.04], 11)[:21].std())
    steps = np.zeros(200)
    steps[150:] = 0.10
    z = ranks.move_z(steps)
    assert z[150] == pytest.approx(10.0)  # ten basis points, after no move at all
    assert z[155] == 0.0


def test_the_ciss_by_hand() -> None:
    """Two markets that rise together weigh more than one that rises alone."""
    days = Axis(dt.date(2019, 1, 2), dt.date(2019, 1, 31))

    def line(values: list[float]) -> list[Figure]:
        return [Figure(number, day, value) for number, (day, value) in enumerate(zip(days.days, values, strict=False))]

    calm, high = [0.5] * 10, [0.5] * 5 + [1.0] * 5
    together = ciss.composite({"a": [line(high)], "b": [line(high)]}, days)[-days.begin :]
    alone = ciss.composite({"a": [line(high)], "b": [line(calm)]}, days)[-days.begin :]
    assert together[4] == pytest.approx(2 * 0.25**2)  # no correlation yet: w²s² of each
    assert (together[5:10] > alone[5:10]).all()
    # after five days of 0.5 above the middle: covariance 0.25 (1 - d⁵), variances as that and what is left of 1/12
    left, joint = 0.93**10 / 12, 0.25 * (1 - 0.93**5)
    assert together[9] == pytest.approx(2 * 0.25 * (1 + joint / (left + joint)))
    assert math.isnan(together[16])  # a figure stands for five evenings
    one = ciss.composite({"a": [line(high)], "b": []}, days)
    assert np.isnan(one).all()  # one market is no composite


def test_a_baseline_without_figures_is_not_there() -> None:
    days = Axis(make.day("2019-01-02"), make.day("2019-01-31"))
    assert baselines(read([make.special("2019-01-10 10:00", -1.0)], days), days) == []


def made(values: dict[int, float], here: Ground) -> Lines:
    days = here.axis
    line = np.zeros(days.count - days.begin)
    for session, value in values.items():
        line[session - days.begin] = value
    return Lines(Baseline("made", "", 3.0, line), here)


def grounded(days: Axis) -> Ground:
    def episode(name: str, session: int) -> Episode:
        return Episode(name, days.date(session), days.date(session + 2), ("supply",), "a test")

    labels = Labels((episode("a", 50), episode("b", 100)), (Spell(days.date(200), days.date(249)),))
    return lay(labels, days, Path("labels.toml"))


def test_the_line_that_serves_a_baseline_best() -> None:
    here = grounded(axis())
    lines = made({48: 9.0, 102: 5.0, 220: 7.0, 150: 3.0}, here)
    assert lines.best(here, 0) == 9.0  # below it, the quiet spell is disturbed
    assert lines.best(here, 1) == 5.0  # and not 3: nothing is gained there
    assert judge(lines.alarms(5.0), here).score == pytest.approx((1.0 + 0.5) / 2)
    noisy = made({220: 9.0, 50: 8.0}, here)
    assert judge(noisy.alarms(noisy.best(here, 0) or 0.0), here).false.sum() == 1  # the fewest there are


def test_leave_one_out_fixes_the_line_on_the_others() -> None:
    here = grounded(axis())
    lines = made({48: 9.0, 102: 5.0, 220: 7.0}, here)
    # Without b nothing is gained below 9, so b is missed; without a the line goes down to 5, and a is seen on the way.
    assert left_out_score(here, lines.fitted(1)) == pytest.approx((1.0 + 0.0) / 2)
    assert left_out_score(here.without(here.episodes[0]), lines.fitted(1)) is None
