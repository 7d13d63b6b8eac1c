"""The past as blocks: Prometheus itself starts on them and answers at the true dates; nothing is written over."""

from __future__ import annotations

import datetime as dt
import json
import os

import pytest
from click.testing import CliRunner

from crunchwatch import main
from detectors.config import load
from replay.dataset.loader import BUNDLED
from replay.errors import OutputError, ProgramError
from replay.prometheus import backfill, commands
from replay.prometheus.promtool import PrometheusServer
from replay.scenarios.scenario import Scenario, script
from tests.support import debian

RULES = """
groups:
  - name: test
    rules:
      - record: market:stress:max
        expr: max by (market) (crunchwatch_state{crunchwatch_state=~"crunch|de_facto_default"})
      - alert: Stressed
        expr: market:stress:max == 1
        for: 10m
        labels: {severity: page}
      - alert: Unchanged
        expr: changes(crunchwatch_state[5m]) == 0
      - alert: Unready
        expr: crunchwatch_ready == 0
"""
NOON_4_MARCH = "2021-03-04T17:00:00Z"


@pytest.fixture(scope="module")
def march():
    days = dt.date(2020, 3, 2), dt.date(2021, 3, 3), dt.date(2021, 3, 4)
    return script(Scenario("march", "two days on the floor", BUNDLED, *days))


@pytest.fixture
def programs(monkeypatch):
    folders = {str(debian.promtool().parent), str(debian.prometheus().parent)}
    monkeypatch.setenv("PATH", os.pathsep.join([*folders, os.environ["PATH"]]))


def write(march, out, rules=(), **options):
    return backfill.write(march, load(), out, step_s=300, rule_files=rules, **options)


def test_prometheus_answers_at_the_true_dates_with_alerts_and_pages_nobody(march, tmp_path, programs):
    rules = tmp_path / "test.yml"
    rules.write_text(RULES)
    out = tmp_path / "past"
    done = write(march, out, [rules])
    assert done.alerts == {"Stressed": 1}
    assert done.left_out == ["Unready"]
    assert done.too_coarse == ["Unchanged"]
    with PrometheusServer(out) as server:

        def at_noon(query):
            found = server.ask("query", {"query": query, "time": NOON_4_MARCH})["result"]
            return [(one["metric"], float(one["value"][1])) for one in found]

        ((labels, value),) = at_noon('crunchwatch_state{crunchwatch_state="de_facto_default"}')
        assert value == 1
        assert (labels["job"], labels["market"]) == ("backfill", "UST")
        ((labels, _),) = at_noon('ALERTS{alertname="Stressed",alertstate="firing"}')
        assert (labels["job"], labels["severity"]) == ("backfill", "page")
        assert at_noon("ALERTS_FOR_STATE") != []
        assert at_noon("market:stress:max")[0][1] == 1
        assert server.ask("query", {"query": "crunchwatch_state"})["result"] == []  # nothing of it is now
        assert server.ask("alertmanagers", {})["activeAlertmanagers"] == []


def test_the_text_alone_wants_no_program(march, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    done = write(march, tmp_path / "text", text_only=True)
    text = (tmp_path / "text" / backfill.TEXT).read_text()
    assert text.endswith("# EOF\n")
    assert text.count("\n") > done.samples
    with pytest.raises(ProgramError, match=r"promtool is not on the PATH.*apt-get install prometheus"):
        write(march, tmp_path / "blocks")
    assert not (tmp_path / "blocks").exists()


def test_nothing_is_written_over(march, tmp_path):
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(OutputError, match="is not empty"):
        write(march, tmp_path, text_only=True)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_folder_that_is_mounted_and_empty_is_filled(march, tmp_path):
    there = tmp_path / "volume"
    there.mkdir()
    write(march, there, text_only=True)
    assert [path.name for path in there.iterdir()] == [backfill.TEXT]


def test_what_fails_leaves_nothing(march, tmp_path, programs):
    rules = tmp_path / "bad.yml"
    rules.write_text("groups: [{name: bad, rules: [{record: a, expr: 'sum('}]}]")
    with pytest.raises(ProgramError, match="prometheus did not start"):
        write(march, tmp_path / "past", [rules])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.yml"]


def test_the_command_says_in_one_line_what_is_wrong(tmp_path):
    missing = CliRunner().invoke(
        main, ["backfill", "feb2021", "--out", str(tmp_path / "o"), "--rules", str(tmp_path / "no"), "--json"]
    )
    assert missing.exit_code == 2
    assert "--rules: " in missing.stderr
    assert "does not exist" in missing.stderr


def test_without_a_word_the_shipped_rules_are_taken() -> None:
    files = commands.rule_files(())
    assert {path.name for path in files} >= {"recorded.yml", "market.yml", "engine.yml"}


@pytest.mark.parametrize("package", ["no_such_package", "replay"])
def test_where_no_rules_are_installed_it_is_said_what_to_do(monkeypatch, tmp_path, package):
    monkeypatch.setattr(commands, "RULES_PACKAGE", package)
    run = CliRunner().invoke(main, ["backfill", "feb2021", "--to", "2021-03-03", "--out", str(tmp_path / "o")])
    assert run.exit_code == 2
    assert "shipped rules are not installed" in run.stderr
    assert "--rules" in run.stderr
    assert "--no-rules" in run.stderr


def test_the_command_writes_the_text_and_a_summary(tmp_path):
    head, *rows = (BUNDLED / "treasury_yields.csv").read_text().splitlines()
    (tmp_path / "data").mkdir()
    march = [row for row in rows if "2021-03-0" in row]
    (tmp_path / "data" / "yields.csv").write_text("\n".join([head, *march, ""]))
    days = ["--from", "2021-03-03", "--to", "2021-03-04", "--step", "1800"]
    where = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "o")]
    asked = ["backfill", *where, *days, "--text-only", "--no-rules", "--json"]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.stderr
    assert "leaves gaps" in done.stderr
    assert json.loads(done.stdout)["moments"] == 2 * 48 + 1
