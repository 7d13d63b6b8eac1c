"""Every query of every board and rule against a real Prometheus over the past; a planted broken panel is found."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path

import pytest

from detectors.config import load
from grafana.check import ask
from grafana.check.ask import QueryCheck, allowed, complaints
from grafana.check.queries import BoardQuery, of_board, of_boards, of_rules
from replay.prometheus import backfill
from tests.support import debian
from tests.support.boards import FOLDER, boards
from tests.support.pipeline import feb2021

RULES = FOLDER.parent / "prometheus" / "rules"


@pytest.fixture(scope="module")
def past(tmp_path_factory) -> Path:
    folders = {str(debian.promtool().parent), str(debian.prometheus().parent)}
    os.environ["PATH"] = os.pathsep.join([*folders, os.environ["PATH"]])
    out = tmp_path_factory.mktemp("past") / "blocks"
    files = sorted(RULES.glob("*.yml"))
    backfill.write(feb2021(), load(), out, step_s=300, rule_files=files)
    return out


@pytest.mark.drill
def test_every_query_is_answered_or_stands_on_the_list_and_a_broken_panel_is_found(past):
    queries = [*of_boards(FOLDER), *of_rules(RULES)]
    broken = copy.deepcopy(boards()["desk"])
    victims = [panel for panel in broken["panels"] if panel["id"] in (1, 101, 201)]
    victims[0]["targets"][0]["expr"] = 'max(crunchwatch_state{market="$market"'
    victims[1]["targets"][0]["expr"] = 'crunchwatch_value{market="$market", series="yeild_10Y_pct"}'
    victims[2]["targets"][0]["expr"] = 'crunchwatch_value{market="$merket"}'
    planted = [one for one in of_board(broken, "broken") if one.place in ("panel 1 A", "panel 101 A", "panel 201 A")]
    found = ask.check(past, [*queries, *planted])
    said = complaints(found, allowed())
    assert [one for one in said if not one.startswith("broken:")] == []
    assert len(said) == 3
    assert "parse error" in said[0]
    assert "no answer to" in said[1]
    assert "no such variable: merket" in said[2]


def test_queries_of_everything_are_found():
    found = of_boards(FOLDER)
    assert {one.board for one in found} == {"backtest", "desk", "engine", "evidence"}
    kinds = {one.place.split()[0] for one in found}
    assert kinds == {"panel", "variable", "annotation"}
    targets = sum(json.dumps(board).count('"refId"') for board in boards().values())
    assert sum(one.place.startswith("panel") for one in found) == targets


def test_a_line_of_the_list_that_is_needed_no_more_is_said():
    asked = BoardQuery("desk", "panel 1 A", "up")
    assert complaints([QueryCheck(asked, 1)], {"desk: panel 1 A": "never heard"}) != []
    assert complaints([QueryCheck(asked, 0)], {"desk: panel 1 A": "never heard"}) == []
    assert complaints([QueryCheck(asked, 0)], {}) == ["desk: panel 1 A: no answer to up"]


def test_every_reason_is_a_sentence():
    assert all(reason.endswith(".") and len(reason) > 20 for reason in allowed().values())
