"""What the online models share: the spreads of a day, paired as their sides are published, given once."""

from typing import Any

from detectors.detector import Detector, Finding, Reading
from detectors.events import Event, PolicyRate, RepoPrint
from detectors.repo.pairs import DayBook, Pair
from detectors.repo.policy import PolicyBook
from detectors.sections.base import Name, Section


class Spread(Section, frozen=True, kw_only=True):
    """A spread of two repo series of one day: ``left`` less ``right``, each as SEGMENT:INSTRUMENT or IORB."""

    name: Name
    left: Name
    right: Name


class SpreadDetector(Detector):
    """Hands each spread of a day to :meth:`judge`; IORB comes from the policy in force on the day."""

    kinds = (RepoPrint, PolicyRate)

    def __init__(self, config: Section, spreads: tuple[Spread, ...]) -> None:
        super().__init__(config)
        self._spreads = spreads
        self._wanted = {side for spread in spreads for side in (spread.left, spread.right)}
        self._book = PolicyBook()
        self._days = DayBook()
        self._last: dict[str, float] = {}

    def judge(self, spread: Spread, pair: Pair, known: int) -> list[Finding]:
        """Look at one spread of one day."""
        raise AssertionError(f"{self.name} judges no {spread.name} of {pair.date}, known {known}")

    def takes(self, event: Event) -> bool:
        """Policy, and averages of a series some spread is made of."""
        if not isinstance(event, RepoPrint):
            return True
        return event.statistic in {"average", "close"} and event.series() in self._wanted

    def update(self, event: Event) -> list[Finding]:
        """Look at an average of a series some spread is made of, or take a policy decision."""
        if isinstance(event, PolicyRate):
            self._book.add(event)
            return []
        assert isinstance(event, RepoPrint)
        series = event.series()
        if not self.takes(event):
            return []
        date = self._days.note(series, Reading.of(event, event.rate_pct))
        policy = self._book.at(event.ts)
        if policy is not None and policy.iorb_pct is not None:
            iorb = Reading(event.ts, policy.iorb_pct, policy.source, policy.sequence, policy.provenance)
            self._days.note("IORB", iorb)
        findings = []
        for spread in self._spreads:
            if series in {spread.left, spread.right}:
                pair = self._days.pair(spread.name, spread.left, spread.right, date)
                if pair is not None:
                    self._last[spread.name] = pair.spread_bp
                    findings += self.judge(spread, pair, event.known)
        return findings

    def readings(self) -> dict[str, float]:
        """The last value of each spread, in basis points."""
        return {f"spread_{name}_bp": value for name, value in self._last.items()}

    def snapshot(self) -> dict[str, Any]:
        """The policy book, the days and the last values."""
        return {
            **super().snapshot(),
            "book": self._book.snapshot(),
            "days": self._days.snapshot(),
            "last": dict(self._last),
        }

    def take_over(self, plain: dict[str, Any], version: int) -> None:
        """Keep the policy rates beside what was on: the next decision may be months away."""
        super().take_over(plain, version)
        if version == self.version:
            self._book.restore(plain["book"])

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._book.restore(plain["book"])
        self._days.restore(plain["days"])
        self._last = dict(plain["last"])
