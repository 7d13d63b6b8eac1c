"""The command line; the one file that knows all three packages.

Exit codes: 0 done · 1 a check failed, or a difference was found · 2 usage or configuration · 3 data that cannot be
used · 4 no broker · higher: the worker's own, see docs/operations.md.
"""

import sys
from importlib import metadata
from typing import Any

import click
from streams.commands import COMMANDS as STREAMS

from replay.commands import COMMANDS as REPLAY

EXIT_CONFIGURATION = 2


class Crunchwatch(click.Group):
    """A group that says what is wrong in one line: a user's mistake gets no traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors that are meant for the user become a line and an exit code."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            code = _exit_code(error)
            if code is None:
                raise
            click.echo(f"error: {error}", err=True)
            ctx.exit(code)


def _exit_code(error: Exception) -> int | None:
    """The code of an error that was made for the user; None for one that is a fault of this program."""
    from detectors.config import ConfigError  # noqa: PLC0415 - only needed once something went wrong

    if isinstance(error, ConfigError):
        return EXIT_CONFIGURATION
    code = getattr(error, "exit_code", None)
    return code if isinstance(code, int) else None


@click.group(cls=Crunchwatch, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(metadata.version("crunchwatch"), prog_name="crunchwatch")
def main() -> None:
    """See stress in the U.S. Treasury and repo markets while it forms: normal, crunch, de facto default."""


for _command in (*REPLAY, *STREAMS):
    main.add_command(_command)

if __name__ == "__main__":
    sys.exit(main())
