"""Small rolling statistics: what is needed of a window and nothing more, each exact after a snapshot."""

from collections import deque
from collections.abc import Iterable

import numpy as np


class Window:
    """The last ``size`` values, with their rank and quantiles.

    >>> window = Window(3, [1.0, 2.0, 3.0, 4.0])
    >>> window.values()
    [2.0, 3.0, 4.0]
    >>> window.rank(3.5), window.quantile(0.5)
    (0.6666666666666666, 3.0)
    """

    def __init__(self, size: int, values: Iterable[float] = ()) -> None:
        self._values: deque[float] = deque(values, maxlen=size)

    def __len__(self) -> int:
        return len(self._values)

    def append(self, value: float) -> None:
        """Add the newest value; the oldest falls out of a full window."""
        self._values.append(value)

    def rank(self, value: float) -> float:
        """The share of the window's values at or below ``value``; 0 for an empty window."""
        if not self._values:
            return 0.0
        return int(np.count_nonzero(np.fromiter(self._values, float) <= value)) / len(self._values)

    def quantile(self, share: float) -> float:
        """The value below which this share of the window lies, interpolated between neighbours."""
        return float(np.quantile(np.fromiter(self._values, float), share))

    def median(self) -> float:
        """The middle value."""
        return self.quantile(0.5)

    def values(self) -> list[float]:
        """The values, oldest first: the snapshot."""
        return list(self._values)
