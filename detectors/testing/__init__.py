"""For who writes a detector: events made in a line, a long made-up story, and one battery that every detector passes.

    from detectors.testing import Battery

    class TestMine(Battery):
        detectors = (MyDetector,)
        overlay = {"plugins": {"mine": {"window_days": 250}}}

The battery needs pytest (`crunchwatch[testing]`); the rest of the package does not.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detectors.testing.battery import Battery

__all__ = ["Battery"]


def __getattr__(name: str) -> object:
    if name != "Battery":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from detectors.testing.battery import Battery  # noqa: PLC0415 - it needs pytest

    return Battery
