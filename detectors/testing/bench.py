"""One detector on a bench: its events, the signals of those it listens to, and time, as the engine would give them."""

from collections.abc import Iterable
from typing import Any

import msgspec

from detectors.detector import Detector, Finding
from detectors.events import Event
from detectors.registry import detectors_of, feed_health, installed
from detectors.sections import Config


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

    def run(self, events: Iterable[Event], *, time: bool = True) -> list[Finding]:
        """Give events; what the detector said."""
        drafts: list[Finding] = []
        for event in events:
            if time:
                drafts += self._pass(event.known)
            for one in self.suppliers:
                if type(event) in one.kinds:
                    drafts += self._hear(one, one.update(event))
            if type(event) in self.detector.kinds:
                drafts += self.detector.update(event)
        return drafts

    def _pass(self, until: int) -> list[Finding]:
        drafts: list[Finding] = []
        while (deadline := self.detector.wake_at()) is not None and deadline <= until:
            drafts += self.detector.on_time(deadline)
            again = self.detector.wake_at()
            assert again is None or again > deadline, f"{self.detector.name} wakes at one moment for ever"
        return drafts

    def _hear(self, supplier: Detector, said: list[Finding]) -> list[Finding]:
        drafts: list[Finding] = []
        for draft in said:
            drafts += self.detector.observe(draft.signed("UST", supplier.name, ""))
        return drafts

    def snapshot(self) -> Any:
        """The state of the detector and its suppliers."""
        return [self.detector.snapshot(), [one.snapshot() for one in self.suppliers]]

    def restored(self) -> "Bench":
        """A new bench from this one's snapshot, through msgpack."""
        other = Bench(self._config, self.detector.name)
        other.restore(plain(self.snapshot()))
        return other

    def restore(self, state: Any) -> None:
        """Take a snapshot's state, read from its bytes."""
        own, theirs = state
        self.detector.restore(own)
        for one, its in zip(self.suppliers, theirs, strict=True):
            one.restore(its)
