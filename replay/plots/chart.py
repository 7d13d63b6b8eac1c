"""One picture of a backtest: the state over the yield, the repo market, scarcity and the detectors' signals.

All panels share one axis of New York time. Figures stand on the moment they are about, state and signals on the moment
a desk could know them. Nothing is shown by colour alone: states have a hatch and a name, series a dash or a marker.
The same backtest gives the same bytes. matplotlib is imported when a picture is drawn, not before.
"""

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from detectors.sections import Config
from detectors.signals import Output
from replay.errors import PlotError
from replay.plots.panels import Picture
from replay.plots.style import BODY, GREY, SMALL
from replay.scenarios.scenario import Script

FORMATS = ("svg", "png")
DPI = 100
SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": BODY,
    "axes.titlesize": BODY,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "legend.fontsize": SMALL,
    "legend.facecolor": "white",
    "legend.edgecolor": "none",
    "legend.framealpha": 0.8,
    "xtick.labelsize": BODY,
    "ytick.labelsize": SMALL,
    "hatch.linewidth": 0.7,
    "svg.hashsalt": "crunchwatch",
    "svg.fonttype": "path",
    "path.simplify": False,
}  # fmt: skip


def checked(path: Path) -> str:
    """The format of a picture that can be drawn into this file: asked before the work, not after it.

    Raises:
        PlotError: another ending, no matplotlib, or no such folder.
    """
    ending = path.suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise PlotError(f"--out: {path.name} ends with neither .svg nor .png")
    if not path.parent.is_dir():
        raise PlotError(f"--out: {path} cannot be written: there is no folder {path.parent}")
    try:
        import_module("matplotlib")
    except ImportError:
        raise PlotError("drawing needs matplotlib: pip install 'crunchwatch[plot]'") from None
    return ending


def draw(script: Script, outputs: Iterable[Output], config: Config, path: Path) -> None:
    """Draw a script's window into a file, as its name ends: .svg or .png.

    Raises:
        PlotError: another ending, no matplotlib, or a file that cannot be written.
    """
    ending = checked(path)
    mpl: Any = import_module("matplotlib")
    settings: Any = {**mpl.rcParamsDefault, **SETTINGS, "backend": "agg"}  # nothing of the user's own goes in
    with mpl.rc_context(settings):
        figure = Picture(script, list(outputs), config).figure()
        try:
            # Neither the date nor the version of the library: the same backtest, the same bytes.
            nothing = {"Date": None, "Creator": None} if ending == "svg" else {"Software": None}
            figure.savefig(path, format=ending, dpi=DPI, metadata=nothing)
        except OSError as error:
            raise PlotError(f"--out: {path} cannot be written: {error.strerror}") from None
