"""Scenarios: heartbeats in band, days cut by what was known, one total order."""

import datetime as dt
from collections import defaultdict
from pathlib import Path

import pytest

from detectors.calendar import DAY, NS, ny, ny_date
from detectors.checks import check
from detectors.config import load
from detectors.engine import Engine
from detectors.events import STREAMS, Event, Heartbeat, order_key, stream_of
from replay.errors import ScenarioError
from replay.scenarios.heartbeats import heartbeats
from replay.scenarios.scenario import BUNDLED, Scenario, Script, named, script, script_of


def by_stream(events: list[Event]) -> dict[str, list[Event]]:
    streams: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        streams[stream_of(event)].append(event)
    return streams


def test_every_stream_begins_with_the_roster_and_ends_beyond_the_lateness(feb2021: Script) -> None:
    streams = by_stream(feb2021.events)
    assert set(streams) == set(STREAMS)
    for events in streams.values():
        first, last = events[0], events[-1]
        assert isinstance(first, Heartbeat)
        assert first.roster == STREAMS
        assert isinstance(last, Heartbeat)
        newest = max(event.known for event in events if not isinstance(event, Heartbeat)) if len(events) > 4000 else 0
        assert last.known - newest > 3600 * NS


def test_the_script_is_in_the_one_order_and_checked(feb2021: Script) -> None:
    assert feb2021.events == sorted(feb2021.events, key=order_key)
    for event in feb2021.events[::50]:
        check(event)
    assert len({(event.source, event.sequence) for event in feb2021.events}) == len(feb2021.events)


def test_days_are_cut_by_what_was_known(feb2021: Script) -> None:
    """The SOFR of the last day comes out on the Monday after, so it is not in."""
    figures = [event for event in feb2021.events if not isinstance(event, Heartbeat)]
    end = ny(dt.date(2021, 4, 10), "00:00")
    assert all(event.known < end for event in figures)
    sofr = max(event.ts for event in figures if event.source == "nyfed.sofr")
    assert ny_date(sofr) == dt.date(2021, 4, 8)


def test_hours_across_the_change_of_the_clocks() -> None:
    day = dt.date(2021, 3, 14)
    beats = [beat.known for beat in heartbeats(day, day, day, market="UST") if beat.stream == "repo"]
    hours = [known for known in beats if ny(day, "00:00") <= known < ny(dt.date(2021, 3, 15), "00:00")]
    assert len(hours) == 23
    assert beats == sorted(beats)
    assert beats[-2] == ny(dt.date(2021, 3, 15), "00:00")
    assert beats[-1] - beats[-2] == 3600 * NS


def test_a_market_played_to_a_day_is_settled_up_to_its_end_and_claims_no_day_more() -> None:
    day = dt.date(2017, 2, 1)
    merge = load().merge
    engine = Engine(load(), "UST")
    engine.process(script(Scenario("weeks", "a month", BUNDLED, dt.date(2017, 1, 1), day, day)).events)
    settled_ns = engine.status().watermark_ns
    end_ns = ny(day + DAY, "00:00")
    assert end_ns + merge.grid_s * NS <= settled_ns <= end_ns + 3600 * NS


def test_the_window_moves_and_the_rest_is_warm_up() -> None:
    scenario = named("feb2021").between(dt.date(2021, 2, 1), dt.date(2021, 2, 28))
    made = script(scenario)
    assert made.window_ns == ny(dt.date(2021, 2, 1), "00:00")
    figures = [event for event in made.events if not isinstance(event, Heartbeat)]
    assert ny_date(figures[0].known) == dt.date(2017, 1, 1)
    assert ny_date(figures[-1].known) == dt.date(2021, 2, 27) or ny_date(figures[-1].known) <= dt.date(2021, 2, 28)


@pytest.mark.parametrize(
    ("first", "last", "reason"),
    [
        ("2016-01-04", None, "before the data"),
        ("2021-03-01", "2021-02-01", "before --from"),
        ("2030-01-01", None, "after the end of feb2021, 2021-04-09"),
    ],
)
def test_days_that_make_no_sense(first: str, last: str | None, reason: str) -> None:
    with pytest.raises(ScenarioError, match=reason):
        named("feb2021").between(dt.date.fromisoformat(first), None if last is None else dt.date.fromisoformat(last))


def test_an_unknown_scenario_names_those_there_are() -> None:
    with pytest.raises(ScenarioError, match="feb2021, bundled"):
        named("mar2020")


def test_a_users_own_days(tmp_path: Path) -> None:
    rows = "date,series,value,unit\n2024-07-03,DGS10,4.36,percent\n2024-07-05,DGS10,4.28,percent\n"
    (tmp_path / "mine.csv").write_text(rows)
    made = script_of(tmp_path, None, None)
    assert (made.scenario.window, made.scenario.end) == (dt.date(2024, 7, 3), dt.date(2024, 7, 5))
    assert sum(not isinstance(event, Heartbeat) for event in made.events) == 2
    with pytest.raises(ScenarioError, match="before the data"):
        script_of(tmp_path, dt.date(2023, 1, 1), None)


def test_years_of_days_get_no_hourly_heartbeats() -> None:
    made = script(named("bundled"))
    assert sum(isinstance(event, Heartbeat) for event in made.events) < 30_000
