"""Intervals: the same for the same seed, exact where nothing varies, paired where two are compared."""

import numpy as np
import pytest

from replay.score.bootstrap import Draws


def test_the_seed_decides_all() -> None:
    worths = np.array([1.0, 0.0, 0.5, 0.25])
    assert Draws(4, 2, seed=1).mean(worths) == Draws(4, 2, seed=1).mean(worths)
    assert Draws(4, 2, seed=1, draws=150).mean(worths) != Draws(4, 2, seed=2, draws=150).mean(worths)


def test_the_interval_of_a_coin() -> None:
    low, high = Draws(100, 1).mean(np.arange(100) % 2.0)
    assert low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.015)
    assert high == pytest.approx(0.5 + 1.96 * 0.05, abs=0.015)


def test_a_constant_difference_has_no_width() -> None:
    draws, worths = Draws(4, 1), np.array([1.0, 0.0, 0.5, 0.25])
    assert draws.mean(worths - (worths - 0.1)) == pytest.approx((0.1, 0.1))


def test_rates_and_precision() -> None:
    draws = Draws(2, 2)
    assert draws.rate(np.array([1, 1]), np.array([125, 125]), 250) == (2.0, 2.0)
    assert draws.rate(np.array([], dtype=np.int64), np.array([], dtype=np.int64), 250) is None
    assert draws.precision(np.array([1, 1]), np.array([1, 1])) == (0.5, 0.5)
    assert draws.precision(np.array([0, 0]), np.array([0, 0])) is None
    assert Draws(2, 0).precision(np.array([1, 1]), np.array([], dtype=np.int64)) == (1.0, 1.0)
