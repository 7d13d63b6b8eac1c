"""What the texts of the repository say of its files, names and versions is so."""

from __future__ import annotations

import importlib
import re
import runpy
import tomllib
from pathlib import Path

import pytest
import yaml

from detectors.calendar import NEW_YORK
from detectors.config import load
from detectors.events import Heartbeat, PolicyRate
from replay.scenarios import scenario

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / ".github").rglob("*.md"),
    ]
)
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors that a forge gives the headings of a page."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.strip().lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_anchors(page: Path) -> None:
    dead = []
    for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_a_text_names_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"^(<{7}|={7}$|>{7})", text, re.MULTILINE), "a merge that was not finished"
    named = re.findall(r"`((?:tests|docs|examples|detectors|streams|replay|grafana)/[\w./-]+)(?:::\w+)?`", text)
    for path, section in re.findall(r'--8<-- "([^":]+)(?::(\w+))?"', text):
        assert (ROOT / path).is_file(), path
        assert not section or f"--8<-- [start:{section}]" in (ROOT / path).read_text(encoding="utf-8"), section
    assert [name for name in named if not (ROOT / name).exists() and not list(ROOT.glob(f"{name}*"))] == []


def test_the_life_of_a_repo_print_names_what_there_is() -> None:
    text = (ROOT / "docs" / "life-of-a-repo-print.md").read_text(encoding="utf-8")
    names = re.findall(r"`((?:detectors|streams|replay)(?:\.\w+)+)`", text)
    assert len(names) > 15
    for name in names:
        found(name)


def found(name: str) -> object:
    """The module, or the thing in one; raises where there is none."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            thing: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            thing = getattr(thing, part)
        return thing
    raise AssertionError(name)


def test_the_glossary_is_in_order() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    for section in text.split("\n## ")[1:]:
        terms = re.findall(r"^(.+)\n:   ", section, re.MULTILINE)
        assert len(terms) > 20
        assert terms == sorted(terms, key=lambda term: re.sub(r"[^\w ]", "", term).casefold())


def test_the_changelog_has_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    heads = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert heads[0] == "Unreleased"
    assert version in heads
    released = [tuple(map(int, head.split("."))) for head in heads[1:]]
    assert released == sorted(released, reverse=True)


def test_the_hooks_are_what_lint_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    lint = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nlint:")[2].partition("\n\n")[0]
    programs = {line.strip().split()[0].removeprefix("$(BIN)/") for line in lint.splitlines()[1:]}
    assert [one["repo"] for one in hooks["repos"]] == ["local"]
    entries = [hook["entry"].split()[0] for repository in hooks["repos"] for hook in repository["hooks"]]
    assert {entry.removeprefix(".venv/bin/") for entry in entries} == programs


def test_the_configuration_of_the_first_steps_loads() -> None:
    config = load("desk", ROOT / "examples" / "feeds" / "mine.toml")
    assert config.levels.levels_pct["10Y"] == (4.0, 4.5, 5.0)


def test_the_files_of_the_first_steps_load(tmp_path: Path) -> None:
    given = ROOT / "examples" / "feeds" / "yields.csv"
    (tmp_path / given.name).write_bytes(given.read_bytes())
    made = scenario.script_of(tmp_path, None, None)
    assert sum(not isinstance(event, Heartbeat) for event in made.events) == given.read_text().count("DGS10")
    assert made.warnings == []


def test_the_first_backtest_in_python_prints_the_steps(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example as it stands, on the last weeks alone: the years before them only warm windows."""
    whole = scenario.script(scenario.named("feb2021"))
    start = scenario.dt.datetime(2021, 2, 1, tzinfo=NEW_YORK).timestamp() * 1e9
    late = [one for one in whole.events if isinstance(one, Heartbeat | PolicyRate) or one.known > start]
    monkeypatch.setattr(scenario, "script", lambda _: scenario.Script(whole.scenario, late, []))
    runpy.run_path(str(ROOT / "examples" / "feeds" / "backtest.py"), run_name="__main__")
    assert capsys.readouterr().out.splitlines()[:2] == [
        "normal -> crunch squeeze",
        "crunch -> de_facto_default squeeze",
    ]
