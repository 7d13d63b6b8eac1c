"""A year's days add up, states count by the worst of a day, and onsets by what they begin from."""

import datetime as dt
from dataclasses import replace

import orjson
import pytest
from click.testing import CliRunner

from crunchwatch import main
from detectors.calendar import is_business_day, ny
from detectors.config import load
from detectors.signals import Signal
from replay.backtest.by_year import Year, by_year
from replay.scenarios.scenario import Script
from tests.support.steps import step

DAY = dt.timedelta(days=1)


def days(first: str, last: str) -> list[dt.date]:
    day, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    return [one for n in range((end - day).days + 1) if is_business_day(one := day + n * DAY)]


def blind(day: str, clock: str, feed: str, level: int) -> Signal:
    at = ny(dt.date.fromisoformat(day), clock)
    return Signal(
        market="UST", ts=at, known=at, detector="feed_health", name="blind", subject=feed, level=level, values={},
        rule="", threshold=None, causes=(), provenance="official", config_hash="",
    )  # fmt: skip


@pytest.fixture
def window(feb2021: Script) -> Script:
    """Two years' ends: 14 December 2020 to 15 January 2021."""
    days_of = replace(feb2021.scenario, window=dt.date(2020, 12, 14), end=dt.date(2021, 1, 15))
    return replace(feb2021, scenario=days_of)


def test_a_history_by_hand(window: Script) -> None:
    said = [
        step("2020-12-01", "18:00", "normal", "crunch"),  # before the window: the state it begins with, no onset
        step("2020-12-16", "00:00", "crunch", "normal", "none"),  # the 16th itself is normal
        step("2020-12-18", "10:00", "normal", "crunch", "squeeze"),
        step("2020-12-18", "12:00", "crunch", "normal", "none"),  # within the day: the day was a crunch
        step("2020-12-31", "12:00", "normal", "de_facto_default", "squeeze"),
        step("2021-01-05", "09:00", "de_facto_default", "crunch", "squeeze"),
        step("2021-01-06", "09:00", "crunch", "de_facto_default", "scarcity"),
        step("2021-01-08", "00:00", "de_facto_default", "crunch", "scarcity"),
        step("2021-01-09", "00:00", "crunch", "normal", "none"),
    ]
    before, after = by_year(said, window, load())
    assert (before.year, before.days) == (2020, len(days("2020-12-14", "2020-12-31")))
    assert before.states == {"normal": before.days - 4, "crunch": 3, "de_facto_default": 1}
    assert before.onsets == {"crunch": 1, "de_facto_default": 1}
    assert before.kinds == {"squeeze": 2}
    # 4 to 7 January in default (the 5th and the 6th in part), the 8th in a crunch
    assert after.states == {"normal": after.days - 5, "crunch": 1, "de_facto_default": 4}
    assert after.onsets == {"crunch": 0, "de_facto_default": 1}
    assert after.kinds == {"scarcity": 1}
    assert (after.first, after.last) == (dt.date(2021, 1, 4), dt.date(2021, 1, 15))


def test_blindness_counts_by_the_days_end(window: Script) -> None:
    said = [
        blind("2020-12-01", "00:00", "futures", 1),
        blind("2020-12-15", "18:00", "futures", 0),  # seen again at the end of the 15th
        blind("2021-01-12", "00:00", "futures", 1),  # the midnight that begins the 12th
    ]
    before, after = by_year(said, window, load())
    assert (before.blind_days["futures"], after.blind_days["futures"]) == (1, 4)
    assert before.blind_days["fails"] == before.days  # never heard in the bundled data
    assert before.blind_days["yields"] == 0


@pytest.mark.usefixtures("remembered")
@pytest.mark.parametrize("preset", ["desk", "framework"])
def test_every_year_adds_up(preset: str) -> None:
    shown = CliRunner().invoke(main, ["backtest", "bundled", "--years", "--json", "--preset", preset])
    assert shown.exit_code == 0, shown.output
    years = [orjson.loads(line) for line in shown.stdout.splitlines()]
    assert [year["year"] for year in years] == list(range(2017, 2024))
    assert sum(year["days"] for year in years) == len(days("2017-01-03", "2023-06-30"))
    for year in years:
        assert year["days_are"] == "SIFMA sessions"
        assert sum(year["states"].values()) == year["days"]
        assert sum(year["kinds"].values()) == sum(year["onsets"].values())
        assert all(0 <= count <= year["days"] for count in year["blind_days"].values())
        assert year["days"] == len(days(year["first"], year["last"]))
    assert years[0]["states"]["crunch"] == 0  # calm 2017
    assert sum(year["onsets"]["de_facto_default"] for year in years) >= 1


@pytest.mark.usefixtures("remembered")
def test_as_one_table() -> None:
    shown = CliRunner().invoke(main, ["backtest", "feb2021", "--years"], env={"COLUMNS": "160"})
    assert shown.exit_code == 0
    for text in ("2021", "SIFMA sessions", "onsets", "fails 68"):
        assert text in shown.stdout
    assert "chronology" not in shown.stdout


def test_days_without_a_session(window: Script) -> None:
    weekend = replace(window.scenario, window=dt.date(2021, 1, 16), end=dt.date(2021, 1, 18))
    found: list[Year] = by_year([], replace(window, scenario=weekend), load())
    assert found == []
