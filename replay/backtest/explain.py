"""Why an output was made: all of its evidence, from the transition down to the events by source and sequence.

What is explained comes from anywhere that holds outputs: a backtest of this process, the lines one wrote, or topics.
The events come from the script that made them, or from the source topics; without them the causes keep their names.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from detectors.engine import Engine
from detectors.events import Event, Heartbeat, order_key, stream_of
from detectors.feed_health import feed_of
from detectors.sections import Config
from detectors.signals import Cause, Evidence, Output, Signal, Transition, from_json
from replay.errors import DataError, ReplayError

SHOWN_IDS = 40


class UnknownIdError(ReplayError):
    """No output has the id asked for, or several begin with it."""

    exit_code = 2


class SignalWithCauses(msgspec.Struct, frozen=True):
    """A signal with the events that caused it, and the causes whose events are not available."""

    signal: Signal
    events: tuple[Event, ...]
    absent: tuple[Cause, ...]


class RuleEvidence(msgspec.Struct, frozen=True):
    """One rule with its signals, and the ids of signals that are not available."""

    evidence: Evidence
    signals: tuple[SignalWithCauses, ...]
    absent: tuple[str, ...]


class BlindFeed(msgspec.Struct, frozen=True):
    """A feed or series the market was blind on: since when it was silent (UTC ns), or that it was never heard."""

    feed: str
    since: int | None
    never_heard: bool


class Explanation(msgspec.Struct, frozen=True):
    """An output and everything behind it."""

    output: Output
    rules: tuple[RuleEvidence, ...]
    events: tuple[Event, ...]
    absent: tuple[Cause, ...]
    blind: tuple[BlindFeed, ...]


def read(path: Path) -> list[Output]:
    """The outputs of a file that ``crunchwatch backtest --json --signals --warm-up`` wrote.

    Raises:
        DataError: it cannot be read, or a line of it is not an output.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from None
    found = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                found.append(from_json(line))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise DataError(path, number, f"is neither a signal nor a transition: {error}") from None
    return found


def taken(events: Iterable[Event], config: Config, market: str) -> list[Event]:
    """The events that an engine takes, in the one total order: without repeats, late and other rejected ones.

    Args:
        events: of one market, each stream in the order of its partition.
        config: decides what is late.
        market: whose.
    """
    everything = list(events)
    engine = Engine(config, market)
    result = engine.process(everything)
    rejected = {id(one.event) for one in (*result.late, *result.conflicts)}
    kept: dict[tuple[str, str, int, int], Event] = {}
    for event in everything:
        if id(event) not in rejected:
            # Of a record and its repeats the first stays; heartbeats differ by their time as well.
            kept.setdefault((stream_of(event), event.source, event.sequence, event.known), event)
    return sorted(kept.values(), key=order_key)


def find(outputs: Iterable[Output], prefix: str) -> Output:
    """The one output whose id begins so: a transition before any signal.

    Raises:
        UnknownIdError: there is none, or more than one; it lists the ids there are.
    """
    known = {output.id: output for output in outputs}
    found = [output for output in known.values() if prefix and output.id.startswith(prefix.lower())]
    found = [one for one in found if isinstance(one, Transition)] or found
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownIdError(f"{len(found)} ids begin with {prefix!r}:\n{_listed(found)}")
    steps = [output for output in known.values() if isinstance(output, Transition)]
    signals = len(known) - len(steps)
    there = f"the transitions there are:\n{_listed(steps)}" if steps else "there is no transition"
    more = f"\nand {signals} signals, by `crunchwatch backtest --signals --warm-up --json`" if signals else ""
    raise UnknownIdError(f"no transition and no signal has an id that begins with {prefix!r}; {there}{more}")


def _listed(outputs: Sequence[Output]) -> str:
    from replay.backtest.report import when  # noqa: PLC0415 - rich is needed only where something is printed
    from replay.backtest.scorecard import described  # noqa: PLC0415

    lines = [f"  {output.id}  {when(output.known)}  {described(output)}" for output in outputs[:SHOWN_IDS]]
    more = len(outputs) - SHOWN_IDS
    return "\n".join([*lines, f"  … and {more} more"] if more > 0 else lines)


def explain(output: Output, outputs: Iterable[Output], events: Iterable[Event]) -> Explanation:
    """Put together what is behind an output, from the other outputs and the available events."""
    signals = {one.id: one for one in outputs if isinstance(one, Signal) and one.market == output.market}
    by_name = {
        (event.source, event.sequence): event
        for event in events
        if event.market == output.market and not isinstance(event, Heartbeat)
    }
    there, absent = _causes(output.causes, by_name)
    if isinstance(output, Signal):
        return Explanation(output, (), there, absent, ())
    rules = tuple(_reason(evidence, signals, by_name) for evidence in output.evidence)
    blind = tuple(_unseen(feed, output, signals.values(), by_name.values()) for feed in output.blind_on)
    return Explanation(output, rules, there, absent, blind)


def _causes(
    causes: Iterable[Cause], by_name: Mapping[tuple[str, int], Event]
) -> tuple[tuple[Event, ...], tuple[Cause, ...]]:
    names = [(cause, by_name.get((cause.source, cause.sequence))) for cause in causes]
    there = sorted((event for _, event in names if event is not None), key=order_key)
    return tuple(there), tuple(cause for cause, event in names if event is None)


def _reason(
    evidence: Evidence, signals: Mapping[str, Signal], by_name: Mapping[tuple[str, int], Event]
) -> RuleEvidence:
    present = [signals[one] for one in evidence.signals if one in signals]
    absent = tuple(one for one in evidence.signals if one not in signals)
    return RuleEvidence(
        evidence, tuple(SignalWithCauses(one, *_causes(one.causes, by_name)) for one in present), absent
    )


def _unseen(feed: str, output: Output, signals: Iterable[Signal], events: Collection[Event]) -> BlindFeed:
    words = [
        one for one in signals if (one.detector, one.subject) == ("feed_health", feed) and one.known <= output.known
    ]
    last = max(words, key=lambda one: one.known, default=None)
    heard = last is not None or any(event.known <= output.known and feed_of(event) == feed for event in events)
    since = last.known if last is not None and last.active else None
    return BlindFeed(feed, since, bool(events) and not heard)
