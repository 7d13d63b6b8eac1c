"""The gain of one loop: two regressions with exponential forgetting, and the product of their slopes with its error."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


class Regression:
    """Least squares with exponential forgetting on a constant and two regressors; the second may be shrunk."""

    def __init__(self, forgetting: float, ridge: float) -> None:
        self._forgetting = forgetting
        self._ridge = ridge
        self._moments: Matrix = np.zeros((4, 4))  # of (1, x1, x2, y), so that one matrix holds all

    def learn(self, first: float, second: float, target: float) -> None:
        """Take one observation; one that is not finite is left out."""
        row = np.array([1.0, first, second, target])
        if np.isfinite(row).all():
            self._moments = self._forgetting * self._moments + np.outer(row, row)

    def slope(self) -> tuple[float, float] | None:
        """The first regressor's coefficient and its standard error; None when it cannot be told."""
        xx, xy, yy = self._moments[:3, :3].copy(), self._moments[:3, 3], self._moments[3, 3]
        weight = xx[0, 0]
        if weight <= 3 or xx[1, 1] <= 0:
            return None
        xx[2, 2] *= 1 + self._ridge
        xx += np.diag([0.0, 0.0, 1e-12 * (1 + xx[2, 2])])
        if np.linalg.cond(xx) > 1e14:
            return None
        inverse = np.linalg.inv(xx)
        beta = inverse @ xy
        residual = max(float(yy - 2 * beta @ xy + beta @ self._moments[:3, :3] @ beta), 0.0) / (weight - 3)
        return float(beta[1]), float(np.sqrt(max(residual * inverse[1, 1], 0.0)))

    def snapshot(self) -> list[list[float]]:
        """The moments."""
        plain: list[list[float]] = self._moments.tolist()
        return plain

    def restore(self, plain: list[list[float]]) -> None:
        """Take them back."""
        self._moments = np.array(plain)


class Gain(msgspec.Struct, frozen=True):
    """What a loop's two regressions say."""

    gain: float
    error: float
    follow: float
    push: float


class LoopGain:
    """One loop: levels in, the gain out."""

    def __init__(self, forgetting: float, ridge: float) -> None:
        self._follow = Regression(forgetting, 0.0)
        self._push = Regression(forgetting, ridge)
        self._levels: tuple[float, float] | None = None
        self._moves: tuple[float, float] | None = None
        self.steps = 0

    def step(self, yield_bp: float, follower: float) -> Gain | None:
        """Take the next levels of yield and follower; the gain once both slopes are known."""
        if self._levels is not None:
            moves = (yield_bp - self._levels[0], follower - self._levels[1])
            if self._moves is not None:
                self._push.learn(self._moves[1], self._moves[0], moves[0])
                self._follow.learn(moves[0], self._moves[1], moves[1])
                self.steps += 1
            self._moves = moves
        self._levels = (yield_bp, follower)
        return self.gain()

    def gain(self) -> Gain | None:
        """The product of both slopes with its error."""
        follow, push = self._follow.slope(), self._push.slope()
        if follow is None or push is None:
            return None
        error = float(np.hypot(push[0] * follow[1], follow[0] * push[1]))
        return Gain(push[0] * follow[0], error, follow[0], push[0])

    def break_off(self) -> None:
        """A step is missing: the next levels begin a new chain, what was learned stays."""
        self._levels = self._moves = None

    def snapshot(self) -> list[Any]:
        """Everything, as plain values."""
        return [self._follow.snapshot(), self._push.snapshot(), self._levels, self._moves, self.steps]

    def restore(self, plain: list[Any]) -> None:
        """Take it back."""
        follow, push, levels, moves, self.steps = plain
        self._follow.restore(follow)
        self._push.restore(push)
        self._levels = None if levels is None else (levels[0], levels[1])
        self._moves = None if moves is None else (moves[0], moves[1])
