"""The list of the slowest tests: in order, with their reasons, and the same when other processes ran them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import slowest

pytest_plugins = ["pytester"]
SUITE = '''
import pytest
from tests.support import slowest

@pytest.fixture(scope="module")
def broker():
    """One broker for all."""
    slowest.paid(6.0, "broker, One broker for all.")

@pytest.mark.slow("it counts to ten")
def test_ten(): pass
def test_seven(): pass
def test_six(broker): pass
def test_two(): pass
def test_none(): pass
'''
SECONDS = """
import pytest
TAKES = {"test_ten": 10.0, "test_seven": 7.0, "test_six": 6.5, "test_two": 2.0, "test_none": 0.0}

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.duration = TAKES[item.name] if report.when == "call" else 0.0
    return report
"""


@pytest.mark.slow("a run of pytest of its own, which starts its own processes")
@pytest.mark.parametrize("processes", ["0", "2"])
def test_the_slowest_are_listed_with_their_reasons(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, processes: str
) -> None:
    """No test is timed: the inner tests say themselves how long they took."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    pytester.makepyprojecttoml('[tool.pytest.ini_options]\nmarkers = ["slow(reason): why"]\n')
    pytester.makeconftest(SECONDS)
    pytester.makepyfile(SUITE)
    done = pytester.runpytest_subprocess("-p", slowest.__name__, "-n", processes)
    done.assert_outcomes(passed=5)
    lines = [line.strip() for line in done.outlines]
    begin = next(number for number, line in enumerate(lines) if "the slowest tests and their reasons" in line)
    listed = [line.rpartition("::")[2] for line in lines[begin + 1 :] if line]
    assert listed[:8] == [
        "test_ten", "it counts to ten",
        "test_seven", slowest.NO_REASON,
        "test_six", "6 s of it for all: broker, One broker for all.",
        "test_two", "-",
    ]  # fmt: skip
    assert "test_none" not in listed


def test_a_run_without_slow_tests_says_nothing() -> None:
    report = pytest.TestReport("a::test", ("a", 1, "test"), {}, "passed", None, "call", duration=0.5)
    assert slowest.slowest([report, "a warning"]) == []
    report.duration = 1.5
    assert [one.test for one in slowest.slowest([report])] == ["a::test"]
    assert len(slowest.slowest([_of(number) for number in range(20)])) == slowest.SHOWN


def _of(number: int) -> pytest.TestReport:
    return pytest.TestReport(f"a::{number}", ("a", 1, "test"), {}, "passed", None, "call", duration=2.0)
