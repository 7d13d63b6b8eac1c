"""The picture is the same for the same backtest, says what it must in words, and asks for what it lacks."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crunchwatch import main
from detectors.config import load
from replay.backtest import run as backtest
from replay.errors import PlotError
from replay.plots.chart import draw
from replay.scenarios.scenario import Script
from tests.support import shared

matplotlib = pytest.importorskip("matplotlib")
SVG = "{http://www.w3.org/2000/svg}"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["chart", *arguments])


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The picture of the weeks of 2021, drawn by the command."""
    file = tmp_path_factory.mktemp("chart") / "feb2021.svg"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backtest, "run", shared.run)
        shown = run("--out", str(file))
    assert shown.exit_code == 0, shown.output
    return file


def words(file: Path) -> str:
    """Texts are drawn as paths; matplotlib writes each as a comment beside them."""
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
    return "\n".join(str(one.text) for one in ET.parse(file, parser).iter() if one.tag is ET.Comment)


def test_the_same_backtest_gives_the_same_bytes(picture: Path, feb2021: Script, tmp_path: Path) -> None:
    with matplotlib.rc_context({"font.size": 30, "svg.hashsalt": None, "axes.grid": True}):  # a user's own settings
        draw(feb2021, shared.backtested("feb2021").outputs, load(), tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_bytes() == picture.read_bytes()


def test_it_fits_the_front_page_and_carries_no_date(picture: Path) -> None:
    assert picture.stat().st_size < 300_000
    content = picture.read_text("utf-8")
    assert "<dc:date>" not in content
    assert "Matplotlib v" not in content
    root = ET.fromstring(content)
    assert root.tag == f"{SVG}svg"
    assert root.attrib["width"] == "864pt"  # 1200 pixels


def test_states_series_and_provenance_are_told_in_words(picture: Path) -> None:
    told = words(picture)
    for text in ("normal", "crunch", "de facto default", "SOFR", "GCF", "10Y-OTR, day's low", "floor",
                 "level sustained", "DVP less tri-party", "Official", "Quoted", "preset desk"):  # fmt: skip
        assert text in told
    assert sum(1 for one in ET.parse(picture).iter(f"{SVG}pattern")) >= 2  # a hatch beside the colour


def test_another_span_and_another_preset(tmp_path: Path) -> None:
    file = tmp_path / "p.png"
    shown = run("bundled", "--from", "2019-09-01", "--to", "2019-10-31", "--preset", "framework", "--out", str(file))
    assert shown.exit_code == 0, shown.output
    assert file.read_bytes().startswith(b"\x89PNG")
    assert f"{file.stat().st_size:,} bytes" in shown.stdout


def test_own_data_of_one_series(tmp_path: Path) -> None:
    rows = [f"2024-07-{day:02d},DGS10,{4 + day / 100},percent" for day in (1, 2, 3, 5, 8)]
    (tmp_path / "mine.csv").write_text("\n".join(["date,series,value,unit", *rows]))
    assert run("--data", str(tmp_path), "--out", str(tmp_path / "p.svg")).exit_code == 0


@pytest.mark.parametrize(
    ("out", "said"), [("p.pdf", "neither .svg nor .png"), ("nowhere/p.svg", "cannot be written"), ("p", "neither")]
)
def test_where_it_cannot_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, said: str) -> None:
    monkeypatch.setattr(backtest, "run", lambda *_: pytest.fail("the work was done first"))
    shown = run("--out", str(tmp_path / out))
    assert shown.exit_code == 2
    assert said in shown.stderr


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, feb2021: Script) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(PlotError, match=r"pip install 'crunchwatch\[plot\]'"):
        draw(feb2021, [], load(), Path("p.svg"))


def test_a_picture_that_cannot_be_is_refused_before_the_library_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, feb2021: Script
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(PlotError, match="neither"):
        draw(feb2021, [], load(), Path("p.gif"))
