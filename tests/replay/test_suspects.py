"""Figures that cannot be believed at once: held back, named, and taken when another figure agrees."""

from collections.abc import Callable
from pathlib import Path

import pytest

from detectors.calendar import ny_date
from detectors.events import Event, RepoPrint, YieldQuote
from replay.dataset.loader import load
from tests.support.own_files import FIGURES, said, series, utc, write

CALM = [2.4 + 0.02 * (step % 5) for step in range(30)]
RRP = [2200.0 + 20 * (step % 7) for step in range(30)]
FAILS = "".join(
    f"2022-{month:02}-{day:02},PDFTD-USTET,{100_000 + 2_000 * day},\n"
    for month, days in ((1, (5, 12, 19, 26)), (2, (2, 9, 16, 23)), (3, (2, 9, 16, 23)))
    for day in days
)


def values(directory: Path, source: str) -> list[tuple[str, float]]:
    def value(event: Event) -> float:
        named = {"mid_pct", "rate_pct", "takeup_usd", "to_deliver_usd", "level_points"}
        return next(float(getattr(event, name)) for name in sorted(named) if getattr(event, name, None) is not None)

    return [(ny_date(e.ts).isoformat(), value(e)) for e in load(directory).events if e.source == source]


def spoiled(name: str, good: list[float], change: Callable[[float], float], unit: str = "percent", at: int = 20) -> str:
    return series(name, "2017-01-03", [*good[:at], change(good[at]), *good[at + 1 :]], unit)


@pytest.mark.parametrize(
    ("name", "good", "source", "unit"),
    [
        ("DGS10", CALM, "ust.par.10Y", "percent"),
        ("SOFR", CALM, "nyfed.sofr", "percent"),
        ("OIS_3M_USD", CALM, "ois.3M", "percent"),
        ("RRPONTSYD", RRP, "nyfed.on_rrp", "USD bn"),
        ("SP500", [2300.0 + step for step in range(30)], "index.SP500", "index"),
    ],
)
@pytest.mark.parametrize("factor", [0.0, 0.1, 10.0, 0.01])
def test_a_figure_far_from_its_past_and_from_the_next_is_left_out(
    tmp_path: Path, name: str, good: list[float], source: str, unit: str, factor: float
) -> None:
    write(tmp_path, FIGURES + spoiled(name, good, lambda value: value * factor, unit))
    (warning,) = load(tmp_path).warnings
    assert warning.startswith(f"mine.csv:22: {name} of 2017-02-01 is ")
    assert "suspect" in warning
    assert len(values(tmp_path, source)) == len(good) - 1


@pytest.mark.parametrize("factor", [10.0, 0.1, 0.001])
def test_weekly_amounts_as_well(tmp_path: Path, factor: float) -> None:
    wrong = f"2022-03-30,PDFTD-USTET,{100_000 * factor:g},\n2022-04-06,PDFTD-USTET,120000,\n"
    write(tmp_path, FIGURES + FAILS + wrong)
    (warning,) = load(tmp_path).warnings
    assert warning.startswith("mine.csv:14: PDFTD-USTET of 2022-03-30")
    assert len(values(tmp_path, "nyfed.fr2004.fails")) == 13


def test_a_slipped_decimal_crosses_no_level(tmp_path: Path) -> None:
    write(tmp_path, FIGURES + spoiled("DGS10", CALM * 3, lambda value: value / 10, at=60))
    assert said(tmp_path) == []


def test_a_row_of_a_day_without_a_session_is_no_close(tmp_path: Path) -> None:
    """Good Friday 2017: zero for a missing value, or the last one carried forward."""
    for value in ("0", "2.24"):
        write(tmp_path, FIGURES + series("DGS10", "2017-01-03", CALM * 3) + f"2017-04-14,DGS10,{value},percent\n")
        assert load(tmp_path).warnings == [
            "mine.csv:92: DGS10 of 2017-04-14, a day without a session: not a close, left out"
        ]
        assert "2017-04-14" not in dict(values(tmp_path, "ust.par.10Y"))
        assert said(tmp_path) == []


@pytest.mark.parametrize(
    ("row", "taken"),
    [
        ("2021-02-27,SOFR,0.01,percent", False),  # a Saturday
        ("2021-02-15,GCF_TSY,0.05,percent", False),  # Washington's Birthday
        ("2018-12-05,GCF_TSY,2.35,percent", True),  # cash was closed, repo settled
        ("2018-12-05,DGS10,2.91,percent", False),
        ("2021-02-15,NIKKEI225,30084,index", True),  # no holiday in Tokyo
        ("2021-02-27,NIKKEI225,30084,index", False),
        ("2021-02-15,OIS_3M_USD,0.08,percent", True),  # London trades
        ("1997-03-28,DGS10,6.78,percent", True),  # before the schedules that the calendar was compared with
        ("1997-03-29,DGS10,6.78,percent", False),
    ],
)
def test_each_series_has_its_own_days(tmp_path: Path, row: str, taken: bool) -> None:
    write(tmp_path, FIGURES + "2021-02-26,DGS2,0.14,percent\n" + row + "\n")
    data = load(tmp_path)
    assert len(data.events) == 1 + taken
    assert len(data.warnings) == 1 - taken


def test_many_rows_of_closed_days_are_a_few_lines(tmp_path: Path) -> None:
    rows = "".join(f"2021-02-{day:02},DGS10,1.2,percent\n" for day in range(1, 29))
    assert load(write(tmp_path, FIGURES + rows)).warnings[-1] == "and 4 more DGS10 on days without a session"


def test_a_level_that_stays_is_taken_when_the_next_figure_agrees(tmp_path: Path) -> None:
    """1.10 to 0.05 in a day: the first figure is known when the second is."""
    rows = series("SOFR", "2020-03-02", [1.58, 1.59, 1.57, 1.58, 1.1, 1.09, 1.1, 0.05, 0.06, 0.05])
    data = load(write(tmp_path, FIGURES + rows))
    drop, after = [e for e in data.events if isinstance(e, RepoPrint)][7:9]
    assert (drop.rate_pct, after.rate_pct) == (0.05, 0.06)
    assert drop.known == after.known == utc("2020-03-13T12:00")
    assert data.warnings == [
        "mine.csv:9: SOFR of 2020-03-11 is 0.05 after 1.1: suspect, taken when mine.csv:10 agreed",
    ]


def test_another_publisher_who_had_said_the_same_is_enough(tmp_path: Path) -> None:
    """The index of the evening before tells the same jump as the rate of the morning."""
    calm, jump = [0.05, 0.06, 0.05, 0.07, 0.06, 0.05], [5.25, 0.06]
    rows = series("SOFR", "2019-09-09", calm + jump) + series("GCF_TSY", "2019-09-09", [*calm, 5.3, 5.4])
    data = load(write(tmp_path, FIGURES + rows))
    assert [e.rate_pct for e in data.events if e.source == "nyfed.sofr" and isinstance(e, RepoPrint)] == calm + jump
    assert "taken when mine.csv:16 agreed" in data.warnings[0]


def test_zeros_in_a_row_confirm_nothing(tmp_path: Path) -> None:
    write(tmp_path, FIGURES + series("DGS10", "2017-01-03", [*CALM, 0, 0, 0, 2.4]))
    assert [value for _, value in values(tmp_path, "ust.par.10Y")] == pytest.approx([*CALM, 2.4])


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("SOFR", [0.05, 0.04, 0.05, 0.01, 0.1, 0.01, 0.0, 0.02, 0.3, 0.3]),  # 2021, and March 2022
        ("DGS1MO", [0.04, 0.03, 0.0, 0.01, 0.09, 0.02, 0.0, 0.05]),
        ("GCF_TSY", [0.02, -0.01, 0.07, 0.0, -0.02, 0.15]),
        ("SOFR", [2.2, 2.19, 2.2, 2.43, 5.25, 2.55, 1.95]),  # September 2019
    ],
)
def test_what_rates_really_do_is_not_suspect(tmp_path: Path, name: str, given: list[float]) -> None:
    data = load(write(tmp_path, FIGURES + series(name, "2021-03-01", given)))
    assert data.warnings == []
    assert len(data.events) == len(given)


def test_take_up_that_grows_from_nothing_is_not_suspect(tmp_path: Path) -> None:
    given = [10.0, 11.2, 2.1, 1.0, 0.0, 0.025, 0.1, 11.1, 0.0, 0.7, 0.0, 2.1, 26.6, 0.0, 134.3]  # spring 2021
    data = load(write(tmp_path, FIGURES + series("RRPONTSYD", "2021-03-08", given, "USD bn")))
    assert len(data.events) == len(given)


def test_a_correction_that_cannot_be_believed_is_left_out(tmp_path: Path) -> None:
    text = FIGURES.replace("unit", "unit,known") + series("DGS10", "2017-01-03", CALM).replace("percent", "percent,")
    write(tmp_path, text + "2017-02-01,DGS10,0.24,percent,2017-02-02T12:00\n")
    data = load(tmp_path)
    assert len([e for e in data.events if isinstance(e, YieldQuote)]) == len(CALM)
    assert data.warnings[0].startswith("mine.csv:32: DGS10 of 2017-02-01 is 0.24")


def test_after_a_long_silence_the_past_says_nothing(tmp_path: Path) -> None:
    rows = series("TGCR", "2018-03-01", CALM) + series("TGCR", "2020-12-01", [0.06, 0.07])
    assert load(write(tmp_path, FIGURES + rows)).warnings == []
