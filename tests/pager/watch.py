"""Prometheus and Alertmanager as shipped, on free ports: only addresses, secrets' paths and intervals are replaced."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.support import debian
from tests.support.kafka import free_port

ROOT = Path(__file__).parents[2] / "grafana"
SECRETS = "/etc/alertmanager/secrets"
FAST = {"30s": "1s", "1m": "2s", "2m": "4s"}
"""``for`` and ``keep_firing_for`` of the alerts on a market; those of the engine stay, and are longer than the test."""
READY_WITHIN_S = 60.0


class Server:
    """One of the two as a child process that can be stopped and started again on its data."""

    def __init__(self, folder: Path, name: str, command: list[str], port: int) -> None:
        self._log = folder / f"{name}.log"
        self._folder, self._name, self._command = folder, name, command
        self.url = f"http://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._ready():
            assert self._process.poll() is None, f"{self._name} ended:\n{self.said()}"
            assert time.monotonic() < deadline, f"{self._name} was not ready:\n{self.said()}"
            time.sleep(0.1)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(15)

    def said(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]


class Watch:
    """Both, Alertmanager first."""

    def __init__(self, folder: Path, *, worker_port: int, pager_url: str, sink_url: str) -> None:
        self.folder = folder
        alertmanager_port, prometheus_port = free_port(), free_port()
        self.alertmanager = self._alertmanager(alertmanager_port, pager_url, sink_url)
        self.prometheus = self._prometheus(prometheus_port, alertmanager_port, worker_port)

    def _alertmanager(self, port: int, pager_url: str, sink_url: str) -> Server:
        secrets = self.folder / "secrets"
        secrets.mkdir()
        for name in ("pagerduty-desk", "pagerduty-engine", "smtp-password", "heartbeat-token"):
            (secrets / name).write_text(f"{name}-secret")
        (secrets / "slack-url").write_text(f"{sink_url}/chat")
        shutil.copytree(ROOT / "alertmanager" / "templates", self.folder / "templates")
        shipped = (ROOT / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")
        assert SECRETS in shipped
        config = yaml.safe_load(shipped.replace(SECRETS, str(secrets)))
        config["global"] |= {"pagerduty_url": pager_url, "smtp_smarthost": "127.0.0.1:1"}
        config["route"] |= {"group_wait": "200ms", "group_interval": "1s"}
        heartbeat = next(one for one in config["receivers"] if one["name"] == "heartbeat")
        heartbeat["webhook_configs"][0]["url"] = f"{sink_url}/heartbeat"
        watchdog, history, *rest = config["route"]["routes"]
        assert history == {"matchers": ['history = "true"'], "receiver": "nobody"}
        config["route"]["routes"] = [watchdog, *rest]  # what is replayed here has to be heard
        watchdog |= {"group_interval": "1s", "repeat_interval": "1s"}
        (self.folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
        command = [
            f"{debian.alertmanager()}",
            "--config.file=alertmanager.yml",
            "--storage.path=alertmanager",
            "--data.retention=2160h",
            "--cluster.listen-address=",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        return Server(self.folder, "alertmanager", command, port)

    def _prometheus(self, port: int, alertmanager_port: int, worker_port: int) -> Server:
        config = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
        config["global"] = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "1s"}
        config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{alertmanager_port}"]
        config["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{worker_port}"]
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        (self.folder / "rules").mkdir()
        for path in (ROOT / "prometheus" / "rules").glob("*.yml"):
            rules = yaml.safe_load(path.read_text(encoding="utf-8"))
            for rule in [rule for group in rules["groups"] for rule in group["rules"]]:
                if rule.get("labels", {}).get("service") == "market":
                    rule |= {key: FAST[rule[key]] for key in ("for", "keep_firing_for")}
            (self.folder / "rules" / path.name).write_text(yaml.safe_dump(rules))
        command = [
            f"{debian.prometheus()}",
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=prometheus",
            # An alert counts as over when it has not been sent for four times this long: a busy machine may pause.
            "--rules.alert.resend-delay=5s",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        return Server(self.folder, "prometheus", command, port)

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The answer to an instant query, now."""
        asked = urllib.parse.urlencode({"query": query})
        with urllib.request.urlopen(f"{self.prometheus.url}/api/v1/query?{asked}", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found

    def __enter__(self) -> Self:
        self.alertmanager.start()
        self.prometheus.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.prometheus.stop()
        self.alertmanager.stop()
