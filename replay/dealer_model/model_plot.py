"""Figures 5 and 7 of He, Nagel and Song, redrawn: yield curves in both states, and wedge and spread over the shock."""

from pathlib import Path
from typing import Any

import numpy as np

from detectors.model.equilibrium import Parameters, fold, solve
from replay.errors import PlotError

SUFFIXES = (".svg", ".png", ".pdf")
LARGEST = 0.006  # figures 5B and 7B end here, or at this share of the fold
SHARE_OF_FOLD = 0.95
POINTS = 49
BP = 1e4
NORMAL, STRESS, WEDGE, SPREAD = "#4c78a8", "#c44e52", "#2f6f4e", "#b07aa1"
STYLE: Any = {
    "svg.hashsalt": "crunchwatch",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.3,
}


def figures(path: Path, parameters: Parameters, size: float, short_rate: float | None) -> None:
    """Draw all four panels into one file.

    Args:
        path: where to; its suffix says the format.
        parameters: the model's; the figures' own are the defaults.
        size: of the shock of panels A, taken as supply in figure 5 and as demand in figure 7.
        short_rate: for both figures; None means each figure's own, 0 and 0.03.

    Raises:
        PlotError: matplotlib is not installed, the suffix is unknown, or the file cannot be written.
        detectors.model.equilibrium.ModelError: a panel has no equilibrium.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise PlotError(f"{path}: the file's name must end in one of {', '.join(SUFFIXES)}")
    try:
        import matplotlib as mpl  # noqa: PLC0415 - heavy, and needed by nothing else
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        raise PlotError("drawing needs matplotlib, which is not installed: pip install 'matplotlib>=3.9'") from None
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 8), layout="constrained")
        panels = figure.subplots(2, 2)
        _row(panels[0], parameters, size, 0.0 if short_rate is None else short_rate, "Figure 5, supply shock")
        _row(panels[1], parameters, -size, 0.03 if short_rate is None else short_rate, "Figure 7, demand shock")
        undated = {"Date": None} if path.suffix.lower() == ".svg" else None
        try:
            figure.savefig(path, dpi=130, metadata=undated)
        except OSError as error:
            raise PlotError(f"{path}: cannot be written: {error.strerror}") from None


def _row(panels: Any, parameters: Parameters, beta: float, short_rate: float, title: str) -> None:
    _curves(panels[0], parameters, beta, short_rate, title)
    _spreads(panels[1], parameters, 1.0 if beta > 0 else -1.0, title)


def _curves(axes: Any, parameters: Parameters, beta: float, short_rate: float, title: str) -> None:
    solved = solve(parameters, beta)
    tenors = np.linspace(0, parameters.horizon, 121)
    tenors[0] = 1e-6
    for stress, colour, label in ((False, NORMAL, "normal"), (True, STRESS, f"stressed, β = {beta:g}")):
        yields = [100 * solved.yield_at(tenor, short_rate, stress=stress) for tenor in tenors]
        axes.plot(tenors, yields, color=colour, label=label, linestyle="-" if stress else "--")
    axes.set(title=f"{title}: A, yield curves (r = {short_rate:g})", xlabel="tenor, years", ylabel="yield, percent")
    axes.set_xlim(0, parameters.horizon)
    axes.legend()


def _spreads(axes: Any, parameters: Parameters, sign: float, title: str) -> None:
    low, high = fold(parameters)
    largest = min(LARGEST, SHARE_OF_FOLD * (high if sign > 0 else -low))
    shocks = np.linspace(largest / 1e6, largest, POINTS)
    solved = [solve(parameters, sign * shock) for shock in shocks]
    wedge = [BP * one.wedge for one in solved]
    spread = [BP * one.spread_at(min(10.0, parameters.horizon), stress=True) for one in solved]
    right = axes.twinx()
    lines = axes.plot(sign * shocks, wedge, color=WEDGE, label="repo wedge Δ (left)")
    lines += right.plot(sign * shocks, spread, color=SPREAD, linestyle="--", label="10-year Treasury less OIS (right)")
    axes.set(title=f"{title}: B, spreads", xlabel="shock β", ylabel="repo wedge, bp")
    right.set_ylabel("10-year Treasury less OIS, bp")
    right.grid(visible=False)
    axes.legend(handles=lines, loc="upper left")
