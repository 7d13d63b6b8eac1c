"""``data check``: what each file is, what is missing by the series' own calendar, and what can be judged with it."""

import datetime as dt
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from crunchwatch import main
from replay.dataset.catalogue import CATALOGUE
from replay.dataset.expected_days import Gap, gaps
from tests.support import publishers as made

HEADER = "date,series,value,unit\n"


def check(directory: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["data", "check", str(directory), *options], env={"COLUMNS": "200"})


def days(*texts: str) -> list[dt.date]:
    return [dt.date.fromisoformat(text) for text in texts]


@pytest.mark.parametrize(
    ("series", "have", "missing"),
    [
        ("DGS10", ["2021-02-12", "2021-02-16"], []),  # Washington's Birthday between
        ("SOFR", ["2021-02-12", "2021-02-19"], [("2021-02-16", "2021-02-18", 3)]),
        ("TFF_TY_AM_LONG", ["2018-12-18", "2018-12-24", "2018-12-31", "2019-01-08"], []),  # Mondays before holidays
        ("TFF_TY_AM_LONG", ["2021-02-02", "2021-02-23"], [("2021-02-09", "2021-02-16", 2)]),
        ("PDFTD-USTET", ["2024-07-03", "2024-07-17"], [("2024-07-10", "2024-07-10", 1)]),
        ("RRPONTSYD", ["2021-02-03", "2021-02-10", "2021-02-17", "2021-02-24", "2021-03-03"], []),  # kept weekly
        ("DFEDTARL", ["2020-03-16", "2022-03-17"], []),  # a policy rate stays
        ("HANG_SENG", ["2021-02-11", "2021-02-16"], []),  # the lunar New Year
        ("HANG_SENG", ["2021-02-11", "2021-03-16"], [("2021-02-12", "2021-03-15", 22)]),
        ("SP500", ["2021-02-11", "2021-02-16"], [("2021-02-12", "2021-02-12", 1)]),
    ],
)
def test_days_are_missing_by_the_series_own_calendar(series: str, have: list[str], missing: list[tuple]) -> None:
    expected = [Gap(*days(first, last), count) for first, last, count in missing]
    assert gaps(CATALOGUE[series], days(*have)) == expected


@pytest.mark.slow("the first to load every detector; the folder is told twice")
def test_a_folder_is_told_file_by_file(tmp_path: Path) -> None:
    curve = 'Date,"1 Mo","10 Yr"\n03/03/2021,,1.47\n02/25/2021,0.03,1.54\n03/01/2021,0.03,1.45\n'
    (tmp_path / "curve.csv").write_text(curve)
    (tmp_path / "mine.csv.gz").write_bytes(made.gzipped((HEADER + "2021-03-01,VIXX,20,index\n").encode()))
    (tmp_path / "notes.md").write_text("mine")
    result = check(tmp_path, "--json")
    found = orjson.loads(result.stdout)
    curve_file, mine, notes = found["files"]
    assert curve_file["format"] == "US Treasury, par yield curve"
    [ten, month] = curve_file["series"]
    assert (ten["series"], ten["figures"], ten["first"], ten["last"]) == ("DGS10", 3, "2021-02-25", "2021-03-03")
    assert (month["blanks"], ten["out_of_order"]) == (1, 1)
    assert (mine["path"], mine["left_out"]) == ("mine.csv.gz", 1)
    assert notes["not_read"].startswith("columns of no known kind")
    series = {one["series"]: one for one in found["series"]}
    assert series["DGS10"]["gaps"] == [["2021-02-26", "2021-02-26", 1], ["2021-03-02", "2021-03-02", 1]]
    judged = {one["detector"]: one for one in found["detectors"]}
    assert judged["fails"]["verdict"] == "cannot"
    assert judged["levels"]["verdict"] == "too short"
    assert judged["levels"]["short"] == {"YIELD:10Y": 7}
    assert result.exit_code == 1
    for shown in ("curve.csv", "US Treasury, par yield curve", "not read: notes.md", "1 out of order", "too short"):
        assert shown in check(tmp_path).stdout


def test_what_cannot_be_used_is_told_of_every_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "2021-03-01,DGS10,1.45,percent\n2021-03-02,DGS10,x,percent\n")
    (tmp_path / "b.csv").write_bytes(b"\xff\x00\xff")
    (tmp_path / "c.csv").write_text(HEADER + "2021-03-01,DGS2,0.13,percent\n")
    result = check(tmp_path, "--json")
    found = orjson.loads(result.stdout)
    assert result.exit_code == 3
    assert [text.split(": ")[0] for text in found["errors"]] == [f"{tmp_path}/a.csv:3", f"{tmp_path}/b.csv"]
    assert {one["series"] for one in found["series"]} == {"DGS10", "DGS2"}


def test_a_clean_folder_gives_zero_and_no_folder_an_error(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(HEADER + "2021-03-01,DGS2,0.13,percent\n")
    assert check(tmp_path).exit_code == 0
    missing = check(tmp_path / "nowhere")
    assert missing.exit_code == 3
    assert "no such directory" in missing.output
    (tmp_path / "c.csv").unlink()
    assert orjson.loads(check(tmp_path, "--json").stdout)["files"] == []


def test_what_was_revised_is_counted(tmp_path: Path) -> None:
    rows = "2021-03-01,DGS10,1.45,percent,2021-03-01T18:00\n2021-03-01,DGS10,1.46,percent,2021-03-03T09:00\n"
    (tmp_path / "a.csv").write_text("date,series,value,unit,known\n" + rows)
    found = orjson.loads(check(tmp_path, "--json").stdout)
    assert [(one["series"], one["figures"], one["revised"]) for one in found["series"]] == [("DGS10", 1, 1)]
    assert found["files"][0]["series"][0]["dated"] == 2
