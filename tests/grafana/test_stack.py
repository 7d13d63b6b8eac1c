"""``make stack``: ports, configuration, and one run of all of it but the past, whose making is tested elsewhere."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

from detectors.calendar import NS, ny
from grafana import stack, viewer
from grafana.child import Child, StackError
from grafana.stack import Ports, graph
from tests.support import debian

WITHIN_S = 120.0
GOLDEN = Path(__file__).parents[1] / "golden" / "feb2021.desk.jsonl"


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port} .*, for past, is taken: .* --past-port"):
            stack._free(Ports(0, 0, 0, port, 0, 0))
    assert all(stack._free(Ports(*[0] * 6)))


def test_the_shipped_configuration_is_what_runs(tmp_path: Path) -> None:
    flags = stack._prometheus(tmp_path, Ports(worker=1001, alertmanager=1002, prometheus=1003))
    assert "--web.listen-address=127.0.0.1:1003" in flags
    made = yaml.safe_load((tmp_path / "prometheus.yml").read_text())
    assert made["scrape_configs"][0]["static_configs"][0]["targets"] == ["127.0.0.1:1001"]
    assert made["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] == ["127.0.0.1:1002"]
    [rules] = made["rule_files"]
    assert list(Path("/").glob(rules.lstrip("/")))


def test_nobody_is_paged(tmp_path: Path) -> None:
    stack._alertmanager(tmp_path, Ports())
    made = yaml.safe_load((tmp_path / "alertmanager.yml").read_text())
    assert made == {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}


def test_a_program_that_ends_says_why(tmp_path: Path) -> None:
    child = Child("one", [sys.executable, "-c", "import sys; sys.exit('no such thing')"], tmp_path, {})
    with pytest.raises(StackError, match="one ended with exit code 1: no such thing"):
        child.wait_for("http://127.0.0.1:9/")


def test_without_grafana_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert viewer.start(tmp_path, 3000, "http://now", "http://past") is None


def test_the_replay_is_in_the_crunch_longer_than_an_alert_waits_and_stops_in_the_default() -> None:
    first_ns, last_ns = (ny(dt.date.fromisoformat(day), "00:00") for day in (stack.FIRST_DAY, stack.LAST_DAY))
    golden = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    steps = [one for one in golden if "to_state" in one and first_ns <= one["known"] < last_ns + 86_400 * NS]
    assert [one["to_state"] for one in steps] == ["crunch", "de_facto_default"]
    crunch_s = (steps[1]["known"] - steps[0]["known"]) / NS / int(stack.SPEED)

    shipped = stack.HERE / "prometheus"
    [group] = yaml.safe_load((shipped / "rules" / "market.yml").read_text())["groups"]
    waits = {rule["alert"]: rule["for"] for rule in group["rules"]}
    times = yaml.safe_load((shipped / "prometheus.yml").read_text())["global"]
    needed = (waits["CrunchwatchCrunch"], times["scrape_interval"], times["evaluation_interval"])
    assert crunch_s > sum(int(one.removesuffix("s")) for one in needed)


def test_a_graph_is_a_link() -> None:
    assert graph("up == 1", weeks=9).startswith("/graph?g0.expr=up+%3D%3D+1&g0.tab=0")


@pytest.mark.drill
@pytest.mark.embedded
def test_it_runs_and_ends_with_ctrl_c_leaving_nothing(tmp_path: Path) -> None:
    debian.prometheus(), debian.alertmanager()
    names = [f"--{name}-port" for name in Ports._fields]
    command = [sys.executable, "-m", "grafana.stack", "--no-past", "--speed", "max"]
    process = subprocess.Popen(
        [*command, *(word for name in names for word in (name, "0"))],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        cwd=Path(__file__).parents[2],
        # A shell that starts something in the background has it ignore Ctrl-C; what is tested is a terminal's.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no threads here
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "Ctrl-C" in line:
            break
    try:
        urls = {line[:18].strip(): line[18:].split()[0] for line in said if "http://" in line}
        assert set(urls) == {"the page", "Prometheus, now", "Alertmanager"}, "".join(said)
        server = urls["Prometheus, now"].partition("/graph")[0]
        assert _until(f"{server}/api/v1/query?query=crunchwatch_state", lambda found: found["data"]["result"])
        assert _until(f"{server}/api/v1/alertmanagers", lambda found: found["data"]["activeAlertmanagers"])
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, rest.strip().splitlines()[-1]) == (0, "stopped")
    assert not list(tmp_path.glob("crunchwatch-*"))


def _until(url: str, wanted: object) -> bool:
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        with urllib.request.urlopen(url, timeout=10) as answer:
            if wanted(json.load(answer)):  # type: ignore[operator]
                return True
        time.sleep(0.5)
    return False
