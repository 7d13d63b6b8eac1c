"""Simple baselines on the same events: what a desk could have watched instead, as known on each evening.

Each gives one value a session, from nothing that came later, and alarms at or above a line. Lines are drawn
beforehand, by convention and not by how they do: the 95th percentile of a year for what has no natural scale, three
standard deviations for a z-score. Repo spreads and bills are taken both ways, for cash that is dear and collateral
that is scarce are both stress. A day without a figure has no value.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from replay.score import ciss, ranks
from replay.score.axis import Axis
from replay.score.figures import MOVE, TEN_YEAR, VIX, Series

PERCENTILE_LINE = 0.95
Z_LINE = 3.0


@dataclass(frozen=True)
class Baseline:
    """A baseline: its name, what it is, its line, and a value for each session from ``axis.begin`` on."""

    name: str
    about: str
    line: float | None
    values: NDArray[np.float64]


def baselines(figures: dict[str, Series], axis: Axis) -> list[Baseline]:
    """Every baseline for which there are figures."""
    measured = {name: ranks.with_values(series, values) for name, (series, values) in _measured(figures).items()}
    simple = [
        Baseline(name, about, line, _evenings(measured[name], axis))
        for name, (about, line) in SIMPLE.items()
        if measured[name]
    ]
    if not simple:
        return []
    return [*simple, _greatest(simple), *_composites(figures, axis)]


SIMPLE: dict[str, tuple[str, float]] = {
    "VIX": ("percentile of VIX among its last 250", PERCENTILE_LINE),
    "MOVE": ("percentile of MOVE among its last 250", PERCENTILE_LINE),
    "realised volatility": ("percentile of the 21-day volatility of the ten-year yield among 250", PERCENTILE_LINE),
    "five-day move": ("|five-day change of the ten-year yield| over its usual size", Z_LINE),
    "GCF - tri-party": ("robust |z| of the spread against 250 before", Z_LINE),
    "SOFR - policy": ("robust |z| of SOFR less interest on reserves (or the range's top)", Z_LINE),
    "bill - OIS": ("robust |z| of the three-month bill less OIS", Z_LINE),
}


def _measured(figures: dict[str, Series]) -> dict[str, tuple[Series, NDArray[np.float64]]]:
    """The series of each simple baseline, and what it measures."""
    found: dict[str, tuple[Series, NDArray[np.float64]]] = {}
    ten_year = figures.get(TEN_YEAR, [])
    yields = ranks.values_of(ten_year)
    for name, series in (("VIX", figures.get(VIX, [])), ("MOVE", figures.get(MOVE, []))):
        found[name] = (series, ranks.percentile(ranks.values_of(series)))
    found["realised volatility"] = (ten_year, ranks.percentile(ranks.realised(yields)))
    found["five-day move"] = (ten_year, ranks.move_z(yields))
    for name in ("GCF - tri-party", "SOFR - policy", "bill - OIS"):
        series = figures.get(name, [])
        found[name] = (series, ranks.robust_z(ranks.values_of(series)))
    return found


def _evenings(series: Series, axis: Axis) -> NDArray[np.float64]:
    """The value of each session; where several figures become known on one, the greatest."""
    found = np.full(axis.count - axis.begin, np.nan)
    for one in series:
        if axis.begin <= one.session < axis.count:
            found[one.session - axis.begin] = np.fmax(found[one.session - axis.begin], one.value)
    return found


def _greatest(simple: list[Baseline]) -> Baseline:
    """The greatest of all, each as a multiple of its own line: one line is crossed when it is 1."""
    multiples = [one.values / one.line for one in simple if one.line is not None]
    return Baseline("maximum", "the greatest of these, as a multiple of its line", 1.0, np.fmax.reduce(multiples))


def _composites(figures: dict[str, Series], axis: Axis) -> list[Baseline]:
    """The CISS by its percentile, for which a line can be drawn beforehand, and by its level, for which none is."""
    index = ciss.composite(_markets(figures), axis)
    there = ~np.isnan(index)
    rank = np.full(len(index), np.nan)
    rank[there] = ranks.percentile(index[there])
    return [
        Baseline("CISS", "percentile of a CISS of these series among its last 250", PERCENTILE_LINE, rank),
        Baseline("CISS level", "a CISS of these series itself", None, index),
    ]


def _markets(figures: dict[str, Series]) -> dict[str, list[Series]]:
    """The series of each market of the CISS as recursive ranks of stress."""

    def ranked(name: str, values: NDArray[np.float64]) -> Series:
        return ranks.with_values(figures.get(name, []), ranks.recursive_rank(values))

    def plain(name: str) -> Series:
        return ranked(name, ranks.values_of(figures.get(name, [])))

    def distance(name: str) -> Series:
        return ranked(name, ranks.robust_z(ranks.values_of(figures.get(name, []))))

    yields = ranks.values_of(figures.get(TEN_YEAR, []))
    return {
        "equities": [plain(VIX)],
        "bonds": [plain(MOVE), ranked(TEN_YEAR, ranks.realised(yields)), ranked(TEN_YEAR, ranks.move_z(yields))],
        "repo": [distance("GCF - tri-party"), distance("SOFR - policy")],
        "bills": [distance("bill - OIS")],
    }
