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
from msgspec import Meta

from detectors import calendar
from detectors.description import LookBack, Mechanism, SignalSpec, sessions, weeks
from detectors.detector import Detector, Finding, Reading
from detectors.events import Event, FuturesPosition, RepoPrint, Tenor, YieldQuote
from detectors.sections.base import Name, Positive, Section
from detectors.transmission.loop_gain import LoopGain

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
            raise ValueError("loops: two loops have the same name")


DAYS_KEPT = 40
LONGEST_STEP_DAYS = {"day": 5, "week": 10}


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

    def takes(self, event: Event) -> bool:
        """The figures that some loop is made of."""
        return self._noted(event) is not None

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
        average = event.statistic in {"average", "close"} and event.series() in self._wanted
        return (event.series(), Reading.of(event, event.rate_pct * 100)) if average else None

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
