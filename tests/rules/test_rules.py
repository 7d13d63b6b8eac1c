"""Rules, routes and runbooks: valid for Debian's versions, each alert shown to fire and not to, each with its page."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.state.metrics import Metrics
from streams.worker.metrics_doc import rows
from tests.support import debian

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
RULES = sorted((ROOT / "grafana" / "prometheus" / "rules").glob("*.yml"))
ALERTMANAGER = ROOT / "grafana" / "alertmanager" / "alertmanager.yml"
RUNBOOKS = ROOT / "docs" / "runbooks"
CASES = sorted(HERE.glob("*.yml"))
SECTIONS = ["What it means", "What to look at", "What to do", "How it was in 2021"]


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def rules() -> list[dict[str, Any]]:
    return [rule for path in RULES for group in loaded(path)["groups"] for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}


def run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_the_rules_do_what_their_cases_say(case: Path) -> None:
    assert "SUCCESS" in run(debian.promtool(), "test", "rules", case)


def test_prometheus_takes_the_configuration_and_the_rules() -> None:
    said = run(debian.promtool(), "check", "config", ROOT / "grafana" / "prometheus" / "prometheus.yml")
    assert f"{len(RULES)} rule files found" in said


def test_alertmanager_takes_the_configuration_and_the_templates() -> None:
    assert "SUCCESS" in run(debian.amtool(), "check-config", ALERTMANAGER)


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_an_alert_is_shown_to_fire_and_not_to(name: str) -> None:
    cases = [one for path in CASES for test in loaded(path)["tests"] for one in test.get("alert_rule_test", ())]
    mine = [one for one in cases if one["alertname"] == name]
    assert any(one.get("exp_alerts") for one in mine)
    if name != "CrunchwatchWatchdog":
        assert any(not one.get("exp_alerts") for one in mine)


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_an_alert_has_its_runbook_and_says_where(name: str) -> None:
    annotations = ALERTS[name]["annotations"]
    assert ROOT / annotations["runbook_url"] == RUNBOOKS / f"{name}.md"
    assert set(annotations) == {"summary", "description", "runbook_url"}
    page = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == SECTIONS


def test_a_runbook_has_its_alert_and_names_no_page_that_is_not_there() -> None:
    assert {path.stem for path in RUNBOOKS.iterdir()} == set(ALERTS)
    for page in [*RUNBOOKS.iterdir(), ROOT / "docs" / "alerting.md"]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).is_file(), f"{page.name}: {link}"


def test_the_page_on_alerting_lists_them_with_their_severity() -> None:
    page = (ROOT / "docs" / "alerting.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(\w+)\]\([^)]+\) \| (\w+) \|", page, re.MULTILINE)
    assert dict(listed) == {name: rule["labels"]["severity"] for name, rule in ALERTS.items()}
    assert len(listed) == len(ALERTS)


def test_rules_look_at_metrics_that_there_are() -> None:
    shown = {row.name for row in rows(Metrics(1))}
    shown |= {f"{name}_bucket" for name in shown}
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for rule in rules():
        text = rule["expr"] + " ".join(rule.get("annotations", {}).values())
        assert set(re.findall(r"\b(?:market|market_fact|job):crunchwatch_\w+:\w+", text)) <= recorded
        text = re.sub(r'label "\w+"', "", text)
        for metric in re.findall(r"(?<![\w:])(crunchwatch_\w+)(?![\w:=])", text):
            assert metric in shown, f"{rule.get('alert', rule.get('record'))}: {metric}"


def test_both_states_are_held_alike_and_worse_is_never_less() -> None:
    crunch, default = ALERTS["CrunchwatchCrunch"], ALERTS["CrunchwatchDeFactoDefault"]
    assert (crunch["for"], crunch["keep_firing_for"]) == (default["for"], default["keep_firing_for"])
    assert crunch["expr"].replace(">= 1", ">= 2") == default["expr"]


def test_what_mutes_and_is_muted_are_alerts_and_sight_is_never_muted_by_a_state() -> None:
    market = {name for name, rule in ALERTS.items() if rule["labels"]["service"] == "market"}
    for rule in loaded(ALERTMANAGER)["inhibit_rules"]:
        sides = []
        for key in ("source_matchers", "target_matchers"):
            (matcher,) = rule[key]
            names = set(re.fullmatch(r'alertname =~? "([\w|]+)"', matcher)[1].split("|"))
            assert names <= set(ALERTS)
            sides.append(names)
        source, target = sides
        assert (source <= market) == (target <= market), "states and sight do not mute each other"


@pytest.mark.parametrize(
    ("service", "severity", "receivers"),
    [
        ("market", "critical", "desk-pager,desk-mail,desk-chat"),
        ("market", "error", "desk-pager,desk-mail,desk-chat"),
        ("market", "warning", "desk-mail,desk-chat"),
        ("market", "info", "desk-chat"),
        ("engine", "critical", "engine-pager,engine-chat"),
        ("engine", "error", "engine-pager,engine-chat"),
        ("engine", "warning", "engine-chat"),
        ("watchdog", "none", "heartbeat"),
    ],
)
def test_everybody_is_told_what_is_theirs(service: str, severity: str, receivers: str) -> None:
    test = ("config", "routes", "test", f"--config.file={ALERTMANAGER}")
    assert run(debian.amtool(), *test, f"service={service}", f"severity={severity}").strip() == receivers


@pytest.mark.parametrize("service", ["market", "engine"])
def test_nobody_is_told_of_history(service: str) -> None:
    test = ("config", "routes", "test", f"--config.file={ALERTMANAGER}")
    told = run(debian.amtool(), *test, f"service={service}", "severity=critical", "history=true")
    assert told.strip() == "nobody"
    (receiver,) = [one for one in loaded(ALERTMANAGER)["receivers"] if one["name"] == "nobody"]
    assert set(receiver) == {"name"}


def test_a_market_is_muted_by_its_own_time_alone() -> None:
    for rule in loaded(ALERTMANAGER)["inhibit_rules"]:
        assert rule.get("equal", ["market", "history"]) == ["market", "history"]


def test_no_secret_and_no_address_of_anybody_is_in_the_configuration() -> None:
    text = ALERTMANAGER.read_text(encoding="utf-8")
    assert not re.search(r"(routing_key|api_url|password|credentials):", text)
    addresses = set(re.findall(r"https?://([\w.-]+)|@([\w.-]+)", text))
    hosts = {one or other for one, other in addresses}
    assert all(host == "events.pagerduty.com" or host.endswith("example.invalid") for host in hosts)
