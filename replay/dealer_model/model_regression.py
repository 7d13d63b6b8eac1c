"""Tables 1 and 2 of He, Nagel and Song on a user's own data: sub-periods and quarter-ends.

Ordinary least squares, with effects of calendar quarters where the paper has them, and standard errors clustered by
calendar quarter: ``V = c (X'X)^-1 (sum_g X_g'e_g e_g'X_g) (X'X)^-1`` with ``c = G/(G-1) (N-1)/(N-K)``, where K counts
the quarter effects too (as regressing on a dummy a quarter does). Quarter effects are taken out by demeaning and the
grand means added back, so the intercept is that of the average day.

The sub-period dummies add up (a post-SLR day is post-TSLF and post-GR too), as the paper's coefficients do. With
quarter effects the post-SLR dummy is one of them: July 2015 begins a quarter. Its coefficient is not identified and is
said to be so; the paper prints one (-0.004), which is a matter of which quarter was left out.

Tri-party is TGCR where a day has it, else OFR's, else BNY Mellon's (the paper: TGCR from 22 August 2014, BNY Mellon's
before, money-fund filings before August 2012, which are not public as a series). Figures are in percent, as there.
A sub-period that is not in the data is missing, not invented.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detectors import calendar
from replay.dataset import folder
from replay.errors import DataError

Vector = NDArray[np.float64]
TSLF = dt.date(2008, 3, 1)
GREAT_RECESSION_OVER = dt.date(2009, 7, 1)
SLR = dt.date(2015, 7, 1)
FIRST, LAST = dt.date.min, dt.date.max
PERIODS = {
    "pre-TSLF": (FIRST, TSLF),
    "post-TSLF and pre-GR": (TSLF, GREAT_RECESSION_OVER),
    "post-GR and pre-SLR": (GREAT_RECESSION_OVER, SLR),
    "post-SLR": (SLR, LAST),
}
STARTS = {"Post-TSLF": TSLF, "Post-GR": GREAT_RECESSION_OVER, "Post-SLR": SLR}
TRIPARTY = ("TGCR", "OFR_TRIPARTY_RATE", "BNYM_TRIPARTY_TSY")
OIS = "OIS_10Y"
REPO, TREASURY = "GCF less tri-party", "Treasury less OIS, 10 years"
INTERCEPT, QUARTER_END, BOTH = "Intercept", "Quarter-end", "Quarter-end x Post-SLR"
MIN_FREEDOM = 1


@dataclass(frozen=True)
class Coefficient:
    """An estimate with its clustered error; None where it is not identified, or too few quarters give no error."""

    estimate: float | None
    se: float | None = None
    t: float | None = None


@dataclass(frozen=True)
class Column:
    """One column of a table beside the paper's."""

    table: int
    number: int
    sample: str
    left: str
    right: tuple[str, ...]
    quarter_effects: bool
    paper: dict[str, tuple[float, float]]
    paper_n: int
    paper_adj_r2: float
    missing: str | None = None
    n: int = 0
    quarters: int = 0
    adj_r2: float | None = None
    coefficients: dict[str, Coefficient] = field(default_factory=dict)


@dataclass(frozen=True)
class Regressions:
    """All columns, the days they rest on and what was missing."""

    first: str
    last: str
    sources: dict[str, int]
    absent: list[str]
    columns: list[Column]


@dataclass(frozen=True)
class Fit:
    """Coefficients in the order of the columns; NaN where not identified."""

    coefficients: Vector
    errors: Vector
    n: int
    quarters: int
    adj_r2: float | None


SUBPERIODS = ("Post-TSLF", "Post-GR", "Post-SLR")
ENDS, SHIFT, ON_OIS = (QUARTER_END,), ("Post-SLR", QUARTER_END, BOTH), (TREASURY,)
BETWEEN = "post-GR and pre-SLR"
# table, column, sample, left, right, the paper's coefficients with t, its N and adjusted R²; quarter effects
# wherever a quarter-end is on the right.
PAPER: tuple[tuple[int, int, str, str, tuple[str, ...], tuple[tuple[float, float], ...], int, float], ...] = (
    (1, 1, "all", REPO, SUBPERIODS, ((-0.225, -3.007), (0.196, 2.377), (0.080, 2.317), (0.060, 5.826)), 1969, 0.220),
    (1, 2, "post-SLR", REPO, ENDS, ((0.109, 42.058), (0.226, 2.073)), 1162, 0.237),
    (1, 3, "pre-SLR", REPO, ENDS, ((-0.014, -1.467), (-0.029, -1.012)), 807, 0.695),
    (1, 4, "all", REPO, SHIFT, ((-0.014, -1.467), (-0.004, -1.541), (-0.029, -1.012), (0.255, 2.263)), 1969, 0.444),
    (1, 5, BETWEEN, REPO, ENDS, ((0.006, 0.743), (0.033, 1.449)), 777, 0.548),
    (1, 6, "post-GR", REPO, SHIFT, ((0.006, 0.743), (-0.004, -1.541), (0.033, 1.449), (0.192, 1.727)), 1939, 0.367),
    (
        2,
        1,
        "all",
        TREASURY,
        SUBPERIODS,
        ((-0.455, -24.736), (0.367, 4.017), (0.246, 2.725), (0.206, 9.501)),
        1956,
        0.719,
    ),
    (2, 2, "pre-GR", REPO, ON_OIS, ((-0.024, -1.093), (0.380, 3.276)), 30, 0.194),
    (2, 3, BETWEEN, REPO, ON_OIS, ((0.057, 3.409), (-0.039, -0.429)), 766, 0.002),
    (2, 4, "post-SLR", REPO, ON_OIS, ((0.043, 1.481), (0.188, 2.161)), 1160, 0.034),
)


def _columns() -> list[Column]:
    return [
        Column(
            table,
            number,
            sample,
            left,
            right,
            QUARTER_END in right,
            dict(zip((INTERCEPT, *right), figures, strict=True)),
            n,
            r2,
        )
        for table, number, sample, left, right, figures, n, r2 in PAPER
    ]


SAMPLES = {
    "all": (FIRST, LAST),
    "pre-GR": (FIRST, GREAT_RECESSION_OVER),
    "pre-SLR": (FIRST, SLR),
    "post-GR": (GREAT_RECESSION_OVER, LAST),
    "post-GR and pre-SLR": (GREAT_RECESSION_OVER, SLR),
    "post-SLR": (SLR, LAST),
}


def run(directory: Path, first: dt.date | None = None, last: dt.date | None = None) -> Regressions:
    """Read a folder of files of figures and estimate what its days allow.

    Raises:
        replay.errors.DataError: a file that cannot be used, or no day with GCF and tri-party.
    """
    figures = {
        name: {day: one.value for day, one in days.items()}
        for name, days in folder.read(directory).tables.figures.items()
    }
    gcf = figures.get("GCF_TSY", {})
    repo: dict[dt.date, float] = {}
    sources: Counter[str] = Counter()
    for day in sorted(gcf):
        name = next((name for name in TRIPARTY if day in figures.get(name, {})), None)
        if name is not None and (first or FIRST) <= day <= (last or LAST):
            repo[day] = gcf[day] - figures[name][day]
            sources[f"GCF_TSY - {name}"] += 1
    if not repo:
        needed = f"GCF_TSY and one of {', '.join(TRIPARTY)}"
        raise DataError(directory, None, f"no day with a GCF and a tri-party rate; the series needed are {needed}")
    swaps = figures.get(OIS, {})
    ten = figures.get("DGS10", {})
    spread = {day: ten[day] - swaps[day] for day in sorted(swaps) if day in ten}
    spread = {day: value for day, value in spread.items() if (first or FIRST) <= day <= (last or LAST)}
    if spread:
        sources[f"DGS10 - {OIS}"] = len(spread)
    columns = [_estimated(column, {REPO: repo, TREASURY: spread}) for column in _columns()]
    absent = [f"{name} ({_dates(*span)})" for name, span in PERIODS.items() if not _within(repo, span)]
    absent += [] if spread else [f"{TREASURY} (DGS10 and OIS_10Y)"]
    return Regressions(min(repo).isoformat(), max(repo).isoformat(), dict(sources), absent, columns)


def _dates(start: dt.date, end: dt.date) -> str:
    if start == FIRST:
        return f"before {end}"
    return f"from {start}" if end == LAST else f"from {start} to {end - dt.timedelta(days=1)}"


def _within(days: dict[dt.date, float], span: tuple[dt.date, dt.date]) -> list[dt.date]:
    return [day for day in days if span[0] <= day < span[1]]


def _estimated(column: Column, series: dict[str, dict[dt.date, float]]) -> Column:
    needed = {column.left, *(name for name in column.right if name in series)}
    shared = set.intersection(*(set(series[name]) for name in needed))
    span = SAMPLES[column.sample]
    days = sorted(day for day in shared if span[0] <= day < span[1])
    missing = _missing(column, days, series)
    if missing:
        return replace(column, missing=missing)
    x = np.array([[_value(name, day, series) for name in column.right] for day in days], dtype=float)
    y = np.array([series[column.left][day] for day in days])
    quarters = np.array([4 * day.year + (day.month - 1) // 3 for day in days])
    fit = least_squares(y, x, quarters, effects=column.quarter_effects)
    found = {
        name: _coefficient(float(estimate), float(error))
        for name, estimate, error in zip((INTERCEPT, *column.right), fit.coefficients, fit.errors, strict=True)
    }
    return replace(column, n=fit.n, quarters=fit.quarters, adj_r2=fit.adj_r2, coefficients=found)


def _missing(column: Column, days: list[dt.date], series: dict[str, dict[dt.date, float]]) -> str | None:
    if TREASURY in (column.left, *column.right) and not series[TREASURY]:
        return "no day with DGS10 and OIS_10Y"
    if not days:
        return f"no data {_dates(*SAMPLES[column.sample])}"
    if QUARTER_END in column.right and not any(calendar.is_quarter_end(day) for day in days):
        return "no quarter-end in the data"
    dummies = [name for name in column.right if name in STARTS]
    inside = [name for name in dummies if days[0] < STARTS[name] <= days[-1]]
    if dummies and not inside:
        return "all its days lie in one sub-period, there is nothing to compare"
    if len(days) <= len(column.right) + 1 + MIN_FREEDOM:
        return f"{len(days)} days are too few"
    return None


def _value(name: str, day: dt.date, series: dict[str, dict[dt.date, float]]) -> float:
    if name in series:
        return series[name][day]
    if name in STARTS:
        return float(day >= STARTS[name])
    return float(calendar.is_quarter_end(day) and (name == QUARTER_END or day >= SLR))


def _coefficient(estimate: float, error: float) -> Coefficient:
    if not np.isfinite(estimate):
        return Coefficient(None)
    if not np.isfinite(error) or error <= 0:
        return Coefficient(estimate)
    return Coefficient(estimate, error, estimate / error)


def least_squares(y: Vector, x: Vector, clusters: NDArray[np.int64], *, effects: bool) -> Fit:
    """OLS of y on an intercept and the columns of x, with errors clustered, and effects of the clusters if asked for.

    A column that the others (and the effects) already say gets NaN; so do all errors where there is one cluster.
    """
    n, names = y.size, np.unique(clusters)
    left, right = (y, x)
    if effects:
        member = (clusters[:, None] == names[None, :]).astype(float)
        mean = member @ (member.T / member.sum(axis=0)[:, None])
        left, right = y - mean @ y + y.mean(), x - mean @ x + x.mean(axis=0)
    design = np.column_stack([np.ones(n), right])
    kept: list[int] = []
    for index in range(design.shape[1]):  # in their order, so that the first of two that say the same is kept
        trial = design[:, [*kept, index]]
        rest = trial[:, -1] - trial[:, :-1] @ np.linalg.lstsq(trial[:, :-1], trial[:, -1], rcond=None)[0]
        if index == 0 or rest @ rest > 1e-18 * max(1.0, float(trial[:, -1] @ trial[:, -1])):
            kept.append(index)
    used = design[:, kept]
    bread = np.linalg.inv(used.T @ used)
    coefficients = bread @ (used.T @ left)
    residuals = left - used @ coefficients
    counted = len(kept) + (names.size - 1 if effects else 0)
    scores = np.array([used[clusters == name].T @ residuals[clusters == name] for name in names])
    freedom = n - counted
    errors = np.full(len(kept), np.nan)
    if names.size > 1 and freedom > 0:
        correction = names.size / (names.size - 1) * (n - 1) / freedom
        errors = np.sqrt(np.diag(correction * bread @ (scores.T @ scores) @ bread))
    total = float(((y - y.mean()) ** 2).sum())
    adj_r2 = 1 - float(residuals @ residuals) / freedom / (total / (n - 1)) if freedom > 0 and total > 0 else None
    answer = Fit(np.full(design.shape[1], np.nan), np.full(design.shape[1], np.nan), n, names.size, adj_r2)
    answer.coefficients[kept], answer.errors[kept] = coefficients, errors
    return answer
