"""The frozen baseline that thaws, and the forest over all spreads: alarms where they should be, exact restarts."""

import math
import random

import msgspec
import pytest

from detectors.config import load
from detectors.online.joint import Forest
from detectors.online.shift import FrozenBaseline

DESK = load()
SHIFT, JOINT = DESK.shift, DESK.joint


def run(values: list[float], baseline: FrozenBaseline | None = None) -> list[tuple[float, bool] | None]:
    baseline = baseline or FrozenBaseline(SHIFT)
    return [baseline.step(value) for value in values]


def noise(count: int, seed: int, mean: float = 0.0, sd: float = 2.0) -> list[float]:
    dice = random.Random(seed)
    return [dice.gauss(mean, sd) for _ in range(count)]


def test_nothing_is_said_before_the_baseline_is_there() -> None:
    said = run(noise(SHIFT.warm_up + 1, 1))
    assert said[:-1] == [None] * SHIFT.warm_up
    assert said[-1] is not None


@pytest.mark.parametrize("seed", range(5))
def test_noise_does_not_thaw_it(seed: int) -> None:
    assert not any(step and step[1] for step in run(noise(3_000, seed)))


def test_a_squeeze_stays_odd_for_as_long_as_it_lasts_and_is_not_learned() -> None:
    squeeze = [-12.0] * 6
    said = run([*noise(300, 2), *squeeze, *noise(50, 3)])
    z_scores = [step[0] for step in said[300:306] if step]
    assert len(z_scores) == 6
    assert all(z_score < -SHIFT.refuse_z for z_score in z_scores)
    assert z_scores[-1] == pytest.approx(z_scores[0], rel=1e-9)
    assert not any(step[1] for step in said[300:] if step)


@pytest.mark.parametrize("shift_bp", [-30.0, 8.0, 40.0])
def test_a_new_regime_thaws_it_and_is_then_normal(shift_bp: float) -> None:
    baseline = FrozenBaseline(SHIFT)
    said = run([*noise(300, 4), *noise(120, 5, mean=shift_bp)], baseline)
    thawed = [place for place, step in enumerate(said) if step and step[1]]
    assert 305 <= thawed[0] <= 320
    assert baseline.mean == pytest.approx(shift_bp, abs=1.5)
    assert sum(abs(step[0]) > SHIFT.refuse_z for step in said[-60:] if step) <= 1


def test_without_the_drift_test_it_would_stay_frozen() -> None:
    stubborn = FrozenBaseline(msgspec.structs.replace(SHIFT, threshold_z=1_000.0))
    said = run([*noise(300, 4), *noise(120, 5, mean=20.0)], stubborn)
    assert all(abs(step[0]) > SHIFT.refuse_z for step in said[300:] if step)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_left_out(bad: float) -> None:
    clean, spoilt = FrozenBaseline(SHIFT), FrozenBaseline(SHIFT)
    values = noise(200, 6)
    run(values, clean)
    assert run([*values[:100], bad, *values[100:]], spoilt)[100] is None
    assert clean.snapshot() == spoilt.snapshot()


@pytest.mark.parametrize("stop", [10, 59, 60, 200, 311, 340])
def test_a_restart_changes_no_bit_of_the_baseline(stop: int) -> None:
    values = [*noise(300, 4), *noise(120, 5, mean=20.0)]
    whole = run(values)
    first, second = FrozenBaseline(SHIFT), FrozenBaseline(SHIFT)
    said = run(values[:stop], first)
    second.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(first.snapshot())))
    assert said + run(values[stop:], second) == whole


FEATURES = ("a", "b", "c")


def points(count: int, seed: int) -> list[dict[str, float]]:
    """Two features that go together, and one apart."""
    dice = random.Random(seed)
    made = []
    for _ in range(count):
        common = dice.gauss(0, 1)
        made.append({"a": common + dice.gauss(0, 0.2), "b": common + dice.gauss(0, 0.2), "c": dice.gauss(0, 1)})
    return made


def scores(forest: Forest, given: list[dict[str, float]]) -> list[tuple[float, float | None] | None]:
    return [forest.step(point) for point in given]


def test_the_forest_is_blind_for_its_first_window_and_warming_until_it_knows_its_quantile() -> None:
    said = scores(Forest(FEATURES, JOINT), points(JOINT.window + 101, 1))
    # The point that draws the trees counts as one of the first window.
    assert said[: JOINT.window - 1] == [None] * (JOINT.window - 1)
    assert [cut for _, cut in said[JOINT.window - 1 : JOINT.window + 99] if cut is not None] == []
    assert said[-1] is not None
    assert said[-1][1] is not None


def test_it_alarms_about_as_often_as_it_is_told() -> None:
    said = scores(Forest(FEATURES, JOINT), points(6_000, 2))
    judged = [(score, cut) for score, cut in filter(None, said) if cut is not None]
    rate = sum(score >= cut for score, cut in judged) / len(judged)
    assert 0.003 <= rate <= 0.03


def test_an_odd_set_is_found_and_an_ordinary_one_is_not() -> None:
    forest = Forest(FEATURES, JOINT)
    scores(forest, points(1_500, 3))
    odd = forest.step({"a": 5.5, "b": -5.5, "c": 5.5})
    plain = forest.step({"a": 0.1, "b": 0.1, "c": 0.0})
    assert odd is not None
    assert plain is not None
    assert odd[1] is not None
    assert plain[1] is not None
    assert odd[0] >= odd[1]
    assert plain[0] < plain[1]


@pytest.mark.parametrize("stop", [5, 124, 125, 400])
def test_a_restart_changes_no_bit_of_the_forest(stop: int) -> None:
    given = points(500, 4)
    whole = scores(Forest(FEATURES, JOINT), given)
    first, second = Forest(FEATURES, JOINT), Forest(FEATURES, JOINT)
    said = scores(first, given[:stop])
    second.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(first.snapshot())))
    assert said + scores(second, given[stop:]) == whole
