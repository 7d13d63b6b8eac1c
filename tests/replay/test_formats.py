"""What a format says beside a figure: when a record came out, which report it is of, what it is not."""

import datetime as dt
from pathlib import Path

import pytest

from detectors.events import Provenance
from replay.dataset.aliases import aliases, listed_as, resolve, without_series
from replay.dataset.catalogue import CATALOGUE
from replay.dataset.folder import look
from replay.dataset.publication import OFR_CLEARED, times
from replay.dataset.tables import FileLine, Tables
from replay.dataset.units import UNITS
from tests.support import cftc_examples as cftc
from tests.support import publishers as made

Taken = tuple[str, str, str, str | int | None]


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Taken]:
    """Series, day, value and own time of every figure that reaches the tables."""
    found: list[Taken] = []

    def add(
        tables: Tables, series: str, day: str, value: str, unit: str, provenance: Provenance, place: FileLine,
        *, known: str | int | None = None,
    ) -> None:  # fmt: skip
        found.append((series, day, value, known))

    monkeypatch.setattr(Tables, "add", add)
    return found


def read(directory: Path, name: str, data: bytes) -> None:
    (directory / name).write_bytes(data)
    look(directory)


def test_a_revised_rate_is_known_at_half_past_two_of_its_day_of_publication(tmp_path: Path, taken: list[Taken]) -> None:
    row = {"effectiveDate": "2021-02-12", "percentRate": 0.05}
    rows = [{**row, "type": "SOFR", "revisionIndicator": "[r]"}, {**row, "type": "TGCR", "revisionIndicator": ""}]
    read(tmp_path, "rates.json", made.answer({"refRates": rows}))
    # the Monday after is Washington's Birthday
    assert taken == [("SOFR", "2021-02-12", "0.05", "2021-02-16T14:30"), ("TGCR", "2021-02-12", "0.05", None)]


VINTAGES = [("2021-02-26", "1.54"), ("2021-03-01", "1.54"), ("2021-03-05", "1.53"), ("2021-03-08", ".")]


def test_vintages_of_the_api_are_revisions_known_on_their_day(tmp_path: Path, taken: list[Taken]) -> None:
    observations = [{"realtime_start": day, "date": "2021-02-25", "value": value} for day, value in reversed(VINTAGES)]
    head = {"realtime_start": "1776-07-04", "realtime_end": "9999-12-31", "output_type": 1}
    read(tmp_path, "DGS10.json", made.answer({**head, "observations": observations}))
    assert taken == [("DGS10", "2021-02-25", "1.54", None), ("DGS10", "2021-02-25", "1.53", "2021-03-05T23:59")]


def test_vintages_as_columns_are_the_same(tmp_path: Path, taken: list[Taken]) -> None:
    columns = ",".join(f"DGS10_{day.replace('-', '')}" for day, _ in VINTAGES)
    values = ",".join(value for _, value in VINTAGES)
    read(tmp_path, "a.csv", f"observation_date,{columns}\n2021-02-25,{values}\n".encode())
    assert taken == [("DGS10", "2021-02-25", "1.54", None), ("DGS10", "2021-02-25", "1.53", "2021-03-05T23:59")]


def test_one_vintage_says_nothing_of_when_it_came_out(tmp_path: Path, taken: list[Taken]) -> None:
    head = {"realtime_start": "2026-10-09", "realtime_end": "2026-10-09"}
    read(
        tmp_path, "DGS10.json", made.answer({**head, "observations": [{**head, "date": "2021-02-25", "value": "1.54"}]})
    )
    assert taken == [("DGS10", "2021-02-25", "1.54", None)]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("REPO-GCF_AR_T-P.json", made.answer([["2021-02-25", 0.038]])),
        ("mine.csv", b"date,series,value,unit\n2021-02-25,REPO-GCF_AR_T-P,0.038,\n"),
    ],
)
def test_the_gcf_index_of_ofr_is_known_when_ofr_had_it(
    tmp_path: Path, taken: list[Taken], name: str, data: bytes
) -> None:
    read(tmp_path, name, data)
    assert taken == [("GCF_TSY", "2021-02-25", "0.038", times(OFR_CLEARED, dt.date(2021, 2, 25))[1])]


@pytest.mark.parametrize("original", ["a.csv", "z.csv"])
def test_a_later_copy_is_not_taken_where_the_original_is(tmp_path: Path, original: str) -> None:
    (tmp_path / "REPO-GCF_AR_T-P.json").write_bytes(made.answer([["2021-02-25", 0.04], ["2021-02-26", 0.05]]))
    (tmp_path / original).write_text("date,series,value,unit\n2021-02-25,GCF_TSY,0.038,percent\n")
    reading = look(tmp_path)
    figures = reading.tables.figures["GCF_TSY"]
    assert {day.day: figure.value for day, figure in figures.items()} == {25: 0.038, 26: 0.05}
    [reason] = [why for account in reading.files for why in account.left_out]
    assert reason == "REPO-GCF_AR_T-P, of days for which DTCC (GCF Repo Index) is there"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("yw9f-hn96.csv", cftc.TFF_HEADER.format(day="Report_Date_as_YYYY-MM-DD") + "\n"
         + cftc.tff_row("043602", "2022-02-08", cftc.TFF, scope="Combined")),
        ("FinComWk.txt", cftc.tff_row("043602", "2022-02-08", cftc.TFF, scope="Combined")),
        ("annualof.txt", cftc.LEGACY_HEADER + "\n" + cftc.legacy_row("043602", "2022-02-08", cftc.LEGACY)),
        ("deacom.txt", cftc.legacy_row("043602", "2022-02-08", cftc.LEGACY)),
    ],
)  # fmt: skip
def test_futures_with_options_are_another_report(tmp_path: Path, taken: list[Taken], name: str, text: str) -> None:
    read(tmp_path, name, text.encode())
    assert taken == []
    [account] = look(tmp_path).files
    assert {id_.split(":")[0] for id_ in account.without_series} <= {"TFF combined", "legacy combined"}
    assert account.without_series


@pytest.mark.parametrize("kind", ["Repo", "Reverse Repo"])
def test_an_operation_seen_twice_counts_once_in_its_latest_form(tmp_path: Path, kind: str) -> None:
    row = {"operationId": "RP 1", "operationDate": "2021-03-04", "operationType": kind, "term": "Overnight"}
    rows = [
        {**row, "totalAmtAccepted": amount, "lastUpdated": at} for at, amount in (("13:16", 2), ("13:45", 2100000000))
    ]
    (tmp_path / "rp.json").write_bytes(made.answer({"repo": {"operations": rows}}))
    reading = look(tmp_path)
    figures = reading.tables.figures.get("RRPONTSYD", {})
    assert [figure.value for figure in figures.values()] == ([2.1e9] if kind == "Reverse Repo" else [])


def test_operations_without_an_id_are_each_their_own(tmp_path: Path) -> None:
    row = {"operationDate": "2021-03-04", "operationType": "Reverse Repo", "totalAmtAccepted": 1000000000}
    (tmp_path / "rp.json").write_bytes(made.answer({"repo": {"operations": [row, row]}}))
    assert [one.value for one in look(tmp_path).tables.figures["RRPONTSYD"].values()] == [2e9]


def test_every_row_of_the_alias_table_fits_its_series() -> None:
    for alias in aliases().values():
        entry = CATALOGUE.get(alias.series)
        assert entry is None or alias.unit in UNITS[entry.dimension], alias
    assert {alias.series for alias in without_series()}.isdisjoint(CATALOGUE)
    assert all(resolve(id_.upper()) is not None for id_ in aliases())


def test_to_add_an_id_is_to_add_a_row() -> None:
    # a series that comes into the catalogue is found under every id that names it, without a change here
    assert {alias.id for alias in listed_as("EFFR")} == {"EFFR", "EFFR:percentRate", "FNYR-EFFR-A"}
    waiting = resolve("EFFR_P99")
    assert waiting is not None
    assert waiting.series == "EFFR_P99"


LENT = {"operationDate": "2021-03-04", "operationType": "Securities Lending", "totalParAmtAccepted": 33000000000,
        "details": [{"cusip": "91282CBL4", "parAmtAccepted": 8700000000, "weightedAverageRate": None}]}  # fmt: skip
SRF = {"operationDate": "2025-10-31", "operationType": "Repo", "term": "Overnight", "totalAmtAccepted": 20350000000}


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (made.answer({"seclending": {"operations": [LENT]}}), {"seclending:totalParAmtAccepted": 1}),
        (made.answer({"repo": {"operations": [SRF, SRF]}}), {"repo:totalAmtAccepted": 1}),
        (b"observation_date,EFFR,DGS2MO\n2026-10-08,3.88,4.14\n", {"EFFR": 1, "DGS2MO": 1}),
        (made.answer({"refRates": [{"effectiveDate": "2026-10-01", "type": "OBFR", "percentRate": 3.87}]}),
         {"OBFR:percentRate": 1}),
        (b'"As Of Date","Time Series","Value (millions)"\n2024-07-03,PDSI10F-TD,12\n', {"PDSI10F-TD": 1}),
    ],
)  # fmt: skip
def test_a_figure_without_an_event_is_understood_and_named(tmp_path: Path, data: bytes, named: dict[str, int]) -> None:
    (tmp_path / "file").write_bytes(data)
    [account] = look(tmp_path).files
    waiting = {id_: rows for id_, rows in named.items() if aliases()[id_].series not in CATALOGUE}
    assert account.without_series == waiting
    assert account.format
    assert not account.unknown
