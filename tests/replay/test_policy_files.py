"""Policy rates in files: a series that ends, a range that cannot be, decisions that leave it as it was."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pytest

from detectors.events import PolicyRate
from replay.dataset.loader import load
from replay.errors import DataError
from tests.support.own_files import FIGURES, utc, write


def daily(name: str, first: str, last: str, steps: Mapping[str, float]) -> str:
    """A daily series, weekends included: the value of each day is that of the last step before it."""
    day, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    rows = []
    while day <= end:
        value = [steps[step] for step in sorted(steps) if step <= day.isoformat()][-1]
        rows.append(f"{day},{name},{value},percent\n")
        day += dt.timedelta(days=1)
    return "".join(rows)


LOW = {"2022-03-01": 0.0, "2022-03-17": 0.25, "2022-05-05": 0.75, "2022-06-16": 1.5}
HIGH = {day: low + 0.25 for day, low in LOW.items()}


def records(directory: Path, source: str = "fed.policy") -> list[tuple[float | None, float | None]]:
    events = [event for event in load(directory).events if event.source == source]
    return [(e.target_low_pct, e.target_high_pct) for e in events if isinstance(e, PolicyRate)]


@pytest.mark.parametrize(("ends", "goes_on"), [("DFEDTARL", "DFEDTARU"), ("DFEDTARU", "DFEDTARL")])
def test_a_side_that_ends_makes_no_record_while_the_other_goes_on(tmp_path: Path, ends: str, goes_on: str) -> None:
    steps = {"DFEDTARL": LOW, "DFEDTARU": HIGH}
    text = daily(ends, "2022-03-01", "2022-04-08", steps[ends]) + daily(
        goes_on, "2022-03-01", "2022-06-30", steps[goes_on]
    )
    data = load(write(tmp_path, FIGURES + text))
    assert records(tmp_path) == [(0.0, 0.25), (0.25, 0.5)]
    (warning,) = data.warnings
    assert warning.startswith(f"mine.csv:40: {ends} says nothing from 2022-04-08 on")


def test_a_side_rate_that_ends_is_no_part_of_later_records(tmp_path: Path) -> None:
    text = daily("DFEDTARL", "2022-03-01", "2022-06-30", LOW) + daily("DFEDTARU", "2022-03-01", "2022-06-30", HIGH)
    text += daily("IOER_IORB", "2022-03-01", "2022-04-08", {"2022-03-01": 0.15, "2022-03-17": 0.4})
    events = [e for e in load(write(tmp_path, FIGURES + text)).events if e.source == "fed.policy"]
    assert [e.iorb_pct for e in events if isinstance(e, PolicyRate)] == [0.15, 0.4, None, None]


def test_a_gap_of_five_sessions_is_none(tmp_path: Path) -> None:
    text = daily("DFEDTARL", "2022-03-01", "2022-05-04", LOW) + daily("DFEDTARL", "2022-05-12", "2022-06-30", LOW)
    text += daily("DFEDTARU", "2022-03-01", "2022-05-04", HIGH) + daily("DFEDTARU", "2022-05-10", "2022-06-30", HIGH)
    data = load(write(tmp_path, FIGURES + text))
    assert records(tmp_path)[-1] == (1.5, 1.75)
    assert data.warnings == []


def test_decisions_that_leave_the_range_are_said_in_a_stream_of_their_own(tmp_path: Path) -> None:
    """Meetings of 2021: 27 January, 17 March and 28 April left it where it was."""
    text = daily("DFEDTARL", "2021-01-04", "2021-05-31", {"2021-01-04": 0.0})
    text += daily("DFEDTARU", "2021-01-04", "2021-05-31", {"2021-01-04": 0.25})
    data = load(write(tmp_path, FIGURES + text))
    said = [(e.sequence, e.known) for e in data.events if e.source == "fed.policy.unchanged"]
    assert said == [(1, utc("2021-01-27T23:00")), (2, utc("2021-03-17T22:00")), (3, utc("2021-04-28T22:00"))]
    assert records(tmp_path) == [(0.0, 0.25)]


@pytest.mark.parametrize(
    ("low", "high", "iorb", "line", "reason"),
    [
        (0.5, 0.25, 0.4, 3, "is crossed"),
        (0.0, 2.5, 0.4, 3, "is wider than 1"),
        (0.0025, 0.005, 0.4, 3, "fractions?"),
        (0.25, 0.5, 4.0, 4, "IOER_IORB is 4 % beside a target range"),
    ],
)
def test_what_policy_cannot_be_is_refused_with_its_line(
    tmp_path: Path, low: float, high: float, iorb: float, line: int, reason: str
) -> None:
    rows = (
        f"2022-03-17,DFEDTARL,{low},percent\n2022-03-17,DFEDTARU,{high},percent\n2022-03-17,IOER_IORB,{iorb},percent\n"
    )
    with pytest.raises(DataError) as caught:
        load(write(tmp_path, FIGURES + rows))
    assert caught.value.line == line
    assert reason in caught.value.reason


def test_one_target_without_a_range_is_one(tmp_path: Path) -> None:
    write(tmp_path, FIGURES + "2008-10-29,DFEDTARL,1,percent\n2008-10-29,DFEDTARU,1,percent\n")
    assert records(tmp_path) == [(1.0, 1.0)]
