"""What the library exports, pinned: a name that goes or comes is a decision, and stands in the changelog."""

import detectors
from detectors.version import __version__

NAMES = {
    *("CheckError", "Config", "ConfigError", "Detector", "Engine", "Event", "Finding", "LookBack", "Mechanism"),
    *("Reading", "Result", "Section", "Signal", "SignalSpec", "Transition"),
    *("decode", "encode", "from_json", "load", "to_json", "__version__"),
}


def test_the_names_are_those_pinned_here_and_each_is_there():
    assert set(detectors.__all__) == NAMES
    assert all(getattr(detectors, name) is not None for name in NAMES)
    assert detectors.__version__ == __version__


def test_a_name_that_is_not_exported_is_an_attribute_error():
    assert not hasattr(detectors, "nothing")
