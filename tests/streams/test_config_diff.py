"""`crunchwatch config diff`: what a change does to a running market, before it is made; a retention too short."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from crunchwatch import main
from detectors.config import load
from detectors.config_diff import compare, longest_window
from streams import settings
from streams.errors import SettingsError
from streams.worker.worker import check_retention


def diff(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["config", "diff", *arguments], env={"COLUMNS": "200"})


def test_a_configuration_and_itself_differ_in_nothing() -> None:
    found = diff("desk", "desk")
    assert found.exit_code == 0
    assert "24 detectors go on as they are: their ids and their state stay." in found.output
    assert "Transitions get the same ids as before." in found.output


def test_one_number_changes_one_detector(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[curve]\nalert_z = 2.5\n")
    found = diff("desk", str(tmp_path / "mine.toml"), "--json")
    plain = orjson.loads(found.output)
    changed = [one for one in plain["detectors"] if one["change"] != "same"]
    assert [(one["name"], one["change"], one["tables"]) for one in changed] == [("curve", "changed", ["curve"])]
    assert not plain["transitions_change"]  # no rule names it
    assert changed[0]["warm_up_days"] > 126  # sessions, so more days than that
    assert found.exit_code == 0


def test_figures_as_they_came_are_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[fails]\nmedian_multiple = 2.0\n")
    (one,) = [one for one in compare(load(), load(path=tmp_path / "mine.toml")).detectors if one.change != "same"]
    assert (one.name, one.keeps_state, one.warm_up_days) == ("fails", True, 0)


def test_a_rule_that_changes_leaves_every_detector(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[stress.crunch]\nentry_dwell_s = 0\nexit_sessions = 4\n")
    found = compare(load(), load(path=tmp_path / "mine.toml"))
    assert {one.change for one in found.detectors} == {"same"}
    assert (found.rules_change, found.transitions_change, found.merge_change) == (True, True, False)


def test_topics_that_hold_too_little_are_said_with_both_numbers() -> None:
    needed, name = longest_window(load())
    found = diff("desk", "desk", "--retention-days", str(needed - 1))
    assert found.exit_code == 1
    assert f"The topics hold {needed - 1} days (retention); '{name}' looks back furthest, {needed} days" in found.output


def test_a_file_that_is_not_there_is_one_line() -> None:
    found = diff("desk", "/nowhere.toml")
    assert (found.exit_code, found.stdout) == (2, "")
    assert found.stderr.startswith("error: /nowhere.toml: cannot be read")


def test_the_worker_rejects_a_retention_shorter_than_the_longest_window() -> None:
    needed, name = longest_window(load())
    with pytest.raises(SettingsError) as error:
        check_retention(settings.load({"CRUNCHWATCH_RETENTION_DAYS": str(needed - 1)}), load())
    assert f"the topics keep {needed - 1} days, but '{name}' looks back {needed} days" in str(error.value)
    check_retention(settings.load({}), load())


def test_the_windows_of_the_issue_are_within_it() -> None:
    needed, _ = longest_window(load())
    assert needed >= 156 * 7  # positions' weeks
    assert needed >= 756 * 365 // 252  # the funds' sessions
