"""First prints and corrections side by side: each with its own ``known`` and its own number in the same stream."""

from pathlib import Path

import pytest

from detectors.events import FuturesPosition, PolicyRate, RepoPrint, SettlementFail, YieldQuote
from replay.dataset.loader import load
from replay.errors import DataError
from tests.support.own_files import DATED, PRINTS, utc, write

LONG = "2017-03-28,LEGACY_TY_NONCOMM_LONG,700000,contracts,2017-03-31T15:30\n"
CORRECTED = "2017-03-28,LEGACY_TY_NONCOMM_LONG,690000,contracts,2017-04-04T15:30\n"
SHORT = "2017-03-28,LEGACY_TY_NONCOMM_SHORT,650000,contracts,\n"


def test_a_report_is_given_anew_with_the_newest_of_each_part(tmp_path: Path) -> None:
    events = load(write(tmp_path, DATED + CORRECTED + LONG + SHORT)).events
    assert [
        (e.source, e.sequence, e.long_contracts, e.short_contracts, e.known)
        for e in events
        if isinstance(e, FuturesPosition)
    ] == [
        ("cftc.legacy.TY.noncommercial", 1, 700000, 650000, utc("2017-03-31T19:30")),
        ("cftc.legacy.TY.noncommercial", 2, 690000, 650000, utc("2017-04-04T19:30")),
    ]
    assert len({event.ts for event in events}) == 1


def test_open_interest_that_comes_later_completes_its_own_week(tmp_path: Path) -> None:
    rows = "".join(f"2021-03-02,TFF_TY_LEV_{side},700000,contracts,\n" for side in ("LONG", "SHORT"))
    rows += "2021-03-02,TFF_TY_OI,3500000,contracts,2021-03-09T12:00\n"
    first, second = load(write(tmp_path, DATED + rows)).events
    assert isinstance(first, FuturesPosition)
    assert isinstance(second, FuturesPosition)
    assert (first.open_interest_contracts, second.open_interest_contracts) == (None, 3500000)
    assert (first.sequence, second.sequence, first.ts) == (1, 2, second.ts)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("2021-02-26T14:30", "2021-02-26T19:30"),
        ("2021-02-26 14:30:00", "2021-02-26T19:30"),
        ("2021-02-26T19:30Z", "2021-02-26T19:30"),
        ("2021-02-26T20:30+01:00", "2021-02-26T19:30"),
        ("2021-02-26", "2021-02-27T04:59"),
    ],
)
def test_a_rate_corrected_in_the_afternoon(tmp_path: Path, text: str, known: str) -> None:
    rows = f"2021-02-25,SOFR,0.01,percent,\n2021-02-25,SOFR,0.03,percent,{text}\n"
    first, second = load(write(tmp_path, DATED + rows)).events
    assert isinstance(first, RepoPrint)
    assert isinstance(second, RepoPrint)
    assert (first.rate_pct, first.known, first.sequence) == (0.01, utc("2021-02-26T13:00"), 1)
    assert (second.rate_pct, second.known, second.sequence) == (0.03, utc(known), 2)


def test_a_close_a_volume_and_fails_are_corrected_alike(tmp_path: Path) -> None:
    rows = (
        "2021-02-25,DGS10,1.54,percent,\n2021-02-25,DGS10,1.53,percent,2021-03-01T10:00\n"
        "2021-02-25,SOFR,0.01,percent,\n2021-02-25,SOFR_VOLUME,900,,\n2021-02-25,SOFR_VOLUME,905,,2021-03-01T10:00\n"
        "2021-02-24,PDFTD-USTET,113000,,\n2021-02-24,PDFTR-USTET,99000,,\n2021-02-24,PDFTD-USTET,123000,,2021-03-11T16:15\n"
    )
    events = load(write(tmp_path, DATED + rows)).events
    assert [e.mid_pct for e in events if isinstance(e, YieldQuote)] == [1.54, 1.53]
    assert [(e.rate_pct, e.volume_usd) for e in events if isinstance(e, RepoPrint)] == [(0.01, 900e9), (0.01, 905e9)]
    fails = [(e.to_deliver_usd, e.to_receive_usd, e.sequence) for e in events if isinstance(e, SettlementFail)]
    assert fails == [(113e9, 99e9, 1), (123e9, 99e9, 2)]


def test_a_correction_of_policy_is_known_when_it_says(tmp_path: Path) -> None:
    rows = "".join(
        f"2021-02-0{day},{name},{value},percent,\n"
        for day in (1, 2, 3)
        for name, value in (("DFEDTARL", 0), ("DFEDTARU", 0.5))
    )
    rows += "2021-02-03,DFEDTARU,0.25,percent,2021-02-03T12:00\n"
    events = [e for e in load(write(tmp_path, DATED + rows)).events if isinstance(e, PolicyRate)]
    assert [(e.target_high_pct, e.known) for e in events] == [
        (0.5, utc("2021-02-01T05:00")),
        (0.25, utc("2021-02-03T17:00")),
    ]


def test_a_figure_that_is_said_again_is_no_correction(tmp_path: Path) -> None:
    rows = "".join(
        f"2021-02-25,DGS10,{value},percent,{known}\n"
        for value, known in (
            (1.54, ""),
            (1.54, "2021-03-01T10:00"),
            (1.53, "2021-03-02T10:00"),
            (1.54, "2021-03-03T10:00"),
        )
    )
    events = load(write(tmp_path, DATED + rows)).events
    assert [e.mid_pct for e in events if isinstance(e, YieldQuote)] == [1.54, 1.53, 1.54]


def test_a_print_may_say_when_it_was_known(tmp_path: Path) -> None:
    header = PRINTS.strip() + ",known\n"
    rows = "2021-03-04,,10Y-OTR,low,-4.25,x,2021-03-05T09:00\n2021-03-04,,10Y-OTR,low,-4.00,x,\n"
    first, second = load(write(tmp_path, header + rows)).events
    assert isinstance(first, RepoPrint)
    assert isinstance(second, RepoPrint)
    assert (first.rate_pct, second.rate_pct) == (-4.0, -4.25)
    assert (second.known, second.sequence) == (utc("2021-03-05T14:00"), 2)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (DATED + "2021-02-25,DGS10,1.54,percent,2021-02-25T09:00\n", 2, "earlier than what it is about"),
        (DATED + "2021-02-25,DGS10,1.54,percent,yesterday\n", 2, "is no time"),
        (DATED + "2021-02-25,DGS10,1.54,percent,9999-01-01\n", 2, "not in 1981 to 2098"),
        (
            DATED + "2021-02-25,DGS10,1.54,percent,\n2021-02-25,DGS10,1.5,percent,2021-02-25T18:00\n",
            3,
            "1.54 in mine.csv:2",
        ),
        (PRINTS.strip() + ",known\n2021-03-04,10:15,10Y-OTR,low,-4.25,x,2021-03-04T09:00\n", 2, "earlier than"),
    ],
    ids=["too early", "no time", "no year", "as early as the rule", "a print"],
)
def test_a_known_that_cannot_be_is_refused(tmp_path: Path, text: str, line: int, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        load(write(tmp_path, text))
    assert caught.value.line == line
    assert reason in caught.value.reason
