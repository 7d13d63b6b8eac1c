"""The chronology: each dated claim of the framework beside what the engine said and what the public record says.

A row is matched by what a signal is about, never by an expected answer: the detector that watches the row's series,
the subject, and the New York day of the signal's ``ts``. A condition that lasts is also matched while it is on, for a
signal is given when a level changes and not again. What has no signal on that day was not seen, and what the
record does not hold stays 'not in the record' whether or not a signal happens to fall on its day.
"""

import csv
import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from detectors.calendar import DAY, ny, ny_date
from detectors.registry import installed
from detectors.signals import Output, Signal, State, Transition
from replay.dataset.loader import BUNDLED

CHRONOLOGY = BUNDLED / "chronology.csv"

# Of a signal's values, the one that a reader looks for first.
TELLING = (
    "first_close_pct",
    "yield_pct",
    "rate_pct",
    "worst_pct",
    "specialness_bp",
    "spread_bp",
    "takeup_usd",
    "net_share",
    "tail_bp",
    "move_bp",
    "change_bp",
    "volatility_bp",
    "abnormal_pct",
    "car_pct",
    "count",
    "exposure",
    "score",
    "percentile",
)

PublicRecord = Literal["confirmed", "partly", "not in the record"]
ClaimVerdict = Literal["seen", "not seen", "not in the record"]


class Claim(msgspec.Struct, frozen=True):
    """A dated claim of the framework and what the public record says of it."""

    date: dt.date
    series: str
    value: float
    unit: str
    claim: str
    record: PublicRecord
    public_record: str


class Statement(msgspec.Struct, frozen=True):
    """One output of the engine: what, about which moment and known when (UTC ns), and its id."""

    what: str
    ts: int
    known: int
    id: str


class ScoredClaim(msgspec.Struct, frozen=True):
    """A claim, what the engine said of its day, the state at the end of that day, and the verdict."""

    claim: Claim
    emitted: tuple[Statement, ...] = msgspec.field(name="said")
    state: State
    verdict: ClaimVerdict


class Matcher(NamedTuple):
    """Which signals match a claim, and the names of those whose condition lasts until they end it."""

    matches: Callable[[Signal, Claim], bool]
    lasting: tuple[str, ...] = ()


def claims(path: Path = CHRONOLOGY) -> list[Claim]:
    """Read the chronology."""
    with path.open(newline="", encoding="utf-8") as file:
        return [msgspec.convert(row, type=Claim, strict=False) for row in csv.DictReader(file)]


def score(outputs: Iterable[Output], rows: Iterable[Claim] | None = None) -> list[ScoredClaim]:
    """Put the engine's outputs beside each claim."""
    everything = list(outputs)
    signals = [output for output in everything if isinstance(output, Signal)]
    transitions = [output for output in everything if isinstance(output, Transition)]
    return [_row(claim, signals, transitions) for claim in (claims() if rows is None else rows)]


def _row(claim: Claim, signals: list[Signal], transitions: list[Transition]) -> ScoredClaim:
    matcher = MATCHERS[claim.series]
    of_series = [one for one in signals if matcher.matches(one, claim)]
    of_the_day = [one for one in of_series if one.active and ny_date(one.ts) == claim.date]
    emitted = [_statement(one) for one in _strongest(of_the_day)]
    if not emitted:
        # What happens rather than holds is over when it was said: it is never 'still on'.
        happens = installed().happens
        lasting = [one for one in of_series if one.name in matcher.lasting and (one.detector, one.name) not in happens]
        emitted = [_statement(one, "still on: ") for one in _standing(lasting, claim.date)]
    seen = bool(emitted)
    emitted += [_statement(one) for one in _undone(of_the_day, signals)]
    emitted += [_statement(one) for one in transitions if ny_date(one.ts) == claim.date]
    close = ny(claim.date + DAY, "00:00")
    state: State = next((one.to_state for one in reversed(transitions) if one.known < close), "normal")
    verdict: ClaimVerdict = "seen" if seen else "not seen"
    return ScoredClaim(
        claim, tuple(emitted), state, "not in the record" if claim.record == "not in the record" else verdict
    )


def _statement(output: Output, before: str = "") -> Statement:
    return Statement(before + described(output), output.ts, output.known, output.id)


def _standing(signals: list[Signal], day: dt.date) -> list[Signal]:
    """What was raised on an earlier day and was on throughout this one."""
    latest: dict[tuple[str, str], Signal] = {}
    for one in signals:
        if ny_date(one.ts) < day:
            latest[one.name, one.subject] = one
    return [one for one in latest.values() if one.active]


def _strongest(signals: list[Signal]) -> list[Signal]:
    """One signal of each name, the one of the highest threshold or level: a jump crosses several levels at once."""
    best: dict[tuple[str, str], Signal] = {}
    for one in signals:
        held = best.get((one.detector, one.name))
        if held is None or (one.level, one.threshold or 0.0) > (held.level, held.threshold or 0.0):
            best[one.detector, one.name] = one
    return list(best.values())


def _undone(of_the_day: list[Signal], signals: list[Signal]) -> list[Signal]:
    """Breaks of the day that failed afterwards: the first 'failed' of the same subject, unless sustained before."""
    found = []
    for crossing in of_the_day:
        if crossing.name != "crossed":
            continue
        later = (
            one
            for one in signals
            if (one.detector, one.subject) == (crossing.detector, crossing.subject)
            and one.known > crossing.known
            and one.active
            and one.name in {"failed", "sustained"}
        )
        first = next(later, None)
        if first is not None and first.name == "failed":
            found.append(first)
    return found


def described(output: Output) -> str:
    """An output in a few words."""
    if isinstance(output, Transition):
        return f"{output.from_state} → {output.to_state} ({output.kind})"
    emitted = f"{output.detector}.{output.name} {output.subject}"
    emitted += f" level {output.level}" if output.active else " ends"
    telling = next((name for name in TELLING if name in output.values), next(iter(output.values), None))
    return emitted if telling is None else f"{emitted}: {telling} {output.values[telling]:g}"


def _level(signal: Signal, claim: Claim) -> bool:
    tenor = claim.series.removeprefix("DGS")
    watches = signal.detector == "levels" and signal.subject.startswith(f"{tenor}Y@")
    return watches and signal.name != "failed" and (signal.threshold or 0.0) <= claim.value


def _prewarning(signal: Signal, claim: Claim) -> bool:
    return (signal.detector, signal.name) == ("corridor", "prewarning") and signal.subject.endswith(f":{claim.series}")


def _negative(signal: Signal, _: Claim) -> bool:
    return (signal.detector, signal.name) == ("corridor", "negative")


def _floor(signal: Signal, claim: Claim) -> bool:
    return signal.detector == "floor" and claim.series.split(" ")[0] in signal.subject


def _fails(signal: Signal, _: Claim) -> bool:
    return signal.detector == "fails"


# Series of the chronology -> which signals match it.
MATCHERS: dict[str, Matcher] = {
    "DGS10": Matcher(_level),
    "SOFR": Matcher(_prewarning, lasting=("prewarning",)),
    "GC_TSY": Matcher(_negative, lasting=("negative",)),
    "10Y-OTR special repo": Matcher(_floor, lasting=("breach",)),
    "fails to deliver": Matcher(_fails, lasting=("high",)),
}
