"""The pure core: events in, signals and transitions out. No I/O, no wall clock, no randomness."""

from detectors.version import __version__

__all__ = ["__version__"]
