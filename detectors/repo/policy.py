"""The policy rates in force at a moment: what several detectors measure repo rates against."""

import datetime as dt
from typing import Any

import msgspec

from detectors import calendar
from detectors.events import PolicyRate

KEPT = 16


class PolicyBook:
    """The last few decisions by the day they take effect, and the next few announced, which wait for theirs."""

    def __init__(self) -> None:
        self._decisions: list[PolicyRate] = []

    def add(self, event: PolicyRate) -> None:
        """Take a decision; one for the same effective time replaces the earlier."""
        kept = [decision for decision in self._decisions if decision.ts != event.ts]
        ordered = sorted([*kept, event], key=lambda decision: decision.ts)
        past = [decision for decision in ordered if decision.ts <= event.known]
        coming = [decision for decision in ordered if decision.ts > event.known]
        self._decisions = past[-KEPT:] + coming[:KEPT]

    def at(self, ts: int) -> PolicyRate | None:
        """The decision in force at a moment, or None when none is known."""
        return next((decision for decision in reversed(self._decisions) if decision.ts <= ts), None)

    def before_session(self, day: dt.date) -> PolicyRate | None:
        """The decision in force at 17:00 New York on the session before a day: the fails charge's reference."""
        return self.at(calendar.ny(calendar.previous_business_day(day), "17:00"))

    def snapshot(self) -> list[Any]:
        """The decisions as plain values."""
        return [msgspec.to_builtins(decision) for decision in self._decisions]

    def restore(self, plain: list[Any]) -> None:
        """Take them back."""
        self._decisions = [msgspec.convert(record, type=PolicyRate) for record in plain]
