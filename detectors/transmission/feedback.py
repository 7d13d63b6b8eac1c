"""The loop: do rising yields bring shorts or specialness, which bring rising yields; and does it feed itself.

Idea: in each step (a day, or a week of positions) yields move by ``dy`` and the follower (scarcity, specialness or
shorts) by ``ds``. Two regressions with exponential forgetting,

    follow:  ds_t     = b0 + b dy_t + b2 ds_{t-1}
    push:    dy_{t+1} = a0 + a ds_t + a2 dy_t,

give the gain of one turn, ``g = a b``: a rise of one basis point comes back as g basis points a step later. Below one a
shock dies out after ``1 / (1 - g)`` of itself; above one the loop feeds itself. In a loop that runs, ds is nearly a
multiple of dy and the two terms of *push* cannot be told apart, so its own persistence a2 is shrunk towards zero by a
ridge: what could be either is laid to the loop. The standard error is the delta method's.

Signals: ``gain`` by loop: 1 reinforces (above zero by ``reinforcing_z`` standard errors), 2 feeds itself (besides,
above one by ``feeding_z``). Values: gain, its error, both slopes, the steps counted. In basis points; shorts in percent
of open interest.
Trade-off: a shorter memory follows a loop that starts, and mistakes a run of luck for one.
Source: framework, 'the more it falls, the more they short'; the estimator is ours, tested on simulated loops.
"""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from detectors import calendar
from detectors.description import LookBack, Mechanism, SignalSpec, sessions, weeks
from detectors.detector import Detector, Finding, Reading
from detectors.events import Event, FuturesPosition, RepoPrint, Tenor, YieldQuote
from detectors.repo.corridor import series_of
from detectors.sections.base import Name, Positive, Section

if TYPE_CHECKING:
    from detectors.sections import Config


class Loop(Section, frozen=True, kw_only=True):
    """A follower of yields: a series, or ``left`` less ``right`` of one day, rising when shorts or scarcity rise."""

    name: Name
    step: Literal["day", "week"]
    left: Name
    right: Name | None = None


class Feedback(Section, frozen=True, kw_only=True):
    """How the gain of each loop is estimated, and when it counts."""

    table: ClassVar[str] = "feedback"

    tenor: Tenor
    loops: tuple[Loop, ...]
    forgetting: Annotated[float, Meta(gt=0.5, le=1)]
    ridge: Annotated[float, Meta(ge=0, le=1e6)]
    min_steps: Positive
    reinforcing_z: Annotated[float, Meta(ge=0, le=10)]
    feeding_z: Annotated[float, Meta(ge=0, le=10)]

    def __post_init__(self) -> None:
        names = [loop.name for loop in self.loops]
        if len(set(names)) != len(names):
            raise ValueError("loops: two have one name")


DAYS_KEPT = 40
LONGEST_STEP_DAYS = {"day": 5, "week": 10}
Matrix = NDArray[np.float64]


class Regression:
    """Least squares with exponential forgetting on a constant and two regressors; the second may be shrunk."""

    def __init__(self, forgetting: float, ridge: float) -> None:
        self._forgetting = forgetting
        self._ridge = ridge
        self._moments: Matrix = np.zeros((4, 4))  # of (1, x1, x2, y), so that one matrix holds all

    def learn(self, first: float, second: float, target: float) -> None:
        """Take one observation; one that is not finite is left out."""
        row = np.array([1.0, first, second, target])
        if np.isfinite(row).all():
            self._moments = self._forgetting * self._moments + np.outer(row, row)

    def slope(self) -> tuple[float, float] | None:
        """The first regressor's coefficient and its standard error; None when it cannot be told."""
        xx, xy, yy = self._moments[:3, :3].copy(), self._moments[:3, 3], self._moments[3, 3]
        weight = xx[0, 0]
        if weight <= 3 or xx[1, 1] <= 0:
            return None
        xx[2, 2] *= 1 + self._ridge
        xx += np.diag([0.0, 0.0, 1e-12 * (1 + xx[2, 2])])
        if np.linalg.cond(xx) > 1e14:
            return None
        inverse = np.linalg.inv(xx)
        beta = inverse @ xy
        residual = max(float(yy - 2 * beta @ xy + beta @ self._moments[:3, :3] @ beta), 0.0) / (weight - 3)
        return float(beta[1]), float(np.sqrt(max(residual * inverse[1, 1], 0.0)))

    def snapshot(self) -> list[list[float]]:
        """The moments."""
        plain: list[list[float]] = self._moments.tolist()
        return plain

    def restore(self, plain: list[list[float]]) -> None:
        """Take them back."""
        self._moments = np.array(plain)


class Gain(msgspec.Struct, frozen=True):
    """What a loop's two regressions say."""

    gain: float
    error: float
    follow: float
    push: float


class LoopGain:
    """One loop: levels in, the gain out."""

    def __init__(self, forgetting: float, ridge: float) -> None:
        self._follow = Regression(forgetting, 0.0)
        self._push = Regression(forgetting, ridge)
        self._levels: tuple[float, float] | None = None
        self._moves: tuple[float, float] | None = None
        self.steps = 0

    def step(self, yield_bp: float, follower: float) -> Gain | None:
        """Take the next levels of yield and follower; the gain once both slopes are known."""
        if self._levels is not None:
            moves = (yield_bp - self._levels[0], follower - self._levels[1])
            if self._moves is not None:
                self._push.learn(self._moves[1], self._moves[0], moves[0])
                self._follow.learn(moves[0], self._moves[1], moves[1])
                self.steps += 1
            self._moves = moves
        self._levels = (yield_bp, follower)
        return self.gain()

    def gain(self) -> Gain | None:
        """The product of both slopes with its error."""
        follow, push = self._follow.slope(), self._push.slope()
        if follow is None or push is None:
            return None
        error = float(np.hypot(push[0] * follow[1], follow[0] * push[1]))
        return Gain(push[0] * follow[0], error, follow[0], push[0])

    def break_off(self) -> None:
        """A step is missing: the next levels begin a new chain, what was learned stays."""
        self._levels = self._moves = None

    def snapshot(self) -> list[Any]:
        """Everything, as plain values."""
        return [self._follow.snapshot(), self._push.snapshot(), self._levels, self._moves, self.steps]

    def restore(self, plain: list[Any]) -> None:
        """Take it back."""
        follow, push, levels, moves, self.steps = plain
        self._follow.restore(follow)
        self._push.restore(push)
        self._levels = None if levels is None else (levels[0], levels[1])
        self._moves = None if moves is None else (moves[0], moves[1])


class FeedbackLoop(Detector):
    """Pairs each follower's level with the yield of its day and estimates each loop's gain."""

    name = "feedback"
    sections = (Feedback,)
    signals = (
        SignalSpec(
            name="gain", label="Gain of the loop", levels=("above zero: it reinforces", "above one: it feeds itself")
        ),
    )
    feeds = ("yields", "repo_gc", "futures")
    mechanisms = (
        Mechanism(
            source="F perspective",
            says="the more it falls, the more they short: the loop",
            signal="gain",
            test="test_feedback.py::test_a_loop_below_one_is_not_said_to_feed_itself_and_one_above_is",
        ),
    )
    kinds = (YieldQuote, RepoPrint, FuturesPosition)

    def __init__(self, config: Feedback) -> None:
        super().__init__(config)
        self._config = config
        self._loops = {loop.name: loop for loop in config.loops}
        self._wanted = {side for loop in config.loops for side in (loop.left, loop.right)} - {None}
        self._gains = {name: LoopGain(config.forgetting, config.ridge) for name in self._loops}
        self._days: dict[str, dict[str, Reading]] = {}
        self._stepped: dict[str, str] = {}
        self._last: dict[str, float] = {}

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        return LookBack(warm_up_days=_steps(config.of(Feedback)), window_days=_steps(config.of(Feedback)))

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The series it rests on."""
        return tuple(
            sorted(
                {
                    f"YIELD:{config.of(Feedback).tenor}",
                    *(side for loop in config.of(Feedback).loops for side in (loop.left, loop.right) if side),
                }
            )
        )

    def update(self, event: Event) -> list[Finding]:
        """Note a figure; when it completes a loop's day, take the step."""
        noted = self._noted(event)
        if noted is None:
            return []
        series, reading = noted
        date = calendar.ny_date(reading.ts).isoformat()
        self._days.setdefault(date, {})[series] = reading
        while len(self._days) > DAYS_KEPT:
            del self._days[min(self._days)]
        return [finding for loop in self._loops.values() for finding in self._advance(loop, date, event.known)]

    def _noted(self, event: Event) -> tuple[str, Reading] | None:
        if isinstance(event, YieldQuote):
            close = event.tenor == self._config.tenor and event.statistic == "close" and event.cusip is None
            return ("YIELD", Reading.of(event, event.yield_pct * 100)) if close else None
        if isinstance(event, FuturesPosition):
            series = f"{event.contract}:{event.report}:{event.category}"
            if series not in self._wanted or not event.open_interest_contracts:
                return None
            short = event.short_contracts - event.long_contracts
            reading = Reading.of(event, 100 * short / event.open_interest_contracts)
            return series, msgspec.structs.replace(reading, ts=event.as_of)
        assert isinstance(event, RepoPrint)
        average = event.statistic in {"average", "close"} and series_of(event) in self._wanted
        return (series_of(event), Reading.of(event, event.rate_pct * 100)) if average else None

    def _advance(self, loop: Loop, date: str, known: int) -> list[Finding]:
        readings = self._days.get(date, {})
        quote, left = readings.get("YIELD"), readings.get(loop.left)
        right = readings.get(loop.right) if loop.right is not None else None
        before = self._stepped.get(loop.name, "")
        if quote is None or left is None or (loop.right is not None and right is None) or before >= date:
            return []
        gains = self._gains[loop.name]
        if before and _days_between(before, date) > LONGEST_STEP_DAYS[loop.step]:
            gains.break_off()
        self._stepped[loop.name] = date
        follower = left.value - (right.value if right is not None else 0.0)
        found = gains.step(quote.value, follower)
        if found is None or gains.steps < self._config.min_steps:
            return []
        self._last[loop.name] = found.gain
        reinforces = found.gain > self._config.reinforcing_z * found.error
        level = reinforces + (reinforces and found.gain - self._config.feeding_z * found.error > 1)
        readings_of = [reading for reading in (quote, left, right) if reading is not None]
        return self.set_level(
            Finding(
                name="gain",
                subject=loop.name,
                level=level,
                readings=sorted(readings_of, key=lambda reading: (reading.ts, reading.source)),
                known=known,
                values={
                    "gain": found.gain,
                    "gain_error": found.error,
                    "follow": found.follow,
                    "push": found.push,
                    "steps": float(gains.steps),
                },
                rule="the gain of one turn: above 0 it reinforces, above 1 it feeds itself",
                threshold=1.0 if level == 2 else 0.0,
            )
        )

    def warming(self) -> tuple[str, ...]:
        """The loops without steps enough."""
        return tuple(name for name, gain in self._gains.items() if gain.steps < self._config.min_steps)

    def readings(self) -> dict[str, float]:
        """The last gain of each loop."""
        return {f"loop_gain_{name}": value for name, value in self._last.items()}

    def snapshot(self) -> dict[str, Any]:
        """The loops, the days and the last gains."""
        return {
            **super().snapshot(),
            "gains": {name: gain.snapshot() for name, gain in self._gains.items()},
            "days": msgspec.to_builtins(self._days),
            "stepped": dict(self._stepped),
            "last": dict(self._last),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        for name, gain in self._gains.items():
            gain.restore(plain["gains"][name])
        self._days = msgspec.convert(plain["days"], type=dict[str, dict[str, Reading]])
        self._stepped = dict(plain["stepped"])
        self._last = dict(plain["last"])


def _days_between(first: str, last: str) -> int:
    return (calendar.day_of(last) - calendar.day_of(first)).days


def _steps(config: Feedback) -> int:
    """Days until the slowest loop has steps enough."""
    return max((weeks if loop.step == "week" else sessions)(config.min_steps) for loop in config.loops)
