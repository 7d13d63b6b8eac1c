"""docker-compose.yml: valid, bounded, its parts there, its copies equal to what is shipped."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from jsonschema import Draft201909Validator

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "tests" / "support" / "compose" / "compose-spec.json"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
STAYING = {name: one for name, one in SERVICES.items() if one.get("restart") == "unless-stopped"}


def schema() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    made["properties"]["name"] = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"}  # of 2022
    return made


def test_it_is_valid_by_the_schema_and_a_mistake_is_not() -> None:
    validator = Draft201909Validator(schema())
    validator.validate(COMPOSE)
    wrong = json.loads(json.dumps(COMPOSE))
    wrong["services"]["worker"]["helthcheck"] = {}
    with pytest.raises(jsonschema.ValidationError, match="helthcheck"):
        validator.validate(wrong)


@pytest.mark.parametrize("profile", ["live", "replay2021"])
def test_it_is_valid_by_compose_itself(profile: str) -> None:
    docker = shutil.which("docker")
    there = docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0
    if not there:
        pytest.skip("Docker Compose is not installed")
    command = [str(docker), "compose", "-f", str(ROOT / "docker-compose.yml"), "--profile", profile, "config", "-q"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_each_profile_has_what_it_needs() -> None:
    live = {name for name, one in SERVICES.items() if "live" in one["profiles"]}
    past = {name for name, one in SERVICES.items() if "replay2021" in one["profiles"]}
    assert live == {"kafka", "worker", "prometheus", "alertmanager", "grafana"}
    assert past == {"backfill2021", "prometheus2021", "grafana"}
    for name, one in SERVICES.items():
        for other in one.get("depends_on", {}):
            assert set(one["profiles"]) & {*SERVICES[other]["profiles"], "tools"}, f"{name} needs {other}"


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_bounded(name: str) -> None:
    assert {"mem_limit", "cpus", "pids_limit"} <= set(SERVICES[name])


@pytest.mark.parametrize("name", STAYING)
def test_what_stays_up_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_what_is_mounted_is_there_and_every_volume_is_declared() -> None:
    named = set()
    for one in SERVICES.values():
        for volume in one.get("volumes", []):
            source, target, *_ = volume.rsplit(":", 2 if volume.endswith(":ro") else 1)
            assert target.startswith("/")
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
            elif not source.startswith("${"):
                named.add(source)
    assert named == set(COMPOSE["volumes"])


def test_prometheus_has_the_shipped_configuration_with_the_names_of_services() -> None:
    shipped = (ROOT / "grafana" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    ours = (ROOT / "grafana" / "compose" / "prometheus.yml").read_text(encoding="utf-8")
    for address, service in (("127.0.0.1:9093", "alertmanager:9093"), ("127.0.0.1:9464", "worker:9464")):
        shipped = shipped.replace(address, service)
    assert yaml.safe_load(ours) == yaml.safe_load(shipped)
    assert SERVICES["worker"]["environment"]["CRUNCHWATCH_METRICS_NAMES"] == "worker"


def test_the_prometheus_of_2021_scrapes_nothing_and_pages_nobody() -> None:
    assert yaml.safe_load((ROOT / "grafana" / "compose" / "nothing.yml").read_text(encoding="utf-8")) == {}
    assert "--storage.tsdb.retention.time=30y" in SERVICES["prometheus2021"]["command"]


def test_grafana_lets_everyone_look_and_nobody_log_in() -> None:
    told = SERVICES["grafana"]["environment"]
    assert told["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert told["GF_AUTH_DISABLE_LOGIN_FORM"] == told["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    version = re.fullmatch(r"grafana/grafana:(12\.4|13\.1)\.\d+", SERVICES["grafana"]["image"])
    assert version, "13.2 moved Prometheus out of core"


def test_data_sources_are_services() -> None:
    file = ROOT / "grafana" / "provisioning" / "datasources" / "prometheus.yml"
    urls = [one["url"] for one in yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]]
    assert {url.removeprefix("http://").partition(":")[0] for url in urls} == {"prometheus", "prometheus2021"}
