"""The floor: the special rate below which failing to deliver is cheaper than delivering.

Idea: who reverses in an issue at rate R and delivers earns R; who fails earns nothing and pays the fails charge c. They
are equal at R = -c, so the floor is ``-c`` with ``c = max(cap - policy rate, minimum)`` in percent a year: the target
or the lower limit of its range at 17:00 New York on the session before. With the limit at 0 the floor is -3.00 %;
from a limit of 2 % on it is -1.00 %. Before May 2009 nobody paid for failing, and the floor was zero.
It is a soft floor (claims have friction, aged fails cost capital): a *fail-incentive zone*. No clearing house defaults;
the charge is a market practice that FICC passes on. The framework's 'CCP default penalty' is this charge.

Signals: ``below`` (1, once) by issue, at the first print of a day below the floor: the days a review counts.
``breach`` by issue: 1 approached, 2 breached by a lone print, 3 confirmed: so many prints of one day below the
floor, or the volume-weighted average below it, or one print far beyond. Cleared after so many days whose every print
lies above the floor by a margin; while a day's prints lie between, nothing changes.
Trade-off: one print far beyond confirms alone, because one broker's low may be all that becomes public.
Source: TMPG fails charge practice (5 January 2009, 12 April 2018); Garbade, Keane, Logan, Stokes and Wolgemuth 2010.
"""

import datetime as dt
from typing import Any

import msgspec

from detectors import calendar
from detectors.description import Mechanism, SignalSpec
from detectors.detector import Detector, Finding, Reading, in_bp
from detectors.events import Event, PolicyRate, RepoPrint
from detectors.repo.fails_charge import FailsCharge, Floor
from detectors.repo.issue_day import IssueDay
from detectors.repo.policy import PolicyBook
from detectors.view.margins import Margin

ISSUES_KEPT = 64
APPROACHED, BREACHED, CONFIRMED = 1, 2, 3


class FailsFloor(Detector):
    """Holds each issue's prints of a day against the floor of that day."""

    name = "floor"
    after = ("specialness",)
    sections = (Floor,)
    keeps_state = True
    rests_on = ("SPECIAL:*", "POLICY")
    signals = (
        SignalSpec(
            name="below",
            label="A day's first print below the fails floor",
            levels=("a print below the floor",),
            unit="pct",
            happens=True,
        ),
        SignalSpec(
            name="breach",
            label="Special rate against the fails floor",
            levels=(
                "near the floor",
                "a print below it, not confirmed",
                "below it, confirmed: failing is cheaper than delivering",
            ),
            unit="pct",
        ),
    )
    feeds = ("specials",)
    mechanisms = (
        Mechanism(
            source="F indicator 4, thread C",
            says="below -300 bp the penalty is breached: de facto default",
            signal="breach",
            test="test_floor.py::test_3_march_2021_is_a_confirmed_breach",
        ),
        Mechanism(
            source="F thread C",
            says="the floor itself, by the policy rate",
            signal="breach",
            metric="value(floor_pct)",
            test="test_floor.py::test_the_floor_by_the_lower_limit_since_july_2018",
        ),
        Mechanism(
            source="F chronology",
            says="four trading days below the floor",
            signal="below",
            test="test_floor.py::test_the_days_below_in_march_2021_are_the_3rd_4th_5th_and_9th",
        ),
    )
    kinds = (RepoPrint, PolicyRate)

    def __init__(self, config: Floor) -> None:
        super().__init__(config)
        self._config = config
        self._book = PolicyBook()
        self._charge = FailsCharge(config)
        self._days: dict[str, IssueDay] = {}
        self._last_floor_pct: float | None = None
        self._today = ""

    def takes(self, event: Event) -> bool:
        """Policy, and specials but their percentiles."""
        return not isinstance(event, RepoPrint) or (event.segment == "SPECIAL" and event.statistic != "percentile")

    def update(self, event: Event) -> list[Finding]:
        """Look at a special, or take a policy decision."""
        if isinstance(event, PolicyRate):
            self._book.add(event)
            return []
        assert isinstance(event, RepoPrint)
        if not self.takes(event):
            return []
        date = calendar.ny_date(event.ts)
        charge = self._charge.on(date, self._book)
        if charge is None:
            return []
        floor = self._last_floor_pct = -charge + 0.0
        forgotten = self._forget(event, date)
        day = self._day(event, date.isoformat(), floor)
        if day is None:
            return forgotten
        was_below = in_bp(day.worst.value - floor) < 0 and day.entered
        self._enter(day, event, floor)
        findings = self._judge(event.instrument, day, floor, event.known)
        if was_below or in_bp(day.worst.value - floor) >= 0:
            return [*forgotten, *findings]
        return [*forgotten, self._first_below(event, day.worst, floor), *findings]

    def _first_below(self, event: RepoPrint, worst: Reading, floor: float) -> Finding:
        return self.emit_once(
            Finding(
                name="below",
                subject=event.instrument,
                level=1,
                readings=[worst],
                known=event.known,
                values={"floor_pct": floor, "rate_pct": worst.value},
                rule="the first rate of the day below the floor",
                threshold=floor,
                ways=((f"SPECIAL:{event.instrument}", "POLICY"),),
            )
        )

    def _forget(self, event: RepoPrint, today: dt.date) -> list[Finding]:
        """Let go of issues that are quoted no more while others are, and of the oldest when there are too many."""
        known = event.known
        findings = []
        if today.isoformat() > self._today:
            self._today = today.isoformat()
            limit = self._config.forget_sessions
            for issue, day in list(self._days.items()):
                if calendar.sessions_between(calendar.day_of(day.date), today) > limit:
                    rule = f"not quoted for {limit} sessions while other issues are"
                    findings += self.let_go("breach", issue, known, rule)
                    del self._days[issue]
        if event.instrument not in self._days and len(self._days) >= ISSUES_KEPT:
            quiet = [issue for issue in self._days if not self.level("breach", issue)]
            oldest = quiet[0] if quiet else min(self._days, key=lambda issue: (self._days[issue].date, issue))
            findings += self.let_go("breach", oldest, known, f"let go: more than {ISSUES_KEPT} issues at once")
            del self._days[oldest]
        return findings

    def _day(self, event: RepoPrint, date: str, floor: float) -> IssueDay | None:
        issue = event.instrument
        day = self._days.get(issue)
        if day is None:
            day = self._days[issue] = IssueDay(date, floor, Reading.of(event, event.rate_pct))
        elif date > day.date:
            clear = self._clear_days(day)
            day = self._days[issue] = IssueDay(date, floor, Reading.of(event, event.rate_pct), clear_before=clear)
        return day if day.date == date else None  # a print about an earlier day changes no later one

    def _enter(self, day: IssueDay, event: RepoPrint, floor: float) -> None:
        reading = Reading.of(event, event.rate_pct)
        day.entered = True
        if reading.value < day.worst.value:
            day.worst = reading
        if event.statistic == "average":
            day.average = reading
            return
        sums_up = event.statistic != "print"
        if in_bp(reading.value - floor) < 0 and not (sums_up and reading.value in {one.value for one in day.below}):
            day.prints_below += 1
            if len(day.below) < self._config.confirm_prints:
                day.below.append(reading)
        if event.volume_usd and not sums_up:
            day.volume_usd += event.volume_usd
            day.rate_volume += event.volume_usd * reading.value
        elif not sums_up:
            day.unweighted = True

    def _clear_days(self, day: IssueDay) -> int:
        return day.clear_before + 1 if in_bp(day.worst.value - day.floor_pct) > self._config.clear_bp else 0

    def wake_at(self) -> int | None:
        """The end of the first day that would be the last clear one wanted: before it a print may still spoil it."""
        ends = [calendar.sessions_after(self._days[issue].worst.ts, 0) for issue in self._clearing()]
        return min(ends, default=None)

    def _clearing(self) -> list[str]:
        wanted = self._config.clear_days
        return [
            issue
            for issue, day in self._days.items()
            if self.level("breach", issue) and self._clear_days(day) >= wanted
        ]

    def on_time(self, now: int) -> list[Finding]:
        """Clear the issues whose last clear day has ended."""
        findings = []
        for issue in self._clearing():
            day = self._days[issue]
            if calendar.sessions_after(day.worst.ts, 0) <= now:
                findings += self.set_level(
                    Finding(
                        name="breach",
                        subject=issue,
                        level=0,
                        readings=[day.worst],
                        known=now,
                        values={"floor_pct": day.floor_pct, "worst_pct": day.worst.value},
                        rule=f"{self._config.clear_days} days with every print clear of the floor",
                        threshold=day.floor_pct + self._config.clear_bp / 100,
                    )
                )
        return findings

    @staticmethod
    def _average(day: IssueDay) -> float | None:
        # A published average speaks first; ours needs the volume of every print.
        if day.average is not None:
            return day.average.value
        return None if day.unweighted or not day.volume_usd else day.rate_volume / day.volume_usd

    def _judge(self, issue: str, day: IssueDay, floor: float, known: int) -> list[Finding]:
        average = self._average(day)
        values = {"floor_pct": floor, "worst_pct": day.worst.value, "prints_below": float(day.prints_below)}
        if average is not None:
            values["average_pct"] = average
        level, rule, because = self._reached(day, average, floor)
        if level < self.level("breach", issue):
            return []  # a day is clear when it has ended
        return self.set_level(
            Finding(
                name="breach",
                subject=issue,
                level=level,
                readings=because,
                known=known,
                values=values,
                rule=rule,
                threshold=floor,
                ways=((f"SPECIAL:{issue}", "POLICY"),),
            )
        )

    def _reached(self, day: IssueDay, average: float | None, floor: float) -> tuple[int, str, list[Reading]]:
        config = self._config
        beyond_bp = in_bp(floor - day.worst.value)
        if beyond_bp >= config.confirm_beyond_bp > 0:
            return CONFIRMED, f"one print {config.confirm_beyond_bp:g} bp or more below the floor", [day.worst]
        if day.prints_below >= config.confirm_prints:
            return CONFIRMED, f"{config.confirm_prints} prints of one day below the floor", day.below
        if config.confirm_vwap and average is not None and in_bp(average - floor) < 0:
            return CONFIRMED, "volume-weighted average below the floor", [day.average or day.worst]
        if beyond_bp > 0:
            return BREACHED, "a print below the floor, not confirmed", [day.worst]
        if -beyond_bp <= config.approach_bp:
            return APPROACHED, f"within {config.approach_bp:g} bp of the floor", [day.worst]
        return 0, "clear of the floor", [day.worst]

    def readings(self) -> dict[str, float]:
        """The floor of the last day with prints, and the lowest rate of each issue's last day, in percent."""
        if self._last_floor_pct is None:
            return {}
        worst = {f"special_{issue}_pct": day.worst.value for issue, day in self._days.items()}
        return {"floor_pct": self._last_floor_pct, **worst}

    def margins(self, now: int) -> list[Margin]:
        """The worst rate of each issue's last day against the floor, and against what is near it."""
        del now
        config = self._config
        return [
            Margin(
                name="breach",
                subject=issue,
                level=level,
                value=day.worst.value,
                threshold=day.floor_pct + bp / 100,
                unit="pct",
                rising=False,
                note=note,
            )
            for issue, day in self._days.items()
            for level, bp, note in (
                (APPROACHED, config.approach_bp, ""),
                (BREACHED, 0.0, ""),
                (CONFIRMED, 0.0, self._missing(issue, day)),
            )
        ]

    def _missing(self, issue: str, day: IssueDay) -> str:
        """What confirms a breach besides a print far beyond the floor; nothing once it is confirmed."""
        if self.level("breach", issue) >= CONFIRMED:
            return ""
        return f"{day.prints_below} of {self._config.confirm_prints} prints of one day below it"

    def snapshot(self) -> dict[str, Any]:
        """The policy book and the issues' days."""
        return {
            **super().snapshot(),
            "book": self._book.snapshot(),
            "days": msgspec.to_builtins(self._days),
            "floor_pct": self._last_floor_pct,
            "today": self._today,
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._book.restore(plain["book"])
        self._days = msgspec.convert(plain["days"], type=dict[str, IssueDay])
        self._last_floor_pct = plain["floor_pct"]
        self._today = plain["today"]
