"""The equilibrium of He, Nagel and Song: what dealers' balance sheets do to Treasury and OIS curves.

Two states, normal (0) and stress (b). In stress, habitat agents sell (beta > 0, all tenors beyond ``tau_hat``) or buy
(beta < 0, all tenors) Treasuries, dealers and hedge funds take the other side, and holding a bond costs dealers
``Delta``: the wedge between GCF and tri-party repo. Prices are ``exp(-(A(tau) r + C_s(tau)))``.

Linear form (not in the paper). With ``u_s = exp(-C_s)`` the coupled Riccati equations become, for s and its other s',

    u_s' = -D_s(tau) u_s + K_s (u_s' - u_s),   u_s(0) = 1,
    D_s = Lambda_s + kappa rbar A - sigma^2 A^2 / 2 + (sigma^2 / rho_I) A I_s,   I_b = beta int theta A,   I_0 = 0,

linear for given K; K_s are the risk-neutral jump intensities, K_0 = xi_0 exactly, and only K_b is a fixed point,

    K_b = xi_b [1 - (beta / rho_I) int theta (u_0 / u_b - 1)].

OIS curves solve the same with Lambda = 0 and the same I and K. The system is solved by Chebyshev collocation, K_b by
Newton from xi_b on the branch through beta = 0. Beyond a largest shock (a fold) there is no equilibrium; near it the
amplification ``1 / (1 - f'(K_b))`` grows without bound.

Where the paper's printed equations differ, the corrections are listed in ``docs/corrections.md``.
Units: years and fractions a year inside; percent and basis points where a name says so.
Source: He, Nagel and Song, NBER working paper 27416, sections 3 and 4, appendix A; figures 5 and 7 for parameters.
"""

from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
NODES = 40
STEPS = 80


class ModelError(ValueError):
    """Parameters without an equilibrium, or without sense; the message says which and what to do."""


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The paper's parameters by name; the defaults are those of figures 5 and 7."""

    kappa: float = 0.201
    sigma: float = 0.017
    rbar: float = 0.055
    rho_d: float = 1 / 57
    rho_h: float = 1 / 57
    xi_0: float = 0.1
    xi_b: float = 0.4
    lambda_: float = 0.01
    gamma: float = 0.01
    tau_hat: float = 5.0
    horizon: float = 30.0

    def __post_init__(self) -> None:
        for name in ("kappa", "sigma", "rho_d", "rho_h", "xi_0", "xi_b", "lambda_", "gamma", "horizon"):
            if not 0 < getattr(self, name) < 1e3:
                raise ModelError(f"{name.rstrip('_')} must be positive")
        if not 0 <= self.tau_hat < self.horizon:
            raise ModelError("tau_hat must lie in 0 to the horizon")


class Curves(msgspec.Struct, frozen=True):
    """A solution for one K_b: ``C`` of Treasuries and of OIS on the grid, by state (rows 0 and b)."""

    treasury: Vector
    ois: Vector


class Equilibrium(msgspec.Struct, frozen=True):
    """A solved model. ``wedge`` and yields are fractions a year; holdings are in the paper's units of supply."""

    parameters: Parameters
    beta: float
    k_stress: float
    amplification: float
    wedge: float
    balance_sheet: float
    holdings_dealers: float
    holdings_funds: float
    curves: Curves

    def yield_at(self, tenor: float, short_rate: float, *, stress: bool, ois: bool = False) -> float:
        """The zero-coupon yield of a tenor in years; NaN beyond the horizon."""
        if not 0 < tenor <= self.parameters.horizon:
            return float("nan")
        grid = _grid(self.parameters.horizon)
        row = (self.curves.ois if ois else self.curves.treasury)[int(stress)]
        return float((_a(tenor, self.parameters.kappa) * short_rate + grid.at(row, tenor)) / tenor)

    def spread_at(self, tenor: float, *, stress: bool) -> float:
        """Treasury less OIS yield of a tenor: positive for a supply shock."""
        grid = _grid(self.parameters.horizon)
        difference = (self.curves.treasury - self.curves.ois)[int(stress)]
        return float(grid.at(difference, tenor) / tenor) if 0 < tenor <= self.parameters.horizon else float("nan")


class Grid:
    """Chebyshev nodes on [0, T] with differentiation, and interpolation by the barycentric formula."""

    def __init__(self, horizon: float) -> None:
        index = np.arange(NODES + 1)
        cosine = np.cos(np.pi * index / NODES)
        self.tau: Vector = horizon * (1 - cosine) / 2
        weights = (-1.0) ** index
        weights[[0, -1]] /= 2
        self._weights = weights
        gaps = self.tau[:, None] - self.tau[None, :] + np.eye(NODES + 1)
        slopes = weights[None, :] / weights[:, None] / gaps
        np.fill_diagonal(slopes, 0.0)
        np.fill_diagonal(slopes, -slopes.sum(axis=1))
        self.slope: Vector = slopes

    def at(self, values: Vector, tau: float) -> float:
        """The interpolant at one point."""
        gaps = tau - self.tau
        if np.any(gaps == 0):
            return float(values[np.argmin(np.abs(gaps))])
        terms = self._weights / gaps
        return float(terms @ values / terms.sum())

    def integral_weights(self, lower: float, upper: float) -> Vector:
        """Weights w with ``w @ values`` the integral of the interpolant from ``lower`` to ``upper``."""
        points, weights = np.polynomial.legendre.leggauss(NODES)
        tau = lower + (upper - lower) * (points + 1) / 2
        gaps = tau[:, None] - self.tau[None, :]
        terms = self._weights / np.where(gaps == 0, 1e-300, gaps)
        cardinal = terms / terms.sum(axis=1, keepdims=True)
        answer: Vector = (upper - lower) / 2 * weights @ cardinal
        return answer


@lru_cache(maxsize=16)
def _grid(horizon: float) -> Grid:
    return Grid(horizon)


def _a(tau: float | Vector, kappa: float) -> float | Vector:
    return -np.expm1(-kappa * tau) / kappa


class _System:
    """The linear system of one (parameters, beta), to be solved for many K_b."""

    def __init__(self, parameters: Parameters, beta: float) -> None:
        p = self.parameters = parameters
        self.beta = beta
        grid = self.grid = _grid(p.horizon)
        lower = p.tau_hat if beta > 0 else 0.0
        self.size = p.horizon - lower
        self.wedge = (p.lambda_ if beta > 0 else p.gamma) * beta * self.size
        self.theta = grid.integral_weights(lower, p.horizon)
        a = np.asarray(_a(grid.tau, p.kappa))
        k = p.kappa
        exposure = beta * (self.size - (np.exp(-k * lower) - np.exp(-k * p.horizon)) / k) / k
        self.rho = p.rho_d + p.rho_h
        common = k * p.rbar * a - p.sigma**2 * a**2 / 2
        risk = p.sigma**2 / self.rho * a * exposure
        self.ois = (common, common + risk)
        self.treasury = (common, common + risk + self.wedge)

    def _matrix(self, d: tuple[Vector, Vector], k_b: float) -> Vector:
        n = NODES + 1
        xi_0 = self.parameters.xi_0
        matrix = np.zeros((2 * n, 2 * n))
        matrix[:n, :n] = self.grid.slope + np.diag(d[0] + xi_0)
        matrix[n:, n:] = self.grid.slope + np.diag(d[1] + k_b)
        matrix[:n, n:] = -xi_0 * np.eye(n)
        matrix[n:, :n] = -k_b * np.eye(n)
        for row in (0, n):
            matrix[row] = 0.0
            matrix[row, row] = 1.0
        return matrix

    def step(self, k_b: float) -> tuple[float, float]:
        """f(K_b) and its derivative."""
        n = NODES + 1
        matrix = self._matrix(self.treasury, k_b)
        ends = np.zeros(2 * n)
        ends[[0, n]] = 1.0
        u = np.linalg.solve(matrix, ends)
        push = np.zeros(2 * n)
        push[n + 1 :] = (u[:n] - u[n:])[1:]
        du = np.linalg.solve(matrix, push)
        jump = u[:n] / u[n:] - 1
        slope = du[:n] / u[n:] - u[:n] * du[n:] / u[n:] ** 2
        scale = self.parameters.xi_b * self.beta / self.rho
        return self.parameters.xi_b - scale * float(self.theta @ jump), -scale * float(self.theta @ slope)

    def curves(self, k_b: float) -> Curves:
        """C of Treasuries and OIS for the K_b found."""
        n = NODES + 1
        ends = np.zeros(2 * n)
        ends[[0, n]] = 1.0
        both = [-np.log(np.linalg.solve(self._matrix(d, k_b), ends)).reshape(2, n) for d in (self.treasury, self.ois)]
        return Curves(both[0], both[1])


def solve(parameters: Parameters, beta: float) -> Equilibrium:
    """The equilibrium of a shock on the branch through beta = 0.

    Raises:
        ModelError: the shock is beyond the fold, or not finite.
    """
    if not np.isfinite(beta):
        raise ModelError("beta must be a finite number")
    system = _System(parameters, beta)
    found = _root(system)
    if found is None:
        low, high = fold(parameters)
        raise ModelError(f"beta {beta:g} is beyond the fold: there is an equilibrium between {low:.6g} and {high:.6g}")
    k_b, slope = found
    share = parameters.rho_d / system.rho
    supply = beta * system.size
    return Equilibrium(
        parameters=parameters,
        beta=beta,
        k_stress=k_b,
        amplification=1 / (1 - slope),
        wedge=system.wedge,
        balance_sheet=max(supply, 0.0),
        holdings_dealers=share * supply,
        holdings_funds=(1 - share) * supply,
        curves=system.curves(k_b),
    )


def _root(system: _System) -> tuple[float, float] | None:
    # From xi_b Newton falls to the larger root without passing it, because f is concave in K there; a slope of one or
    # more, or a K that leaves the positive numbers, says that there is none.
    k_b = system.parameters.xi_b
    for _ in range(STEPS):
        value, slope = system.step(k_b)
        if not np.isfinite(value) or slope >= 1:
            return None
        move = (value - k_b) / (1 - slope)
        k_b += move
        if not 0 < k_b < 1e3:
            return None
        if abs(move) < 1e-14 * max(1.0, k_b):
            return k_b, system.step(k_b)[1]
    return None


@lru_cache(maxsize=16)
def fold(parameters: Parameters) -> tuple[float, float]:
    """The largest demand and supply shocks with an equilibrium: (beta_min, beta_max)."""
    return -_edge(parameters, -1.0), _edge(parameters, 1.0)


def _edge(parameters: Parameters, sign: float) -> float:
    good, bad = 0.0, 1e-4
    while _root(_System(parameters, sign * bad)) is not None:
        good, bad = bad, 2 * bad
        if bad > 1e3:
            raise ModelError("no fold was found for these parameters")
    for _ in range(60):
        middle = (good + bad) / 2
        if middle in {good, bad}:
            break
        if _root(_System(parameters, sign * middle)) is None:
            bad = middle
        else:
            good = middle
    return good
