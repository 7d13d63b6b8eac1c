"""The proof of an output: the engine as it stood just before, the events that the output names, and nothing else.

A snapshot is taken when everything known before the output's moment has been applied and nothing of the moment itself.
An engine restored from it gets only those causes that it has not applied yet, and heartbeats that move time past the
moment. Out of it has to come the very same record, id and all. Where figures of one moment build on each other, those
that stand before the last cause in the one total order belong to the past as well: they are given too when the causes
alone do not do, and are then counted as *companions*, in the open.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from detectors.engine import Engine
from detectors.events import Event, Heartbeat, order_key, stream_of
from detectors.ordering import FAR_PAST
from detectors.registry import hash_behind
from detectors.sections import Config
from detectors.signals import Cause, Output, content_id

NS = 1_000_000_000

ProofVerdict = Literal["reproduced", "not reproduced", "altered", "other configuration"]


class Reproduction(msgspec.Struct, frozen=True, kw_only=True):
    """How a proof went: the verdict, what the snapshot held of the causes, what was given, and what came out."""

    id: str
    verdict: ProofVerdict
    why: str
    snapshot_bytes: int = 0
    applied: tuple[Cause, ...] = ()
    given: tuple[Cause, ...] = ()
    companions: tuple[Cause, ...] = ()
    absent: tuple[Cause, ...] = ()
    emitted: tuple[str, ...] = msgspec.field(default=(), name="said")

    @property
    def reproduced(self) -> bool:
        """Whether the very same record came out."""
        return self.verdict == "reproduced"


def reproduce(events: Sequence[Event], config: Config, output: Output) -> Reproduction:
    """Prove one output; ``events`` are those of its market in the one total order, heartbeats among them."""
    return next(reproductions(events, config, [output]))


def reproductions(events: Sequence[Event], config: Config, outputs: Iterable[Output]) -> Iterator[Reproduction]:
    """Prove many in one run through the events, in order of their moment."""
    stage: _Stage | None = None
    for output in sorted(outputs, key=lambda one: one.known):
        if stage is None:
            stage = _Stage(events, config, output.market)
        yield _rejected(output, config) or stage.prove(output)


def _rejected(output: Output, config: Config) -> Reproduction | None:
    """What fails without a run: the content does not give the id, or it is of another configuration."""
    own = content_id(output)
    if own != output.id:
        why = f"its content gives the id {own}: it is not what the engine wrote"
        return Reproduction(id=output.id, verdict="altered", why=why)
    mine = hash_behind(config, output)
    if mine != output.config_hash:
        why = f"it was made with configuration {output.config_hash}, this is {mine}"
        return Reproduction(id=output.id, verdict="other configuration", why=why)
    return None


class _Stage:
    """An engine that is led from moment to moment, and stops just before each."""

    def __init__(self, events: Sequence[Event], config: Config, market: str) -> None:
        self._events = [event for event in events if event.market == market]
        self._market = market
        self._config = config
        self._lateness = config.merge.lateness_s * NS
        self._engine = Engine(config, market)
        self._known = {
            (event.source, event.sequence): event for event in self._events if not isinstance(event, Heartbeat)
        }
        self._next = 0
        self._streams: set[str] = set()
        self._moment = FAR_PAST
        self._snapshot = b""

    def prove(self, output: Output) -> Reproduction:
        self._lead(output.known)
        causes = {(cause.source, cause.sequence): cause for cause in output.causes}
        found = {key: self._known[key] for key in causes if key in self._known}
        given = sorted((event for event in found.values() if event.known >= output.known), key=order_key)
        emitted = self._again(given, output.known)
        companions: list[Event] = []
        if output not in emitted and given:
            companions = self._before(given[-1], causes)
            emitted = self._again(sorted([*given, *companions], key=order_key), output.known) if companions else emitted
        same = output in emitted
        names = {(event.source, event.sequence) for event in given}
        return Reproduction(
            id=output.id,
            verdict="reproduced" if same else "not reproduced",
            why="the very same record, from the snapshot before it" if same else _difference(output, emitted),
            snapshot_bytes=len(self._snapshot),
            applied=tuple(cause for key, cause in causes.items() if key in found and key not in names),
            given=tuple(causes[key] for key in causes if key in names),
            companions=tuple(Cause(event.source, event.sequence) for event in companions),
            absent=tuple(cause for key, cause in causes.items() if key not in found),
            emitted=tuple(one.id for one in emitted),
        )

    def _lead(self, moment: int) -> None:
        """Apply everything known before a moment, and move time to the last nanosecond before it."""
        if moment == self._moment:
            return
        start = self._next
        while self._next < len(self._events) and self._events[self._next].known < moment:
            self._next += 1
        fed = self._events[start : self._next]
        self._engine.process(fed)
        for event in fed:
            self._streams.add(stream_of(event))
            self._streams.update(event.roster if isinstance(event, Heartbeat) else ())
        self._engine.process(self._time(moment - 1))
        self._moment, self._snapshot = moment, self._engine.snapshot()

    def _again(self, events: list[Event], moment: int) -> list[Output]:
        engine = Engine.restore(self._config, self._market, self._snapshot)
        # One nanosecond more: an event is applied once the watermark has passed it.
        return engine.process([*events, *self._time(moment + 1)]).outputs

    def _time(self, watermark: int) -> list[Heartbeat]:
        known = watermark + self._lateness
        return [
            Heartbeat(
                market=self._market,
                source="rehearsal.heartbeat",
                sequence=0,
                ts=known,
                known=known,
                provenance="synthetic",
                stream=stream,
            )
            for stream in sorted(self._streams)
        ]

    def _before(self, last: Event, causes: dict[tuple[str, int], Cause]) -> list[Event]:
        """Figures of the moment that no cause names and that stand before its last cause in the one total order."""
        found = []
        for event in self._events[self._next :]:
            if event is last:
                break
            if not isinstance(event, Heartbeat) and (event.source, event.sequence) not in causes:
                found.append(event)
        return found


def _difference(output: Output, emitted: list[Output]) -> str:
    """Why it is not the same, as far as it can be found: the fields of the nearest record that differ, or silence."""
    near = [one for one in emitted if type(one) is type(output)]
    if not near:
        return "from the snapshot before it and the events it names, nothing of the kind comes out"
    fields = output.__struct_fields__
    differing = [[name for name in fields if getattr(one, name) != getattr(output, name)] for one in near]
    least = min(differing, key=len)
    return f"something else comes out; it differs in {', '.join(name for name in least if name != 'id')}"
