"""What options of the command line may be: days, folders, rates, speeds, names of markets."""

from pathlib import Path
from typing import Any

import click

DAY = click.DateTime(formats=["%Y-%m-%d"])
DIRECTORY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
RATE = click.FloatRange(0.0, 1.0)


class Speed(click.ParamType):
    """A positive number, or ``max``: None."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """Parse what was given; reject what is not a speed."""
        if value is None or value == "max":
            return None
        try:
            speed = float(value)
        except (TypeError, ValueError):
            speed = 0.0
        if not 0 < speed < float("inf"):
            self.fail(f"{value!r} is neither a positive number nor 'max'", param, ctx)
        return speed


class MarketName(click.ParamType):
    """A market's name as events may carry it."""

    name = "market"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Reject a name that the engine would reject."""
        from detectors.checks import MARKET

        if not MARKET.fullmatch(str(value)):
            self.fail(f"{value!r} is not a market: capital letters, digits and ._- only, at most 32", param, ctx)
        return str(value)


class Markets(click.ParamType):
    """Names of markets with commas between."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Reject a name that the engine would reject."""
        if isinstance(value, tuple):
            return value
        return tuple(MarketName().convert(name.strip(), param, ctx) for name in str(value).split(","))
