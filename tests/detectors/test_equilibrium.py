"""The equilibrium against a second method: scipy's DOP853 on the paper's own nonlinear equations, corrected.

The solver integrates the linear form on Chebyshev nodes; here C_0 and C_b are stepped through
``C_s' = D_s - K_s (exp(C_s - C_s') - 1)`` with an adaptive Runge-Kutta at 1e-13, and K_b found by the secant rule.
"""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from detectors.model.equilibrium import ModelError, Parameters, fold, solve

BP = 1e4
FIGURE_5 = Parameters()
PER_BP = 1e-6  # of a basis point: what the command promises


class Second:
    """The second method for one (parameters, beta)."""

    def __init__(self, p, beta):
        self.p, self.beta = p, beta
        self.start = p.tau_hat if beta > 0 else 0.0
        self.wedge = (p.lambda_ if beta > 0 else p.gamma) * beta * (p.horizon - self.start)
        k, lower, upper = p.kappa, self.start, p.horizon
        self.exposure = beta * (upper - lower - (math.exp(-k * lower) - math.exp(-k * upper)) / k) / k
        self.rho = p.rho_d + p.rho_h

    def _slopes(self, tau, c, k_b, wedge):
        p = self.p
        a = (1 - math.exp(-p.kappa * tau)) / p.kappa
        d_0 = p.kappa * p.rbar * a - p.sigma**2 * a * a / 2
        d_b = d_0 + wedge + p.sigma**2 / self.rho * a * self.exposure
        gap = c[0] - c[1]
        return d_0 - p.xi_0 * math.expm1(gap), d_b - k_b * math.expm1(-gap)

    def curves(self, k_b, tenors, *, ois=False):
        """C_0 and C_b at tenors, and the integral of theta (exp(C_b - C_0) - 1)."""
        wedge = 0.0 if ois else self.wedge

        def slopes(tau, state):
            loss = math.expm1(state[1] - state[0]) if tau > self.start or self.start == 0 else 0.0
            return (*self._slopes(tau, state, k_b, wedge), loss)

        state, found = np.zeros(3), {}
        for first, last in ((0.0, self.start), (self.start, self.p.horizon)):
            if first == last:
                continue
            inside = sorted({last, *(tenor for tenor in tenors if first < tenor <= last)})
            leg = solve_ivp(slopes, (first, last), state, "DOP853", inside, rtol=1e-13, atol=1e-15)
            found |= dict(zip(inside, leg.y.T, strict=True))
            state = leg.y[:, -1]
            if first < self.start:
                state[2] = 0.0
        return found, state[2]

    def f(self, k_b):
        return self.p.xi_b * (1 - self.beta / self.rho * self.curves(k_b, ())[1])

    def root(self):
        older, newer = self.p.xi_b, self.f(self.p.xi_b)
        g_older, g_newer = newer - older, self.f(newer) - newer
        while abs(g_newer) > 1e-14 and newer != older:
            older, newer = newer, newer - g_newer * (newer - older) / (g_newer - g_older)
            g_older, g_newer = g_newer, self.f(newer) - newer
        return newer


def shares_of_the_fold(p):
    low, high = fold(p)
    return [share * edge for edge in (low, high) for share in (0.02, 0.5, 0.95)]


SHAPES = {
    "figures": FIGURE_5,
    "20 years": Parameters(horizon=20),
    "10 years": Parameters(horizon=10),
    "dear balance sheets": Parameters(lambda_=0.1, gamma=0.05),
    "unequal": Parameters(rho_d=0.01, rho_h=0.04, tau_hat=2.5),
    "fast": Parameters(kappa=1.0, sigma=0.03, xi_0=0.3, xi_b=1.5),
    "slow": Parameters(kappa=0.02, sigma=0.008, rbar=-0.01, horizon=15),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("index", range(6), ids=lambda index: f"{'supply' if index > 2 else 'demand'}{index % 3}")
def test_curves_agree_with_the_second_method(shape, index):
    p = SHAPES[shape]
    beta = shares_of_the_fold(p)[index]
    one, two = solve(p, beta), Second(p, beta)
    k_b = two.root()
    assert one.k_stress == pytest.approx(k_b, abs=1e-11)
    assert one.wedge == pytest.approx(two.wedge, rel=1e-14)
    tenors = [tenor for tenor in (0.25, 1.0, 2.0, 7.0, 10.0, 20.0, 30.0) if tenor <= p.horizon]
    treasury, ois = two.curves(k_b, tenors)[0], two.curves(k_b, tenors, ois=True)[0]
    short_rate = 0.013
    for tenor in tenors:
        a = (1 - math.exp(-p.kappa * tenor)) / p.kappa
        for state in (0, 1):
            expected = (a * short_rate + treasury[tenor][state]) / tenor
            assert one.yield_at(tenor, short_rate, stress=bool(state)) * BP == pytest.approx(expected * BP, abs=PER_BP)
            spread = (treasury[tenor][state] - ois[tenor][state]) / tenor
            assert one.spread_at(tenor, stress=bool(state)) * BP == pytest.approx(spread * BP, abs=PER_BP)


def test_the_printed_riccati_gives_the_same_curves():
    # Appendix A.2, step (c), as printed, with D and K corrected: z = C_0'.
    p, beta = FIGURE_5, 0.002
    one, two = solve(p, beta), Second(p, beta)
    k_0, k_b = p.xi_0, one.k_stress

    def d_hat(tau):
        a = (1 - math.exp(-p.kappa * tau)) / p.kappa
        d_0 = p.kappa * p.rbar * a - p.sigma**2 * a * a / 2
        return d_0 + k_0, d_0 + two.wedge + p.sigma**2 / two.rho * a * two.exposure + k_b

    def slopes(tau, state):
        a, da = (1 - math.exp(-p.kappa * tau)) / p.kappa, math.exp(-p.kappa * tau)
        first, second = d_hat(tau)
        z = state[0]
        return (
            p.kappa * p.rbar * da - p.sigma**2 * a * da + first * second - k_0 * k_b - (first + second) * z + z * z
        ), z

    z, c_0 = solve_ivp(slopes, (0.0, 10.0), (0.0, 0.0), "Radau", rtol=1e-11, atol=1e-13).y[:, -1]
    c_b = c_0 - math.log((d_hat(10.0)[0] - z) / k_0)
    assert one.yield_at(10.0, 0.0, stress=False) * BP == pytest.approx(c_0 / 10 * BP, abs=1e-5)
    assert one.yield_at(10.0, 0.0, stress=True) * BP == pytest.approx(c_b / 10 * BP, abs=1e-5)


def test_figure_5_at_a_wedge_of_five_basis_points():
    one = solve(FIGURE_5, 0.002)
    assert one.k_stress == pytest.approx(0.3896686, abs=5e-8)
    assert one.wedge * BP == pytest.approx(5.0)
    assert one.spread_at(10, stress=True) * BP == pytest.approx(1.8089, abs=5e-5)
    assert one.spread_at(10, stress=False) * BP == pytest.approx(0.8032, abs=5e-5)
    assert (one.balance_sheet, one.holdings_dealers, one.holdings_funds) == pytest.approx((0.05, 0.025, 0.025))
    moves = {0.25: 6.95, 1: 11.54, 2: 15.42, 5: 18.81, 7: 18.12, 10: 15.98, 20: 9.82, 30: 6.71}
    for tenor, move in moves.items():  # steeper to five years only, flatter from there
        dy = one.yield_at(tenor, 0.0, stress=True) - one.yield_at(tenor, 0.0, stress=False)
        assert dy * BP == pytest.approx(move, abs=0.006)


@pytest.mark.parametrize(
    ("horizon", "low", "high", "wedges"),
    [(30, -0.007198, 0.007132, (-21.6, 17.8)), (20, -0.01269, 0.01302, (-25.4, 19.5)), (15, -0.0199, 0.0215, None)],
)
def test_the_fold_is_where_it_was_found_before(horizon, low, high, wedges):
    p = Parameters(horizon=horizon)
    assert fold(p) == pytest.approx((low, high), rel=3e-3)
    if wedges:
        ends = [solve(p, edge * (1 - 1e-9)).wedge * BP for edge in fold(p)]
        assert ends == pytest.approx(wedges, abs=0.06)


@pytest.mark.parametrize(
    ("shape", "side"),
    [(shape, side) for shape in SHAPES for side in (0, 1) if (shape, side) != ("10 years", 0)],  # see below
)
def test_the_fold_is_the_end_and_the_amplification_grows_as_its_square_root(shape, side):
    p = SHAPES[shape]
    edge = fold(p)[side]
    near, nearer = (solve(p, edge * (1 - gap)) for gap in (1e-4, 1e-6))
    # K_b leaves the fold as the square root of the distance, and so does 1 - f'.
    assert nearer.amplification / near.amplification == pytest.approx(10, rel=0.03)
    with pytest.raises(ModelError, match="fold"):
        solve(p, edge * (1 + 1e-6))


def test_no_larger_root_was_passed_on_the_way():
    for beta in shares_of_the_fold(FIGURE_5):
        one, two = solve(FIGURE_5, beta), Second(FIGURE_5, beta)
        for k_b in np.linspace(one.k_stress, 0.4, 8)[1:]:
            assert two.f(k_b) < k_b


def test_where_the_recovery_rate_runs_out_before_the_fold():
    frequent, short = Parameters(xi_0=1.0), Parameters(horizon=10)
    for p, edge in [(frequent, edge) for edge in fold(frequent)] + [(short, fold(short)[0])]:
        one = solve(p, edge * (1 - 1e-6))
        assert 0 < one.k_stress < 1e-5
        assert one.amplification < 6
        with pytest.raises(ModelError, match="fold"):
            solve(p, edge * (1 + 1e-6))


def test_small_shocks_are_first_order_and_no_shock_is_none():
    k = FIGURE_5.xi_0 + FIGURE_5.xi_b
    share = FIGURE_5.xi_0 / k
    decay = (1 - math.exp(-10 * k)) / (10 * k)
    for beta in (1e-9, -1e-9, 1e-6):
        one = solve(FIGURE_5, beta)
        assert one.spread_at(10, stress=True) / one.wedge == pytest.approx(share + (1 - share) * decay, rel=2e-3)
        assert one.spread_at(10, stress=False) / one.wedge == pytest.approx(share * (1 - decay), rel=2e-3)
    none = solve(FIGURE_5, 0.0)
    assert (none.k_stress, none.amplification, none.wedge, none.balance_sheet) == (FIGURE_5.xi_b, 1.0, 0.0, 0.0)
    for tenor in (0.5, 10, 30):
        assert none.spread_at(tenor, stress=True) == 0.0
        assert none.yield_at(tenor, 0.01, stress=True) == pytest.approx(none.yield_at(tenor, 0.01, stress=False))


def test_demand_has_no_balance_sheet_and_both_are_short():
    one = solve(Parameters(rho_d=1 / 57, rho_h=3 / 57), -0.002)
    assert one.balance_sheet == 0.0
    assert (one.holdings_dealers, one.holdings_funds) == pytest.approx((-0.015, -0.045))
    assert one.wedge == pytest.approx(-0.0006)
    assert one.spread_at(10, stress=True) < one.spread_at(10, stress=False) < 0


def test_tenors_beyond_the_horizon_have_no_yield():
    one = solve(Parameters(horizon=8, tau_hat=2), 0.002)
    for tenor in (8.0001, 10, 0, -1):
        assert math.isnan(one.yield_at(tenor, 0.0, stress=True))
        assert math.isnan(one.spread_at(tenor, stress=True))
    assert one.yield_at(8, 0.0, stress=True) > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"kappa": 0.0},
        {"sigma": -1.0},
        {"rho_d": math.nan},
        {"rbar": math.inf},
        {"rbar": math.nan},
        {"horizon": 1e6},
        {"tau_hat": 30.0},
        {"tau_hat": -1.0},
        {"lambda_": 0.0},
        {"gamma": math.inf},
    ],
    ids=str,
)
def test_parameters_without_sense_are_refused_by_name(wrong):
    with pytest.raises(ModelError, match=next(iter(wrong)).rstrip("_")):
        Parameters(**wrong)


def test_curves_too_steep_to_resolve_are_refused():
    with pytest.raises(ModelError, match="too steep"):
        solve(Parameters(kappa=0.001, sigma=1.0), 0.001)


@pytest.mark.parametrize("beta", [math.nan, math.inf, -math.inf])
def test_a_shock_that_is_no_number_is_refused(beta):
    with pytest.raises(ModelError, match="finite"):
        solve(FIGURE_5, beta)
