"""The site builds in strict mode, asks no other host for anything, and a dead link or anchor fails it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "object": "data"}


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(site)]
    variables = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=variables)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    built = build(ROOT / "mkdocs.yml", folder)
    assert built.returncode == 0, built.stderr
    return folder


class Loads(HTMLParser):
    """What a browser fetches by itself when it opens a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        value = dict(attrs).get(LOADED.get(tag, ""))
        if value:
            self.addresses.append(value)


def test_every_page_of_the_navigation_is_there(site: Path) -> None:
    pages = {page.relative_to(site).as_posix() for page in site.rglob("*.html")}
    wanted = {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    at_root = {
        f"{name}.html" for name in ("index", "architecture", "contributing", "releasing", "security", "changelog")
    }
    assert pages == wanted | at_root | {"404.html"}


def test_no_page_asks_another_host(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loads = Loads()
        loads.feed(text)
        assert loads.addresses, page
        assert [one for one in loads.addresses if re.match(r"(\w+:)?//", one)] == [], page
        assert 'class="mermaid"' not in text, f"{page}: the theme would fetch what draws it"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


def test_the_reference_holds_what_is_meant_to_be_imported(site: Path) -> None:
    wanted = {
        "engine": ("detectors.engine.Engine.process", "detectors.engine.Engine.restore", "detectors.results.Result"),
        "events": ("detectors.events.RepoPrint", "detectors.codec.decode", "detectors.checks.check"),
        "signals": ("detectors.signals.Signal", "detectors.signals.Transition", "detectors.signals.to_json"),
        "config": ("detectors.config.load", "detectors.config.ConfigError"),
        "detectors": ("detectors.detector.Detector.set_level", "replay.dataset.catalogue.RecordSeries"),
        "calendar": ("detectors.calendar.sessions_after", "detectors.calendar.ny"),
    }
    for name, objects in wanted.items():
        text = (site / "reference" / f"{name}.html").read_text(encoding="utf-8")
        assert [one for one in objects if f'id="{one}"' not in text] == []
        assert not re.search(r":(mod|class|func|meth):", text), f"{name}: a role that is no link"


def test_an_included_file_is_on_its_page(site: Path) -> None:
    page = (site / "own-feed.html").read_text(encoding="utf-8")
    assert "8&lt;--" not in page
    assert "AIOKafkaProducer" in page
    assert "ScheduledExecutorService" in page


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gone](gone.md)", "gone.md"),
        ("[gone](#gone)", "#gone"),
        ("[gone](other.md#gone)", "#gone"),
        ("[gone](/other.md)", "absolute"),
        ("[gone](other)", "other"),
    ],
)
def test_a_dead_link_fails_the_build(tmp_path: Path, text: str, said: str) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text(f"# Page\n\n{text}\n", encoding="utf-8")
    (docs / "other.md").write_text("# Other\n", encoding="utf-8")
    config = tmp_path / "mkdocs.yml"
    lines = (f"INHERIT: {ROOT / 'mkdocs.yml'}", f"docs_dir: {docs}", "nav: [index.md, other.md]")
    config.write_text("\n".join((*lines, "plugins: []", "hooks: []", "theme: {name: mkdocs}", "")), encoding="utf-8")
    built = build(config, tmp_path / "site")
    assert built.returncode != 0
    assert said in built.stderr


def test_the_build_is_strict_by_itself() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert "\nstrict: true\n" in text
    assert "font: false" in text
    assert "analytics" not in text
