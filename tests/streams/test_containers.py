"""What the containers may do, and that nothing has a password everybody knows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if str(service.get("image", "")).startswith("crunchwatch")}
SECRET = re.compile(r"password|passwd|secret|token|api_?key|routing_?key|credential", re.IGNORECASE)
ELSEWHERE = re.compile(r"(_FILE|__FILE)$")
# Images that cannot: why stands beside them in docker-compose.yml.
WRITES_ITSELF = {"kafka"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_gains_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")
    assert not service.get("cap_add")
    for option in ("network_mode", "pid", "ipc", "devices"):
        assert option not in service
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", []))


@pytest.mark.parametrize("name", SERVICES)
def test_file_systems_are_read_only(name: str) -> None:
    assert SERVICES[name].get("read_only") or name in WRITES_ITSELF


def test_ours_run_as_a_user_without_privileges() -> None:
    assert set(OURS) >= {"worker", "replay", "watch"}
    for service in OURS.values():
        assert service["user"] == "10001:10001"


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_loopback_alone(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert str(port).startswith("127.0.0.1:"), port


@pytest.mark.parametrize("name", SERVICES)
def test_no_password_stands_in_the_file(name: str) -> None:
    service = SERVICES[name]
    environment = service.get("environment") or {}
    pairs = dict(one.partition("=")[::2] for one in environment) if isinstance(environment, list) else environment
    for variable, value in pairs.items():
        if SECRET.search(variable):
            assert ELSEWHERE.search(variable), f"{variable} is no name of a file"
            assert str(value).startswith("/run/secrets/")
    words = service.get("command") or []
    assert not SECRET.search(" ".join(words) if isinstance(words, list) else words)


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    image = SERVICES[name]["image"]
    assert re.search(r":[\w.-]*\d|:local$", image), image
    assert not image.endswith(":latest")


def test_the_image_ends_as_a_user_without_privileges() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    last = [line.split() for line in lines if line.startswith(("FROM ", "USER "))]
    assert last[-1] == ["USER", "10001"]
    assert not [line for line in lines if line.startswith(("ARG ", "ENV ")) and SECRET.search(line)]
    assert not [line for line in lines if re.search(r"\bsudo\b|chmod 777|curl .*\|", line)]
    assert any("--require-hashes" in line for line in lines)


def test_the_folder_of_secrets_goes_into_neither_git_nor_an_image() -> None:
    (mounted,) = [one for one in SERVICES["alertmanager"]["volumes"] if one.endswith("/secrets:ro")]
    assert mounted.startswith("${CRUNCHWATCH_SECRETS:-./secrets}:")
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "secrets" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    user = str(SERVICES["alertmanager"]["user"]).partition(":")[0]
    assert f"chown {user} secrets/*" in (ROOT / "docs" / "alerting.md").read_text(encoding="utf-8")
