"""What the Federal Reserve lent by issue: the publisher's answer and the tidy form say the same, each fact once."""

import datetime as dt
from pathlib import Path

import orjson
import pytest

from detectors import codec
from detectors.calendar import ny
from detectors.events import ReverseRepo, SecuritiesLending
from replay.dataset.loader import load
from replay.errors import DataError

ISSUE = {
    "cusip": "91282CBL4",
    "parAmtSubmitted": 9_400_000_000,
    "parAmtAccepted": 8_700_000_000,
    "weightedAverageRate": 3.05,
    "somaHoldings": 24_100_000_000,
    "actualAvailToBorrow": 8_700_000_000,
    "outstandingLoans": 8_100_000_000,
}
TIDY = "date,issue,lent_usd,fee_pct,submitted_usd,available_usd,on_loan_usd,held_usd\n"
ROW = "2021-03-04,91282CBL4,8700000000,3.05,9400000000,8700000000,8100000000,24100000000\n"


def answer(*details: dict[str, object], total: int) -> bytes:
    operation = {
        "operationId": "SL 030421 1",
        "auctionStatus": "Results",
        "operationType": "Securities Lending",
        "operationDate": "2021-03-04",
        "totalParAmtAccepted": total,
        "details": list(details),
    }
    return orjson.dumps({"seclending": {"operations": [operation]}})


def lent(folder: Path) -> list[SecuritiesLending]:
    return [event for event in load(folder).events if isinstance(event, SecuritiesLending)]


def test_the_publishers_answer_is_the_tidy_form_and_the_days_sum(tmp_path: Path) -> None:
    for name, data in (("a", answer(ISSUE, total=33_000_000_000)), ("b", (TIDY + ROW).encode())):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(data)
    (event,) = lent(tmp_path / "a")
    (same,) = lent(tmp_path / "b")
    assert codec.encode(event) == codec.encode(same)
    assert (event.issue, event.fee_pct, event.lent_usd, event.held_usd) == ("91282CBL4", 3.05, 8.7e9, 2.41e10)
    assert event.known == ny(dt.date(2021, 3, 4), "12:30")
    (total,) = [one for one in load(tmp_path / "a").events if isinstance(one, ReverseRepo)]
    assert (total.facility, total.takeup_usd) == ("SOMA_LENDING", 3.3e10)


def test_nothing_lent_has_no_fee(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(
        answer({**ISSUE, "parAmtAccepted": 0, "weightedAverageRate": None}, total=1_000_000_000)
    )
    (event,) = lent(tmp_path)
    assert (event.lent_usd, event.fee_pct) == (0.0, None)


def test_two_operations_of_a_day_are_one_record(tmp_path: Path) -> None:
    first, second = (
        answer(ISSUE, total=8_700_000_000),
        answer(
            {**ISSUE, "parAmtAccepted": 2_900_000_000, "weightedAverageRate": 1.05, "outstandingLoans": 10_000_000_000},
            total=2_900_000_000,
        ).replace(b"SL 030421 1", b"SL 030421 2"),
    )
    (tmp_path / "1").write_bytes(first)
    (tmp_path / "2").write_bytes(second)
    (event,) = lent(tmp_path)
    assert (event.lent_usd, event.submitted_usd, event.on_loan_usd) == (1.16e10, 1.88e10, 1e10)
    assert event.fee_pct == pytest.approx((8.7 * 3.05 + 2.9 * 1.05) / 11.6)


@pytest.mark.parametrize("spelling", ["91282CBL4", "91282cbl4 ", " 91282CBL4"])
def test_the_same_row_twice_is_one(tmp_path: Path, spelling: str) -> None:
    (tmp_path / "a.csv").write_text(TIDY + ROW)
    (tmp_path / "b.csv").write_text(TIDY + ROW.replace("91282CBL4", spelling))
    assert len(lent(tmp_path)) == 1


def test_two_that_differ_are_an_error_with_both_places(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TIDY + ROW)
    (tmp_path / "b.csv").write_text(TIDY + ROW.replace("8700000000,3.05", "8600000000,3.05"))
    with pytest.raises(DataError, match=r"b\.csv:2.*a\.csv:2"):
        load(tmp_path)


@pytest.mark.parametrize(("cell", "said"), [("9500000000,3.05", "more than was bid"), ("8700,3.05", "millions")])
def test_what_cannot_be_is_named_with_its_line(tmp_path: Path, cell: str, said: str) -> None:
    (tmp_path / "a.csv").write_text(TIDY + ROW.replace("8700000000,3.05", cell, 1))
    with pytest.raises(DataError, match=rf"a\.csv:2.*{said}"):
        load(tmp_path)


@pytest.mark.parametrize("kind", ["Repo", "Reverse Repo"])
def test_a_days_operations_are_summed_whatever_file_they_lie_in(tmp_path: Path, kind: str) -> None:
    for name, number, amount in (("a", "1", 20_350_000_000), ("b", "2", 30_000_000_000), ("c", "1", 20_350_000_000)):
        operation = {
            "operationId": f"OP 103125 {number}",
            "auctionStatus": "Results",
            "operationType": kind,
            "operationDate": "2025-10-31",
            "term": "Overnight",
            "totalAmtAccepted": amount,
        }
        (tmp_path / name).write_bytes(orjson.dumps({"repo": {"operations": [operation]}}))
    (total,) = [one for one in load(tmp_path).events if isinstance(one, ReverseRepo)]
    assert (total.facility, total.takeup_usd) == ("SRF" if kind == "Repo" else "ON_RRP", 5.035e10)
