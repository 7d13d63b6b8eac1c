"""The inversion: what is put in comes out, with noise, with rows missing, through the calendar, and day by day."""

import datetime as dt
import functools

import msgspec
import numpy as np
import pytest

from detectors.calendar import next_business_day
from detectors.model.branches import OBSERVATIONS, inverse
from detectors.model.calendar_effects import CalendarEffects, kind_of
from detectors.model.equilibrium import Parameters, solve
from detectors.model.inversion import ShockInversion
from detectors.testing import make
from tests.support.drive import feed

BP = 1e4
NOISES = dict(zip(OBSERVATIONS, (1.0, 2.0, 6.0, 6.0), strict=True))
RULE = {"accept": 6.63, "beat": 2.71}
COSTS = {"the paper's": 0.01, "the desk's": 0.05}
SETS = {
    "all": OBSERVATIONS,
    "no swap": ("wedge", "yield", "slope"),
    "wedge and swap": ("wedge", "treasury_ois"),
    "wedge alone": ("wedge",),
}
TIMES = 400


def tables(cost=0.05):
    return inverse(30.0, cost, 41, 0.95)


@functools.cache
def truth(cost, wedge_bp):
    """The changes of a shock, solved afresh and not by the tables."""
    size = 25 if wedge_bp > 0 else 30
    one = solve(Parameters(lambda_=cost, gamma=cost), wedge_bp / BP / cost / size)
    ten, short = (one.yield_at(t, 0.0, stress=True) - one.yield_at(t, 0.0, stress=False) for t in (10.0, 0.25))
    spread = one.spread_at(10.0, stress=True) - one.spread_at(10.0, stress=False)
    return dict(zip(OBSERVATIONS, (BP * one.wedge, BP * spread, BP * ten, BP * (ten - short)), strict=True))


def simulated(draw, cost, wedge_bp, names):
    exact = truth(cost, wedge_bp) if wedge_bp else dict.fromkeys(OBSERVATIONS, 0.0)
    return {name: exact[name] + NOISES[name] * draw.normal() for name in names}


def signs(cost, names, wedges, seed):
    draw = np.random.default_rng(seed)
    found = [tables(cost).estimate(simulated(draw, cost, one, names), NOISES, **RULE) for one in wedges]
    return [one.sign for one in found]


@pytest.mark.parametrize("cost", COSTS.values(), ids=COSTS)
def test_the_splines_are_the_equilibria(cost):
    for branch in (tables(cost).supply, tables(cost).demand):
        for share in np.linspace(0.013, 0.999, 23):
            size = branch.largest * share
            values, slopes = branch.at(size)
            exact = list(truth(cost, branch.sign * size).values())
            assert values[:4] == pytest.approx(exact, abs=0.02)
            higher, lower = branch.at(size + 1e-5)[0], branch.at(size - 1e-5)[0]
            numeric = [(one - two) / 2e-5 for one, two in zip(higher, lower, strict=True)]
            assert slopes == pytest.approx(numeric, abs=1e-5)


@pytest.mark.parametrize("wedge_bp", [-85.0, -30.0, -3.2, 3.2, 12.0, 50.0, 75.0])
@pytest.mark.parametrize("names", SETS.values(), ids=SETS)
def test_without_noise_the_shock_comes_back(wedge_bp, names):
    exact = truth(0.05, wedge_bp)
    found = tables().estimate({name: exact[name] for name in names}, NOISES, **RULE)
    assert found.sign == ("supply" if wedge_bp > 0 else "demand")
    assert found.wedge_bp == pytest.approx(wedge_bp, abs=0.01)
    assert found.beta == pytest.approx(wedge_bp / BP / 0.05 / (25 if wedge_bp > 0 else 30), rel=2e-3)
    assert found.misfit == pytest.approx(0.0, abs=1e-4)
    assert found.count == len(names)
    amplification = solve(Parameters(lambda_=0.05, gamma=0.05), found.beta).amplification
    assert found.amplification == pytest.approx(amplification, rel=3e-3)
    assert not found.at_bound
    largest = (tables().supply if wedge_bp > 0 else tables().demand).largest
    assert tables().distance_pct(found) == pytest.approx(100 * (1 - abs(wedge_bp) / largest), abs=0.02)


def test_no_shock_is_as_far_from_breakdown_as_can_be_and_the_bound_is_there():
    nothing = tables().estimate({"wedge": 0.0}, NOISES, **RULE)
    assert tables().distance_pct(nothing) == 100
    bound = tables().estimate({"wedge": 500.0}, NOISES, **RULE)
    assert tables().distance_pct(bound) == 0


@pytest.mark.parametrize("cost", COSTS.values(), ids=COSTS)
@pytest.mark.parametrize("names", SETS.values(), ids=SETS)
@pytest.mark.parametrize("sign", [1, -1], ids=["supply", "demand"])
def test_the_sign_is_right_in_95_of_100_over_wedges_above_3_bp(cost, names, sign):
    largest = 0.9 * (tables(cost).supply if sign > 0 else tables(cost).demand).largest
    wedges = sign * np.repeat(np.random.default_rng(11).uniform(3.0, min(largest, 30.0), TIMES // 8), 8)
    said = signs(cost, names, wedges, seed=12 + sign)
    wanted, other = ("supply", "demand")[::sign]
    assert said.count(wanted) >= 0.95 * TIMES
    assert said.count(other) == 0


@pytest.mark.parametrize("cost", COSTS.values(), ids=COSTS)
@pytest.mark.parametrize("names", SETS.values(), ids=SETS)
def test_no_shock_is_none_in_95_of_100(cost, names):
    assert signs(cost, names, [0.0] * TIMES, seed=21).count("none") >= 0.95 * TIMES


@pytest.mark.parametrize(
    ("wedge_bp", "names", "low", "high"),
    [
        (3.0, OBSERVATIONS, 0.60, 0.85),
        (3.0, ("wedge",), 0.55, 0.80),
        (4.0, OBSERVATIONS, 0.88, 0.99),
        (5.0, OBSERVATIONS, 0.97, 1.0),
        (5.0, ("treasury_ois", "yield", "slope"), 0.0, 0.25),
        (30.0, ("treasury_ois", "yield", "slope"), 0.95, 1.0),
    ],
)
def test_how_small_a_shock_one_day_can_tell(wedge_bp, names, low, high):
    share = signs(0.05, names, [wedge_bp] * TIMES, seed=31).count("supply") / TIMES
    assert low <= share <= high, share


def test_the_standard_error_is_the_scatter_of_the_estimates():
    draw = np.random.default_rng(41)
    found = [tables().estimate(simulated(draw, 0.05, 20.0, OBSERVATIONS), NOISES, **RULE) for _ in range(TIMES)]
    scatter = np.std([one.wedge_bp for one in found])
    assert found[0].error_bp == pytest.approx(scatter, rel=0.12)
    assert np.mean([one.misfit for one in found]) == pytest.approx(3.0, abs=0.4)  # four rows, one unknown


def test_beyond_the_grid_is_at_the_bound():
    found = tables().estimate({"wedge": 95.0}, NOISES, **RULE)
    assert found.at_bound
    assert found.wedge_bp == pytest.approx(tables().supply.largest)
    assert found.misfit > 300


def test_nothing_observed_is_nothing_said():
    assert tables().estimate({}, NOISES, **RULE) is None


def test_an_ambiguous_day_is_none():
    # A wedge and a yield that contradict each other at the same weight: either sign explains half of it.
    found = tables().estimate({"wedge": 6.0, "treasury_ois": -12.0}, {"wedge": 3.0, "treasury_ois": 1.3}, **RULE)
    assert found.sign != "supply"
    assert (
        tables().estimate({"wedge": 4.0, "treasury_ois": -1.6}, {"wedge": 1.4, "treasury_ois": 0.5}, **RULE).sign
        == "none"
    )


# The detector, day by day.


def history(days, wedge, ten=lambda _: 2.0, first="2018-01-02", swap=None):
    """GCF in the evening, the yields at the close, tri-party last; the wedge of a day in bp, rates in percent."""
    for index, date in enumerate(make.sessions(first, days)):
        yield make.close(date, round(ten(index), 4))
        yield make.close(date, round(ten(index) - 1.0, 4), tenor="3M")
        if swap is not None:
            yield make.swap(f"{date} 17:00", swap(index), tenor="10Y", index="OIS")
        yield make.average(f"{date} 15:00", "GCF:TSY", round(1.5 + wedge(index) / 100, 6), known=f"{date} 17:30")
        yield make.average(f"{date} 15:00", "TRIPARTY:OFR-TRIPARTY", 1.5, known=f"{date} 18:00")


def small(index):
    return 6.0 + ((index * 7) % 5 - 2) * 0.6


@pytest.fixture
def inversion(desk):
    return ShockInversion(desk.inversion)


def said(drafts):
    return [(draft.subject, draft.level) for draft in drafts]


def test_a_wide_wedge_is_supply_and_its_end_is_said(inversion):
    # 24 April 2018 is the 80th session: far from any turn.
    drafts = feed(inversion, history(100, lambda index: small(index) + (40.0 if 88 <= index < 90 else 0.0)))
    assert said(drafts) == [("supply", 2), ("supply", 0)]
    values = drafts[0].values
    assert values["implied_wedge_bp"] == pytest.approx(40.0, abs=2.5)
    assert values["z_score"] > 20
    assert values["amplification"] > 1
    assert values["at_bound"] == 0
    assert {cause.sequence for cause in drafts[0].causes} == {4 * 88 + offset for offset in (1, 2, 3, 4)}


def test_a_negative_wedge_is_demand_and_a_small_one_is_level_1(inversion):
    drafts = feed(inversion, history(100, lambda index: small(index) - (8.0 if index == 88 else 0.0)))
    assert said(drafts) == [("demand", 1), ("demand", 0)]
    assert drafts[0].values["implied_shock"] < 0


def test_a_wedge_no_equilibrium_bears_is_at_the_bound(inversion):
    drafts = feed(inversion, history(100, lambda index: small(index) + (200.0 if index == 88 else 0.0)))
    assert drafts[0].values["at_bound"] == 1
    assert drafts[0].level == 2


def test_nothing_is_said_before_the_past_is_known(inversion, desk):
    wanted = desk.inversion.min_days
    assert feed(inversion, history(2 * wanted, lambda index: small(index) + 60.0 * (index % 9 == 8))) == []
    assert inversion.warming() == ("wedge",)  # the turns among the days are not learned from
    feed(inversion, history(8, small, first="2018-04-27"))
    assert inversion.warming() == ()
    assert ShockInversion(desk.inversion).warming() == ("wedge",)


def test_yields_alone_make_no_shock(inversion):
    falling = feed(inversion, history(140, small, ten=lambda index: 3.0 - 0.02 * max(index - 85, 0)))
    assert falling == []


def test_the_ten_year_swap_is_used_where_there_is_one(desk):
    def wide(index):
        return small(index) + (20.0 if index == 88 else 0.0)

    def ten(index):
        return 2.0 + (0.04 if index == 88 else 0.0)

    (with_swap, _), (without, _) = (
        feed(ShockInversion(desk.inversion), history(100, wide, ten, swap=swap)) for swap in (lambda _: 1.9, None)
    )
    assert with_swap.values["treasury_ois_change_bp"] == pytest.approx(4.0)
    assert "treasury_ois_change_bp" not in without.values
    assert with_swap.values["standard_error_bp"] < without.values["standard_error_bp"]


def test_without_tri_party_nothing_is_estimated(inversion):
    events = [
        one for one in history(120, lambda index: 60.0 * (index % 2)) if getattr(one, "segment", "") != "TRIPARTY"
    ]
    assert feed(inversion, events) == []


def test_quotes_within_a_day_count_once_and_a_close_replaces_them(desk):
    def days(more):
        for event in history(100, lambda index: small(index) + (30.0 if index == 88 else 0.0)):
            if more and getattr(event, "statistic", "") == "close":
                yield make.quote(event.ts - 3600 * 10**9, 9.9, tenor=event.tenor)
            yield event
            if more and getattr(event, "statistic", "") == "close":
                yield make.quote(event.ts + 60 * 10**9, 9.9, tenor=event.tenor)

    plain, quoted = (feed(ShockInversion(desk.inversion), days(more)) for more in (False, True))
    assert [draft.values for draft in plain] == [draft.values for draft in quoted]


def test_quotes_do_where_no_close_comes(inversion):
    events = [
        make.quote(event.ts, event.mid_pct, tenor=event.tenor) if getattr(event, "statistic", "") == "close" else event
        for event in history(100, lambda index: small(index) + (30.0 if index == 88 else 0.0))
    ]
    drafts = feed(inversion, events)
    assert said(drafts) == [("supply", 2), ("supply", 0)]
    assert "yield_change_bp" in drafts[0].values


def turns_every_quarter(size):
    days = list(make.sessions("2016-01-04", 760))

    def wedge(index):
        ends = kind_of(dt.date.fromisoformat(days[index])) == "quarter_end"
        return small(index) + (size if ends else 0.0)

    return history(760, wedge, first="2016-01-04")


@pytest.mark.parametrize("size", [0.0, 15.0, 25.0, 35.0])
def test_quarter_ends_are_learned_and_say_nothing(inversion, size):
    assert feed(inversion, turns_every_quarter(size)) == []
    learned = inversion.readings()["turn_quarter_end_bp"]
    assert learned == pytest.approx(size, abs=5.0)


def test_a_turn_that_brings_nothing_is_no_demand_shock(desk):
    # 22.6 bp are expected on the first quarter-ends; a fixed subtraction would say demand of 23 bp on each.
    turns = CalendarEffects(desk.inversion.calendar)
    day = dt.date(2021, 1, 4)
    while day < dt.date(2021, 3, 31):
        turns.learn(1.0, day)
        day = next_business_day(day)
    cleaned, doubt = turns.taken_off(1.0, dt.date(2021, 3, 31))
    assert cleaned == pytest.approx(1 - 22.6, abs=0.5)
    assert abs(cleaned - 1.0) < 1.5 * doubt**0.5


def test_one_quarter_end_of_218_bp_does_not_stand_for_years(desk):
    turns = CalendarEffects(desk.inversion.calendar)
    before = turns.effects()["quarter_end"]
    turns.learn(218.0, dt.date(2018, 12, 31))
    assert turns.effects()["quarter_end"] - before < 30


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2021-03-31", "quarter_end"),
        ("2021-02-26", "month_end"),
        ("2021-03-30", "beside_quarter_end"),
        ("2021-04-01", "beside_quarter_end"),
        ("2021-04-02", "beside_quarter_end"),
        ("2021-04-05", "ordinary"),
        ("2021-02-25", "ordinary"),
    ],
)
def test_kinds_of_days(day, kind):
    assert kind_of(dt.date.fromisoformat(day)) == kind


def test_the_recursion_is_least_squares_with_forgotten_weights(desk):
    # Against the normal equations, weighted and with the prior as rows, while no spread or cut comes into play.
    config = msgspec.structs.replace(desk.inversion.calendar, memory_days=100)
    turns, rows, values, weights, noises = CalendarEffects(config), [], [], [], []
    priors = [config.ordinary, config.quarter_end, config.month_end, config.beside_quarter_end]
    day = dt.date(2020, 1, 6)
    for step in range(14):
        kind = kind_of(day)
        assert kind == "ordinary"
        noises.append(turns._spreads["ordinary"])
        value = 8.0 + 0.5 * ((step * 3) % 4)
        turns.learn(value, day)
        rows.append([1.0, 0.0, 0.0, 0.0])
        values.append(value)
        weights = [0.99 * one for one in weights] + [1.0]
        day = next_business_day(day)
    x, y, w = np.array(rows), np.array(values), np.array(weights) / np.array(noises)
    prior = np.diag([0.99**14 / one.error_bp**2 for one in priors])
    mean = np.array([one.effect_bp for one in priors])
    # The first step's covariance is at its limit and is not widened: the prior is forgotten once less.
    prior[0, 0] /= 0.99
    expected = np.linalg.solve(x.T @ (w[:, None] * x) + prior, x.T @ (w * y) + prior @ mean)
    assert turns._effects[0] == pytest.approx(expected[0], abs=1e-9)


def test_a_restart_in_mid_stream_is_exact(desk):
    events = list(history(130, lambda index: small(index) + (30.0 if index % 20 == 19 else 0.0)))
    whole = ShockInversion(desk.inversion)
    drafts = feed(whole, events)
    first = ShockInversion(desk.inversion)
    said_first = feed(first, events[:402])
    second = ShockInversion(desk.inversion)
    second.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(first.snapshot()), strict=False))
    assert said_first + feed(second, events[402:]) == drafts
    assert second.snapshot() == whole.snapshot()
