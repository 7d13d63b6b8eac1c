"""Alarms: spells of crunch or worse of a backtest, or of a baseline over its line, in sessions.

An alarm begins on the session on which it is known and ends with the last session on which it held. A baseline's
alarm ends when its value has been below the line for three sessions, as a crunch of the shipped presets does: else
each dip for a day would be a new alarm.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.signals import Output, Transition
from replay.score.axis import Axis

EXIT_SESSIONS = 3
FOREVER = 2**31


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm from its first to its last session; ``kind`` is that of its onset, empty where there are no kinds."""

    first: int
    last: int
    kind: str = ""


def of_outputs(outputs: Iterable[Output], axis: Axis) -> list[Alarm]:
    """The spells of crunch or de facto default: an onset is a step out of normal, and the kind is that of this step."""
    found: list[Alarm] = []
    for step in outputs:
        if not isinstance(step, Transition):
            continue
        if step.from_state == "normal" and step.to_state != "normal":
            found.append(Alarm(axis.known(step.known), FOREVER, step.kind))
        elif step.to_state == "normal" and found:
            begun = found.pop()
            found.append(Alarm(begun.first, max(begun.first, axis.held_until(step.known)), begun.kind))
    return found


def over_line(values: NDArray[np.float64], line: float) -> list[Alarm]:
    """The alarms of a baseline: a value a session, one that is missing counts as below the line.

    >>> nan = float("nan")
    >>> over_line(np.array([0.0, 3.0, nan, 3.5, 1.0, 1.0, 1.0, 4.0]), 3.0)
    [Alarm(first=1, last=5, kind=''), Alarm(first=7, last=7, kind='')]
    """
    above = np.nan_to_num(values, nan=-np.inf) >= line
    held = above.copy()
    for lag in range(1, EXIT_SESSIONS):
        held[lag:] |= above[:-lag]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], held, [False])).astype(np.int8)))
    return [Alarm(int(first), int(end) - 1) for first, end in edges.reshape(-1, 2)]


def sessions_in(alarms: Iterable[Alarm], count: int) -> NDArray[np.bool_]:
    """For each session scored whether an alarm was on."""
    on = np.zeros(count, dtype=np.bool_)
    for one in alarms:
        on[max(one.first, 0) : max(one.last + 1, 0)] = True
    return on
