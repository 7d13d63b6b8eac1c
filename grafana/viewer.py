"""Grafana, where it is installed: with the boards and both servers, read-only, for everyone on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from grafana.child import Child

HERE = Path(__file__).parent


def start(folder: Path, port: int, now: str, past: str) -> Child | None:
    """Grafana with the boards and both servers, read-only for everyone on this machine; None where it is not."""
    program = shutil.which("grafana") or shutil.which("grafana-server")
    if program is None:
        return None
    sources, boards = folder / "provisioning" / "datasources", folder / "provisioning" / "dashboards"
    for one in (sources, boards):
        one.mkdir(parents=True)
    text = (HERE / "provisioning" / "datasources" / "prometheus.yml").read_text(encoding="utf-8")
    text = text.replace("http://prometheus:9090", now).replace("http://prometheus2021:9090", past)
    (sources / "prometheus.yml").write_text(text, encoding="utf-8")
    text = (HERE / "provisioning" / "dashboards" / "crunchwatch.yml").read_text(encoding="utf-8")
    here = str(HERE / "dashboards")
    (boards / "crunchwatch.yml").write_text(text.replace("/var/lib/grafana/dashboards", here), encoding="utf-8")
    variables = {
        "GF_SERVER_HTTP_ADDR": "127.0.0.1",
        "GF_SERVER_HTTP_PORT": str(port),
        "GF_PATHS_DATA": str(folder / "data"),
        "GF_PATHS_LOGS": str(folder / "logs"),
        "GF_PATHS_PROVISIONING": str(folder / "provisioning"),
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_AUTH_DISABLE_LOGIN_FORM": "true",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
    }
    home = f"--homepath={os.environ.get('GF_PATHS_HOME', '/usr/share/grafana')}"
    command = [program, "server", home] if Path(program).name == "grafana" else [program, home]
    child = Child("grafana", command, folder, variables)
    child.wait_for(f"http://127.0.0.1:{port}/api/health")
    return child
