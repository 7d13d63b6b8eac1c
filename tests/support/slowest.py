"""The slowest tests of a run, each with the reason why it may take so long.

The reason is the test's own, ``@pytest.mark.slow("why")``, or, where much of the time went into something that many
tests share, what that was, by the first line of the fixture's docstring: whichever test comes first pays for it.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import pytest

SHOWN = 10
WORTH_SHOWING_S = 1.0
NEEDS_A_REASON_S = 5.0
NO_REASON = "NO REASON GIVEN"
REASON, SHARED = "slow: reason", "slow: shared"


@dataclass
class Taken:
    """What one test took, its part of the shared set-up included."""

    test: str
    seconds: float = 0.0
    reason: str = ""
    shared: list[tuple[float, str]] = field(default_factory=list)

    @property
    def why(self) -> str:
        """One line."""
        for_all = [
            f"{seconds:.0f} s of it for all: {what}" for seconds, what in self.shared if seconds >= self.seconds / 4
        ]
        if words := "; ".join([*filter(None, [self.reason]), *for_all]):
            return words
        return NO_REASON if self.seconds >= NEEDS_A_REASON_S else "-"


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: Any, request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """Remember what was set up for more than one test, and how long it took."""
    began = time.perf_counter()
    try:
        return (yield)
    finally:
        seconds = time.perf_counter() - began
        if fixturedef.scope != "function" and seconds >= WORTH_SHOWING_S:
            about = (fixturedef.func.__doc__ or NO_REASON).strip().splitlines()[0]
            paid(seconds, f"{fixturedef.argname}, {about}")


_paid: list[tuple[float, str]] = []


def paid(seconds: float, what: str) -> None:
    """The test that runs has paid for what others use as well."""
    _paid.append((seconds, what))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The reason travels with the report: under xdist another process prints it."""
    report = yield
    if report.when == "setup" and (mark := item.get_closest_marker("slow")) is not None:
        report.user_properties.append((REASON, str(mark.args[0])))
    report.user_properties.extend((SHARED, one) for one in _paid)
    _paid.clear()
    return report


def slowest(reports: list[Any]) -> list[Taken]:
    """The tests that took longest, set-up and clearing away included."""
    found: dict[str, Taken] = {}
    for report in reports:
        if not isinstance(report, pytest.TestReport):
            continue
        taken = found.setdefault(report.nodeid, Taken(report.nodeid))
        taken.seconds += report.duration
        for name, value in report.user_properties:
            if name == REASON:
                taken.reason = value
            elif name == SHARED:
                taken.shared.append(tuple(value))
    worth = [taken for taken in found.values() if taken.seconds >= WORTH_SHOWING_S]
    return sorted(worth, key=lambda taken: -taken.seconds)[:SHOWN]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print them."""
    reports = [report for category in terminalreporter.stats.values() for report in category]
    if found := slowest(reports):
        terminalreporter.section("the slowest tests and their reasons")
        for taken in found:
            terminalreporter.write_line(f"{taken.seconds:6.1f} s  {taken.test}\n          {taken.why}")
