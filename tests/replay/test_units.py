"""The unit of a figure: the publisher's where none is written, and errors that name the right line."""

from pathlib import Path

import pytest

from detectors.events import RepoPrint, ReverseRepo, SettlementFail
from replay.dataset.catalogue import CATALOGUE
from replay.dataset.loader import Dataset, load
from replay.errors import DataError
from tests.support.own_files import FIGURES, MARKS, series, write


def test_an_empty_unit_is_the_publishers(tmp_path: Path) -> None:
    rows = "2024-07-03,PDFTD-USTET,113000,\n2024-07-10,PDFTD-USTET,193000, \n2022-12-30,RRPONTSYD,2553.716,\n"
    events = load(write(tmp_path, FIGURES + rows + "2022-12-29,SOFR,4.3,\n2022-12-29,SOFR_VOLUME,1150,\n")).events
    assert [e.to_deliver_usd for e in events if isinstance(e, SettlementFail)] == [113e9, 193e9]
    assert [e.takeup_usd for e in events if isinstance(e, ReverseRepo)] == [2_553_716_000_000.0]
    assert [e.volume_usd for e in events if isinstance(e, RepoPrint)] == [1150e9]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (FIGURES + "2022-12-30,RRPONTSYD,2553716,USD\n", 2, "wrong unit? an empty one is USD bn"),
        (FIGURES + "2024-07-03,PDFTD-USTET,113000,USD\n", 2, "wrong unit? an empty one is USD mn"),
        (FIGURES + "2024-07-03,PDFTR-USTET,113493,USD\n", 2, "wrong unit?"),
        (FIGURES + "2021-02-25,SOFR,0.01,\n2021-02-25,SOFR_VOLUME,900,USD mn\n", 3, "SOFR_VOLUME is counted in steps"),
        (FIGURES + "2021-02-25,OFR_DVP_RATE,0.01,\n2021-02-25,OFR_DVP_VOLUME,900,\n", 3, "volume_usd: 900 US dollars"),
        (FIGURES + "2021-02-26,FUND_FLOW_CTA,-2.5,\n", 2, "the unit is empty"),
        (MARKS + "2021-03-04,,SOMA_LENT_10Y,day,8.7,,x\n", 2, "the unit is empty"),
        (
            FIGURES + "2021-03-02,TFF_TY_LEV_LONG,1,contracts\n2021-03-02,TFF_TY_LEV_SHORT,-5,contracts\n",
            3,
            "short_contracts",
        ),
    ],
)
def test_another_unit_is_refused_on_its_own_line(tmp_path: Path, text: str, line: int, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        load(write(tmp_path, text))
    assert caught.value.line == line
    assert reason in caught.value.reason


def test_every_amount_of_money_says_its_publishers_unit_or_has_none() -> None:
    """A user's own flows have no publisher; all others have."""
    without = {name for name, entry in CATALOGUE.items() if entry.absent_unit is None}
    assert without == {f"FUND_FLOW_{fund}" for fund in ("CTA", "TREND", "RISK_PARITY", "BALANCED")}


RANGE = series("DFEDTARL", "2019-12-02", [1.5] * 5) + series("DFEDTARU", "2019-12-02", [1.75] * 5)


@pytest.mark.parametrize("name", ["SOFR", "TGCR", "GCF_TSY", "DGS3MO", "OIS_3M_USD", "SOFR_P99"])
def test_a_series_of_fractions_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, FIGURES + RANGE + series(name, "2019-12-02", [0.0155, 0.0156, 0.0157, 0.0158, 0.0159]))
    with pytest.raises(DataError, match=rf"mine\.csv:12: {name} of 2019-12-02 is 0.0155 % beside .*'fraction'"):
        load(tmp_path)
    write(tmp_path, FIGURES + RANGE + series(name, "2019-12-02", [0.0155, 0.0156], "fraction"))
    assert load(tmp_path).warnings == []


def test_one_fraction_among_percents_is_suspect(tmp_path: Path) -> None:
    write(tmp_path, FIGURES + RANGE + series("SOFR", "2019-12-02", [1.54, 1.55, 1.56, 0.0157, 1.55]))
    data = load(tmp_path)
    assert [e.rate_pct for e in data.events if isinstance(e, RepoPrint)] == [1.54, 1.55, 1.56, 1.55]
    assert "SOFR of 2019-12-05 is 0.0157 after 1.56: suspect" in data.warnings[0]


def test_small_rates_near_zero_are_percents(tmp_path: Path) -> None:
    low = series("DFEDTARL", "2021-03-01", [0.0] * 5) + series("DFEDTARU", "2021-03-01", [0.25] * 5)
    assert load(write(tmp_path, FIGURES + low + series("SOFR", "2021-03-01", [0.01, 0.01, 0.02]))).warnings == []


def test_the_bundled_data_hold_nothing_suspect(bundled: Dataset) -> None:
    assert bundled.warnings == []
