"""The version that is installed; pyproject.toml says which it is."""

from importlib import metadata

UNKNOWN = "0+unknown"
"""What a source tree says that nobody has installed."""


def _installed() -> str:
    try:
        return metadata.version("crunchwatch")
    except metadata.PackageNotFoundError:
        return UNKNOWN


__version__ = _installed()
