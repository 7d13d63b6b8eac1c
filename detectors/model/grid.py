"""A grid of Chebyshev nodes: running integrals and interpolation that are exact for smooth curves.

Source: Trefethen, Approximation Theory and Approximation Practice, chapters 3 to 5 and 19; Berrut and Trefethen 2004.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


class Grid:
    """Chebyshev nodes on [0, T] with running integrals, and interpolation by the barycentric formula."""

    def __init__(self, horizon: float, nodes: int) -> None:
        index = np.arange(nodes + 1)
        cosine = -np.cos(np.pi * index / nodes)
        self.tau: Vector = horizon * (1 + cosine) / 2
        self._horizon = horizon
        weights = (-1.0) ** index
        weights[[0, -1]] /= 2
        self._weights = weights
        # Values to Chebyshev coefficients, the integral of each polynomial from -1, and back to the nodes.
        polynomials = np.cos(np.outer(np.pi - np.pi * index / nodes, np.arange(nodes + 2)))
        halves = np.ones(nodes + 1)
        halves[[0, -1]] = 0.5
        self.coefficients: Vector = 2 / nodes * halves[:, None] * polynomials[:, : nodes + 1].T * halves[None, :]
        integrals = np.zeros((nodes + 1, nodes + 1))
        integrals[:, 0] = cosine
        integrals[:, 1] = cosine**2 / 2
        for n in range(2, nodes + 1):
            integrals[:, n] = polynomials[:, n + 1] / (2 * n + 2) - polynomials[:, n - 1] / (2 * n - 2)
        self.running: Vector = horizon / 2 * (integrals - integrals[0]) @ self.coefficients

    def at(self, values: Vector, tau: float) -> float:
        """The interpolant at one point."""
        gaps = tau - self.tau
        if np.any(gaps == 0):
            return float(values[np.argmin(np.abs(gaps))])
        terms = self._weights / gaps
        return float(terms @ values / terms.sum())

    def integral_weights(self, lower: float) -> Vector:
        """Weights w with ``w @ values`` the integral of the interpolant from ``lower`` to the end."""
        points, weights = gauss(self.tau.size)
        tau = lower + (self._horizon - lower) * (points + 1) / 2
        gaps = tau[:, None] - self.tau[None, :]
        terms = self._weights / np.where(gaps == 0, 1e-300, gaps)
        cardinal = terms / terms.sum(axis=1, keepdims=True)
        answer: Vector = (self._horizon - lower) / 2 * weights @ cardinal
        return answer


@lru_cache(maxsize=8)
def gauss(points: int) -> tuple[Vector, Vector]:
    """Points and weights of Gauss and Legendre on [-1, 1]."""
    return np.polynomial.legendre.leggauss(points)


@lru_cache(maxsize=16)
def grid_of(horizon: float, nodes: int) -> Grid:
    """The grid of a horizon, made once."""
    return Grid(horizon, nodes)
