"""Specialness: how far an issue's repo rate lies below general collateral of the same day.

Idea: who must borrow one issue pays by lending cash below the general rate. ``specialness = GC - special``, in basis
points, each special against a GC rate of its own New York day and never against another's; a special known before
the day's GC rate waits for it. The most special an issue can pay to be is ``GC + fails charge``: beyond it failing is
cheaper (see :mod:`detectors.repo.floor`).

Signals: ``special`` by issue: 1 special (25 bp), 2 serious (100 bp), 3 near the floor (0.9 of GC + charge). Within a
day the level only rises, for the day's low counts; a later day's prints start anew, with hysteresis.
Trade-off: one broker's low print counts as much as an average; the floor asks for confirmation, this does not.
Source: framework, indicator 4 (where the DTCC GCF index is general collateral and no specific rate); domain sheet 8.
"""

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from detectors import calendar
from detectors.description import Mechanism, SignalSpec
from detectors.detector import Detector, Finding, Reading, Ways, in_bp, tier
from detectors.events import Event, PolicyRate, RepoPrint
from detectors.repo.fails_charge import FailsCharge, Floor
from detectors.repo.policy import PolicyBook
from detectors.sections.base import Bp, Name, Positive, Section, Share, rising
from detectors.view.margins import Margin, ladder

if TYPE_CHECKING:
    from detectors.sections import Config


class Specialness(Section, frozen=True, kw_only=True):
    """How far an issue's repo rate lies below general collateral of the same day."""

    table: ClassVar[str] = "specialness"

    gc_references: tuple[Name, ...]
    tiers_bp: tuple[Bp, Bp]
    near_floor_share: Share
    clear_bp: Bp
    forget_sessions: Positive

    def __post_init__(self) -> None:
        rising("tiers_bp", self.tiers_bp)
        if self.clear_bp >= self.tiers_bp[0]:
            raise ValueError("clear_bp: inverted, it must be below the first of tiers_bp")


ISSUES_KEPT = 64
WAITING_KEPT = 256
GENERAL_STATISTICS = ("average", "close", "print")


class IssueTier(msgspec.Struct):
    """An issue's present day, and its level and highest specialness so far on it."""

    date: str
    level: int
    most_bp: float = 0.0


class SpecialnessTiers(Detector):
    """Holds specials of a day against the day's GC rate."""

    name = "specialness"
    sections = (Specialness, Floor)
    keeps_state = True
    signals = (
        SignalSpec(
            name="special",
            label="Specialness of an issue",
            levels=("special", "very special", "near the most that it can be"),
            unit="bp",
        ),
    )
    feeds = ("specials",)
    mechanisms = (
        Mechanism(
            source="F indicator 4",
            says="ten-year special below -100 bp serious",
            signal="special",
            test="test_specialness.py::test_the_tiers_at_the_zero_bound",
        ),
    )
    kinds = (RepoPrint, PolicyRate)

    def __init__(self, config: Specialness, floor: Floor) -> None:
        super().__init__(config, floor)
        self._config = config
        self._book = PolicyBook()
        self._charge = FailsCharge(floor)
        self._gc: dict[str, dict[str, Reading]] = {}
        self._waiting: list[RepoPrint] = []
        self._days: dict[str, IssueTier] = {}
        self._today = ""

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The series it rests on."""
        return ("SPECIAL:*", *config.of(Specialness).gc_references, "POLICY")

    @classmethod
    def preferences(cls, config: "Config") -> tuple[tuple[str, ...], ...]:
        """Which rate is general collateral: the first of these that a day has."""
        return (config.of(Specialness).gc_references,)

    @classmethod
    def lines(cls, config: "Config") -> dict[tuple[str, str], float]:
        """The fixed lines of its values."""
        return {
            ("specialness", tier): value
            for tier, value in zip(("special", "very special"), config.of(Specialness).tiers_bp, strict=True)
        }

    def takes(self, event: Event) -> bool:
        """Policy, specials, and the general rates they are held against."""
        if not isinstance(event, RepoPrint) or event.segment == "SPECIAL":
            return True
        return event.series() in self._config.gc_references and event.statistic in GENERAL_STATISTICS

    def update(self, event: Event) -> list[Finding]:
        """Look at a special or a GC rate, or take a policy decision."""
        if isinstance(event, PolicyRate):
            self._book.add(event)
            return []
        assert isinstance(event, RepoPrint)
        if event.segment == "SPECIAL":
            return self._special(event, event.known)
        if not self.takes(event):
            return []
        date = calendar.ny_date(event.ts).isoformat()
        self._gc.setdefault(date, {})[event.series()] = Reading.of(event, event.rate_pct)
        while len(self._gc) > 5:
            del self._gc[min(self._gc)]
        ready = [special for special in self._waiting if calendar.ny_date(special.ts).isoformat() == date]
        self._waiting = [special for special in self._waiting if special not in ready]
        return [finding for special in ready for finding in self._special(special, event.known)]

    def _special(self, event: RepoPrint, known: int) -> list[Finding]:
        date = calendar.ny_date(event.ts)
        gc = self._general(date)
        if gc is None:
            self._waiting = [*self._waiting, event][-WAITING_KEPT:]
            return []
        return self._judge(event, Reading.of(event, event.rate_pct), gc, known, date)

    def _general(self, date: dt.date) -> Reading | None:
        rates = self._gc.get(date.isoformat(), {})
        return next((rates[series] for series in self._config.gc_references if series in rates), None)

    def _tiers(self, cap_bp: float) -> tuple[float, ...]:
        tiers = self._config.tiers_bp
        return (*tiers, max(self._config.near_floor_share * cap_bp, tiers[-1]))

    def _judge(self, event: RepoPrint, special: Reading, gc: Reading, known: int, date: dt.date) -> list[Finding]:
        issue = event.instrument
        specialness = in_bp(gc.value - special.value)
        charge = self._charge.on(date, self._book)
        values = {"special_pct": special.value, "gc_pct": gc.value, "specialness_bp": specialness}
        tiers: tuple[float, ...] = self._config.tiers_bp
        if charge is not None:
            values["cap_bp"] = in_bp(gc.value + charge)
            tiers = self._tiers(values["cap_bp"])
        level = tier(specialness, tiers, self._config.clear_bp, self.level("special", issue))
        day = self._days.get(issue)
        most = specialness
        if day is not None and day.date == date.isoformat():
            level, most = max(level, day.level), max(most, day.most_bp)
        elif day is not None and day.date > date.isoformat():
            return []
        forgotten = self._forget(issue, date, known)
        self._days[issue] = IssueTier(date.isoformat(), level, most)
        return forgotten + self.set_level(
            Finding(
                name="special",
                subject=issue,
                level=level,
                readings=[gc, special],
                known=known,
                values=values,
                rule=f"GC less special of one day, against the tiers and the most it can be{self._stand_in(gc)}",
                threshold=tiers[min(max(level, 1), len(tiers)) - 1],
                ways=self._ways(special.series, level),
            )
        )

    def _stand_in(self, gc: Reading) -> str:
        return "" if gc.series == self._config.gc_references[0] else f" (GC is {gc.series})"

    def _ways(self, special: str, level: int) -> Ways:
        """It rests on the special and any of the references; near the floor on the policy rate as well."""
        policy = ("POLICY",) if level > len(self._config.tiers_bp) else ()
        lately = {reference for rates in self._gc.values() for reference in rates}
        return tuple((special, one, *policy) for one in self._config.gc_references if one in lately)

    def _forget(self, issue: str, today: dt.date, known: int) -> list[Finding]:
        """Let go of issues that are quoted no more while others are, and of the oldest when there are too many."""
        limit = self._config.forget_sessions
        findings = []
        if today.isoformat() > self._today:
            self._today = today.isoformat()
            for other, day in list(self._days.items()):
                if calendar.sessions_between(calendar.day_of(day.date), today) > limit:
                    findings += self._let_go(other, known, f"not quoted for {limit} sessions while other issues are")
        if issue not in self._days and len(self._days) >= ISSUES_KEPT:
            quiet = [other for other in self._days if not self.level("special", other)]
            oldest = quiet[0] if quiet else min(self._days, key=lambda other: (self._days[other].date, other))
            findings += self._let_go(oldest, known, f"let go: more than {ISSUES_KEPT} issues at once")
        return findings

    def _let_go(self, issue: str, known: int, rule: str) -> list[Finding]:
        del self._days[issue]
        return self.let_go("special", issue, known, rule)

    def readings(self) -> dict[str, float]:
        """The highest specialness of each issue's last day with prints, in basis points."""
        return {f"specialness_{issue}_bp": day.most_bp for issue, day in self._days.items()}

    def margins(self, now: int) -> list[Margin]:
        """Each issue's highest specialness of its last day, which is what counts, against the tiers.

        The last tier moves with GC and the fails charge.
        """
        del now
        found = []
        for issue, day in self._days.items():
            tiers: tuple[float, ...] = self._config.tiers_bp
            date = calendar.day_of(day.date)
            gc, charge = self._general(date), self._charge.on(date, self._book)
            if gc is not None and charge is not None:
                tiers = self._tiers(in_bp(gc.value + charge))
            found += ladder("special", issue, day.most_bp, tiers, "bp")
        return found

    def snapshot(self) -> dict[str, Any]:
        """The policy book, the days' GC rates, the specials that wait, the issues."""
        return {
            **super().snapshot(),
            "book": self._book.snapshot(),
            "gc": msgspec.to_builtins(self._gc),
            "waiting": [msgspec.to_builtins(event) for event in self._waiting],
            "days": msgspec.to_builtins(self._days),
            "today": self._today,
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._book.restore(plain["book"])
        self._gc = msgspec.convert(plain["gc"], type=dict[str, dict[str, Reading]])
        self._waiting = msgspec.convert(plain["waiting"], type=list[RepoPrint])
        self._days = msgspec.convert(plain["days"], type=dict[str, IssueTier])
        self._today = plain["today"]
