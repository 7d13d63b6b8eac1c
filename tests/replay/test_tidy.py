"""A user's own files: what is there is used, what is not understood is named, what is wrong has a line."""

import datetime as dt
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from detectors.codec import decode, encode
from detectors.events import FundFlow, RepoPrint, SettlementFail, YieldQuote
from replay.dataset.loader import load
from replay.errors import DataError
from tests.support.own_files import FIGURES as HEADER
from tests.support.own_files import MARKS, PRINTS, write


def test_whatever_series_are_there(tmp_path: Path) -> None:
    write(tmp_path, HEADER + "2024-07-03,DGS10,4.36,percent\n2024-07-03,PDFTD-USTET,113000,USD mn\n")
    write(tmp_path, HEADER + "2024-07-03,FUND_FLOW_CTA,-2.5,USD bn\n", "flows.csv")
    write(tmp_path, PRINTS + "2024-07-03,09:45,5Y-OTR,print,-0.75,desk\n", "prints.csv")
    data = load(tmp_path)
    assert data.warnings == []
    assert [type(event) for event in data.events] == [RepoPrint, YieldQuote, FundFlow, SettlementFail]
    special = data.events[0]
    assert special.known == special.ts  # an hour was given
    fails = data.events[3]
    assert isinstance(fails, SettlementFail)
    assert (fails.to_deliver_usd, fails.to_receive_usd) == (113e9, None)


def test_units_of_the_same_dimension_are_converted(tmp_path: Path) -> None:
    rows = "2021-02-25,DGS10,154,bp\n2021-02-26,DGS10,0.0144,fraction\n2021-03-01,DGS10,1.45,\n"
    values = [event.mid_pct for event in load(write(tmp_path, HEADER + rows)).events if isinstance(event, YieldQuote)]
    assert values == [1.54, 1.44, 1.45]


def test_a_blank_value_is_a_gap(tmp_path: Path) -> None:
    rows = "2021-02-24,DGS10,1.38,percent\n2021-02-25,DGS10,,percent\n2021-02-26,DGS10,.,percent\n"
    assert len(load(write(tmp_path, HEADER + rows)).events) == 1


def test_what_is_not_understood_is_named(tmp_path: Path) -> None:
    write(tmp_path, HEADER + "2021-02-25,DGS10,1.54,percent\n2021-02-25,GOLD,1775,index\n2021-02-26,GOLD,1728,index\n")
    write(tmp_path, HEADER + "2021-02-23,TFF_TY_LEV_LONG,700000,contracts\n", "positions.csv")
    write(tmp_path, "a,b\n1,2\n", "other.csv")
    warnings = "\n".join(load(tmp_path).warnings)
    assert "GOLD (2 rows)" in warnings
    assert "TFF_TY_LEV_LONG" in warnings
    assert "other.csv" in warnings


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (HEADER + "25.02.2021,DGS10,1.54,percent\n", 2, "not a day"),
        (HEADER + "2021-02-30,DGS10,1.54,percent\n", 2, "not a day"),
        (HEADER + "0001-01-01,DFEDTARL,0,percent\n", 2, "not in 1981 to 2098"),
        (HEADER + "9999-12-31,SOFR,0,percent\n", 2, "not in 1981 to 2098"),
        (HEADER + "2021-02-24,DGS10,1.38,percent\n2021-02-25,DGS10,1.5.4,percent\n", 3, "not a finite number"),
        (HEADER + "2021-02-25,DGS10,nan,percent\n", 2, "not a finite number"),
        (HEADER + "2021-02-25,DGS10,inf,percent\n", 2, "not a finite number"),
        (HEADER + "2021-02-25,DGS10,1_54,percent\n", 2, "not a finite number"),
        (HEADER + "2021-02-25,DGS10,1.54,USD bn\n", 2, "unit 'USD bn' does not fit"),
        (HEADER + "2021-02-25,DGS10,1.54,parsecs\n", 2, "percent, pct, bp, fraction"),
        (HEADER + "2021-02-25,DGS10,154,percent\n", 2, "basis points?"),
        (HEADER + "2021-02-25,DGS10,1.54\n", 2, "3 columns where the header has 4"),
        (HEADER + "2021-02-25,DGS10,1.54,percent\n2021-02-25,DGS10,1.55,percent\n", 3, "1.54 in mine.csv:2"),
        (HEADER.strip() + ",provenance\n2021-02-25,DGS10,1.54,percent,rumour\n", 2, "provenance 'rumour'"),
        (HEADER + '2021-02-25,DGS10,"1.54,percent\n', 2, "not a CSV row"),
        (PRINTS + "2021-03-04,noonish,10Y-OTR,low,-4.25,desk\n", 2, "neither HH:MM nor one of"),
        (PRINTS + "2021-03-04,24:00,10Y-OTR,low,-4.25,desk\n", 2, "neither HH:MM nor one of"),
        (PRINTS + "2021-03-04,,10Y-OTR,lowest,-4.25,desk\n", 2, "kind 'lowest'"),
        (MARKS + "2021-02-25,,AUCTION_7Y_BID_TO_COVER,result,2.04,ratio,desk\n", 2, "lacks its AUCTION_7Y_HIGH_YIELD"),
        (MARKS + "2021-02-25,,AUCTION_8Y_HIGH_YIELD,result,1.2,percent,desk\n", 2, "not a tenor"),
        (MARKS + "2021-02-25,,DGS10,result,1.2,percent,desk\n", 2, "kind 'result'"),
        (MARKS + "2021-02-25,,GOSSIP,print,1.2,percent,desk\n", 2, "no mark is called 'GOSSIP'"),
    ],
)
def test_a_bad_row_has_file_line_and_reason(tmp_path: Path, text: str, line: int, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        load(write(tmp_path, text))
    assert caught.value.path == tmp_path / "mine.csv"
    assert caught.value.line == line
    assert reason in caught.value.reason
    assert str(caught.value).startswith(f"{tmp_path / 'mine.csv'}:{line}: ")


@pytest.mark.parametrize("text", [None, "", HEADER, "a,b\n1,2\n"])
def test_a_directory_without_figures_is_an_error(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        write(tmp_path, text)
    with pytest.raises(DataError, match="date,series,value,unit"):
        load(tmp_path)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such directory"):
        load(tmp_path / "nowhere")


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes(b"\xff\xfe\x00date")
    with pytest.raises(DataError, match="UTF-8"):
        load(tmp_path)


FIELDS = {
    HEADER: (
        st.sampled_from(
            ["DGS10", "SOFR", "DFEDTARL", "DFEDTARU", "RRPONTSYD", "TFF_TY_LEV_LONG", "SP500", "PDFTD-USTET"]
        ),
        st.one_of(st.floats(allow_nan=True).map(str), st.text(max_size=4)),
        st.sampled_from(["percent", "USD bn", "contracts", "index", "", "bp"]),
    ),
    PRINTS: (
        st.sampled_from(["", "09:30", "morning", "25:00"]),
        st.text(max_size=6),
        st.sampled_from(["low", "close", "percentile"]),
        st.one_of(st.floats(-10, 10).map(str), st.text(max_size=3)),
        st.text(max_size=4),
    ),
    MARKS: (
        st.sampled_from(["", "13:00"]),
        st.sampled_from(["DGS10", "GC_TSY", "SOMA_LENT_10Y", "AUCTION_7Y_HIGH_YIELD", "AUCTION_7Y_OFFERING", "DGS"]),
        st.sampled_from(["high", "print", "result"]),
        st.one_of(st.floats(-10, 10).map(str), st.text(max_size=3)),
        st.sampled_from(["percent", "USD bn"]),
        st.text(max_size=4),
    ),
}


def quoted(fields: tuple[str, ...]) -> str:
    return ",".join('"' + field.replace('"', '""') + '"' for field in fields)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from(sorted(FIELDS)))
def test_whatever_the_rows_it_is_events_or_a_named_error(tmp_path: Path, data: st.DataObject, header: str) -> None:
    days = st.one_of(st.dates(dt.date(1981, 1, 1), dt.date(2098, 12, 31)).map(str), st.dates().map(str), st.text())
    rows = data.draw(st.lists(st.tuples(days, *FIELDS[header]), min_size=1, max_size=5))
    text = header + "".join(quoted(row) + "\n" for row in rows)
    (tmp_path / "mine.csv").write_bytes(text.encode("utf-8", "replace"))
    try:
        events = load(tmp_path).events
    except DataError as error:
        events = []
        named = "mine.csv" in str(error) or "date,series,value,unit" in str(error)
        if not named:
            raise
    for event in events:
        assert decode(encode(event), key=b"UST").events == [(0, event)]
