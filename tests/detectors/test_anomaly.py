"""The online model: blind while it warms, calibrated by its own scores, healed by its window, exact over a restart."""

import math
import random

import msgspec
import pytest

from detectors.online.anomaly import Anomaly, SpreadAnomaly, SpreadModel
from detectors.repo.spreads import Spread
from detectors.testing import make
from tests.support.drive import brief, causes, feed

SMALL = Anomaly(
    spreads=(
        Spread(name="DVP-TRIPARTY", left="DVP:OFR-DVP", right="TRIPARTY:OFR-TRIPARTY"),
        Spread(name="SOFR-IORB", left="GC:SOFR", right="IORB"),
    ),
    window=40,
    warm_up=10,
    calibration_window=100,
    false_alarm_share=0.1,
)


def noise(count, seed=7, mean=3.0, sd=2.0):
    rng = random.Random(seed)
    return [rng.gauss(mean, sd) for _ in range(count)]


def alarms(model, values):
    """For each value: whether its score is an alarm; None while the model cannot say."""
    said = []
    for value in values:
        step = model.step(value)
        said.append(None if step is None or step[2] is None else step[0] >= step[2])
    return said


def test_warm_up_is_sixty_values_and_then_a_hundred_scores(desk):
    # The 1 % quantile of fewer than a hundred scores is not known: 60 + 100 values are learned before one is judged.
    model = SpreadModel(desk.anomaly)
    said = alarms(model, noise(161))
    assert said[:160] == [None] * 160
    assert said[160] is not None
    assert not model.warming


@pytest.mark.parametrize("share", [0.01, 0.05])
@pytest.mark.parametrize("kind", ["gauss", "heavy tails", "drift"])
def test_on_noise_it_alarms_as_often_as_it_is_told(desk, share, kind):
    rng = random.Random(11)
    values, level = [], 0.0
    for _ in range(6_000):
        step = rng.gauss(0, 1)
        if kind == "heavy tails":
            step /= math.sqrt(sum(rng.gauss(0, 1) ** 2 for _ in range(4)) / 4)
        level = 0.9 * level + step if kind == "drift" else step
        values.append(3 + 2 * level)
    said = alarms(SpreadModel(msgspec.structs.replace(desk.anomaly, false_alarm_share=share)), values)
    judged = [one for one in said if one is not None]
    assert share * 0.7 < sum(judged) / len(judged) < share * 1.5


def test_a_spike_is_an_anomaly_and_the_next_value_is_not(desk):
    model = SpreadModel(desk.anomaly)
    alarms(model, noise(300))
    assert alarms(model, [3.0 + 40, 3.0, 3.0 - 40, 3.0]) == [True, False, True, False]


def test_the_standard_score_has_sign_and_size(desk):
    model = SpreadModel(desk.anomaly)
    values = noise(250)
    alarms(model, values)
    mean = sum(values) / 250
    sd = math.sqrt(sum((value - mean) ** 2 for value in values) / 249)
    score, z_score, cut = model.step(mean + 2 * sd)
    assert z_score == pytest.approx(2, abs=0.01)
    assert score == pytest.approx(0.9545, abs=0.001)
    assert 0.97 < cut < 1
    assert model.step(mean - 3 * sd)[1] < -2.5


def test_the_window_forgets_a_shift_of_level(desk):
    model = SpreadModel(desk.anomaly)
    alarms(model, noise(400))
    said = alarms(model, noise(900, seed=8, mean=43))
    assert all(said[:3])
    healed = said[600:]
    assert sum(healed) <= 0.05 * len(healed)
    assert alarms(model, [43 + 40]) == [True]


def test_what_is_odd_is_learned_too(desk):
    # Two hundred and fifty values at the new level and none of the old is in the window.
    model = SpreadModel(desk.anomaly)
    alarms(model, noise(300))
    alarms(model, noise(250, seed=8, mean=43))
    assert abs(model.step(43.0)[1]) < 0.5


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_neither_scored_nor_learned(desk, bad):
    model, twin = SpreadModel(desk.anomaly), SpreadModel(desk.anomaly)
    values = noise(300)
    assert alarms(model, values[:200]) == alarms(twin, values[:200])
    assert model.step(bad) is None
    assert model.snapshot() == twin.snapshot()
    assert [model.step(value) for value in values[200:]] == [twin.step(value) for value in values[200:]]


@pytest.mark.parametrize("stop", [5, 60, 200, 251, 700])
def test_a_restart_changes_no_bit(desk, stop):
    values = noise(1000, seed=3)
    whole = SpreadModel(desk.anomaly)
    expected = [whole.step(value) for value in values]
    first = SpreadModel(desk.anomaly)
    said = [first.step(value) for value in values[:stop]]
    second = SpreadModel(desk.anomaly)
    second.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(first.snapshot())))
    said += [second.step(value) for value in values[stop:]]
    assert said == expected
    assert second.snapshot() == whole.snapshot()


def test_memory_is_two_windows(desk):
    model = SpreadModel(desk.anomaly)
    alarms(model, noise(3000))
    snapshot = model.snapshot()
    assert (len(snapshot["gaussian"]["window"]), len(snapshot["scores"]), snapshot["gaussian"]["count"]) == (
        250,
        500,
        250,
    )


def test_a_hair_above_a_constant_is_no_anomaly_but_a_jump_is(desk):
    # No spread at all: the resolution of the data, half a basis point, stands in for it.
    model = SpreadModel(desk.anomaly)
    rng = random.Random(2)
    alarms(model, [1.0 + rng.choice((-0.4, 0.0, 0.4)) for _ in range(300)])
    assert alarms(model, [11.0]) == [True]


def test_a_spread_that_never_moves_is_no_anomaly(desk):
    assert not any(alarms(SpreadModel(desk.anomaly), [2.0] * 600))


def test_on_rounded_rates_it_does_not_alarm_more_often_than_it_is_told(desk):
    rng = random.Random(5)
    values = [float(rng.choices((0, 1, 2), (0.9, 0.06, 0.04))[0]) for _ in range(5000)]
    judged = [one for one in alarms(SpreadModel(desk.anomaly), values) if one is not None]
    assert sum(judged) / len(judged) < 0.02


# The detector around the model: which figures make a spread.


def dvp(at, rate, **fields):
    return make.average(f"{at} 09:00", "DVP:OFR-DVP", rate, **fields)


def triparty(at, rate, **fields):
    return make.average(f"{at} 09:00", "TRIPARTY:OFR-TRIPARTY", rate, **fields)


@pytest.fixture
def detector():
    """Warm: 10 values to learn and 10 scores, all within a basis point or so of 3."""
    detector = SpreadAnomaly(SMALL)
    values = noise(30, sd=0.8)
    for day, value in zip(make.sessions("2021-01-04", 30), values, strict=True):
        feed(detector, triparty(day, 0.0), dvp(day, value / 100))
    detector.overrule("spread", "DVP-TRIPARTY", 0)
    return detector


LATER = "2021-03-01"


def test_a_spread_is_left_less_right_in_basis_points(detector):
    events = [triparty(LATER, 0.01), dvp(LATER, 0.31)]
    (draft,) = feed(detector, events)
    assert (draft.name, draft.subject, draft.level) == ("spread", "DVP-TRIPARTY", 1)
    assert draft.values["spread_bp"] == 30
    assert draft.values["z_score"] > 10
    assert causes(draft) == [event.sequence for event in events]
    assert detector.readings() == {"spread_DVP-TRIPARTY_bp": 30}


def test_a_spread_below_has_a_negative_score(detector):
    (draft,) = feed(detector, dvp(LATER, 0.01), triparty(LATER, 0.31))
    assert draft.values["spread_bp"] == -30
    assert draft.values["z_score"] < -10


def test_both_sides_are_of_one_day(detector):
    assert feed(detector, triparty("2021-03-01", 0.0), dvp("2021-03-02", 5.0), triparty("2021-03-03", 0.0)) == []


def test_a_day_is_scored_once(detector):
    before = len(detector.snapshot()["models"]["DVP-TRIPARTY"]["scores"])
    feed(detector, triparty(LATER, 0.0), dvp(LATER, 0.03), dvp(LATER, 0.9), triparty(LATER, -2.0))
    assert len(detector.snapshot()["models"]["DVP-TRIPARTY"]["scores"]) == before + 1
    assert detector.level("spread", "DVP-TRIPARTY") == 0


def test_a_day_before_the_last_one_scored_is_not_scored(detector):
    feed(detector, triparty("2021-03-02", 0.0), dvp("2021-03-02", 0.03))
    assert feed(detector, triparty("2021-03-01", 0.0), dvp("2021-03-01", 0.9)) == []


@pytest.mark.parametrize("statistic", ["print", "low", "high"])
def test_only_averages_and_closes_make_a_spread(detector, statistic):
    assert feed(detector, triparty(LATER, 0.0), dvp(LATER, 0.9, statistic=statistic)) == []


def test_it_is_said_once_and_ends_with_the_next_calm_day(detector):
    said = []
    for day, value in zip(make.sessions(LATER, 3), (0.4, 0.5, 0.031), strict=True):
        said += feed(detector, triparty(day, 0.0), dvp(day, value))
    assert brief(said) == [("spread", 1), ("spread", 0)]


def test_the_other_side_may_be_a_policy_rate_of_that_day():
    detector = SpreadAnomaly(SMALL)
    feed(detector, make.zero_bound(), make.policy("2021-06-17 00:00", 0.0, iorb_pct=0.15))
    feed(detector, make.average("2021-06-16 09:00", "GC:SOFR", 0.01))
    assert detector.readings() == {"spread_SOFR-IORB_bp": -9}
    feed(detector, make.average("2021-06-17 09:00", "GC:SOFR", 0.05))
    assert detector.readings() == {"spread_SOFR-IORB_bp": -10}


def test_without_iorb_there_is_no_such_spread():
    detector = SpreadAnomaly(SMALL)
    feed(detector, make.policy("2021-01-04", 0.0), make.average("2021-06-16", "GC:SOFR", 0.01))
    assert detector.readings() == {}
    assert detector.warming() == ("DVP-TRIPARTY", "SOFR-IORB")


def test_what_no_spread_is_made_of_is_not_kept(detector):
    before = detector.snapshot()
    feed(detector, make.average(LATER, "GCF:TSY", 0.3), make.special(LATER, -4.0), make.average(LATER, "GC:X", 1.0))
    assert detector.snapshot() == before
