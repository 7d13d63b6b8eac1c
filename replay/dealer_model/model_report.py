"""What the model says, as tables for people and as one JSON object for programs."""

import math
from typing import Any

import orjson
from rich.table import Table

from detectors.model.equilibrium import Equilibrium
from replay.backtest import report
from replay.dealer_model.model_regression import Column, Regressions

BP = 1e4
TENORS = {
    "1M": 1 / 12,
    "3M": 0.25,
    "6M": 0.5,
    "1Y": 1.0,
    "2Y": 2.0,
    "3Y": 3.0,
    "5Y": 5.0,
    "7Y": 7.0,
    "10Y": 10.0,
    "20Y": 20.0,
    "30Y": 30.0,
}


def equilibrium(solved: Equilibrium, bounds: tuple[float, float], short_rate: float, *, as_json: bool) -> None:
    """Print an equilibrium; tenors beyond the horizon are left out, a ten-year spread beyond it is null."""
    facts = _facts(solved, bounds, short_rate)
    if as_json:
        report.line(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS))
        return
    kind = "supply" if solved.beta > 0 else "demand" if solved.beta < 0 else "no"
    table = Table(title=f"Equilibrium of a {kind} shock, β = {solved.beta:g}, r = {short_rate:g}", title_justify="left")
    table.add_column("what")
    table.add_column("value", justify="right")
    table.add_column("unit")
    for label, value, unit in (
        ("repo wedge Δ in stress", facts["wedge_bp"], "bp"),
        ("10-year Treasury less OIS, in stress", facts["treasury_ois_10y_stress_bp"], "bp"),
        ("10-year Treasury less OIS, normal", facts["treasury_ois_10y_normal_bp"], "bp"),
        ("K in stress (risk-neutral intensity of recovery)", solved.k_stress, "a year"),
        ("amplification 1 / (1 - f')", solved.amplification, ""),
        ("dealers' balance sheet", solved.balance_sheet, "units of supply"),
        ("held by dealers", solved.holdings_dealers, "units of supply"),
        ("held by hedge funds", solved.holdings_funds, "units of supply"),
        ("largest demand shock", bounds[0], "β"),
        ("largest supply shock", bounds[1], "β"),
    ):
        table.add_row(label, "beyond the horizon" if math.isnan(value) else f"{value:.7g}", unit)
    curves = Table(title="Yields, percent; spreads, bp", title_justify="left")
    for heading in ("tenor", "normal", "stress", "change, bp", "Treasury less OIS, normal", "in stress"):
        curves.add_column(heading, justify="left" if heading == "tenor" else "right")
    for name, normal in facts["yields_normal_pct"].items():
        stress = facts["yields_stress_pct"][name]
        spreads = [BP * solved.spread_at(TENORS[name], stress=state) for state in (False, True)]
        row = (f"{normal:.4f}", f"{stress:.4f}", f"{(stress - normal) * 100:.2f}", *(f"{one:.4f}" for one in spreads))
        curves.add_row(name, *row)
    console = report.console()
    console.print(table)
    console.print(curves)


def _facts(solved: Equilibrium, bounds: tuple[float, float], short_rate: float) -> dict[str, Any]:
    tenors = {name: tenor for name, tenor in TENORS.items() if tenor <= solved.parameters.horizon}

    def yields(*, stress: bool, ois: bool = False) -> dict[str, float]:
        return {
            name: 100 * solved.yield_at(tenor, short_rate, stress=stress, ois=ois) for name, tenor in tenors.items()
        }

    parameters = {name.rstrip("_"): getattr(solved.parameters, name) for name in solved.parameters.__struct_fields__}
    return {
        "parameters": parameters,
        "beta": solved.beta,
        "short_rate": short_rate,
        "k_stress": solved.k_stress,
        "wedge_bp": BP * solved.wedge,
        "treasury_ois_10y_stress_bp": BP * solved.spread_at(10.0, stress=True),
        "treasury_ois_10y_normal_bp": BP * solved.spread_at(10.0, stress=False),
        "yields_stress_pct": yields(stress=True),
        "yields_normal_pct": yields(stress=False),
        "ois_stress_pct": yields(stress=True, ois=True),
        "ois_normal_pct": yields(stress=False, ois=True),
        "balance_sheet": solved.balance_sheet,
        "holdings_dealers": solved.holdings_dealers,
        "holdings_funds": solved.holdings_funds,
        "amplification": solved.amplification,
        "beta_min": bounds[0],
        "beta_max": bounds[1],
    }


def regressions(done: Regressions, *, as_json: bool) -> None:
    """Print the regressions beside the paper's own figures."""
    if as_json:
        report.line(orjson.dumps(done, option=orjson.OPT_SORT_KEYS))
        return
    console = report.console()
    sources = ", ".join(f"{name} {days:,} days" for name, days in done.sources.items())
    console.print(f"{done.first} to {done.last}: {sources}. In percent; t in brackets, clustered by calendar quarter.")
    absent = ", ".join(done.absent)
    if absent:
        console.print(f"Not in the data: {absent}.")
    for number, title in ((1, "Table 1: GCF less tri-party"), (2, "Table 2: Treasury less OIS")):
        table = Table(title=title, title_justify="left", show_lines=True)
        for heading in ("column", "sample and left side", "what", "here", "in the paper"):
            table.add_column(heading, overflow="fold")
        for column in done.columns:
            if column.table == number:
                table.add_row(*_cells(column))
        console.print(table)


def _cells(column: Column) -> tuple[str, str, str, str, str]:
    names = list(column.paper)
    here = []
    for name in names:
        one = column.coefficients.get(name)
        if column.missing:
            here.append("-")
        elif one is None or one.estimate is None:
            here.append("not identified")
        else:
            here.append(_with_t(one.estimate, one.t))
    paper = [_with_t(*column.paper[name]) for name in names]
    what = [*names, "N", "adj. R²", "quarter effects"]
    effects = "yes" if column.quarter_effects else "no"
    here += ["-" if column.missing else str(column.n), _number(column.adj_r2), effects]
    paper += [f"{column.paper_n:,}", _number(column.paper_adj_r2), effects]
    if column.missing:
        here = [f"missing: {column.missing}"]
    return f"({column.number})", f"{column.sample}\n{column.left}", "\n".join(what), "\n".join(here), "\n".join(paper)


def _with_t(estimate: float, t: float | None) -> str:
    return f"{estimate:+.3f} ({t:.2f})" if t is not None else f"{estimate:+.3f} (no t)"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
