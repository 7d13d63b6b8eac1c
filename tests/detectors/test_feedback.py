"""Simulated loops of known gain: the estimate is right within its error, and 'feeds itself' is said above one."""

import functools

import numpy as np
import pytest

from detectors.config import load
from detectors.transmission.feedback import Feedback
from detectors.transmission.loop_gain import Gain, LoopGain

CONFIG: Feedback = load().feedback
RUNS = 100


@functools.cache
def simulated(gain: float, seed: int, steps: int = 120, follow: float = 0.5) -> Gain:
    """A loop in which a follower answers yields at once and yields answer the follower a step later."""
    dice = np.random.default_rng(seed)
    loop = LoopGain(CONFIG.forgetting, CONFIG.ridge)
    level, follower, moved = 100.0, 0.0, 0.0
    found = None
    for _ in range(steps):
        move = gain / follow * moved + dice.normal(0, 3)
        moved = follow * move + dice.normal(0, 1.5)
        level, follower = level + move, follower + moved
        if abs(level) > 1e5:
            break
        found = loop.step(level, follower)
    assert found is not None
    return found


def level_of(found: Gain) -> int:
    reinforces = found.gain > CONFIG.reinforcing_z * found.error
    return reinforces + (reinforces and found.gain - CONFIG.feeding_z * found.error > 1)


@pytest.mark.parametrize("gain", [-0.5, 0.0, 0.3, 0.6, 0.9, 1.1, 1.3])
def test_the_gain_of_a_known_loop_is_found(gain: float) -> None:
    found = [simulated(gain, seed) for seed in range(RUNS)]
    estimates = np.array([one.gain for one in found])
    errors = np.array([one.error for one in found])
    assert abs(estimates.mean() - gain) < 0.1
    assert np.mean(np.abs(estimates - gain) < 2 * errors) > 0.9
    assert np.median([one.follow for one in found]) == pytest.approx(0.5, abs=0.05)


def test_a_loop_below_one_is_not_said_to_feed_itself_and_one_above_is() -> None:
    def share(gain: float, level: int) -> float:
        return float(np.mean([level_of(simulated(gain, seed)) >= level for seed in range(RUNS)]))

    assert share(0.0, 1) <= 0.05
    assert share(0.6, 1) >= 0.95
    assert share(0.6, 2) == 0
    assert share(0.9, 2) <= 0.05
    assert share(1.3, 2) >= 0.6


def test_a_loop_that_starts_is_seen_and_one_that_ends_is_forgotten() -> None:
    dice = np.random.default_rng(3)
    loop = LoopGain(CONFIG.forgetting, CONFIG.ridge)
    level, follower, moved = 100.0, 0.0, 0.0
    gains = []
    for step in range(600):
        gain = 0.8 if 200 <= step < 400 else 0.0
        move = gain / 0.5 * moved + dice.normal(0, 3)
        moved = 0.5 * move + dice.normal(0, 1.5)
        level, follower = level + move, follower + moved
        found = loop.step(level, follower)
        gains.append(found.gain if found else 0.0)
    assert abs(gains[199]) < 0.3
    assert gains[399] > 0.5
    assert abs(gains[599]) < 0.3


def test_momentum_without_a_follower_is_no_loop() -> None:
    """Yields that trend by themselves, with a follower of pure noise: no gain."""
    dice = np.random.default_rng(5)
    for seed in range(20):
        loop = LoopGain(CONFIG.forgetting, CONFIG.ridge)
        level, follower, move = 100.0, 0.0, 0.0
        found = None
        for _ in range(150):
            move = 0.6 * move + dice.normal(0, 3)
            level, follower = level + move, follower + dice.normal(0, 2)
            found = loop.step(level, follower)
        assert found is not None
        assert abs(found.gain) < 0.25, seed


def test_a_constant_follower_and_values_that_are_not_finite_say_nothing() -> None:
    loop = LoopGain(CONFIG.forgetting, CONFIG.ridge)
    dice = np.random.default_rng(1)
    for _ in range(100):
        assert loop.step(float(dice.normal()), 1.0) is None
    assert loop.step(float("nan"), float("inf")) is None
    for _ in range(100):
        found = loop.step(float(dice.normal()), float(dice.normal()))
    assert found is not None
    assert np.isfinite([found.gain, found.error]).all()


def test_a_break_keeps_what_was_learned_and_learns_nothing_across_it() -> None:
    loop = LoopGain(CONFIG.forgetting, CONFIG.ridge)
    dice = np.random.default_rng(2)
    for _ in range(60):
        loop.step(float(dice.normal()), float(dice.normal()))
    before, steps = loop.gain(), loop.steps
    loop.break_off()
    loop.step(1e4, -1e4)
    loop.step(2e4, -2e4)
    assert (loop.gain(), loop.steps) == (before, steps)


def test_the_state_comes_back_to_the_last_bit() -> None:
    loop, other = LoopGain(CONFIG.forgetting, CONFIG.ridge), LoopGain(CONFIG.forgetting, CONFIG.ridge)
    dice = np.random.default_rng(2)
    values = [(float(a), float(b)) for a, b in dice.normal(size=(100, 2))]
    for value in values[:50]:
        loop.step(*value)
    other.restore(loop.snapshot())
    assert [loop.step(*value) for value in values[50:]] == [other.step(*value) for value in values[50:]]
