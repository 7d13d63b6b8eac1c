"""The command: a short made-up market scored as a table, as JSON and as a page; and mistakes in one line."""

import csv
import random
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import orjson
import pytest
from click.testing import CliRunner, Result

from crunchwatch import main
from detectors.config import load
from detectors.testing import make
from replay.scenarios.scenario import script_of
from replay.score.alarms import Alarm
from replay.score.assemble import Asked, scorecard
from replay.score.card import Scorecard
from replay.score.ground import Ground
from replay.score.labels import read
from replay.score.scorecard_doc import markdown
from replay.score.wording import tables

SESSIONS = 200
DAYS = list(make.sessions("2024-01-02", SESSIONS))
STRESS = range(150, 156)
"""Sessions on which general collateral trades some 110 bp above the corridor."""
LABELS = f"""
[[episode]]
name = "made <up>"
onset = {DAYS[149]}
peak = {DAYS[153]}
kinds = ["supply"]
source = "a test"
[[quiet]]
from = {DAYS[0]}
to = {DAYS[120]}
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["score", *map(str, arguments)], env={"COLUMNS": "160"})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = random.Random(5)
    folder = tmp_path_factory.mktemp("market") / "figures"
    folder.mkdir()
    rows: list[tuple[str, str, object, str]] = []
    policy = (("DFEDTARL", 5.25), ("DFEDTARU", 5.5), ("IOER_IORB", 5.4), ("ON_RRP_AWARD_RATE", 5.3))
    for number, day in enumerate(DAYS):
        rows += [(day, name, value, "percent") for name, value in policy]  # not restated, it would count as silent
        dear = 1.2 if number in STRESS else 0.0
        for name, value in (("SOFR", 5.33), ("GCF_TSY", 5.38), ("OFR_TRIPARTY_RATE", 5.32)):
            extra = 0.0 if name == "OFR_TRIPARTY_RATE" else dear
            rows.append((day, name, round(value + extra + rng.gauss(0, 0.03), 2), "percent"))
        rows.append((day, "DGS10", round(4.2 + rng.gauss(0, 0.03), 2), "percent"))
        rows.append((day, "VIX", round(14 + rng.gauss(0, 1), 2), "index"))
    with (folder / "made.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("date", "series", "value", "unit"), *rows])
    (folder.parent / "labels.toml").write_text(LABELS)
    return folder


@pytest.fixture(scope="module")
def scored(data: Path) -> tuple[dict, str]:
    page = data.parent / "pages" / "score.html"
    shown = run("--data", data, "--labels", data.parent / "labels.toml", "--json", "--html", page)
    assert shown.exit_code == 0, shown.output
    return orjson.loads(shown.stdout), page.read_text()


def test_as_json(scored: tuple[dict, str]) -> None:
    card, _ = scored
    (episode,) = card["episodes"]
    assert (episode["seen"], episode["kinds"], episode["right_kind"]) == (True, ["supply"], True)
    assert episode["known"] == DAYS[150]  # the GCF index of the first day of stress comes out in its evening
    assert (episode["early_sessions"], episode["worth"]) == (-1, pytest.approx(1 - 0.5 / 4, abs=1e-6))
    assert not episode["in_sample"]
    assert card["in_sample"].startswith("0 of 1 episodes are in-sample")
    assert card["preset_row"]["score"] == episode["worth"]
    assert (card["preset_row"]["false_onsets"], card["preset_row"]["precision"]) == (0, 1.0)
    rows = {(row["name"], row["at"]): row for row in card["baselines"]}
    assert ("framework", "as it is") in rows
    for name in ("VIX", "five-day move", "realised volatility", "GCF - tri-party", "SOFR - policy", "maximum"):
        assert {(name, "drawn line"), (name, "same false onsets"), (name, "one false onset a year")} <= rows.keys()
    assert not {"MOVE", "bill - OIS"} & {name for name, _ in rows}  # of which there is no figure
    dear = rows["GCF - tri-party", "drawn line"]
    assert dear["seen"] == 1
    assert dear["difference"] == pytest.approx(episode["worth"] - dear["score"], abs=1e-6)
    assert sum(year["in_crunch"] for year in card["years"]) >= len(STRESS)
    assert {one["signal"] for one in card["prewarnings"]} >= {"corridor.above"}


class Page(HTMLParser):
    """What a page asks for, and its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.asked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.asked += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href", "srcset", "data"}]


def test_as_one_page_that_asks_for_nothing(scored: tuple[dict, str]) -> None:
    card, text = scored
    page = Page()
    page.feed(text)
    assert page.asked == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not re.search(r"url\(|@import", text)
    assert page.tags.count("svg") == 1
    rows = [card["preset_row"], *card["baselines"]]
    bars = sum(len(row["spells"]) for row in rows) + len(card["quiet"]) + 2 * len(card["episodes"])
    assert page.tags.count("rect") == bars
    assert "made &lt;up&gt;" in text
    assert "made <up>" not in text


def test_as_tables(data: Path) -> None:
    shown = run("--data", data, "--labels", data.parent / "labels.toml", "--from", DAYS[100], "--preset", "framework")
    assert shown.exit_code == 0, shown.output
    for text in ("Delay-aware scores, 1 labelled", "made <up>", "drawn line", "precision", "In brackets: 95 %"):
        assert text in shown.stdout
    assert "as it is" not in shown.stdout  # the framework is not held against itself


def test_days_without_a_quiet_one(data: Path) -> None:
    shown = run("--data", data, "--labels", data.parent / "labels.toml", "--from", DAYS[121], "--preset", "framework")
    assert shown.exit_code == 0, shown.output
    assert "No quiet spell lies in these days" in shown.stdout
    assert "same false onsets" not in shown.stdout.partition("Baselines take")[0]


def test_thresholds_that_come_from_labels_are_fixed_on_the_others(data: Path) -> None:
    """A made-up fit that raises an alarm at each episode it was shown, and so knows nothing of one left out."""
    second = LABELS.partition("[[quiet]]")[0].replace("made <up>", "second")
    for old, new in ((DAYS[149], DAYS[60]), (DAYS[153], DAYS[62])):
        second = second.replace(old, new)
    file = data.parent / "two.toml"
    file.write_text(LABELS.replace(f"from = {DAYS[0]}", f"from = {DAYS[80]}") + second)

    def fit(ground: Ground) -> list[Alarm]:
        return [Alarm(one.onset, one.onset) for one in ground.episodes]

    asked = Asked(script_of(data, None, None), load("framework"), read(file), file, fit=fit)
    card = scorecard(asked)
    assert card.preset_row.left_out_score == 0.0
    assert card.leave_one_out == "thresholds of framework that come from data were fixed on the other episodes"


@pytest.mark.usefixtures("remembered")
def test_the_bundled_years_are_called_in_sample() -> None:
    shown = run("--json")
    assert shown.exit_code == 0, shown.output
    card = orjson.loads(shown.stdout)
    assert card["in_sample"].startswith("9 of 9 episodes are in-sample")
    assert card["preset_row"]["seen"] == sum(one["seen"] for one in card["episodes"])
    assert len({row["name"] for row in card["baselines"]}) == 11
    assert "no threshold of desk is fixed on labels" in card["leave_one_out"]
    page = Path(__file__).parents[3].joinpath("docs", "scorecard.md").read_text(encoding="utf-8")
    for table in tables(msgspec.convert(card, type=Scorecard)):
        assert markdown(table) in page, "python -m replay.score.scorecard_doc > docs/scorecard.md"


def test_mistakes_are_one_line(data: Path, tmp_path: Path) -> None:
    mine = data.parent / "labels.toml"
    for arguments, code, said in (
        (("bundled", "--data", data), 2, "give either a scenario"),
        (("synthetic",), 2, "synthetic is made up and has no dated episodes"),
        (("nowhere",), 2, "no scenario is called 'nowhere'"),
        (("--labels", tmp_path / "none.toml"), 3, "none.toml: there is no such file"),
        (("--data", data), 3, "labels-2017-2023.toml: episode: none lies in the days scored"),
        (("--data", data, "--labels", mine, "--to", "2023-01-01"), 2, "2023-01-01"),
        (("--data", data, "--labels", mine, "--html", "/dev/null/x.html"), 2, "cannot be written"),
    ):
        shown = run(*arguments)
        assert shown.exit_code == code, shown.output
        assert said in shown.output
        assert "Traceback" not in shown.output
        assert shown.stdout == ""


def test_quotes_are_withheld() -> None:
    from replay.scenarios.scenario import Scenario, Script
    from replay.score.withheld import without

    quoted = make.special("2024-01-03 10:00", -1.0, provenance="quoted")
    official = make.special("2024-01-03 10:00", -1.0, provenance="official")
    general = make.average("2024-01-03", "GC:SOFR", 5.3, provenance="quoted")
    days = Scenario("made", "", Path(), make.day(DAYS[0]), make.day(DAYS[0]), make.day(DAYS[1]))
    made = Script(days, [quoted, official, general], [])
    assert without(made, "specials").events == [official, general]
    assert without(made, "quotes").events == [official]
