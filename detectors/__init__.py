"""The pure core of crunchwatch: events in, signals and transitions out. No I/O, no clock, no randomness.

    >>> from detectors import Engine, load
    >>> engine = Engine(load("desk"), "UST")
    >>> engine.status().state
    'normal'

What is exported here is the library: it is typed, pinned by a test, and changes by version. Everything below is inside.
Names are looked up when they are first asked for, so that a plugin may import this package while it is being imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from detectors.version import __version__

if TYPE_CHECKING:
    from detectors.codec import decode, encode
    from detectors.config import Config, ConfigError, load
    from detectors.description import LookBack, Mechanism, SignalSpec
    from detectors.detector import Detector, Finding, Reading
    from detectors.engine import Engine
    from detectors.events import CheckError, Event
    from detectors.results import Result
    from detectors.sections import Section
    from detectors.signals import Signal, Transition, from_json, to_json

_HOMES = {
    "CheckError": "events",
    "Config": "config",
    "ConfigError": "config",
    "Detector": "detector",
    "Engine": "engine",
    "Event": "events",
    "Finding": "detector",
    "LookBack": "description",
    "Mechanism": "description",
    "Reading": "detector",
    "Result": "results",
    "Section": "sections",
    "Signal": "signals",
    "SignalSpec": "description",
    "Transition": "signals",
    "decode": "codec",
    "encode": "codec",
    "from_json": "signals",
    "load": "config",
    "to_json": "signals",
}

__all__ = [
    "CheckError",
    "Config",
    "ConfigError",
    "Detector",
    "Engine",
    "Event",
    "Finding",
    "LookBack",
    "Mechanism",
    "Reading",
    "Result",
    "Section",
    "Signal",
    "SignalSpec",
    "Transition",
    "__version__",
    "decode",
    "encode",
    "from_json",
    "load",
    "to_json",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
