"""``crunchwatch model``: known figures, refusals, pictures, and regressions against the plain formula."""

import csv
import datetime as dt
import sys
import xml.etree.ElementTree as ET

import numpy as np
import orjson
import pytest
from click.testing import CliRunner

from crunchwatch import main
from detectors import calendar
from detectors.model.equilibrium import Parameters, solve
from replay.dealer_model.model_regression import least_squares, run


def model(*arguments):
    return CliRunner().invoke(main, ["model", *arguments], env={"COLUMNS": "160"})


def facts(*arguments):
    result = model(*arguments, "--json")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    return orjson.loads(line)


def test_the_figures_of_figure_5():
    said = facts("--beta", "0.002", "--horizon", "30", "--short-rate", "0")
    assert said == facts()
    assert said["k_stress"] == pytest.approx(0.3896686, abs=5e-8)
    assert said["wedge_bp"] == pytest.approx(5.0, abs=1e-9)
    assert said["treasury_ois_10y_stress_bp"] == pytest.approx(1.8089, abs=5e-5)
    assert said["treasury_ois_10y_normal_bp"] == pytest.approx(0.8032, abs=5e-5)
    assert (said["balance_sheet"], said["holdings_dealers"], said["holdings_funds"]) == pytest.approx(
        (0.05, 0.025, 0.025)
    )
    assert (said["beta_min"], said["beta_max"]) == pytest.approx((-0.0071985, 0.0071324), abs=1e-7)
    assert said["amplification"] == pytest.approx(1.0203, abs=5e-5)
    tenors = {"1M", "3M", "6M", "1Y", "2Y", "3Y", "5Y", "7Y", "10Y", "20Y", "30Y"}
    assert said["yields_stress_pct"].keys() == said["yields_normal_pct"].keys() == tenors
    assert (said["yields_stress_pct"]["10Y"] - said["yields_normal_pct"]["10Y"]) * 100 == pytest.approx(15.98, abs=5e-3)


def test_every_parameter_is_an_option_of_its_name():
    given = {
        "kappa": 0.3,
        "sigma": 0.02,
        "rbar": 0.04,
        "rho-d": 0.02,
        "rho-h": 0.05,
        "xi-0": 0.2,
        "xi-b": 0.6,
        "lambda": 0.03,
        "gamma": 0.02,
        "tau-hat": 3.0,
        "horizon": 25.0,
    }
    options = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    fields = {name.replace("-", "_").replace("lambda", "lambda_"): value for name, value in given.items()}
    assert fields.keys() == set(Parameters.__struct_fields__)
    for beta in (0.003, -0.003):
        said = facts("--beta", str(beta), "--short-rate", "0.01", *options)
        solved = solve(Parameters(**fields), beta)
        assert said["parameters"] == {name.rstrip("_"): value for name, value in fields.items()}
        assert (said["k_stress"], said["wedge_bp"]) == (solved.k_stress, 1e4 * solved.wedge)
        assert said["yields_stress_pct"]["7Y"] == 100 * solved.yield_at(7.0, 0.01, stress=True)
        assert "30Y" not in said["yields_stress_pct"]


def test_a_negative_shock_is_demand_with_gamma_and_the_same_short_rate():
    said = facts("--beta=-0.002", "--gamma", "0.02")
    assert said["short_rate"] == 0
    assert said["wedge_bp"] == pytest.approx(-12.0)
    assert said["balance_sheet"] == 0
    assert said["treasury_ois_10y_stress_bp"] < 0


def test_a_ten_year_spread_beyond_the_horizon_is_null_and_named():
    assert facts("--horizon", "8")["treasury_ois_10y_stress_bp"] is None
    assert "beyond the horizon" in model("--horizon", "8").stdout


def test_the_table_can_be_read():
    shown = model().stdout
    for text in ("supply shock", "repo wedge", "0.3896686", "1.80895", "10Y", "15.98"):
        assert text in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--beta", "0.0072"], "beyond the fold"),
        (["--beta=-0.0073", "--json"], "between -0.0071985"),
        (["--beta", "nan"], "finite"),
        (["--short-rate", "inf"], "finite"),
        (["--kappa=-1"], "--kappa"),
        (["--lambda", "nan"], "--lambda"),
        (["--tau-hat", "30"], "--tau-hat"),
        (["--plot", "picture.txt"], ".svg"),
        (["--plot", "no/such/folder/picture.svg"], "cannot be written"),
        (["--plot", "a.svg", "--regress", "."], "either"),
        (["--regress", ".", "--beta", "0.002"], "no parameters"),
        (["--from", "2020-01-01"], "--regress"),
    ],
    ids=" ".join,
)
def test_what_is_wrong_is_a_line_and_code_2(arguments, said):
    result = model(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.filterwarnings("ignore")
def test_both_figures_are_drawn_with_both_panels(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "figures.svg"
    assert model("--plot", str(path)).exit_code == 0
    texts = [one.text for one in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]
    for title in ("Figure 5, supply shock: A", "Figure 5, supply shock: B", "Figure 7, demand shock: A"):
        assert any(title in (text or "") for text in texts)
    again = tmp_path / "again.svg"
    model("--plot", str(again))
    assert again.read_bytes() == path.read_bytes()
    picture = tmp_path / "figures.png"
    assert model("--plot", str(picture), "--beta", "0.001", "--lambda", "0.05").exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = model("--plot", str(tmp_path / "figures.svg"))
    assert result.exit_code == 2
    assert "pip install" in result.stderr


def dummies(y, x, clusters):
    """A dummy a cluster, and the sandwich summed pair by pair: slow, and as the formula is written."""
    names = sorted(set(clusters))
    design = np.column_stack([x, *[(clusters == name).astype(float) for name in names]])
    bread = np.linalg.inv(design.T @ design)
    b = bread @ design.T @ y
    e = y - design @ b
    meat = np.zeros((design.shape[1],) * 2)
    for i in range(len(y)):
        for j in range(len(y)):
            if clusters[i] == clusters[j]:
                meat += e[i] * e[j] * np.outer(design[i], design[j])
    n, k, g = *design.shape, len(names)
    variance = bread @ meat @ bread * g / (g - 1) * (n - 1) / (n - k)
    r2 = 1 - (e @ e / (n - k)) / (((y - y.mean()) ** 2).sum() / (n - 1))
    columns = x.shape[1]
    return b[:columns], np.sqrt(np.diag(variance))[:columns], r2


@pytest.fixture
def sample():
    draw = np.random.default_rng(20200331)
    clusters = np.repeat(np.arange(12), draw.integers(4, 9, 12))
    x = np.column_stack([draw.normal(size=clusters.size), draw.random(clusters.size) < 0.2]).astype(float)
    y = x @ [0.4, -1.0] + draw.normal(size=12)[clusters] + draw.normal(size=clusters.size) * (1 + clusters / 6)
    return y, x, clusters


def test_effects_and_clustered_errors_are_those_of_a_dummy_a_quarter(sample):
    coefficients, errors, r2 = dummies(*sample)
    fit = least_squares(*sample, effects=True)
    assert fit.coefficients[1:] == pytest.approx(coefficients, rel=1e-10)
    assert fit.errors[1:] == pytest.approx(errors, rel=1e-10)
    assert fit.adj_r2 == pytest.approx(r2, rel=1e-10)
    assert fit.quarters == 12


def test_plain_clustered_errors_by_hand():
    # y = (1, 2, 4, 5), x = (0, 0, 1, 1): intercept 1.5, slope 3, residuals -.5 .5 -.5 .5; clusters {1,2,3} and {4}.
    fit = least_squares(
        np.array([1.0, 2, 4, 5]), np.array([[0.0], [0], [1], [1]]), np.array([1, 1, 1, 2]), effects=False
    )
    assert fit.coefficients == pytest.approx([1.5, 3.0])
    # scores: cluster 1 (-.5, -.5), cluster 2 (.5, .5); (X'X)^-1 = [[.5, -.5], [-.5, 1]]; c = 2/1 * 3/2 = 3.
    # bread @ (.5, .5) = (0, .25), twice: V = 3 * 2 * diag(0, .0625) = diag(0, .375).
    assert fit.errors == pytest.approx([0.0, 0.375**0.5], abs=1e-12)


def test_what_the_others_say_already_is_not_identified(sample):
    y, x, clusters = sample
    late = (clusters > 5).astype(float)
    fit = least_squares(y, np.column_stack([late, x]), clusters, effects=True)
    assert np.isnan(fit.coefficients[1])
    assert fit.coefficients[2:] == pytest.approx(least_squares(y, x, clusters, effects=True).coefficients[1:])
    alone = least_squares(y, x, np.zeros(len(y), dtype=int), effects=False)
    assert np.isnan(alone.errors).all()


@pytest.fixture
def fourteen_years(tmp_path):
    """Levels as in the paper's figure 10, 23 bp more on quarter-ends since July 2015, a spread that moves with it."""
    draw = np.random.default_rng(1)
    rows, day = [], dt.date(2006, 10, 2)
    while day <= dt.date(2020, 3, 31):
        level = -0.23 if day < dt.date(2008, 3, 1) else -0.03 if day < dt.date(2009, 7, 1) else 0.05
        level = 0.11 if day >= dt.date(2015, 7, 1) else level
        level += 0.23 * (calendar.is_quarter_end(day) and day >= dt.date(2015, 7, 1)) + 0.02 * draw.normal()
        for series, value in (("GCF_TSY", 2 + level), ("TGCR", 2.0), ("DGS10", 3 + 2 * level), ("OIS_10Y", 3.0)):
            rows.append((day, series, round(value, 6), "percent"))
        day = calendar.next_business_day(day)
    with (tmp_path / "rates.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("date", "series", "value", "unit"), *rows])
    return tmp_path


def test_the_tables_find_what_was_put_in(fourteen_years):
    said = facts("--regress", str(fourteen_years))
    assert (said["first"], said["last"], said["absent"]) == ("2006-10-02", "2020-03-31", [])
    columns = {(one["table"], one["number"]): one for one in said["columns"]}
    assert len(columns) == 10
    assert not any(one["missing"] for one in columns.values())
    first = {name: one["estimate"] for name, one in columns[1, 1]["coefficients"].items()}
    expected = {"Intercept": -0.23, "Post-TSLF": 0.20, "Post-GR": 0.08, "Post-SLR": 0.06}
    assert first == pytest.approx(expected, abs=0.01)
    ends = columns[1, 2]["coefficients"]["Quarter-end"]
    assert ends["estimate"] == pytest.approx(0.23, abs=0.02)
    assert ends["t"] > 10
    assert columns[1, 3]["coefficients"]["Quarter-end"]["estimate"] == pytest.approx(0.0, abs=0.02)
    fourth = columns[1, 4]["coefficients"]
    assert fourth["Post-SLR"]["estimate"] is None
    assert fourth["Quarter-end x Post-SLR"]["estimate"] == pytest.approx(0.23, abs=0.03)
    assert columns[2, 4]["coefficients"]["Treasury less OIS, 10 years"]["estimate"] == pytest.approx(0.5, abs=1e-4)
    assert columns[1, 1]["paper"]["Intercept"] == [-0.225, -3.007]
    assert columns[1, 1]["paper_n"] == 1969
    shown = model("--regress", str(fourteen_years)).stdout
    assert "not identified" in shown
    assert "-0.225 (-3.01)" in shown


def test_a_window_leaves_sub_periods_out_and_says_so(fourteen_years):
    said = facts("--regress", str(fourteen_years), "--from", "2010-01-04", "--to", "2015-06-30")
    assert [one.split(" (")[0] for one in said["absent"]] == ["pre-TSLF", "post-TSLF and pre-GR", "post-SLR"]
    columns = {(one["table"], one["number"]): one for one in said["columns"]}
    assert "one sub-period" in columns[1, 1]["missing"]
    assert "no data from 2015-07-01" in columns[1, 2]["missing"]
    assert columns[1, 5]["missing"] is None
    assert columns[1, 1]["coefficients"] == {}


def test_the_bundled_years_have_the_last_sub_period_only():
    from replay.dataset.loader import BUNDLED

    done = run(BUNDLED, None, dt.date(2020, 3, 31))
    by = {(one.table, one.number): one for one in done.columns}
    assert by[1, 2].n > 800
    assert by[1, 2].coefficients["Quarter-end"].estimate == pytest.approx(0.22, abs=0.05)
    assert all(one.missing for key, one in by.items() if key != (1, 2))


def test_a_directory_without_the_series_is_an_error_of_data(tmp_path):
    (tmp_path / "one.csv").write_text("date,series,value,unit\n2020-01-02,DGS10,1.8,percent\n")
    result = model("--regress", str(tmp_path))
    assert result.exit_code == 3
    assert "GCF_TSY" in result.stderr
