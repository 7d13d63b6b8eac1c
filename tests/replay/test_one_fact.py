"""One fact is one record: rows that repeat one another, and rows that contradict; prints, figures, auctions."""

from pathlib import Path

import pytest

from detectors.events import AuctionResult, RepoPrint, ReverseRepo
from replay.dataset.loader import load
from replay.errors import DataError
from tests.support.own_files import FIGURES, MARKS, PRINTS, SQUEEZE, states, utc, write

LOW = "2021-03-03,10:15,10Y-OTR,print,-3.20,broker screen\n"


def specials(directory: Path) -> list[tuple[str, str, float]]:
    events = load(directory).events
    return [
        (e.instrument, e.statistic, e.rate_pct) for e in events if isinstance(e, RepoPrint) and e.segment == "SPECIAL"
    ]


@pytest.mark.parametrize(
    "files",
    [
        (LOW, LOW),
        (LOW + LOW,),
        (LOW, "2021-03-03,10:15,10y-otr ,Print,-3.2, Broker  Screen\n"),
        (LOW, "2021-03-03,10:15, 10Y-OTR,print,-3.200,broker screen\n", LOW),
    ],
    ids=["two files", "one file", "another spelling", "three"],
)
def test_the_same_row_again_is_one_print(tmp_path: Path, files: tuple[str, ...]) -> None:
    write(tmp_path, SQUEEZE)
    for number, text in enumerate(files):
        write(tmp_path, PRINTS + text, f"p{number}.csv")
    assert specials(tmp_path) == [("10Y-OTR", "print", -3.2)]
    assert states(tmp_path) == ["crunch"]


@pytest.mark.parametrize(
    "second",
    [
        "2021-03-03,11:15,10Y-OTR ,print,-3.25,broker screen\n",
        "2021-03-03,10:15,10Y-OTR,print,-3.25,broker screen\n",
        "2021-03-03,11:15,10y-otr,print,-3.20,broker screen\n",
    ],
    ids=["a trailing blank", "another value", "another hour"],
)
def test_another_print_of_the_same_issue_is_the_second(tmp_path: Path, second: str) -> None:
    write(tmp_path, SQUEEZE)
    write(tmp_path, PRINTS + LOW + second, "p.csv")
    assert [name for name, _, _ in specials(tmp_path)] == ["10Y-OTR", "10Y-OTR"]
    assert states(tmp_path)[-1] == "de_facto_default"


def test_the_same_minute_and_rate_from_another_source_is_a_copy(
    tmp_path: Path,
) -> None:
    """A story and its repost look the same as two brokers who saw one trade: alone it confirms nothing."""
    write(tmp_path, SQUEEZE)
    write(tmp_path, PRINTS + LOW + "2021-03-03,10:15,10Y-OTR,print,-3.20,another broker\n", "p.csv")
    assert len(specials(tmp_path)) == 2  # both are there: it is the engine that takes them for one
    assert states(tmp_path)[-1] == "crunch"


@pytest.mark.parametrize("short", ["37833100", "03783310"], ids=["a zero lost", "no check digit"])
def test_a_cusip_that_was_cut_short_is_the_whole_one_and_warned_of(tmp_path: Path, short: str) -> None:
    write(tmp_path, SQUEEZE)
    rows = f"2021-03-03,10:15,037833100,print,-3.20,x\n2021-03-03,11:15,{short},print,-3.25,x\n"
    write(tmp_path, PRINTS + rows, "p.csv")
    assert {name for name, _, _ in specials(tmp_path)} == {"037833100"}
    assert [
        warning for warning in load(tmp_path).warnings if warning.startswith(f"p.csv:3: {short} is taken as 037833100")
    ]


@pytest.mark.parametrize(
    ("name", "doubt"),
    [("91282CBL5", "its check digit would be 4"), ("37833100", "037833100 without its leading zeros")],
)
def test_an_issue_that_may_be_misspelt_is_named(tmp_path: Path, name: str, doubt: str) -> None:
    write(tmp_path, PRINTS + f"2021-03-03,10:15,{name},print,-3.20,x\n")
    (warning,) = load(tmp_path).warnings
    assert warning.startswith("mine.csv:2: ")
    assert doubt in warning


@pytest.mark.parametrize("kind", ["low", "high", "average", "close"])
def test_two_values_of_what_is_one_a_day_are_refused_with_both_places(tmp_path: Path, kind: str) -> None:
    row = f"2021-03-03,10:15,10Y-OTR,{kind},-3.20,x\n"
    write(tmp_path, PRINTS + row, "p.csv")
    write(tmp_path, PRINTS + row.replace("10:15", "15:00").replace("-3.20", "-3.30"), "q.csv")
    with pytest.raises(DataError, match=r"q\.csv:2: .* -3\.3 here and -3\.2 in p\.csv:2"):
        load(tmp_path)
    write(tmp_path, PRINTS + row, "q.csv")
    assert specials(tmp_path) == [("10Y-OTR", kind, -3.2)]


def test_two_closes_of_a_mark_are_refused_too(tmp_path: Path) -> None:
    rows = "2021-02-25,,DGS10,high,1.614,percent,x\n2021-02-25,,dgs10,high,1.610,percent,y\n"
    with pytest.raises(DataError, match=r"mine\.csv:(2|3): .* in mine\.csv:(2|3)"):
        load(write(tmp_path, MARKS + rows))


def test_what_is_published_comes_before_what_is_indicative(tmp_path: Path) -> None:
    rows = "".join(
        f"2018-04-0{day},{name},{value},percent\n"
        for day, name, value in ((3, "SOFR", 1.83), (3, "SOFR_HIST_PROXY", 1.84), (2, "SOFR_HIST_PROXY", 1.8))
    )
    data = load(write(tmp_path, FIGURES + rows))
    assert [(e.source, e.rate_pct) for e in data.events if isinstance(e, RepoPrint)] == [
        ("nyfed.sofr.proxy", 1.8),
        ("nyfed.sofr", 1.83),
    ]
    assert data.warnings == ["mine.csv:3: SOFR_HIST_PROXY is left out on the 1 days that SOFR has, first 2018-04-03"]


def test_a_figure_in_two_files_is_one(tmp_path: Path) -> None:
    write(tmp_path, FIGURES + "2021-02-25,DGS10,1.54,percent\n", "a.csv")
    write(tmp_path, FIGURES + "2021-02-25, dgs10 ,154,bp\n", "b.csv")
    assert len(load(tmp_path).events) == 1


def test_what_was_lent_of_each_issue_is_summed_to_the_facilitys_day(tmp_path: Path) -> None:
    rows = "2021-03-04,,SOMA_LENT_10Y,day,8.7,USD bn,x\n2021-03-04,,SOMA_LENT_5Y,day,1300,USD mn,x\n" * 2
    events = load(write(tmp_path, MARKS + rows + "2021-03-05,,SOMA_LENT_10Y,day,8,USD bn,x\n")).events
    assert [(e.source, e.takeup_usd) for e in events if isinstance(e, ReverseRepo)] == [
        ("quoted.soma.lent", 10e9),
        ("quoted.soma.lent", 8e9),
    ]


HIGH = "2021-02-25,13:00,AUCTION_7Y_HIGH_YIELD,,1.195,percent,x\n"


@pytest.mark.parametrize(
    ("rows", "line", "reason"),
    [
        (HIGH + HIGH.replace("1.195", "1.591"), 3, "1.591 here and 1.195 in mine.csv:2"),
        (HIGH + HIGH.replace("1.195", "1.591").replace("13:00", ""), 3, "in mine.csv:2"),
        (HIGH + "2021-02-25,13:00,AUCTION_7Y_BID_TO_COVER,,0,ratio,x\n", 3, "a cover of 0"),
        (HIGH + "2021-02-25,13:00,AUCTION_7Y_DEALER_SHARE,,0.398,percent,x\n", 3, "a share of 0.398 % is a fraction"),
        (HIGH + "2021-02-25,13:00,AUCTION_7Y_OFFERING,,62,,x\n", 3, "the unit is empty"),
        (HIGH + "2021-02-25,13:00,AUCTION_7Y_WHEN_ISSUED,,11.51,percent,x\n", 2, "more than 0.5 from the 11.51"),
    ],
    ids=["two yields", "another hour", "no cover", "a fraction", "no unit", "far from when-issued"],
)
def test_an_auction_that_cannot_be_is_refused_with_its_line(tmp_path: Path, rows: str, line: int, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        load(write(tmp_path, MARKS + rows))
    assert caught.value.line == line
    assert reason in caught.value.reason


def test_a_small_share_stands_where_the_shares_make_a_whole(tmp_path: Path) -> None:
    shares = (("INDIRECT", 60.1), ("DIRECT", 0.5), ("DEALER", 39.4))
    rows = "".join(f"2008-02-25,13:00,AUCTION_7Y_{name}_SHARE,,{share},percent,x\n" for name, share in shares)
    (auction,) = load(write(tmp_path, MARKS + HIGH.replace("2021", "2008") + rows)).events
    assert isinstance(auction, AuctionResult)
    assert auction.direct_share_pct == 0.5


@pytest.mark.parametrize(
    ("hour", "ts", "known"),
    [
        ("13:00", "2021-02-25T18:00", "2021-02-25T18:05"),
        ("11:30", "2021-02-25T16:30", "2021-02-25T16:35"),
        ("", "2021-02-25T18:00", "2021-02-25T18:05"),
    ],
)
def test_an_auction_ends_at_the_hour_of_its_rows(tmp_path: Path, hour: str, ts: str, known: str) -> None:
    (auction,) = load(write(tmp_path, MARKS + HIGH.replace("13:00", hour))).events
    assert (auction.ts, auction.known) == (utc(ts), utc(known))


def test_a_correction_of_an_auction_is_a_second_record(tmp_path: Path) -> None:
    cover = "2021-02-25,13:00,AUCTION_7Y_BID_TO_COVER,,2.40,ratio,x,\n"
    later = cover.replace("2.40", "2.04").replace("x,", "x,2021-02-25T15:00")
    rows = MARKS.strip() + ",known\n" + HIGH.replace("x\n", "x,\n") + cover + later
    first, second = load(write(tmp_path, rows)).events
    assert isinstance(first, AuctionResult)
    assert isinstance(second, AuctionResult)
    assert (first.sequence, first.bid_to_cover_ratio) == (1, 2.4)
    assert (second.sequence, second.bid_to_cover_ratio, second.high_yield_pct) == (2, 2.04, 1.195)
    assert second.known == utc("2021-02-25T20:00")
