"""The boards as committed: what the code builds, whole, described, in New York time, with links that go on working."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from grafana.boards.all import built
from grafana.check.queries import panels
from tests.support.boards import FOLDER, boards

UIDS = {name: f"crunchwatch-{name}" for name in ("desk", "evidence", "engine", "backtest")}
BOARDS = boards()
every_board = pytest.mark.parametrize("name", UIDS)


def test_the_committed_boards_are_what_the_code_builds():
    committed = {path.stem: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.json"))}
    assert committed == built(), "python -m grafana.boards writes them anew"


@every_board
def test_uids_and_ids_are_fixed_and_unique(name):
    board = BOARDS[name]
    assert board["uid"] == UIDS[name]
    ids = [panel["id"] for panel in board["panels"]]
    assert all(isinstance(number, int) and number > 0 for number in ids)
    assert len(ids) == len(set(ids))
    refs = [[target["refId"] for target in panel.get("targets", ())] for panel in panels(board)]
    assert all(len(one) == len(set(one)) for one in refs)


@every_board
def test_every_panel_says_what_it_is_and_what_it_says_when_there_is_nothing(name):
    for panel in panels(BOARDS[name]):
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        if panel["type"] != "text":
            assert panel["fieldConfig"]["defaults"]["noValue"], panel["title"]


@every_board
def test_panels_lie_beside_and_below_each_other(name):
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[name]["panels"]:
        place = panel["gridPos"]
        cells = {
            (column, row)
            for column in range(place["x"], place["x"] + place["w"])
            for row in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


@every_board
def test_time_is_new_yorks_and_the_weeks_of_2021_are_one_click_away(name):
    board = BOARDS[name]
    assert board["timezone"] == "America/New_York"
    quick = {one["display"]: (one["from"], one["to"]) for one in board["timepicker"]["quick_ranges"]}
    assert quick["February\N{EN DASH}March 2021"] == ("2021-02-01T05:00:00.000Z", "2021-04-01T04:00:00.000Z")
    (link,) = [one for one in board["links"] if one["title"] == "February\N{EN DASH}March 2021"]
    assert link["url"].startswith(f"/d/{UIDS[name]}?from=2021-02-01")


@every_board
def test_the_source_is_a_variable_everywhere(name):
    board = BOARDS[name]
    assert board["templating"]["list"][0]["type"] == "datasource"
    sources = re.findall(r'"uid": "([^"]*)"', json.dumps([board["panels"], board["annotations"]]))
    assert set(sources) == {"${source}"}
    assert {"market", "job"} <= {one["name"] for one in board["templating"]["list"]}


@every_board
def test_variables_are_all_defined(name):
    board = BOARDS[name]
    defined = {one["name"] for one in board["templating"]["list"]} | {"__range", "__range_s", "__rate_interval"}
    texts = json.dumps([[target["expr"] for panel in panels(board) for target in panel.get("targets", ())]])
    assert set(re.findall(r"\$\{?(\w+)", texts)) <= defined


@every_board
def test_what_grafana_12_4_and_13_1_read(name):
    board = BOARDS[name]
    assert board["schemaVersion"] <= 42
    known = {"row", "stat", "timeseries", "state-timeline", "table", "text"}
    assert {panel["type"] for panel in board["panels"]} <= known
    assert board.get("id") is None


def test_a_step_opens_its_evidence():
    for board in BOARDS.values():
        (steps,) = [one for one in board["annotations"]["list"] if one["name"] == "Steps of the state"]
        assert steps["useValueForTime"] is True
        assert f"/d/{UIDS['evidence']}?var-market={{{{market}}}}&var-step={{{{id}}}}" in steps["textFormat"]


def test_no_colour_stands_alone():
    for board in BOARDS.values():
        for panel in panels(board):
            for mapping in panel.get("fieldConfig", {}).get("defaults", {}).get("mappings", ()):
                assert all(one["text"] for one in mapping["options"].values())


def test_provisioning_names_what_the_boards_expect():
    provisioning = Path(FOLDER).parent / "provisioning"
    sources = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text("utf-8"))["datasources"]
    assert [one["type"] for one in sources] == ["prometheus"] * len(sources)
    assert not any("password" in json.dumps(one).lower() for one in sources)
    providers = yaml.safe_load((provisioning / "dashboards" / "crunchwatch.yml").read_text("utf-8"))["providers"]
    assert [(one["type"], one["allowUiUpdates"]) for one in providers] == [("file", False)]
