"""Small rolling statistics: what is needed of a window and nothing more, each exact after a snapshot."""

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Iterable


class Window:
    """The last ``size`` values, kept sorted as well: ranks and quantiles in microseconds. Values must be finite.

    >>> window = Window(3, [1.0, 2.0, 3.0, 4.0])
    >>> window.values()
    [2.0, 3.0, 4.0]
    >>> window.rank(3.5), window.quantile(0.5), window.quantile(0.25)
    (0.6666666666666666, 3.0, 2.5)
    """

    def __init__(self, size: int, values: Iterable[float] = ()) -> None:
        self._values: deque[float] = deque(values, maxlen=size)
        self._sorted = sorted(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def append(self, value: float) -> None:
        """Add the newest value; the oldest falls out of a full window."""
        if len(self._values) == self._values.maxlen:
            self._unsort(self._values[0])
        self._values.append(value)
        insort(self._sorted, value)

    def _unsort(self, value: float) -> None:
        del self._sorted[bisect_right(self._sorted, value) - 1]

    def rank(self, value: float) -> float:
        """The share of the window's values at or below ``value``; 0 for an empty window."""
        return bisect_right(self._sorted, value) / len(self._sorted) if self._sorted else 0.0

    def quantile(self, share: float) -> float:
        """The value below which this share of the window lies, interpolated between neighbours."""
        place = share * (len(self._sorted) - 1)
        below = int(place)
        low, high = self._sorted[below], self._sorted[min(below + 1, len(self._sorted) - 1)]
        return low + (place - below) * (high - low)

    def median(self) -> float:
        """The middle value."""
        return self.quantile(0.5)

    def values(self) -> list[float]:
        """The values, oldest first: the snapshot."""
        return list(self._values)


class Ewma:
    """An exponentially weighted mean whose weights always sum to one, so that it needs no seed.

    ``m = sum((1 - alpha)**age * x) / sum((1 - alpha)**age)``.

    >>> mean = Ewma(0.5)
    >>> mean.after(3.0)
    (1.5, 0.5)
    >>> mean.add(3.0)
    >>> mean.add(6.0)
    >>> mean.value
    5.0
    """

    def __init__(self, alpha: float, sums: tuple[float, float] = (0.0, 0.0)) -> None:
        self._alpha = alpha
        self.sums = sums

    @property
    def value(self) -> float:
        """The mean so far; 0 before the first value."""
        total, weight = self.sums
        return total / weight if weight else 0.0

    def after(self, value: float) -> tuple[float, float]:
        """What ``sums`` would be with one more value; the mean is the first over the second."""
        total, weight = self.sums
        return total + self._alpha * (value - total), weight + self._alpha * (1 - weight)

    def add(self, value: float) -> None:
        """Learn a value."""
        self.sums = self.after(value)
