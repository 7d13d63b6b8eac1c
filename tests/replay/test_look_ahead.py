"""Nothing is known before it was: what is made of the figures of a moment does not change by figures that come later.

Three ways to see it. Cut off what came later, and all events before stay as they were. Date one figure later, and no
event that rests on it stays where it was. Date all of them later, and what the engine says moves later. Leaks are
planted to see that they are found.
"""

import datetime as dt
from collections import defaultdict
from pathlib import Path

import pytest

from detectors import config
from detectors.calendar import DAY, NS, ny
from detectors.events import Event, FuturesPosition
from detectors.signals import Signal
from replay.backtest.run import run
from replay.dataset import plausibility, publication
from replay.dataset.catalogue import CATALOGUE
from replay.dataset.loader import load
from replay.dataset.publication import times
from replay.scenarios.scenario import script_of
from tests.support.own_files import DATED, PRINTS, sessions, write

Row = tuple[str, str, float, str, str]
"""Day, series, value, unit, and what the row says of when it was known."""

HOUR_NS = 3600 * NS
LATER = dt.timedelta(days=3)


def story() -> list[Row]:
    """Six weeks with a jump that the next figure confirms, one that none does, corrections, and reports of parts."""
    rows: list[Row] = []
    for number, day in enumerate(sessions("2021-01-04", 30)):
        text = day.isoformat()
        rate = 0.06 + 0.01 * (number % 3) if number < 20 else 1.6 + 0.01 * (number % 3)
        rows += [(text, "SOFR", 4.0 if number == 12 else rate, "percent", ""), (text, "SOFR_VOLUME", 900, "USD bn", "")]
        rows += [(text, "DGS10", 0.1 if number == 15 else 1.1 + 0.01 * number, "percent", "")]
        rows += [
            (text, "DFEDTARL", 0.0, "percent", ""),
            (text, "DFEDTARU", 0.25 if number < 20 else 0.5, "percent", ""),
        ]
        rows += [(text, "RRPONTSYD", 1.0 + number, "USD bn", "")]
        if day.weekday() == 1:
            for series, value in (("TFF_TY_AM_LONG", 900_000), ("TFF_TY_AM_SHORT", 950_000), ("TFF_TY_OI", 4_000_000)):
                rows.append((text, series, value + 10_000 * number, "contracts", ""))
            rows.append((text, "TFF_TY_AM_LONG", 800_000, "contracts", f"{day + 8 * DAY}T12:00"))
        if day.weekday() == 2:
            rows.append((text, "PDFTD-USTET", 113_000 + 1_000 * number, "", ""))
            rows.append((text, "PDFTD-USTET", 120_000, "", f"{day + 12 * DAY}T12:00"))
    rows.append(("2021-01-20", "DGS10", 1.27, "percent", "2021-01-22T09:00"))
    return rows


def known(row: Row) -> int:
    day, series, _, _, stated = row
    if stated:
        return ny(dt.date.fromisoformat(stated[:10]), stated[11:])
    return times(CATALOGUE[series].rule, dt.date.fromisoformat(day))[1]


def text(rows: list[Row]) -> str:
    return DATED + "".join(f"{day},{series},{value},{unit},{stated}\n" for day, series, value, unit, stated in rows)


def events(directory: Path, rows: list[Row], before: int) -> list[Event]:
    return [event for event in load(write(directory, text(rows))).events if event.known < before]


def cut(directory: Path) -> None:
    """At every noon of the story: with what came later, and without."""
    rows = story()
    for day in sessions("2021-01-05", 32):
        noon = ny(day, "12:30")
        later = events(directory, rows, noon)
        assert later == events(directory, [row for row in rows if known(row) < noon], noon), day


def test_what_comes_later_changes_nothing_before_it(tmp_path: Path) -> None:
    cut(tmp_path)


def test_a_leak_is_seen_a_suspect_taken_at_once_because_the_next_day_agrees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaky(
        self: plausibility._Series, day: dt.date, said: list[plausibility.Figure], *, by: plausibility.Figure
    ) -> None:
        self._take(day, said)

    monkeypatch.setattr(plausibility._Series, "_confirmed", leaky)
    with pytest.raises(AssertionError):
        cut(tmp_path)


def test_a_leak_is_seen_a_correction_dated_as_the_first_print(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def leaky(self: plausibility.Tables, series: str, day: dt.date) -> list[plausibility.Figure]:
        first = self.figures[series][day]
        newest = [first, *self.revisions.get(series, {}).get(day, [])][-1]
        return [newest._replace(known=first.known)]

    monkeypatch.setattr(plausibility.Tables, "said_of", leaky)
    with pytest.raises(AssertionError):
        cut(tmp_path)


def test_an_event_is_not_known_before_any_figure_it_rests_on(tmp_path: Path) -> None:
    """One row dated later: before that time all is as if it were not there."""
    rows = story()
    for at in range(0, len(rows), 29):
        day, series, value, unit, _ = rows[at]
        dated = known(rows[at]) + 5 * 24 * HOUR_NS
        stated = dt.datetime.fromtimestamp(dated // NS, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        moved = [*rows[:at], (day, series, value, unit, stated), *rows[at + 1 :]]
        assert events(tmp_path, moved, dated) == events(tmp_path, [*rows[:at], *rows[at + 1 :]], dated), rows[at]


# The releases of two reports as the CFTC made them, which is more than the rule knows of itself.
RELEASED = {"2025-10-07": ny(dt.date(2025, 11, 21), "15:30"), "2024-11-26": ny(dt.date(2024, 12, 2), "15:30")}


def weeks(directory: Path, spike: str) -> Path:
    """Two years of calm weeks of asset managers, and one in which they are as short as never before."""
    rows = []
    tuesday = dt.date.fromisoformat(spike) - 110 * 7 * DAY
    for number in range(111):
        last = number == 110
        short = 1_900_000 if last else 900_000 + 7_919 * number % 40_000
        rows += [f"{tuesday},TFF_TY_AM_LONG,900000,contracts\n", f"{tuesday},TFF_TY_AM_SHORT,{short},contracts\n"]
        tuesday += 7 * DAY
    return write(directory, DATED.replace(",known", "") + "".join(rows))


def extremes(directory: Path) -> list[int]:
    """When the engine first says that a position is at an extreme."""
    outputs = run(script_of(directory, None, None), config.load()).outputs
    return [one.known for one in outputs if isinstance(one, Signal) and one.name == "short_extreme" and one.level]


@pytest.mark.parametrize("as_of", RELEASED)
def test_a_position_is_extreme_when_its_report_is_out(tmp_path: Path, as_of: str) -> None:
    assert extremes(weeks(tmp_path, as_of))[-1] == RELEASED[as_of]


def test_a_leak_is_seen_a_report_known_on_its_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(publication._DAYS, "friday", lambda day: day + DAY)
    times.cache_clear()
    try:
        assert extremes(weeks(tmp_path, "2025-10-07"))[-1] < RELEASED["2025-10-07"]
    finally:
        times.cache_clear()


def moved(directory: Path, later: dt.timedelta) -> dict[tuple[str, ...], int]:
    """The first time of each thing the engine says of the squeeze, with every figure known so much later."""
    rows = [row for row in story() if row[1] != "DGS10"]
    stated = [(*row[:4], _iso(known(row) + int(later.total_seconds()) * NS)) for row in rows]
    write(directory, text(stated))
    low = "".join(
        f"2021-02-1{day},,10Y-OTR,low,-4.{day},x,2021-02-{10 + day + later.days}T18:00\n" for day in (0, 1, 2)
    )
    write(directory, PRINTS.strip() + ",known\n" + low, "prints.csv")
    first: dict[tuple[str, ...], int] = defaultdict(int)
    for one in run(script_of(directory, None, None), config.load()).outputs:
        key = (one.name, one.subject) if isinstance(one, Signal) else (one.from_state, one.to_state)
        first.setdefault(tuple(map(str, key)), one.known)
    return dict(first)


def _iso(at: int) -> str:
    return dt.datetime.fromtimestamp(at // NS, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_figures_that_are_known_later_make_outputs_later(tmp_path: Path) -> None:
    before, after = moved(tmp_path, dt.timedelta()), moved(tmp_path, LATER)
    assert before
    # That a feed or a series is silent rests on what is not there: it may be said sooner.
    shared = {key for key in before.keys() & after.keys() if key[0] not in {"blind", "silent"}}
    assert shared
    for key in shared:
        assert after[key] > before[key], key


def test_the_story_holds_what_it_is_about(tmp_path: Path) -> None:
    data = load(write(tmp_path, text(story())))
    assert any("taken when" in warning for warning in data.warnings)
    assert any("left out" in warning for warning in data.warnings)
    revised = [e for e in data.events if isinstance(e, FuturesPosition)]
    assert len(revised) > len({e.ts for e in revised})
