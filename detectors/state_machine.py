"""The stress table: (state, evidence) to state.

normal, crunch, de facto default. A state is entered when one of its rules has held for the state's entry dwell. It is
left, one step at a time, when none of its rules has held for its exit sessions while the feeds named *living* were
alive. Silence is not calm: a rule that rests on a series or feed gone silent goes on holding, until the living evidence
has been alive, and no rule of the state has held on living evidence, for ``blind_exit_sessions``; then what the silent
one last said is *overruled*, in the open, as signals of level 0. And it founds nothing: a rule one of whose marks rests
on what is silent now enters no state.

With the state go its *kind* (supply, scarcity, squeeze; a squeeze is the scarcity of an issue and stands for both;
mixed when supply meets either) and a *confidence*: low when it is carried by silent evidence or by figures that are
not on record, high when two rules or more hold on living evidence, or one with an online model beside it, medium
otherwise. The online models stand in a transition's evidence as ``support``; they decide nothing.
"""

from collections.abc import Collection
from typing import Any

import msgspec

from detectors import calendar
from detectors.catalogue import Catalogue
from detectors.detector import Ways
from detectors.events import Provenance
from detectors.sections import Rule, Stress
from detectors.signal_memory import FOREVER, SignalMemory, SignalState
from detectors.signals import STATES, Confidence, Evidence, Signal, State, weakest

NOBODY = "none"


class HoldingRule(msgspec.Struct, frozen=True):
    """A rule that holds: by which marks, until when by time alone, and whether on evidence that is silent now.

    ``silent``: a mark is held on by what is silent. ``founds``: every mark is seen, so that it may enter a state.
    """

    rule: Rule
    marks: tuple[SignalState, ...]
    until: int
    silent: bool
    founds: bool


class StateChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of state, before the engine signs it."""

    from_state: State
    to_state: State
    kind: str
    confidence: Confidence
    evidence: tuple[Evidence, ...]
    marks: tuple[SignalState, ...]


class Position(msgspec.Struct):
    """Where a market stands: its state and kind, since when, and the clocks that run (None: stopped)."""

    state: State = "normal"
    kind: str = NOBODY
    confidence: Confidence = "medium"
    since: int = 0
    pending: dict[State, int] = {}
    calm_since: int | None = None
    quiet_since: int | None = None
    carried: dict[State, tuple[str, ...]] = {}


class StateMachine:
    """Takes signals, is asked at every change and at its own deadlines, and answers with steps."""

    def __init__(self, config: Stress, catalogue: Catalogue) -> None:
        self.config = config
        self.catalogue = catalogue
        self.dwells = {"crunch": config.crunch, "de_facto_default": config.de_facto_default}
        self.memory = SignalMemory(catalogue)
        self.position = Position()
        self._wake: int | None = None

    def wake_at(self) -> int | None:
        """When time alone may change the answer."""
        return self._wake

    def overruled(self, now: int, unseen: Collection[str]) -> list[tuple[str, str, str]]:
        """The signals to be overruled now, as (detector, name, subject): silent, and they alone carry the state."""
        self._clock(now, unseen, self.held(now, unseen))
        since = self.position.quiet_since
        if since is None or calendar.sessions_after(since, self.config.blind_exit_sessions) > now:
            return []
        return self.memory.unseen(unseen)

    def evaluate(self, now: int, unseen: Collection[str]) -> list[StateChange]:
        """Move as far as the table says at this moment."""
        steps = []
        while True:
            held = self.held(now, unseen)
            self._clock(now, unseen, held)
            step = self._up(now, held) or self._down(now)
            if step is None:
                break
            position = self.position
            position.state, position.kind, position.since = step.to_state, step.kind, now
            position.confidence = step.confidence
            position.calm_since = position.quiet_since = None
            steps.append(step)
        self._wake = self._next(now, held)
        return steps

    def held(self, now: int, unseen: Collection[str]) -> list[HoldingRule]:
        """The rules that hold now."""
        return [one for rule in self.config.rules if (one := self._holds(rule, now, unseen)) is not None]

    def _holds(self, rule: Rule, now: int, unseen: Collection[str]) -> HoldingRule | None:
        marks, until, silent, founds = [], FOREVER, False, True
        for condition in rule.all:
            holding = self.memory.holding(condition, now, unseen)
            if holding is None:
                return None
            mark, mark_until, seen = holding
            marks.append(mark)
            until = min(until, mark_until)
            silent |= mark_until == FOREVER and not seen
            founds &= seen
        return HoldingRule(rule, tuple(marks), until, silent, founds)

    def _of(self, held: list[HoldingRule], state: State) -> list[HoldingRule]:
        return [one for one in held if STATES.index(one.rule.state) >= STATES.index(state)]

    def _clock(self, now: int, unseen: Collection[str], held: list[HoldingRule]) -> None:
        position = self.position
        for state in STATES[1:]:
            if carrying := self._of(held, state):
                if any(one.founds for one in carrying):
                    position.pending.setdefault(state, now)
                elif STATES.index(state) > STATES.index(position.state):
                    position.pending.pop(state, None)
                position.carried[state] = tuple(one.rule.name for one in carrying)
            else:
                position.pending.pop(state, None)
        mine = self._of(held, position.state) if position.state != "normal" else []
        alive = not set(self.config.living) & set(unseen)
        calm = position.state != "normal" and alive and not mine
        quiet = bool(mine) and alive and all(one.silent for one in mine)
        position.calm_since = (position.calm_since or now) if calm else None
        position.quiet_since = (position.quiet_since or now) if quiet else None

    def _up(self, now: int, held: list[HoldingRule]) -> StateChange | None:
        position = self.position
        for state in reversed(STATES[STATES.index(position.state) + 1 :]):
            since = position.pending.get(state)
            if since is None or now < self.entry_at(state, since):
                continue
            mine = self._of(held, state)
            support = self.memory.on(self.catalogue.supporting)
            return StateChange(
                from_state=position.state,
                to_state=state,
                kind=_kind({one.rule.kind for one in mine}),
                confidence=_confidence(mine, support),
                evidence=(*(_because(one) for one in mine), *_supported(support)),
                marks=tuple(mark for one in mine for mark in one.marks),
            )
        return None

    def _down(self, now: int) -> StateChange | None:
        position = self.position
        if position.calm_since is None or now < self.exit_at(position.state, position.calm_since):
            return None
        lower = STATES[STATES.index(position.state) - 1]
        sessions = self.dwells[position.state].exit_sessions
        ended, marks = self._ended()
        alive = ", ".join(self.config.living)
        calm = Evidence(
            rule="calm",
            holds=True,
            signals=(),
            summary=f"no rule of {position.state} has held for {sessions} sessions; alive: {alive}",
        )
        return StateChange(
            from_state=position.state,
            to_state=lower,
            kind=NOBODY if lower == "normal" else position.kind,
            confidence="medium",
            evidence=(*ended, calm),
            marks=marks,
        )

    def _ended(self) -> tuple[tuple[Evidence, ...], tuple[SignalState, ...]]:
        evidence, marks = [], []
        for rule in self.config.rules:
            if rule.name in self.position.carried.get(self.position.state, ()):
                last = [mark for one in rule.all if (mark := self.memory.latest(one)) is not None]
                text = "; ".join(mark.text for mark in last)
                ids = tuple(mark.id for mark in last)
                evidence.append(Evidence(rule=rule.name, holds=False, signals=ids, summary=text))
                marks += last
        return tuple(evidence), tuple(marks)

    def entry_at(self, state: State, since: int) -> int:
        """When a state is entered whose rules have held since a moment, and go on holding."""
        return since + self.dwells[state].entry_dwell_s * calendar.NS

    def exit_at(self, state: State, since: int) -> int:
        """When a state is left that no rule has made since a moment, if none does until then."""
        sessions = self.dwells[state].exit_sessions
        return calendar.sessions_after(since, sessions) if sessions else since

    def _next(self, now: int, held: list[HoldingRule]) -> int | None:
        position = self.position
        moments = [one.until for one in held if one.until != FOREVER]
        for state, since in position.pending.items():
            if STATES.index(state) > STATES.index(position.state):
                moments.append(self.entry_at(state, since))
        if position.calm_since is not None:
            moments.append(self.exit_at(position.state, position.calm_since))
        if position.quiet_since is not None:
            moments.append(calendar.sessions_after(position.quiet_since, self.config.blind_exit_sessions))
        return min((moment for moment in moments if moment > now), default=None)

    def take(self, signal: Signal, rests: Ways = ()) -> None:
        """Remember a signal and what it rests on; the next evaluation counts it."""
        self.memory.take(signal, rests)

    def holding_rules(self, now: int, unseen: Collection[str]) -> dict[str, bool]:
        """Every rule by name, and whether it holds now."""
        names = {one.rule.name for one in self.held(now, unseen)}
        return {rule.name: rule.name in names for rule in self.config.rules}

    def snapshot(self) -> dict[str, Any]:
        """The memory, the position and the next deadline."""
        return {
            "memory": self.memory.snapshot(),
            "position": msgspec.to_builtins(self.position),
            "wake": self._wake,
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        self.memory.restore(plain["memory"])
        self.position = msgspec.convert(plain["position"], type=Position)
        self._wake = plain["wake"]


def _because(held: HoldingRule) -> Evidence:
    return Evidence(
        rule=held.rule.name,
        holds=True,
        signals=tuple(mark.id for mark in held.marks),
        summary="; ".join(mark.text for mark in held.marks),
    )


def _supported(support: list[SignalState]) -> tuple[Evidence, ...]:
    if not support:
        return ()
    ids = tuple(mark.id for mark in support)
    return (Evidence(rule="support", holds=True, signals=ids, summary="; ".join(mark.text for mark in support)),)


def _kind(kinds: set[str]) -> str:
    if kinds == {"scarcity", "squeeze"}:
        return "squeeze"
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _confidence(held: list[HoldingRule], support: list[SignalState]) -> Confidence:
    living = [one for one in held if not one.silent]
    recorded = [one for one in living if provenance_of(one.marks) in {"official", "quoted"}]
    if not recorded:
        return "low"
    return "high" if len(recorded) > 1 or support else "medium"


def provenance_of(marks: tuple[SignalState, ...]) -> Provenance:
    """The least trusted provenance behind a step; official for one that time and calm brought about."""
    return weakest({mark.provenance for mark in marks} or {"official"})
