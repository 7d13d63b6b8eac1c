"""A market's last transitions with what the signals behind them said, so that they can be shown after a restart too."""

from collections import deque
from typing import Any

import msgspec

from detectors.signal_memory import SignalState
from detectors.signals import Transition

KEPT = 8


class Recalled(msgspec.Struct, frozen=True):
    """A transition, and the last word of each signal that its rules rested on."""

    transition: Transition
    marks: tuple[SignalState, ...]


class Recent:
    """The last few, oldest first."""

    def __init__(self) -> None:
        self._last: deque[Recalled] = deque(maxlen=KEPT)

    def note(self, transition: Transition, marks: tuple[SignalState, ...]) -> None:
        """Remember one; the oldest is forgotten."""
        distinct = {mark.id: msgspec.structs.replace(mark, left={}) for mark in marks}
        self._last.append(Recalled(transition, tuple(distinct.values())))

    def all(self) -> tuple[Recalled, ...]:
        """Oldest first."""
        return tuple(self._last)

    def snapshot(self) -> list[Any]:
        """As plain values."""
        return [msgspec.to_builtins(one) for one in self._last]

    def restore(self, plain: list[Any]) -> None:
        """Take them back."""
        self._last = deque((msgspec.convert(one, type=Recalled) for one in plain), maxlen=KEPT)
