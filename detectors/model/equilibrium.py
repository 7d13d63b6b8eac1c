"""The equilibrium of He, Nagel and Song: what dealers' balance sheets do to Treasury and OIS curves.

Two states, normal (0) and stress (b). In stress, habitat agents sell (beta > 0, all tenors beyond ``tau_hat``) or buy
(beta < 0, all tenors) Treasuries, dealers and hedge funds take the other side, and holding a bond costs dealers
``Delta``: the wedge between GCF and tri-party repo. Prices are ``exp(-(A(tau) r + C_s(tau)))``.

Linear form (not in the paper). With ``u_s = exp(-C_s)`` the coupled Riccati equations become, for s and its other s',

    u_s' = -D_s(tau) u_s + K_s (u_s' - u_s),   u_s(0) = 1,
    D_s = Lambda_s + kappa rbar A - sigma^2 A^2 / 2 + (sigma^2 / rho_I) A I_s,   I_b = beta int theta A,   I_0 = 0,

linear for given K; K_s are the risk-neutral jump intensities, K_0 = xi_0 exactly, and only K_b is a fixed point,

    K_b = xi_b [1 - (beta / rho_I) int theta (u_0 / u_b - 1)].

OIS curves solve the same with Lambda = 0 and the same I and K. A demand shock has no balance sheet and no repo: dealers
and hedge funds are short, and what the short costs enters as a holding cost below zero, ``Lambda_b = gamma beta T``.

Solved as an integral equation on Chebyshev nodes, as many as the curves need, so that nothing is lost to differences
of nearby numbers: yields are good to 1e-13. K_b is the largest root of ``f(K) = K``, reached by Newton from xi_b, where
the branch through beta = 0 begins. f was found concave in K wherever K is positive, so Newton falls to that root and
cannot pass it; a step that does not fall is rounding, and the end. Beyond a largest shock there is no such root. Mostly
two roots have met there (a fold): near it the amplification ``1 / (1 - f'(K_b))`` grows without bound. With parameters
far from the paper's K_b may reach zero first; a risk-neutral intensity below zero would be an arbitrage and is refused.

Where the paper's printed equations differ, the corrections are listed in ``docs/corrections.md``.
Units: years and fractions a year inside; percent and basis points where a name says so.
Source: He, Nagel and Song, NBER working paper 27416, sections 3 and 4, appendix A; figures 5 and 7 for parameters.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

import msgspec
import numpy as np

from detectors.model.grid import Vector, gauss, grid_of

NODES = (32, 64, 128, 256)
TAIL = 1e-12
STEPS = 200
LIMITS = {
    "kappa": 10.0,
    "sigma": 1.0,
    "rho_d": 1e3,
    "rho_h": 1e3,
    "xi_0": 100.0,
    "xi_b": 100.0,
    "lambda_": 1e3,
    "gamma": 1e3,
    "horizon": 100.0,
}


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
        for name, limit in LIMITS.items():
            if not 0 < getattr(self, name) <= limit:
                raise ModelError(f"{name.rstrip('_')} must lie above 0 and not above {limit:g}")
        if not abs(self.rbar) <= 1:
            raise ModelError("rbar must lie between -1 and 1: it is a fraction a year")
        if not 0 <= self.tau_hat < self.horizon:
            raise ModelError("tau_hat must lie between 0 and the horizon: beyond it is where supply comes")


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
        row = (self.curves.ois if ois else self.curves.treasury)[int(stress)]
        return self._over(tenor, row, float(_a(tenor, self.parameters.kappa)) * short_rate)

    def spread_at(self, tenor: float, *, stress: bool) -> float:
        """Treasury less OIS yield of a tenor: positive for a supply shock."""
        return self._over(tenor, (self.curves.treasury - self.curves.ois)[int(stress)], 0.0)

    def _over(self, tenor: float, row: Vector, more: float) -> float:
        horizon = self.parameters.horizon
        if not 0 < tenor <= horizon:
            return float("nan")
        return (more + grid_of(horizon, row.size - 1).at(row, tenor)) / tenor


def _a(tau: float | Vector, kappa: float) -> float | Vector:
    return -np.expm1(-kappa * tau) / kappa


class _System:
    """The linear system of one (parameters, beta), to be solved for many K_b."""

    def __init__(self, parameters: Parameters, beta: float, nodes: int) -> None:
        p = self.parameters = parameters
        self.beta = beta
        grid = self.grid = grid_of(p.horizon, nodes)
        self.nodes = nodes + 1
        lower = p.tau_hat if beta > 0 else 0.0
        self.size = p.horizon - lower
        self.wedge = (p.lambda_ if beta > 0 else p.gamma) * beta * self.size
        self.theta = grid.integral_weights(lower)
        a = np.asarray(_a(grid.tau, p.kappa))
        exposure = beta * _integral_of_a(lower, p.horizon, p.kappa)
        self.rho = p.rho_d + p.rho_h
        common = p.kappa * p.rbar * a - p.sigma**2 * a**2 / 2
        risk = p.sigma**2 / self.rho * a * exposure
        self.ois = (common, common + risk)
        self.treasury = (common, common + risk + self.wedge)

    def solved(self, d: tuple[Vector, Vector], k_b: float) -> tuple[Vector, Vector]:
        """Solve for u and for du/dK_b, each as rows 0 and b: ``u = 1 + int_0 (-D + G) u``.

        State 0 knows nothing of K_b: ``u_0 = once + again u_b``, found once; what is left is one equation for u_b.
        """
        s = self.grid.running
        once, again, summed_once, summed_again = _normal(self.parameters, self.nodes - 1)
        matrix = s * (d[1] + k_b) - k_b * summed_again
        matrix[np.diag_indices(self.nodes)] += 1
        with np.errstate(all="ignore"):  # what is not finite is found by whoever asks, and refused there
            inverse = np.linalg.inv(matrix)
            u_b = inverse @ (1 + k_b * summed_once)
            u_0 = once + again @ u_b
            du_b = inverse @ (s @ (u_0 - u_b))
            du_0 = again @ du_b
        return np.array([u_0, u_b]), np.array([du_0, du_b])

    def step(self, k_b: float) -> tuple[float, float]:
        """f(K_b) and its derivative."""
        (u_0, u_b), (du_0, du_b) = self.solved(self.treasury, k_b)
        scale = self.parameters.xi_b * self.beta / self.rho
        with np.errstate(all="ignore"):
            jump = (u_0 - u_b) / u_b
            slope = (du_0 - u_0 * du_b / u_b) / u_b
        return self.parameters.xi_b - scale * float(self.theta @ jump), -scale * float(self.theta @ slope)

    def curves(self, k_b: float) -> Curves:
        """C of Treasuries and OIS for the K_b found."""
        treasury, ois = (-np.log(self.solved(d, k_b)[0]) for d in (self.treasury, self.ois))
        return Curves(treasury, ois)


@lru_cache(maxsize=16)
def _normal(parameters: Parameters, nodes: int) -> tuple[Vector, Vector, Vector, Vector]:
    """The normal state solved for any stressed one: ``u_0 = once + again u_b``, and the running integrals of both."""
    p, grid = parameters, grid_of(parameters.horizon, nodes)
    a = np.asarray(_a(grid.tau, p.kappa))
    matrix = grid.running * (p.kappa * p.rbar * a - p.sigma**2 * a**2 / 2 + p.xi_0)
    matrix[np.diag_indices(nodes + 1)] += 1
    inverse = np.linalg.inv(matrix)
    once, again = inverse.sum(axis=1), p.xi_0 * inverse @ grid.running
    return once, again, grid.running @ once, grid.running @ again


def _integral_of_a(lower: float, upper: float, kappa: float) -> float:
    # The closed form loses all digits where kappa tau is small; sixty Gauss points never do.
    points, weights = gauss(60)
    tau = lower + (upper - lower) * (points + 1) / 2
    return float((upper - lower) / 2 * weights @ np.asarray(_a(tau, kappa)))


def _finer(parameters: Parameters, beta: float) -> Iterator["_System"]:
    """The system on ever more nodes; when they are spent the parameters are refused."""
    for nodes in NODES:
        yield _System(parameters, beta, nodes)
    raise ModelError(
        "these parameters give curves too steep to resolve: a smaller kappa, sigma, xi or horizon is required"
    )


def _resolved(system: _System, k_b: float) -> bool:
    """Whether the nodes carry the curves: their last Chebyshev coefficients are as good as zero."""
    u, _ = system.solved(system.treasury, k_b)
    if not np.all(np.isfinite(u)) or np.any(u <= 0):
        return False
    size = np.abs(system.grid.coefficients @ np.log(u).T)
    return bool(size[-4:].max() <= TAIL * max(1.0, size.max()))


def solve(parameters: Parameters, beta: float) -> Equilibrium:
    """The equilibrium of a shock on the branch through beta = 0.

    Raises:
        ModelError: the shock is beyond the fold, or not finite.
    """
    if not np.isfinite(beta):
        raise ModelError("beta must be a finite number")
    beta += 0.0  # no minus zero
    try:
        solved = _solved(parameters, beta)
    except ModelError:
        low, high = fold(parameters)
        if low <= beta <= high:
            raise
        solved = None  # far beyond the fold the curves cannot be resolved either; the fold is the reason
    if solved is not None:
        return solved
    low, high = fold(parameters)
    raise ModelError(
        f"beta {beta:g} has no equilibrium, it lies beyond the fold: "
        f"with these parameters beta must lie between {low:.6g} and {high:.6g}"
    )


def _solved(parameters: Parameters, beta: float) -> Equilibrium | None:
    for system in _finer(parameters, beta):
        if not _resolved(system, parameters.xi_b):
            continue
        found = _root(system)
        if found is None:
            return None
        if _resolved(system, found[0]):
            return _equilibrium(system, *found)
    return None


def _equilibrium(system: _System, k_b: float, slope: float) -> Equilibrium:
    share = system.parameters.rho_d / system.rho
    supply = system.beta * system.size
    return Equilibrium(
        parameters=system.parameters,
        beta=system.beta,
        k_stress=k_b,
        amplification=1 / (1 - slope),
        wedge=system.wedge,
        balance_sheet=max(supply, 0.0),
        holdings_dealers=share * supply,
        holdings_funds=(1 - share) * supply,
        curves=system.curves(k_b),
    )


def _root(system: _System) -> tuple[float, float] | None:
    k_b = system.parameters.xi_b
    value, slope = system.step(k_b)
    for _ in range(STEPS):
        if not np.isfinite(value) or not slope < 1:
            return None
        lower = k_b + (value - k_b) / (1 - slope)
        if lower <= 0:
            return None
        settled = not lower < k_b or k_b - lower <= 1e-15 * k_b
        k_b = lower
        value, slope = system.step(k_b)
        if settled:
            return (k_b, slope) if slope < 1 else None
    return None


@lru_cache(maxsize=64)
def fold(parameters: Parameters) -> tuple[float, float]:
    """The largest demand and supply shocks with an equilibrium: (beta_min, beta_max)."""
    return -_edge(parameters, -1.0), _edge(parameters, 1.0)


def _edge(parameters: Parameters, sign: float) -> float:
    found = 0.0
    for coarse in _finer(parameters, 0.0):
        if not _resolved(coarse, parameters.xi_b):
            continue
        found = _edge_on(parameters, sign, coarse.nodes - 1, found)
        system = _System(parameters, sign * found, coarse.nodes - 1)
        if _resolved(system, _peak(system)):
            break
    return found


def _edge_on(parameters: Parameters, sign: float, nodes: int, guess: float) -> float:
    def room(size: float) -> float:
        system = _System(parameters, sign * size, nodes)
        value = system.step(best := _peak(system))[0] - best
        return value if np.isfinite(value) else -1.0

    low, high = guess * (1 - 1e-4), guess * (1 + 1e-4)
    if guess and room(low) > 0 >= room(high):
        return _zero(room, low, high, 1e-13)
    beyond = 1e-6
    while room(beyond) > 0:
        beyond *= 4
        if beyond > 1e6:
            raise ModelError("no fold was found for these parameters")
    return _zero(room, beyond / 4 if beyond > 1e-6 else 0.0, beyond, 1e-13)


def _peak(system: _System) -> float:
    """Where, between 0 and xi_b, f(K) exceeds K most: at the fold by nothing, beyond it by less."""

    def rise(k_b: float) -> float:
        return system.step(k_b)[1] - 1

    steepest = rise(0.0)
    return _zero(rise, 0.0, system.parameters.xi_b, 1e-8) if np.isfinite(steepest) and steepest > 0 else 0.0


def _zero(function: Callable[[float], float], low: float, high: float, within: float) -> float:
    """Where a function that is positive at ``low`` and not at ``high`` changes its sign, ``within`` of its size.

    The secant between the ends, the end that stays halved (Illinois), each time pushed on by half of ``within``, so
    that the interval closes from both sides.
    """
    at_low, at_high = function(low), function(high)
    if at_high > 0:
        return high
    side = 0
    for trial in range(STEPS):
        close = within * high
        if high - low <= close:
            break
        middle = (low * at_high - high * at_low) / (at_high - at_low) if trial % 8 < 7 else (low + high) / 2
        middle = min(max(middle + side * close / 2, low + close / 2), high - close / 2)
        value = function(middle)
        if value > 0:
            low, at_low = middle, value
            at_high = at_high / 2 if side > 0 else at_high
            side = 1
        else:
            high, at_high = middle, value
            at_low = at_low / 2 if side < 0 else at_low
            side = -1
    return low
