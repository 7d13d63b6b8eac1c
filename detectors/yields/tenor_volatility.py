"""What is remembered of one tenor's volatility: its last close, its mean square, the ranks, and the day so far."""

from typing import TYPE_CHECKING, Any

import msgspec

from detectors.detector import Reading
from detectors.rolling import Ewma, Window

if TYPE_CHECKING:
    from detectors.yields.volatility import Volatility


class Today(msgspec.Struct):
    """The quotes of a day so far: the last of the five minutes before this one, this one's, and the sum of squares."""

    day: int
    bucket: int
    base: float | None
    last: Reading
    squares: float = 0.0
    changes: int = 0
    moved: int = 0


class TenorVolatility:
    """One tenor: the last close, the mean square, the ranks, and the day so far."""

    def __init__(self, config: "Volatility") -> None:
        self.square = Ewma(1 - config.decay)
        self.count = 0
        self.day = 0
        self.close: Reading | None = None
        self.sigmas = Window(config.window_days)
        self.realised = Window(config.window_days)
        self.today: Today | None = None

    def snapshot(self) -> dict[str, Any]:
        """Everything, as plain values."""
        return {
            "square": self.square.sums,
            "count": self.count,
            "day": self.day,
            "close": msgspec.to_builtins(self.close),
            "sigmas": self.sigmas.values(),
            "realised": self.realised.values(),
            "today": msgspec.to_builtins(self.today),
        }

    def restore(self, plain: dict[str, Any], size: int) -> None:
        """Take it back."""
        self.square.sums = tuple(plain["square"])
        self.count, self.day = plain["count"], plain["day"]
        self.close = msgspec.convert(plain["close"], type=Reading | None)
        self.sigmas, self.realised = Window(size, plain["sigmas"]), Window(size, plain["realised"])
        self.today = msgspec.convert(plain["today"], type=Today | None)
