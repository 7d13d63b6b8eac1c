"""What a detector says of itself, beside its class: its signals, the past it needs, and the mechanisms it is built for.

The registry, the rules' vocabulary, the labels on the page, thresholds on charts, and the pages on coverage and metrics
are derived from this and stand nowhere else.
"""

import math

import msgspec

from detectors.view.margins import Unit

SESSIONS_A_YEAR = 250
"""SIFMA's sessions, on the low side: a window of sessions is at most this long in days."""


class SignalSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One signal of a detector.

    Attributes:
        name: unique within the detector.
        label: what people read on pages and boards.
        levels: the meaning of level 1, 2 and so on.
        unit: of the figure that is held against its threshold; empty where there is no single one.
        happens: it happens at a moment rather than holds: rules count it from the moment it was emitted.
        rearmed: it happens, and is emitted once until it is armed again.
    """

    name: str
    label: str
    levels: tuple[str, ...]
    unit: Unit | str = ""
    happens: bool = False
    rearmed: bool = False


class LookBack(msgspec.Struct, frozen=True, kw_only=True):
    """How much past a detector needs, in calendar days: to judge at all, and to judge as it would for good."""

    warm_up_days: int = 0
    window_days: int = 0


class Mechanism(msgspec.Struct, frozen=True, kw_only=True):
    """A mechanism of a source document: who says it, what, by which signal it is seen, and the test that would fail.

    ``metric`` is ``level`` for the signal's level, or ``value(series)`` for a value that is published.
    """

    source: str
    says: str
    signal: str
    test: str
    metric: str = "level"


def sessions(count: float) -> int:
    """Calendar days that hold so many sessions.

    >>> sessions(250), sessions(5)
    (366, 8)
    """
    return math.ceil(count * 365.25 / SESSIONS_A_YEAR)


def weeks(count: float) -> int:
    """Calendar days of so many weeks, with one to spare: a report comes after the week it is about.

    >>> weeks(104)
    735
    """
    return math.ceil(7 * (count + 1))
