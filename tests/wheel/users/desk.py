"""What a user writes who has the wheel alone: two events into the engine, its outputs and status out."""

from collections.abc import Iterator, Sequence

from detectors import Engine, Event, Result, Signal, Transition, __version__, load
from detectors.calendar import day_of, ny
from detectors.events import Heartbeat, PolicyRate, RepoPrint


def a_morning() -> Iterator[Event]:
    """Overnight money at the bottom of the corridor, as on 5 February 2021."""
    rates, fixing, evening = (ny(day_of("2021-02-05"), clock) for clock in ("07:00", "08:00", "20:00"))
    yield PolicyRate(
        market="UST", source="mine.policy", sequence=1, ts=rates, known=rates, provenance="official",
        target_low_pct=0.0, target_high_pct=0.25, iorb_pct=0.10, on_rrp_pct=0.0,
    )  # fmt: skip
    yield RepoPrint(
        market="UST", source="mine.sofr", sequence=1, ts=fixing, known=fixing, provenance="official",
        segment="GC", instrument="SOFR", rate_pct=0.02, statistic="average",
    )  # fmt: skip
    for stream in ("policy", "repo"):
        yield Heartbeat(
            market="UST", source=f"mine.{stream}", sequence=2, ts=evening, known=evening, provenance="official",
            stream=stream, roster=("policy", "repo"),
        )  # fmt: skip


def names(outputs: Sequence[Signal | Transition]) -> list[str]:
    """What was said, in order."""
    return [f"{one.detector}.{one.name}" if isinstance(one, Signal) else step(one) for one in outputs]


def step(one: Transition) -> str:
    """A step in words."""
    return f"{one.from_state} to {one.to_state}"


if __name__ == "__main__":
    engine = Engine(load("desk"), "UST")
    result: Result = engine.process(a_morning())
    print(__version__, engine.status().state, *names(result.outputs))
