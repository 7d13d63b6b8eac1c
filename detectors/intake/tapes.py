"""The tapes of all detectors of a market, and how a correction runs through them.

Detectors are told again in their order: those that took the wrong figure, then those that hear them, with what they now
hear instead. What was said stands as said: no output is rewritten. What is said now is the difference, known from the
correction on: a level that is another one than it would have been, and what would have happened and did not. Each such
signal names both figures, and its rule says that it is a correction. What happened by the wrong figure has happened.
"""

import zlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from detectors.codec import event_of
from detectors.detector import Detector, Finding, Reading
from detectors.events import Event
from detectors.events.catalogue import kinds_by_tag
from detectors.intake.facts import Taken, figure_fields, figures_of, unit_of
from detectors.intake.tape import At, Part, Replayed, Tape, Told, what_happened
from detectors.signals import Signal

Sign = Callable[[Detector, Finding], Signal]


class Said(NamedTuple):
    """What a detector says because of a correction, and who has to be told of it: those whom it did not reach."""

    detector: Detector
    findings: list[Finding]
    listeners: tuple[Detector, ...]


class Tapes:
    """All calls of detectors go through here, so that what they were told can be told again."""

    def __init__(
        self,
        detectors: Iterable[Detector],
        blank: Callable[[str], Detector],
        sign: Sign,
        *,
        untaped: Iterable[str] = (),
    ) -> None:
        """Begin with nothing told.

        Args:
            detectors: in the order in which they see an event.
            blank: makes one by its name that was told nothing.
            sign: makes the signal that a listener hears of a finding.
            untaped: those that a correction does not reach: what they know is that a record came, not what it said.
        """
        everyone, left = tuple(detectors), frozenset(untaped)
        self._order = tuple(one for one in everyone if one.name not in left)
        self._place = {one.name: place for place, one in enumerate(everyone)}
        self._tapes = {one.name: Tape(one, _maker(blank, one.name)) for one in self._order}
        self._sign = sign
        self._step = 0

    def step(self) -> int:
        """Begin the next step, an event or a point in time: what is told in it comes after all that was told before."""
        self._step += 1
        return self._step

    def tell(self, detector: Detector, call: str, *args: Any) -> tuple[At, list[Finding]]:
        """Call a detector in this step: where that stands in the order of calls, and what it found."""
        at = (self._step, self._place[detector.name])
        tape = self._tapes.get(detector.name)
        return at, getattr(detector, call)(*args) if tape is None else tape.tell(at, call, args)

    def spoken(self, detector: Detector) -> At:
        """The place of what a detector says by itself in this step."""
        return (self._step, self._place[detector.name])

    def hear(self, listener: Detector, at: At, index: int, signal: Signal) -> tuple[At, list[Finding]]:
        """Have a detector hear the signal of the ``index``-th finding that another made at a place."""
        place = (*at, index, self._place[listener.name])
        return place, self._tapes[listener.name].tell(place, "observe", (signal,))

    def correct(self, fact: Taken, right: Event) -> tuple[list[Said], list[Detector]]:
        """Put a figure right: what is said because of it, and the detectors that had forgotten the wrong one."""
        said, forgotten = [], list[Detector]()
        heard: dict[str, list[tuple[str, At, list[Told]]]] = {}
        deaf: dict[str, list[Detector]] = {}
        for detector in self._order:
            tape, since = self._tapes[detector.name], None
            if type(right) in detector.kinds and detector.takes(right):
                since = tape.put_right((fact.source, fact.sequence), right)
                forgotten += [detector] if since is None else []
            for supplier, place, again in heard.pop(detector.name, []):
                if not tape.reaches(place):
                    deaf.setdefault(supplier, []).append(detector)
                elif tape.hear_again(supplier, place, self._addressed(detector, again)):
                    since = place if since is None else min(since, place)
            if since is None:
                continue
            replayed = tape.replay(since)
            again = self._signed(detector, replayed)
            for listener in self._order:
                if detector.name in listener.listens:
                    heard.setdefault(listener.name, []).append((detector.name, since, again))
            findings = _differences(detector, replayed, fact, right)
            if findings:
                said.append(Said(detector, findings, ()))
        return [one._replace(listeners=tuple(deaf.get(one.detector.name, ()))) for one in said], forgotten

    def _signed(self, detector: Detector, replayed: Replayed) -> list[Told]:
        """What listeners hear of it now; the last of a place is theirs, and comes with their address."""
        signals, index, before = [], 0, None
        for at, _, finding in replayed.found:
            index = index + 1 if at == before else 0
            before = at
            signals.append(Told((*at, index), "observe", (self._sign(detector, finding),)))
        return signals

    def _addressed(self, listener: Detector, told: list[Told]) -> list[Told]:
        return [one._replace(at=(*one.at, self._place[listener.name])) for one in told]

    def forget(self, name: str) -> None:
        """Forget what a detector was told: it was begun anew."""
        if name in self._tapes:
            self._tapes[name].forget((self._step + 1,))

    def snapshot(self) -> dict[str, Any]:
        """The step, and one packed list: events and what was unseen once, and each tape's parts; an eighth as long."""
        events: dict[int, Event] = {}
        sights: dict[frozenset[str], int] = {}
        tapes = {name: [_packed(part, events, sights) for part in tape.parts] for name, tape in self._tapes.items()}
        unseen = [sorted(one) for one in sights]
        return {"step": self._step, "told": zlib.compress(msgspec.msgpack.encode([events, unseen, tapes]), 1)}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back; the tape of a detector that was told an event of a kind that is no more begins anew."""
        self._step = plain["step"]
        there = kinds_by_tag()
        records, unseen, tapes = msgspec.msgpack.decode(zlib.decompress(plain["told"]), strict=False)
        events = {step: event_of(one) for step, one in records.items() if one["kind"] in there}
        sights = [frozenset(one) for one in unseen]
        for name, tape in self._tapes.items():
            try:
                tape.parts = [_unpacked(part, events, sights) for part in tapes.get(name, [])]
            except LookupError:
                tape.forget((self._step + 1,))


def _packed(part: Part, events: dict[int, Event], sights: dict[frozenset[str], int]) -> list[Any]:
    calls = []
    for at, call, args, happened, unseen in part.told:
        if call == "update":
            events[at[0]] = args[0]
        sight = None if unseen is None else sights.setdefault(unseen, len(sights))
        calls.append((at, call, () if call == "update" else args, happened, sight))
    return [part.since, part.state, calls]


def _unpacked(plain: list[Any], events: dict[int, Event], sights: list[frozenset[str]]) -> Part:
    since, state, calls = plain
    return Part(tuple(since), state, [_told(one, events, sights) for one in calls])


def _told(plain: list[Any], events: dict[int, Event], sights: list[frozenset[str]]) -> Told:
    at, call, args, happened, sight = plain
    if call == "update":
        args = [events[at[0]]]
    elif call == "observe":
        args = [msgspec.convert(args[0], type=Signal)]
    done = tuple((one[0], one[1], one[2], one[3]) for one in happened)
    return Told(tuple(at), call, tuple(args), done, None if sight is None else sights[sight])


def _maker(blank: Callable[[str], Detector], name: str) -> Callable[[], Detector]:
    return lambda: blank(name)


def _differences(detector: Detector, replayed: Replayed, fact: Taken, right: Event) -> list[Finding]:
    """What has to be said so that what was said and what should have been agree."""
    happens = {spec.name for spec in detector.signals if spec.happens}
    found = [finding for _, _, finding in replayed.found]
    missing = [one for one in found if one.name in happens and what_happened(one) not in replayed.happened]
    last = {(one.name, one.subject): one for one in found if one.name not in happens}
    before, after = replayed.levels, detector.levels()
    for name, subject in sorted(before.keys() | after.keys()):
        level = after.get((name, subject), 0)
        if name in happens or before.get((name, subject), 0) == level:
            continue
        one = last.get((name, subject))
        if one is None or one.level != level:
            one = Finding(name=name, subject=subject, level=level, readings=[], known=right.known, values={}, rule="")
        missing.append(one)
    return [_as_correction(one, fact, right) for one in missing]


def _as_correction(finding: Finding, fact: Taken, right: Event) -> Finding:
    """A finding that names the figure that was and the one that is."""
    values = dict(finding.values)
    pairs = zip(figure_fields(type(right)), fact.figures, figures_of(right), strict=True)
    changed = [(field, was, now) for field, was, now in pairs if was != now]
    for field, was, now in changed:
        name = unit_of(field) if len(changed) == 1 else field
        values |= {} if was is None else {f"revised_from_{name}": was}
        values |= {} if now is None else {f"revised_to_{name}": now}
    value = next((now for _, _, now in changed if now is not None), 0.0)
    was_it = Reading(right.ts, 0.0, fact.source, fact.sequence, right.provenance)
    moment = right.ts if finding.ts is None and not finding.readings else finding.ts
    return msgspec.structs.replace(
        finding,
        readings=[was_it, Reading.of(right, value), *finding.readings],
        known=right.known,
        values=values,
        rule=f"{finding.rule or 'no rule holds any more'}; corrected: {right.series()} was revised",
        ts=moment,
    ).settled()
