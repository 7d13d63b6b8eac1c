"""One detector on a bench: its events, the signals of those it listens to, and time, as the engine would give them."""

from collections.abc import Iterable
from typing import Any

import msgspec

from detectors.detector import Detector, Finding
from detectors.events import Event
from detectors.feed_health import FeedHealth
from detectors.intake.ledger import Ledger
from detectors.intake.tape import At
from detectors.intake.tapes import Tapes
from detectors.registry import detectors_of, feed_health, installed
from detectors.sections import Config
from detectors.signals import Signal


def all_of(config: Config) -> dict[str, Detector]:
    """Every detector by name, FeedHealth too."""
    chosen = detectors_of(config)
    return {one.name: one for one in (feed_health(config, chosen), *chosen)}


def plain(state: Any) -> Any:
    """State as it comes back from a snapshot."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), strict=False)


class Bench:
    """A detector, and those whose signals it hears."""

    def __init__(self, config: Config, name: str) -> None:
        self._config = config
        made = all_of(config)
        for one in made.values():
            one.meet(installed())
        self.detector = made[name]
        self.suppliers = [one for one in made.values() if one.name in self.detector.listens]
        self._all = {one.name: one for one in (*self.suppliers, self.detector)}
        self._tapes = Tapes(self._all.values(), self._blank, _signed, untaped=(FeedHealth.name,))

    def _blank(self, name: str) -> Detector:
        fresh = type(self._all[name]).build(self._config)
        fresh.meet(installed())
        return fresh

    def run(self, events: Iterable[Event], *, time: bool = True) -> list[Finding]:
        """Give events; what the detector said."""
        drafts: list[Finding] = []
        for event in events:
            if time:
                drafts += self._pass(event.known)
            self._tapes.step()
            for one in self._all.values():
                if type(event) in one.kinds and one.takes(event):
                    drafts += self._hear(one, *self._tapes.tell(one, "update", event))
        return drafts

    def _pass(self, until: int) -> list[Finding]:
        drafts: list[Finding] = []
        while (deadline := self.detector.wake_at()) is not None and deadline <= until:
            self._tapes.step()
            drafts += self._tapes.tell(self.detector, "on_time", deadline)[1]
            again = self.detector.wake_at()
            assert again is None or again > deadline, f"{self.detector.name} wakes at one moment for ever"
        return drafts

    def _hear(self, speaker: Detector, at: At, said: list[Finding]) -> list[Finding]:
        if speaker is self.detector:
            return said
        drafts: list[Finding] = []
        for index, draft in enumerate(said):
            drafts += self._tapes.hear(self.detector, at, index, _signed(speaker, draft))[1]
        return drafts

    def correct(self, wrong: Event, right: Event) -> list[Finding]:
        """Correct a figure that was given; what the detector says because of it."""
        ledger = Ledger()
        ledger.take(wrong)
        fact = ledger.standing(right)[1]
        assert fact is not None, f"{right} corrects nothing of {wrong}"
        said, _ = self._tapes.correct(fact, right)
        return [finding for one in said if one.detector is self.detector for finding in one.findings]

    def snapshot(self) -> Any:
        """The state of the detector and its suppliers."""
        return [self.detector.snapshot(), [one.snapshot() for one in self.suppliers]]

    def restored(self) -> "Bench":
        """A new bench from this one's snapshot, through msgpack; what was told before cannot be corrected in it."""
        other = Bench(self._config, self.detector.name)
        other.restore(plain(self.snapshot()))
        return other

    def restore(self, state: Any) -> None:
        """Take a snapshot's state, read from its bytes."""
        own, theirs = state
        self.detector.restore(own)
        for one, its in zip(self.suppliers, theirs, strict=True):
            one.restore(its)
        for name in self._all:
            self._tapes.forget(name)


def _signed(detector: Detector, finding: Finding) -> Signal:
    return finding.signed("UST", detector.name, "")
