"""The vocabulary of rules, pages and metrics: every signal that some detector emits, and what it says of it."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from detectors.description import SignalSpec
from detectors.detector import Detector

if TYPE_CHECKING:
    from detectors.sections import Condition


class Catalogue:
    """What a set of detectors says of itself, by name.

    Attributes:
        detectors: the classes.
        signals: the names of each one's signals.
        happens: the signals that happen rather than hold, as (detector, signal).
        supporting: the detectors that only support a state.
        feeds: the feeds that each one's conditions rest on.
    """

    def __init__(self, detectors: Iterable[type[Detector]]) -> None:
        self.detectors = {one.name: one for one in detectors}
        self._specs = {(name, spec.name): spec for name, one in self.detectors.items() for spec in one.signals}
        self.signals = {name: tuple(spec.name for spec in one.signals) for name, one in self.detectors.items()}
        self.happens = frozenset(key for key, spec in self._specs.items() if spec.happens)
        self.supporting = tuple(name for name, one in self.detectors.items() if one.supporting)
        self.feeds = {name: one.feeds for name, one in self.detectors.items()}

    def spec(self, detector: str, signal: str) -> SignalSpec | None:
        """What is said of a signal; None for one that no detector has."""
        return self._specs.get((detector, signal))

    def specs(self) -> list[tuple[str, SignalSpec]]:
        """Every signal with its detector's name, in the order of the names."""
        return sorted(
            ((detector, spec) for (detector, _), spec in self._specs.items()), key=lambda one: (one[0], one[1].name)
        )

    def label(self, detector: str, signal: str) -> str:
        """What people call a signal; ``detector.signal`` where nothing is known of it."""
        spec = self.spec(detector, signal)
        return f"{detector}.{signal}" if spec is None else spec.label

    def rests_on_blind(self, detector: str, blind_on: Collection[str]) -> bool:
        """Whether all the feeds of a detector are silent; never of one that rests on none."""
        feeds = self.feeds.get(detector, ())
        return bool(feeds) and set(feeds) <= set(blind_on)

    def check(self, condition: "Condition", path: str, rule: str) -> None:
        """Reject a condition that can never hold; the message begins with the key at ``path``.

        Raises:
            ValueError: no detector emits its signal, or not at that level.
        """
        asked = f"{condition.detector}.{condition.name}"
        spec = self.spec(condition.detector, condition.name)
        if spec is None:
            near = get_close_matches(asked, [f"{detector}.{signal}" for detector, signal in self._specs], 1)
            hint = f" did you mean {near[0]}?" if near else ""
            raise ValueError(f"{path}.name: unknown signal {asked} in rule '{rule}';{hint} there are {self.names()}")
        if condition.min_level > len(spec.levels):
            levels = "1 level" if len(spec.levels) == 1 else f"{len(spec.levels)} levels"
            raise ValueError(f"{path}.min_level: {asked} has {levels}, so rule '{rule}' could never hold")

    def names(self) -> str:
        """Every signal, for an error that says what there is."""
        return ", ".join(f"{detector}.{signal}" for detector, signal in self._specs)
