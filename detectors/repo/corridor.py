"""The policy corridor: where general collateral trades against the target range and the administered rates.

Idea: repo rates live between what the facility pays (the corridor's bottom) and the upper limit of the target range.
Sinking to the bottom says that collateral is wanted more than cash: the pre-warning of 5 February 2021. Below zero says
so aloud. Above the upper limit cash cannot be had: September 2019.

Signals: ``prewarning`` (1) on the watched series, when the rate is within ``near_floor_bp`` of the corridor's bottom,
which is the higher of the lower limit and the ON RRP rate, or ``below_iorb_bp`` below IORB; ``negative`` (1) for
general collateral as a whole, cleared by an average or close of a later day at or above zero; ``above`` (1 strained,
2 broken) by series, not raised on the last session of a month, when a spike may be the turn and no more.
Only GC, GCF and tri-party speak here: DVP averages and specials hold issues in demand and are not spliced in.
Trade-off: SOFR at 0.02 was common after 18 February 2021, so the pre-warning supports a crunch and makes none.
Source: framework, indicator 3 (0.10 % there is IOER, not the middle of the range); domain facts of February 2021.
"""

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from detectors import calendar
from detectors.description import Mechanism, SignalSpec
from detectors.detector import Detector, Finding, Reading, in_bp, tier
from detectors.events import Event, PolicyRate, RepoPrint
from detectors.events.repo import GENERAL
from detectors.repo.policy import PolicyBook
from detectors.sections.base import (
    Bp,
    Name,
    Section,
    rising,
)
from detectors.view.margins import Margin, ladder

if TYPE_CHECKING:
    from detectors.sections import Config


class Corridor(Section, frozen=True, kw_only=True):
    """Repo rates against the target range and the administered rates."""

    table: ClassVar[str] = "corridor"

    watched: tuple[Name, ...]
    near_floor_bp: Bp | None = None
    below_iorb_bp: Bp | None = None
    clear_bp: Bp
    negative_bp: Bp
    above_bp: tuple[Bp, Bp]
    above_clear_bp: Bp

    def __post_init__(self) -> None:
        rising("above_bp", self.above_bp)
        if self.near_floor_bp is None and self.below_iorb_bp is None:
            raise ValueError("near_floor_bp: it or below_iorb_bp is required, without one there is no pre-warning")
        if self.near_floor_bp is not None and self.clear_bp <= self.near_floor_bp:
            raise ValueError("clear_bp: inverted, it must exceed near_floor_bp or the pre-warning flaps")
        if self.above_clear_bp >= self.above_bp[0]:
            raise ValueError("above_clear_bp: inverted, it must be below the first of above_bp")


def bottom_of(policy: PolicyRate) -> float:
    """The corridor's bottom in percent: the higher of the target range's lower limit and the ON RRP rate."""
    return policy.target_low_pct if policy.on_rrp_pct is None else max(policy.target_low_pct, policy.on_rrp_pct)


GENERAL_AS_A_WHOLE = (("repo_gc",),)
"""Whichever rate fell below zero, any other of a later day takes it off: it is unseen when none is left."""


class PolicyCorridor(Detector):
    """Measures every general-collateral rate against the policy in force on its day."""

    name = "corridor"
    sections = (Corridor,)
    keeps_state = True
    signals = (
        SignalSpec(
            name="prewarning",
            label="Repo at the corridor's bottom",
            levels=("within the distance of the bottom, or so far below IORB",),
            unit="bp",
        ),
        SignalSpec(
            name="negative", label="General collateral below zero", levels=("a rate this far below zero",), unit="pct"
        ),
        SignalSpec(
            name="above",
            label="Repo above the corridor",
            levels=("above the range: strained", "far above: broken"),
            unit="bp",
        ),
    )
    feeds = ("repo_gc",)
    mechanisms = (
        Mechanism(
            source="F indicator 3",
            says="GC repo against SOFR: below IORB, the pre-warning of 5 February",
            signal="prewarning",
            test="test_corridor.py::test_the_prewarning_of_5_february",
        ),
        Mechanism(
            source="F indicator 3",
            says="GC repo negative",
            signal="negative",
            test="test_corridor.py::test_25_february_an_intraday_print_is_negative_and_a_later_day_clears_it",
        ),
        Mechanism(
            source="H section 4.2",
            says="cash dear: repo above the range",
            signal="above",
            test="test_corridor.py::test_september_2019_above_the_corridor",
        ),
    )
    kinds = (RepoPrint, PolicyRate)

    def __init__(self, config: Corridor) -> None:
        super().__init__(config)
        self._config = config
        self._book = PolicyBook()
        self._negative: Reading | None = None
        self._last: dict[str, float] = {}

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The series it rests on."""
        return (*config.of(Corridor).watched, "GC:*", "GCF:*", "TRIPARTY:*", "POLICY")

    def takes(self, event: Event) -> bool:
        """Policy, and general collateral but its percentiles."""
        return not isinstance(event, RepoPrint) or (event.segment in GENERAL and event.statistic != "percentile")

    def update(self, event: Event) -> list[Finding]:
        """Look at a repo rate, or take a policy decision."""
        if isinstance(event, PolicyRate):
            self._book.add(event)
            return []
        assert isinstance(event, RepoPrint)
        if not self.takes(event):
            return []
        reading = Reading.of(event, event.rate_pct)
        findings = self._below_zero(event, reading)
        policy = self._book.at(event.ts)
        if policy is None:
            return findings
        series = event.series()
        if series in self._config.watched and event.statistic in {"average", "close"}:
            self._last |= {
                f"repo_{series}_pct": event.rate_pct,
                "corridor_bottom_pct": bottom_of(policy),
                "corridor_top_pct": policy.target_high_pct,
            }
            findings += self._at_the_bottom(series, event, reading, policy)
        return findings + self._above(series, event, reading, policy)

    def _negative_pct(self) -> float:
        """From where down general collateral is negative."""
        return -self._config.negative_bp / 100

    @staticmethod
    def _near_pct(policy: PolicyRate, near_floor_bp: float) -> float:
        """From where down a rate lies at the corridor's bottom."""
        return bottom_of(policy) + near_floor_bp / 100

    def _tops_pct(self, policy: PolicyRate) -> list[float]:
        """From where up repo is strained, and broken."""
        return [policy.target_high_pct + bp / 100 for bp in self._config.above_bp]

    def _below_zero(self, event: RepoPrint, reading: Reading) -> list[Finding]:
        threshold = self._negative_pct()
        if in_bp(reading.value - threshold) <= 0:
            self._negative = reading
            rule = "a general-collateral rate this far below zero"
            return self._say("negative", "GC", 1, event, reading, rule, threshold)
        if self._negative is None or event.statistic not in {"average", "close"} or reading.value < 0:
            return []
        if calendar.ny_date(reading.ts) <= calendar.ny_date(self._negative.ts):
            return []
        self._negative = None
        return self._say("negative", "GC", 0, event, reading, "an average of a later day at or above zero", 0.0)

    def _at_the_bottom(self, series: str, event: RepoPrint, reading: Reading, policy: PolicyRate) -> list[Finding]:
        config = self._config
        bottom = bottom_of(policy)
        above_bottom = in_bp(reading.value - bottom)
        values = {"bottom_pct": bottom, "above_bottom_bp": above_bottom}
        on, off, threshold = False, True, None
        rules = []
        if config.near_floor_bp is not None:
            on |= above_bottom <= config.near_floor_bp
            off &= above_bottom >= config.clear_bp
            threshold = self._near_pct(policy, config.near_floor_bp)
            rules.append(f"within {config.near_floor_bp:g} bp of the corridor's bottom")
        if config.below_iorb_bp is not None and policy.iorb_pct is not None:
            below_iorb = in_bp(policy.iorb_pct - reading.value)
            values |= {"iorb_pct": policy.iorb_pct, "below_iorb_bp": below_iorb}
            on |= below_iorb >= config.below_iorb_bp
            off &= below_iorb <= config.below_iorb_bp - config.clear_bp
            threshold = policy.iorb_pct - config.below_iorb_bp / 100 if threshold is None else threshold
            rules.append(f"{config.below_iorb_bp:g} bp or more below IORB")
        if not rules or not (on or off):
            return []
        return self._say("prewarning", series, int(on), event, reading, " or ".join(rules), threshold, values)

    def _above(self, series: str, event: RepoPrint, reading: Reading, policy: PolicyRate) -> list[Finding]:
        config = self._config
        excess = in_bp(reading.value - policy.target_high_pct)
        current = self.level("above", series)
        level = tier(excess, config.above_bp, config.above_clear_bp, current)
        if level > current and calendar.is_month_end(calendar.ny_date(reading.ts)):
            return []
        values = {"target_high_pct": policy.target_high_pct, "above_bp": excess}
        threshold = self._tops_pct(policy)[max(level, 1) - 1]
        return self._say("above", series, level, event, reading, "above the upper limit", threshold, values)

    def _say(
        self,
        name: str,
        subject: str,
        level: int,
        event: RepoPrint,
        reading: Reading,
        rule: str,
        threshold: float | None,
        values: dict[str, float] | None = None,
    ) -> list[Finding]:
        return self.set_level(
            Finding(
                name=name,
                subject=subject,
                level=level,
                readings=[reading],
                known=event.known,
                values={"rate_pct": reading.value, **(values or {})},
                rule=rule,
                threshold=threshold,
                ways=GENERAL_AS_A_WHOLE if name == "negative" else ((reading.series, "POLICY"),),
            )
        )

    def readings(self) -> dict[str, float]:
        """The last rate of each watched series, and the corridor it was held against, in percent."""
        return dict(self._last)

    def margins(self, now: int) -> list[Margin]:
        """The last rate of each watched series against zero, the corridor's bottom and its upper limit."""
        config, policy = self._config, self._book.at(now)
        found = []
        for series in config.watched:
            value = self._last.get(f"repo_{series}_pct")
            if value is None:
                continue
            found += ladder("negative", "GC", value, (self._negative_pct(),), "pct", rising=False)
            if policy is not None and config.near_floor_bp is not None:
                near = self._near_pct(policy, config.near_floor_bp)
                found += ladder("prewarning", series, value, (near,), "pct", rising=False)
            if policy is not None:
                found += ladder("above", series, value, self._tops_pct(policy), "pct")
        return found

    def snapshot(self) -> dict[str, Any]:
        """The policy book, the last negative print and the last rates."""
        return {
            **super().snapshot(),
            "book": self._book.snapshot(),
            "negative": msgspec.to_builtins(self._negative),
            "last": dict(self._last),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._book.restore(plain["book"])
        self._negative = msgspec.convert(plain["negative"], type=Reading | None)
        self._last = dict(plain["last"])
