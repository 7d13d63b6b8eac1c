"""What spreads of a day share: their sides, in an order of preference, paired as they are published, given once.

Where one of several series can be a side, each combination is a *variant* with a history of its own: levels of two
series are never spliced. Every variant learns; the first whose sides are alive, and that has history enough, speaks.
"""

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from detectors.detector import Detector, Finding, Reading, Sight
from detectors.events import Event, PolicyRate, RepoPrint
from detectors.repo.pairs import DayBook, Pair
from detectors.repo.policy import PolicyBook
from detectors.sections.base import Name, Section

NAME = re.compile(r"[A-Za-z0-9_.:/+-]{1,64}")
# Not `Name | ...`: msgspec 0.22 frees a union that holds a string with a pattern twice, and Python crashes at its end.
Side = str | Annotated[tuple[Name, ...], Meta(min_length=1, max_length=4)]


class Spread(Section, frozen=True, kw_only=True):
    """A spread of two series of one day: ``left`` less ``right``, each as SEGMENT:INSTRUMENT, IORB or a list of them.

    A list is an order of preference: while the first is silent the next takes its place, with its own history.
    """

    name: Name
    left: Side
    right: Side

    def __post_init__(self) -> None:
        named("left", self.left)
        named("right", self.right)


class Variant(msgspec.Struct, frozen=True):
    """A spread by two certain series; ``key`` names its history, ``stands_in`` says that it is not the preferred."""

    name: str
    left: str
    right: str
    key: str
    stands_in: bool

    @property
    def sides(self) -> tuple[str, str]:
        """Both series."""
        return self.left, self.right

    @property
    def said(self) -> str:
        """What evidence adds where a stand-in speaks."""
        return f" (on {self.left} less {self.right})" if self.stands_in else ""


def named(key: str, side: Side) -> None:
    """Refuse a side by itself that is no name; the message begins with the key."""
    if isinstance(side, str) and not NAME.fullmatch(side):
        raise ValueError(f"{key}: {side!r:.80} is no name of a series, such as GCF:TSY")


def ranked(side: Side) -> tuple[str, ...]:
    """A side as its order of preference."""
    return (side,) if isinstance(side, str) else side


def variants_of(spread: Spread) -> tuple[Variant, ...]:
    """Every combination of the sides of a spread, the preferred first."""
    both = [(left, right) for left in ranked(spread.left) for right in ranked(spread.right)]
    return tuple(
        Variant(spread.name, left, right, f"{spread.name}/{left}/{right}" if place else spread.name, place > 0)
        for place, (left, right) in enumerate(both)
    )


def series_of(spreads: Iterable[Spread]) -> tuple[str, ...]:
    """The series that spreads are made of, by name; IORB is part of the policy."""
    names = {one for spread in spreads for side in (spread.left, spread.right) for one in ranked(side)}
    return tuple(sorted("POLICY" if name == "IORB" else name for name in names))


def preferences_of(spreads: Iterable[Spread]) -> tuple[tuple[str, ...], ...]:
    """The orders of preference among their sides."""
    return tuple(sorted({ranked(side) for spread in spreads for side in (spread.left, spread.right)}))


class Variants:
    """The variants of some spreads, and which of each speaks."""

    def __init__(self, spreads: Iterable[Spread]) -> None:
        self.by_spread = {spread.name: variants_of(spread) for spread in spreads}
        self.all = tuple(one for found in self.by_spread.values() for one in found)
        self.wanted = frozenset(side for one in self.all for side in one.sides)

    def of(self, series: str) -> list[Variant]:
        """Those that a series is a side of."""
        return [one for one in self.all if series in one.sides]

    def speaking(
        self, name: str, sight: Sight, begun: Callable[[Variant], bool], warm: Callable[[Variant], bool]
    ) -> Variant | None:
        """The first variant of a spread whose sides are alive and that has history enough; if none has, some."""
        alive = [one for one in self.by_spread[name] if all(map(sight.seen, one.sides)) and begun(one)]
        return next(filter(warm, alive), alive[0] if alive else None)


class SpreadDetector(Detector):
    """Hands each spread of a day to :meth:`judge`; IORB comes from the policy in force on the day."""

    kinds = (RepoPrint, PolicyRate)

    def __init__(self, config: Section, spreads: tuple[Spread, ...]) -> None:
        super().__init__(config)
        self._variants = Variants(spreads)
        self._begun: dict[str, None] = {}  # in the order of their coming
        self._book = PolicyBook()
        self._days = DayBook()
        self._last: dict[str, float] = {}

    def judge(self, spread: Variant, pair: Pair, known: int) -> list[Finding]:
        """Look at one spread of one day: always learn, and speak only where :meth:`speaks`."""
        raise AssertionError(f"{self.name} judges no {spread.name} of {pair.date}, known {known}")

    def takes(self, event: Event) -> bool:
        """Policy, and averages of a series some spread is made of."""
        if not isinstance(event, RepoPrint):
            return True
        return event.statistic in {"average", "close"} and event.series() in self._variants.wanted

    def speaks(self, spread: Variant) -> bool:
        """Whether this variant speaks for its spread now."""
        return self._variants.speaking(spread.name, self.sight, self._has_begun, self.is_warm) == spread

    def is_warm(self, spread: Variant) -> bool:
        """Whether a variant has history enough to judge by."""
        raise AssertionError(f"{self.name} keeps no history of {spread.key}")

    def _has_begun(self, spread: Variant) -> bool:
        return spread.key in self._begun

    def voice(self, name: str) -> str:
        """The history of the variant that speaks for a spread now; the preferred one's where none does."""
        spread = self._variants.speaking(name, self.sight, self._has_begun, self.is_warm)
        return name if spread is None else spread.key

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
        if policy is not None and policy.iorb_pct is not None and self.sight.seen("POLICY"):
            iorb = Reading(event.ts, policy.iorb_pct, policy.source, policy.sequence, policy.provenance, "POLICY")
            self._days.note("IORB", iorb)
        findings = []
        for spread in self._variants.of(series):
            pair = self._days.pair(spread.key, spread.left, spread.right, date)
            if pair is not None:
                self._begun[spread.key] = None
                if self.speaks(spread):
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
            "begun": list(self._begun),
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
        self._begun = dict.fromkeys(plain.get("begun", ()))
        self._last = dict(plain["last"])
