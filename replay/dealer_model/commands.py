"""The command ``model``: He, Nagel and Song's equilibrium, its figures 5 and 7, and their regressions on your data.

Nothing heavy is imported before it runs. The short rate is figure 5's, zero, whatever the sign of the shock; figure 7's
is 0.03 and is asked for with ``--short-rate 0.03``. Only ``--plot`` takes each figure's own when none is given.
"""

import datetime as dt
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.errors import PlotError, ReplayError

if TYPE_CHECKING:
    from detectors.model.equilibrium import Parameters

DAY = click.DateTime(formats=["%Y-%m-%d"])
DIRECTORY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
FIGURE_5_BETA = 0.002
FIGURE_5_SHORT_RATE = 0.0


class ModelOptionsError(ReplayError):
    """A model that has no equilibrium, or options that do not go together."""

    exit_code = 2


# Option -> field of Parameters, help. The defaults are the fields' own: those of figures 5 and 7.
PARAMETERS: dict[str, tuple[str, str]] = {
    "--kappa": ("kappa", "Mean reversion of the short rate.  [default: 0.201]"),
    "--sigma": ("sigma", "Volatility of the short rate.  [default: 0.017]"),
    "--rbar": ("rbar", "Mean of the short rate.  [default: 0.055]"),
    "--rho-d": ("rho_d", "Dealers' risk tolerance.  [default: 1/57]"),
    "--rho-h": ("rho_h", "Hedge funds' risk tolerance.  [default: 1/57]"),
    "--xi-0": ("xi_0", "Intensity of falling into stress.  [default: 0.1]"),
    "--xi-b": ("xi_b", "Intensity of leaving it.  [default: 0.4]"),
    "--lambda": ("lambda_", "Balance-sheet cost of a unit of supply.  [default: 0.01]"),
    "--gamma": ("gamma", "Cost of a unit sold short, for a demand shock.  [default: 0.01]"),
    "--tau-hat": ("tau_hat", "Supply comes beyond this tenor, in years.  [default: 5]"),
    "--horizon": ("horizon", "The longest tenor T, in years.  [default: 30]"),
}


def _parameter_options(command: click.Command) -> click.Command:
    options = [click.Option([name, field], type=float, help=text) for name, (field, text) in PARAMETERS.items()]
    command.params[2:2] = options
    return command


@click.command()
@click.option(
    "--beta", type=float, help="The shock: above zero of supply, below zero of demand.  [default: 0.002, figure 5's]"
)
@click.option("--short-rate", type=float, help="The short rate today, a fraction a year.  [default: 0, figure 5's]")
@click.option("--plot", "plot_to", type=FILE, help="Draw figures 5 and 7 into FILE (.svg, .png or .pdf).")
@click.option("--regress", "data", type=DIRECTORY, help="Run tables 1 and 2 on a folder of files of figures.")
@click.option("--from", "first", type=DAY, help="First day of --regress.")
@click.option("--to", "last", type=DAY, help="Last day of --regress; the paper's is 2020-03-31.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def model(
    beta: float | None,
    short_rate: float | None,
    plot_to: Path | None,
    data: Path | None,
    first: dt.datetime | None,
    last: dt.datetime | None,
    as_json: bool,
    **options: float | None,
) -> None:
    """Solve He, Nagel and Song's model of dealers' balance sheets, with its printed errors corrected.

    Rates are fractions a year, tenors years. The defaults are figure 5's; a negative --beta is the demand shock with
    figure 7's cost. A shock beyond the fold has no equilibrium and is rejected with exit code 2.
    """
    if plot_to is not None and data is not None:
        raise click.UsageError("give either --plot or --regress")
    if data is not None:
        if beta is not None or short_rate is not None or any(value is not None for value in options.values()):
            raise click.UsageError("--regress takes no parameters of the model")
        _regress(data, first, last, as_json=as_json)
        return
    if first is not None or last is not None:
        raise click.UsageError("--from and --to belong to --regress")
    for name, value in (("--beta", beta), ("--short-rate", short_rate)):
        if value is not None and not math.isfinite(value):
            raise ModelOptionsError(f"{name} must be a finite number")
    if plot_to is not None:
        if as_json:
            raise click.UsageError("--plot writes a picture, there is no --json of it")
        _plot(plot_to, options, beta, short_rate)
        return
    _solve(options, FIGURE_5_BETA if beta is None else beta, short_rate or FIGURE_5_SHORT_RATE, as_json=as_json)


model = _parameter_options(model)


def _parameters(options: dict[str, float | None]) -> "Parameters":
    from detectors.model.equilibrium import ModelError, Parameters

    try:
        return Parameters(**{name: value for name, value in options.items() if value is not None})
    except ModelError as error:
        raise ModelOptionsError(f"--{str(error).replace('_', '-')}") from None


def _solve(options: dict[str, float | None], beta: float, short_rate: float, *, as_json: bool) -> None:
    from detectors.model.equilibrium import ModelError, fold, solve
    from replay.dealer_model import model_report

    parameters = _parameters(options)
    try:
        solved = solve(parameters, beta)
        bounds = fold(parameters)
    except ModelError as error:
        raise ModelOptionsError(str(error)) from None
    model_report.equilibrium(solved, bounds, short_rate, as_json=as_json)


def _plot(path: Path, options: dict[str, float | None], beta: float | None, short_rate: float | None) -> None:
    from detectors.model.equilibrium import ModelError
    from replay.dealer_model import model_plot

    parameters = _parameters(options)
    size = abs(FIGURE_5_BETA if beta is None else beta)
    try:
        model_plot.figures(path, parameters, size, short_rate)
    except (ModelError, PlotError) as error:
        raise ModelOptionsError(str(error)) from None
    click.echo(f"figures 5 and 7: {path}", err=True)


def _regress(data: Path, first: dt.datetime | None, last: dt.datetime | None, *, as_json: bool) -> None:
    from replay.dealer_model import model_regression, model_report

    span: tuple[Any, Any] = (first.date() if first else None, last.date() if last else None)
    model_report.regressions(model_regression.run(data, *span), as_json=as_json)
