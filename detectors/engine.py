"""One market: events in, signals and transitions out. The sole owner of order and of time.

The engine is a pure function of the list of events it is given: no clock, no randomness, no I/O. Events are merged into
the one total order; each goes to the detectors that ask for its kind; their findings become signals, with market,
configuration and id; the stress table moves on signals. What time alone brings about is decided on a fixed grid of
event time, in order with the events: all events known before a grid point, then the point, then the rest.
"""

import copy
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from detectors import signals as sg
from detectors.calendar import NS
from detectors.catalogue import Catalogue
from detectors.detector import Detector, Finding
from detectors.events import Event, Heartbeat, stream_of
from detectors.hashes import config_hash, detector_hash, rules_hash
from detectors.intake.facts import canonical
from detectors.intake.intake import Figure, Intake
from detectors.intake.tape import At
from detectors.intake.tapes import Tapes
from detectors.log_positions import LogPosition, LogPositions
from detectors.ordering import FAR_PAST, Ordering, Verdict
from detectors.registry import detectors_of, feed_health, ordered
from detectors.results import RejectedEvent, Result
from detectors.sections import Config
from detectors.sequences import Sequences
from detectors.snapshot import SnapshotError, pack, unpack
from detectors.state_machine import StateChange, StateMachine, provenance_of
from detectors.view.outlook import Outlook, outlook
from detectors.view.recent import Recalled, Recent
from detectors.view.status import Counts, Status
from detectors.view.thresholds import thresholds

RELEASED_EVERY = 4096
WARMING = "warming"
"""The name of the evidence that says what could not judge."""
WARMING_NAMED = 24


class Engine:
    """The state of one market."""

    def __init__(self, config: Config, market: str, *, detectors: Iterable[Detector] | None = None) -> None:
        """Begin with nothing known.

        Args:
            config: the rules, the merge, and the tables of the detectors.
            market: its name; only its events are taken.
            detectors: fresh ones to run instead of those that the configuration names.
        """
        chosen = detectors_of(config) if detectors is None else ordered(detectors)
        self._config = config
        self._hash = config_hash(config)
        self._market = market
        self._ordering = Ordering(config.merge)
        self._feed_health = feed_health(config, chosen)
        self._intake = Intake()
        self._detectors: tuple[Detector, ...] = (self._feed_health, self._intake, *chosen)
        self._given = {} if detectors is None else {one.name: copy.deepcopy(one) for one in chosen}
        self._by_name = {one.name: one for one in self._detectors}
        self._hashes = {name: detector_hash(one) for name, one in self._by_name.items()}
        self._rules_hash = rules_hash(config, self._hashes)
        self._listeners = {name: tuple(one for one in self._detectors if name in one.listens) for name in self._by_name}
        self._timed = tuple(one for one in self._detectors if type(one).wake_at is not Detector.wake_at)
        self._due: dict[str, int | None] = {one.name: None for one in self._timed}
        self._by_kind: dict[type[Event], tuple[Detector, ...]] = {}
        catalogue = self._catalogue = Catalogue(type(one) for one in self._detectors)
        self._tapes = Tapes(
            self._detectors, self._blank, self._signed, untaped=(self._feed_health.name, self._intake.name)
        )
        config.stress.check(catalogue)
        for one in self._detectors:
            one.meet(catalogue)
            one.sight = self._feed_health.sight
        self._stress = StateMachine(config.stress, catalogue)
        self._grid = config.merge.grid_s * NS
        self._counts = Counts()
        self._thresholds = thresholds(config, [type(one) for one in chosen])
        self._log_positions = LogPositions()
        self._recent = Recent()
        self._sequences = Sequences()
        self._now = FAR_PAST
        self._wake: int | None = None
        self._anew: dict[str, str] = {}
        self._to_recall: list[Detector] = []

    @property
    def market(self) -> str:
        """The market's name."""
        return self._market

    @property
    def watermark_ns(self) -> int:
        """Up to when everything is settled: nothing that comes out later is known before it."""
        return self._ordering.watermark

    @property
    def marks(self) -> dict[str, int]:
        """The newest moment of every stream that counts; FAR_PAST for one announced and not yet heard."""
        return self._ordering.marks()

    def process(self, events: Iterable[Event], places: Sequence[LogPosition] | None = None) -> Result:
        """Take events, in any order and number; give what the watermark lets out.

        Args:
            events: of this market; one is a batch of one.
            places: where each lay in the log, as many as there are events; kept beside, never part of an output.

        Raises:
            ValueError: an event of another market.
        """
        result = Result()
        for index, event in enumerate(events):
            if event.market != self._market:
                raise ValueError(f"an event of {event.market} was given to the engine of {self._market}")
            self._admit(event, places[index] if places is not None else None, result)
            if index % RELEASED_EVERY == RELEASED_EVERY - 1:  # or a long list would wait as a whole, and fill the merge
                self._release(result)
        self._release(result)
        if self._ordering.watermark != FAR_PAST:
            self._pass_time(self._ordering.watermark, result)
        self._counts.signals += sum(isinstance(output, sg.Signal) for output in result.outputs)
        self._counts.transitions += sum(isinstance(output, sg.Transition) for output in result.outputs)
        return result

    def _release(self, result: Result) -> None:
        for event in self._ordering.release():
            self._pass_time(event.known, result)
            self._apply(event, result)

    def _admit(self, event: Event, place: LogPosition | None, result: Result) -> None:
        verdict = self._ordering.accept(event)
        self._counts.received += 1
        if verdict is Verdict.TAKEN:
            if place is not None and not isinstance(event, Heartbeat):
                self._log_positions.note(event, place)
        elif verdict is Verdict.BACK:
            self._sequences.heartbeat_back(stream_of(event))
        elif verdict is Verdict.DUPLICATE:
            self._counts.duplicates += 1
            result.duplicates += 1
        elif verdict is Verdict.LATE:
            self._counts.late += 1
            result.late.append(RejectedEvent(verdict.value, event, place))
        else:
            self._counts.refused += 1
            result.conflicts.append(RejectedEvent(verdict.value, event, place))

    def _blank(self, name: str) -> Detector:
        """A detector as it was before it was told anything."""
        given = self._given.get(name)
        fresh = type(self._by_name[name]).build(self._config) if given is None else copy.deepcopy(given)
        fresh.meet(self._catalogue)
        return fresh

    def _apply(self, event: Event, result: Result) -> None:
        self._now = max(self._now, event.known)
        self._sequences.note(event)
        self._tapes.step()
        spoken = self._recall(event.known, result) if self._to_recall else False
        admitted = self._intake.admit(canonical(event))
        if admitted.repeated:
            self._counts.duplicates += 1
            result.duplicates += 1
        if admitted.heard is not None and type(event) in self._feed_health.kinds:
            spoken |= self._tell(self._feed_health, "update", result, admitted.heard)
        spoken |= self._say(self._intake, self._tapes.spoken(self._intake), admitted.findings, result)
        for figure in admitted.figures:
            self._counts.applied += 1
            spoken |= self._use(figure, result)
        for reason, unused in admitted.aside:
            self._counts.refused += 1
            place = next(iter(self._log_positions.of((sg.Cause(unused.source, unused.sequence),))), None)
            result.conflicts.append(RejectedEvent(reason, unused, place))
        self._settle(event.known, event.ts, result, spoken=spoken)

    def _use(self, figure: Figure, result: Result) -> bool:
        """Show a figure to the detectors that take it; one that corrects another takes its place."""
        event, spoken = figure.event, False
        self._tapes.step()
        if figure.corrects is not None:
            said, forgotten = self._tapes.correct(figure.corrects, event)
            self._due = {name: self._by_name[name].wake_at() for name in self._due}
            for one in said:
                at = self._tapes.spoken(one.detector)
                spoken |= self._say(one.detector, at, one.findings, result, listeners=one.listeners)
            if not forgotten:
                return spoken
            self._intake.note("not_taken_back", event)
            if event.once_a_day():
                return spoken  # a second figure of its day in a window would be worse than the first
            self._tapes.step()
            for detector in forgotten:
                spoken |= self._tell(detector, "update", result, event)
            return spoken
        asked = self._by_kind.get(type(event))
        if asked is None:
            others = (one for one in self._detectors if one is not self._feed_health)
            asked = self._by_kind[type(event)] = tuple(one for one in others if type(event) in one.kinds)
        for detector in asked:
            if detector.takes(event):
                spoken |= self._tell(detector, "update", result, event)
        return spoken

    def _tell(self, detector: Detector, call: str, result: Result, *args: Any) -> bool:
        at, findings = self._tapes.tell(detector, call, *args)
        return self._say(detector, at, findings, result) if findings or detector.name in self._due else False

    def _recall(self, now: int, result: Result) -> bool:
        """Tell the listeners that were started anew what those they hear last said: it is not emitted again."""
        spoken = False
        for detector in self._to_recall:
            signals = self._stress.memory.recalled(tuple(detector.listens), self._market)
            findings = [msgspec.structs.replace(one, known=now) for one in detector.recall(signals)]
            spoken |= self._say(detector, self._tapes.spoken(detector), findings, result)
        self._to_recall = []
        return spoken

    def _pass_time(self, until: int, result: Result) -> None:
        # The grid point at or after a deadline, once every event known before that point has been applied.
        while self._wake is not None:
            point = -(-max(self._wake, self._now) // self._grid) * self._grid
            if point > until:
                return
            self._now = max(self._now, point)
            spoken = False
            for detector in self._timed:
                deadline = self._due[detector.name]
                if deadline is not None and deadline <= point:
                    self._tapes.step()
                    spoken |= self._tell(detector, "on_time", result, point)
            spoken |= self._overrule(point, result)
            self._settle(point, point, result, spoken=True)

    def _overrule(self, point: int, result: Result) -> bool:
        """Take off what only silent series carry; those that are heard before those that hear them."""
        self._note_rests()
        found = self._stress.overruled(point, self._feed_health.sight.unseen)
        spoken = False
        for detector in self._detectors if found else ():
            for name, signal, subject in found:
                if name == detector.name:
                    self._tapes.step()
                    spoken |= self._tell(detector, "overrule", result, signal, subject, point)
        return spoken

    def _note_rests(self) -> None:
        for one in self._detectors:
            self._stress.memory.rest(one.name, one.resting())

    def _signed(self, detector: Detector, finding: Finding) -> sg.Signal:
        signal = finding.signed(self._market, detector.name, self._hashes[detector.name])
        return msgspec.structs.replace(signal, id=sg.content_id(signal))

    def _say(
        self,
        detector: Detector,
        at: At,
        findings: list[Finding],
        result: Result,
        *,
        listeners: tuple[Detector, ...] | None = None,
    ) -> bool:
        """Put out what a detector found at a place in the order of calls, and have its listeners hear it."""
        hearing = self._listeners[detector.name] if listeners is None else listeners
        for index, finding in enumerate(findings):
            signal = self._signed(detector, finding)
            result.outputs.append(signal)
            self._stress.take(signal, finding.rests)
            for listener in hearing:
                place, found = self._tapes.hear(listener, at, index, signal)
                self._say(listener, place, found, result)
        if detector.name in self._due:  # it was just told something: only then its deadline may be another
            self._due[detector.name] = detector.wake_at()
        return bool(findings)

    def _settle(self, now: int, ts: int, result: Result, *, spoken: bool) -> None:
        if spoken:
            self._note_rests()
            for step in self._stress.evaluate(now, self._feed_health.sight.unseen):
                result.outputs.append(self._transition(step, now, ts, self._feed_health.blind_on()))
        deadlines = (self._stress.wake_at(), *self._due.values())
        self._wake = min((deadline for deadline in deadlines if deadline is not None), default=None)

    def _transition(self, step: StateChange, now: int, ts: int, blind_on: tuple[str, ...]) -> sg.Transition:
        transition = sg.Transition(
            market=self._market,
            ts=ts,
            known=now,
            from_state=step.from_state,
            to_state=step.to_state,
            kind=step.kind,
            confidence=step.confidence,
            evidence=(*step.evidence, *self._cannot_judge()),
            causes=tuple(sorted({cause for mark in step.marks for cause in mark.causes})),
            blind_on=blind_on,
            provenance=provenance_of(step.marks),
            config_hash=self._rules_hash,
        )
        transition = msgspec.structs.replace(transition, id=sg.content_id(transition))
        self._recent.note(transition, step.marks)
        return transition

    def _warming(self) -> tuple[str, ...]:
        return tuple(f"{one.name}:{part}" for one in self._detectors for part in one.warming())

    def _cannot_judge(self) -> tuple[sg.Evidence, ...]:
        """What the rules ask and what could not yet answer, for want of history: its silence is no calm either."""
        asked = {condition.detector for rule in self._config.stress.rules for condition in rule.all}
        names = [name for name in self._warming() if name.partition(":")[0] in asked]
        if not names:
            return ()
        more = f" and {len(names) - WARMING_NAMED} more" if len(names) > WARMING_NAMED else ""
        summary = f"cannot judge yet, for want of history: {', '.join(names[:WARMING_NAMED])}{more}"
        return (sg.Evidence(rule=WARMING, holds=False, signals=(), summary=summary),)

    def places_of(self, output: sg.Output) -> list[LogPosition]:
        """Where the events behind an output lay in the log, as far as it is still known."""
        return self._log_positions.of(output.causes)

    def status(self) -> Status:
        """How the market stands: for gauges and pages; it takes no part in any decision."""
        position = self._stress.position
        blind_on = self._feed_health.blind_on()
        return Status(
            market=self._market,
            state=position.state,
            kind=position.kind,
            confidence=position.confidence,
            since_ns=position.since,
            blind_on=blind_on,
            feeds=self._feed_health.feeds_watched,
            required=self._config.stress.living,
            heard_ns=self._feed_health.heard(),
            warming=self._warming(),
            silent_series=self._feed_health.silent_series(),
            ended_series=self._feed_health.ended_series(),
            watermark_ns=self._ordering.watermark,
            newest_ns=self._ordering.newest(),
            held_by=self._ordering.held_by(),
            waiting=self._ordering.waiting + self._intake.waiting,
            counts=msgspec.structs.replace(self._counts),
            intake=copy.deepcopy(self._intake.counts),
            suspects=self._intake.waiting,
            flaws=copy.deepcopy(self._sequences.flaws),
            values={name: value for one in self._detectors for name, value in one.readings().items()},
            signal_levels=self._stress.memory.levels(),
            rules=self._stress.holding_rules(self._now, self._feed_health.sight.unseen),
            thresholds=self._thresholds,
            config_hash=self._hash,
        )

    def outlook(self) -> Outlook:
        """What would change the state; like the status it takes no part in any decision."""
        margins = {one.name: one.margins(self._now) for one in self._detectors}
        return outlook(self._stress, self._now, self._feed_health.sight.unseen, margins)

    def recent(self) -> tuple[Recalled, ...]:
        """The last transitions with the signals behind them, oldest first."""
        return self._recent.all()

    def snapshot(self) -> bytes:
        """All state of this market, for :meth:`restore`."""
        return pack(
            self._market,
            {
                "ordering": self._ordering.snapshot(),
                "detectors": {
                    name: [one.version, self._hashes[name], one.snapshot()] for name, one in self._by_name.items()
                },
                "tapes": self._tapes.snapshot(),
                "stress": self._stress.snapshot(),
                "counts": msgspec.to_builtins(self._counts),
                "log_positions": self._log_positions.snapshot(),
                "recent": self._recent.snapshot(),
                "sequences": self._sequences.snapshot(),
                "now": self._now,
                "wake": self._wake,
            },
        )

    @classmethod
    def restore(
        cls, config: Config, market: str, raw: bytes, *, detectors: Iterable[Detector] | None = None
    ) -> "Engine":
        """An engine that goes on where the snapshot was taken.

        A detector whose version and tables are as they were goes on; one that is new, or was changed, begins anew and
        warms (:attr:`anew` names them), and what it last said stands until it can judge again.

        Raises:
            SnapshotError: it is damaged, or of another version or market.
        """
        engine = cls(config, market, detectors=detectors)
        state = unpack(raw, market)
        try:
            engine._take_back(state)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            # A whole snapshot with a checksum that fits, and still not one of ours: somebody made it by hand.
            raise SnapshotError("content", f"{type(error).__name__}: {error}"[:200]) from None
        return engine

    @property
    def anew(self) -> dict[str, str]:
        """The detectors that a restored engine began anew, with the reason; none in one that was not restored."""
        return dict(self._anew)

    def _take_back(self, state: dict[str, Any]) -> None:
        self._ordering.restore(state["ordering"])
        for name, detector in self._by_name.items():
            self._take_back_one(detector, state["detectors"].get(name))
        if "tapes" in state:  # a state of before there were any begins with none
            self._tapes.restore(state["tapes"])
        for name in self._anew:
            self._tapes.forget(name)
        self._stress.restore(state["stress"])
        self._counts = msgspec.convert(state["counts"], type=Counts)
        self._log_positions.restore(state["log_positions"])
        self._recent.restore(state["recent"])
        self._sequences.restore(state["sequences"])
        self._now, self._wake = state["now"], state["wake"]
        self._due = {one.name: one.wake_at() for one in self._timed}

    def _take_back_one(self, detector: Detector, found: list[Any] | None) -> None:
        version, its_hash, state = found if found is not None else (0, "", {})
        if found is not None and its_hash == self._hashes[detector.name]:
            detector.restore(state)
            return
        if found is None:
            self._anew[detector.name] = "new"
        else:
            same = version == detector.version
            self._anew[detector.name] = "other tables" if same else f"version {detector.version} after {version}"
            detector.take_over(state, version)
        if detector.listens:
            self._to_recall.append(detector)
