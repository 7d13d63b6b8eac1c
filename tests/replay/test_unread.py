"""Nothing is left out in silence: what is not read, not known, not whole or without its other half is named."""

import sys
from pathlib import Path

import pytest

from detectors.events import EquityIndex, FuturesPosition, YieldQuote
from replay.dataset.loader import load
from replay.errors import DataError
from replay.scenarios.scenario import script_of
from tests.support import publishers as made

HEADER = "date,series,value,unit\n"
TEN = HEADER + "2021-03-01,DGS10,1.45,percent\n"
SHOCKS = "date,index,shock,source\n"


def folder(directory: Path, files: dict[str, bytes | str]) -> Path:
    for name, data in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return directory


def warned(directory: Path, files: dict[str, bytes | str]) -> list[str]:
    return load(folder(directory, {"ten.csv": TEN, **files})).warnings


def test_files_of_any_ending_in_any_folder_are_read_or_named(tmp_path: Path) -> None:
    files = {
        "B.CSV": HEADER + "2021-03-01,SOFR,0.02,percent\n",
        "y2020/e.csv": HEADER + "2021-03-01,TGCR,0.02,percent\n",
        "c.csv.gz": b"\x1f\x8b",
        "g.xlsx": b"PK",
        "deep/er/picture.png": b"\x89PNG\r\n\x1a\n\x00\xff",
        "notes.md": "# What this is\n",
    }
    warnings = warned(tmp_path, files)
    assert len(load(tmp_path).events) == 3
    assert [text.split(": ")[1] for text in warnings] == ["c.csv.gz", "g.xlsx", "notes.md", "deep/er/picture.png"]
    assert "download it again" in warnings[0]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("half.csv.gz", made.gzipped(TEN.encode() * 50)[:-9], "no whole gzip file"),
        ("half.zip", made.zipped({"a.csv": TEN.encode()})[:-9], "no whole zip file"),
        ("half.json", b'{"refRates": [', "not whole JSON"),
        ("half.parquet", made.parquet(TEN)[:-9], "damaged, or no Parquet file"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
        ("a.csv.bz2", b"BZh91AY", "unpack it"),
        ("page.html", b"<!doctype html>", "download the CSV or JSON"),
        ("other.json", b'{"a": 1}', "JSON of no known kind (fields a)"),
        ("empty.csv", b"", "empty"),
        ("nearly.csv", b"date,series,value\n2021-03-01,SOFR,0.02\n", "tidy figures, which lacks unit"),
        ("Capital.csv", b"Date,Series,Value,Unit\n2021-03-01,SOFR,0.02,\n", "whose columns are date,series,value,unit"),
        ("wide.csv", b"date,series,value,unit,claim\n2021-03-01,SOFR,0.02,,x\n", "; claim cannot stand beside them"),
        ("real.csv", b'Date,"5 YR","10 YR"\n03/01/2021,-1.8,-0.7\n', "columns of no known kind"),
        ("DGS2.json", b'{"observations": [], "output_type": 2}', "ask for output_type=1"),
        ("DGS2.json", b'{"observations": [], "units": "pc1"}', "ask for units=lin"),
        ("mine.json", b'{"observations": [{"date": "2021-03-01", "value": "1"}]}', "name the file after it"),
        ("spread.json", b'[["2021-03-01", 0.1]]', "name the file after it"),
        ("REPO-TRI_AR_OO-P_REPO-DVP_AR_OO-P.json", b'[["2021-03-01", 0.1]]', "name the file after it"),
        ("breaks.json", b'{"pd": {"seriesbreaks": []}}', "without figures"),
        ("M.csv", b"DATE,DGS2\n2021-01-01,1\n2021-02-01,1\n2021-03-01,1\n", "figures of whole months"),
    ],
)
def test_a_file_that_is_not_read_is_named_with_the_reason(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    [warning] = warned(tmp_path, {name: data})
    assert warning.startswith(f"not read: {name}: ")
    assert reason in warning


def test_of_many_other_files_a_few_have_reasons_and_all_are_named(tmp_path: Path) -> None:
    warnings = warned(tmp_path, {f"{number:02d}.md": "# x\n" for number in range(30)})
    assert len(warnings) == 13
    assert warnings[-1].startswith("not read either, crunchwatch data check has the reasons: 12.md, 13.md, ")
    assert warnings[-1].endswith(", 29.md")


@pytest.mark.parametrize(
    ("name", "extra", "module"), [("a.xlsx", "xlsx", "python_calamine"), ("a.pq", "parquet", "pyarrow.parquet")]
)
def test_a_missing_library_is_named_by_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, extra: str, module: str
) -> None:
    data = made.workbook("x", made.cells_of(TEN)) if extra == "xlsx" else made.parquet(TEN)
    monkeypatch.setitem(sys.modules, module, None)
    [warning] = warned(tmp_path, {name: data})
    assert f"pip install 'crunchwatch[{extra}]'" in warning


def test_hidden_folders_and_links_to_folders_are_named(tmp_path: Path) -> None:
    elsewhere = folder(tmp_path / "elsewhere", {"a.csv": TEN})
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(elsewhere)
    warnings = warned(tmp_path / "data", {".git/config": "x"})
    assert [text.split(": ")[1] for text in warnings] == [".git", "link"]


def test_publishers_ids_are_understood_in_a_tidy_file(tmp_path: Path) -> None:
    rows = (
        "2024-07-03,SOFR1,5.3,\n2024-07-03,SOFR99,5.4,\n2024-07-03,IORB,5.4,\n2024-07-03,RRPONTSYAWARD,5.3,\n"
        "2024-07-03,REPO-TRI_AR_OO-P,5.3,\n2024-07-03,sofr,5.33,\n2024-07-03,SOFRVOL,2081,\n2024-07-03,10 Yr,4.36,\n"
        "2024-07-03,DFEDTARL,5.25,\n2024-07-03,EFFR:targetRateTo,5.5,percent\n"
    )
    said = {event.source: event for event in load(folder(tmp_path, {"a.csv": HEADER + rows})).events}
    assert set(said) == {
        "nyfed.sofr.p1", "nyfed.sofr.p99", "nyfed.sofr", "ofr.triparty", "ust.par.10Y", "fed.policy",
    }  # fmt: skip
    assert said["nyfed.sofr"].volume_usd == 2081e9
    policy = said["fed.policy"]
    assert (policy.target_low_pct, policy.target_high_pct, policy.iorb_pct, policy.on_rrp_pct) == (5.25, 5.5, 5.4, 5.3)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2024-07-03,IOER,0.15,", "IOER after 2021-07-28, when it ended: 1 rows, first mine.csv:2"),
        ("2020-07-03,IORB,0.15,", "IORB before 2021-07-29, when it began"),
        ("2024-07-03,DGS10X,0.15,", "no such series in the catalogue: DGS10X (1 rows, nearest DGS10)"),
    ],
)
def test_an_id_that_cannot_be_is_named(tmp_path: Path, row: str, said: str) -> None:
    assert said in "\n".join(warned(tmp_path, {"mine.csv": HEADER + row + "\n"}))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("TFF_TY_AM_LONG,TFF_TY_AM_SHORT", "TFF_TY_AM_LONG without TFF_TY_AM_SHORT: 2021-03-02 (a.csv:4)"),
        (
            "TFF_WN_LEV_SHORT,TFF_WN_LEV_LONG",
            "left out, TFF_WN_LEV_SHORT without TFF_WN_LEV_LONG: 2021-03-02 (a.csv:4)",
        ),
        ("LEGACY_TY_NONCOMM_LONG,LEGACY_TY_NONCOMM_SHORT", "2021-03-02 (a.csv:4)"),
    ],
)
def test_a_week_without_its_other_half_is_named(tmp_path: Path, rows: str, said: str) -> None:
    first, second = rows.split(",")
    week = f"{{day}},{first},1000,\n{{day}},{second},900,\n"
    text = week.format(day="2021-02-23") + f"2021-03-02,{first},1000,\n" + week.format(day="2021-03-09")
    data = load(folder(tmp_path, {"a.csv": HEADER + text}))
    assert said in data.warnings[0]
    assert len([event for event in data.events if isinstance(event, FuturesPosition)]) == 2


def test_an_open_interest_without_positions_is_named(tmp_path: Path) -> None:
    rows = "".join(f"2021-03-02,TFF_TY_{name},9,\n" for name in ("OI", "LEV_LONG", "LEV_SHORT"))
    warnings = warned(tmp_path, {"p.csv": HEADER + rows + "2021-03-09,TFF_TY_OI,9,\n"})
    assert warnings == ["left out, TFF_TY_OI without TFF_TY_LEV_LONG: 2021-03-09 (p.csv:5)"]


def test_a_half_week_of_the_publishers_own_file_is_named_too(tmp_path: Path) -> None:
    row = {"report_date_as_yyyy_mm_dd": "2021-03-02T00:00:00.000", "cftc_contract_market_code": "043602",
           "lev_money_positions_long": "5"}  # fmt: skip
    full = {**row, "report_date_as_yyyy_mm_dd": "2021-03-09T00:00:00.000", "lev_money_positions_short": "4"}
    warnings = warned(tmp_path, {"gpe5.json": made.answer([row, full], indent=1)})
    assert warnings == ["left out, TFF_TY_LEV_LONG without TFF_TY_LEV_SHORT: 2021-03-02 (gpe5.json:2)"]


@pytest.mark.parametrize("index", ["HANG_SENG", "NIKKEI225"])
def test_shocks_that_no_event_carries_are_named(tmp_path: Path, index: str) -> None:
    figures = HEADER + f"2021-02-23,{index},30632,index\n2021-02-24,{index},29718,index\n"
    shocks = (
        SHOCKS + f"2021-02-24,HSI,stamp duty,x\n2021-02-21,{index},typo of day,x\n2021-02-24,{index},stamp duty,x\n"
    )
    data = load(folder(tmp_path, {"a.csv": figures, "s.csv": shocks}))
    assert data.warnings == [
        "shock left out, no index is called 'HSI' (s.csv:2): SP500, HANG_SENG, CSI300, NIKKEI225",
        f"shock left out, {index} has no figure of 2021-02-21 (s.csv:3)",
    ]
    assert [event.local_shock for event in data.events if isinstance(event, EquityIndex)] == [None, "stamp duty"]


@pytest.mark.parametrize("text", ['"Budget: the city\'s stamp duty, up 30%"', "印花稅", ""])
def test_a_shock_that_cannot_be_a_label_is_an_error_at_its_own_line(tmp_path: Path, text: str) -> None:
    shocks = SHOCKS + f"2021-02-24,HANG_SENG,{text},x\n"
    with pytest.raises(DataError, match="cannot be a label") as caught:
        load(folder(tmp_path, {"ten.csv": TEN, "s.csv": shocks}))
    assert (caught.value.path.name, caught.value.line) == ("s.csv", 2)


def test_a_bad_figure_in_an_answer_has_its_line(tmp_path: Path) -> None:
    rows = [{"effectiveDate": "2021-03-04", "type": "SOFR", "percentRate": rate} for rate in (0.02, "high")]
    with pytest.raises(DataError) as caught:
        load(folder(tmp_path, {"rates.json": made.answer({"refRates": rows}, indent=1)}))
    assert caught.value.line == 8


def test_a_conflict_across_containers_names_both_places(tmp_path: Path) -> None:
    other = made.zipped({"x.csv": (HEADER + "2021-03-01,DGS10,1.46,percent\n").encode()})
    with pytest.raises(DataError, match=r"zz\.zip/x\.csv:2: DGS10 of 2021-03-01 is 1\.46 here and 1\.45 in ten\.csv:2"):
        load(folder(tmp_path, {"ten.csv": TEN, "zz.zip": other}))


def test_the_order_of_the_files_does_not_depend_on_the_machine(tmp_path: Path) -> None:
    names = ("b/a.csv", "a/z.csv", "a/a.csv", "c.csv", "C.csv", "B.csv")
    for number, name in enumerate(names):
        folder(tmp_path, {name: HEADER + f"2021-03-0{number + 1},DGS10,1.45,percent\n"})
    assert [event.ts for event in load(tmp_path).events if isinstance(event, YieldQuote)] == sorted(
        event.ts for event in load(tmp_path).events
    )


def test_figures_of_which_no_event_can_be_made_are_an_error_with_the_reasons(tmp_path: Path) -> None:
    rows = "date,series,value,unit\n2017-03-28,LEGACY_TY_NONCOMM_LONG,471225,contracts\n"
    (tmp_path / "a.csv").write_text(rows)
    with pytest.raises(DataError, match=r"no event can be made.*LEGACY_TY_NONCOMM_LONG"):
        script_of(tmp_path, None, None)
