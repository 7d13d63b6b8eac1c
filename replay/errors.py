"""The errors of this package: each says what is wrong, where, and what to do."""

from pathlib import Path

from transport.errors import CrunchwatchError


class ReplayError(CrunchwatchError):
    """The base of all errors of this package."""

    exit_code = 3


class DataError(ReplayError):
    """A file of figures that is invalid."""

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        """Keep the place beside the reason; ``line`` is one-based and None where the whole file is meant."""
        place = f"{path}:{line}" if line is not None else str(path)
        super().__init__(f"{place}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


class ScenarioError(ReplayError):
    """A scenario that does not exist, or days that are not in it."""

    exit_code = 2


class AddressError(ReplayError):
    """A broker's address that cannot be read."""

    exit_code = 2


class BrokerError(ReplayError):
    """A broker that cannot be reached, or one without the topics that the replay writes to."""

    exit_code = 4


class RepeatedError(ReplayError):
    """A replay into topics that hold its market already: all of it would count as repeated."""

    exit_code = 2


class ProgramError(ReplayError):
    """A program of Prometheus that is missing or failed."""

    exit_code = 17


class PlotError(ReplayError):
    """A picture that cannot be drawn or written; the text says why and what to do."""

    exit_code = 2


class OutputError(ReplayError):
    """A folder that cannot be written, or must not be."""

    exit_code = 2
