"""The command line of the past: tables for people, lines for programs, one line and a code when something is wrong."""

import json
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from crunchwatch import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"COLUMNS": "160"})


def records(result: Result) -> list[dict]:
    assert result.exit_code == 0, result.output
    return [orjson.loads(line) for line in result.stdout.splitlines()]


def test_help_names_every_command_and_is_quick() -> None:
    began = time.monotonic()
    shown = subprocess.run([sys.executable, "-m", "crunchwatch", "--help"], capture_output=True, text=True, check=True)
    assert time.monotonic() - began < 3
    for command in ("replay", "backtest", "chronology", "series", "data", "demo", "worker", "watch"):
        assert command in shown.stdout


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, crunchwatch; print([m for m in ('river', 'numpy', 'faust', 'aiokafka') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.usefixtures("remembered")
def test_backtest_as_lines() -> None:
    lines = records(run("backtest", "feb2021", "--json"))
    assert {line["type"] for line in lines} == {"transition"}
    wanted = {"id", "market", "ts", "known", "from_state", "to_state", "kind", "evidence", "blind_on", "config_hash"}
    assert all(wanted <= line.keys() for line in lines)
    assert lines[0]["from_state"] == "normal"
    both = records(run("backtest", "feb2021", "--json", "--signals"))
    assert [line for line in both if line["type"] == "transition"] == lines
    assert len(both) > len(lines)
    assert len(records(run("backtest", "feb2021", "--json", "--signals", "--warm-up"))) > len(both)


@pytest.mark.slow("the one command that runs the engine itself through four years, nothing remembered")
def test_backtest_as_tables() -> None:
    shown = run("backtest", "feb2021", "--to", "2021-03-05")
    assert shown.exit_code == 0
    for text in ("Transitions", "de_facto_default", "2021-03-04", "At the end of 2021-03-05"):
        assert text in shown.stdout
    assert "2021-03-08" not in shown.stdout  # a claim of a day that was not played


@pytest.mark.usefixtures("remembered")
def test_chronology_as_lines() -> None:
    lines = records(run("chronology", "--json"))
    assert len(lines) == 11
    assert {"claim", "said", "state", "verdict"} == set(lines[0])


def test_series_as_lines_and_as_a_table() -> None:
    lines = records(run("series", "--json"))
    assert {"series", "event", "unit", "publisher", "known", "note", "ids"} == set(lines[0])
    assert any(line["series"] == "DGS10" and line["event"] == "yield_quote" for line in lines)
    assert "Series that files may hold" in run("series").stdout


def test_series_are_found_by_a_word() -> None:
    [policy] = records(run("series", "iorb", "--json"))
    assert policy["series"] == "IOER_IORB"
    assert policy["event"] == "policy_rate"
    assert {"id": "IORB", "publisher": "FRED", "unit": "percent", "since": "2021-07-29"} in policy["ids"]
    effr = records(run("series", "EFFR:percentRate", "--json"))[0]
    assert "EFFR:percentRate" in {one["id"] for one in effr["ids"]}
    wrong = run("series", "IORBB")
    assert wrong.exit_code == 2
    assert "the nearest is IORB" in wrong.output


def test_a_users_own_data(tmp_path: Path) -> None:
    rows = "date,series,value,unit\n2024-07-01,DGS10,4.48,percent\n2024-07-02,DGS10,4.43,percent\n2024-07-02,X,1,\n"
    (tmp_path / "mine.csv").write_text(rows)
    shown = run("backtest", "--data", str(tmp_path))
    assert shown.exit_code == 0
    assert "warning: left out, no such series in the catalogue: X (1 rows)" in shown.stderr
    assert "chronology" not in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["backtest"], 2, "give either a scenario"),
        (["backtest", "feb2021", "--data", "."], 2, "give either a scenario"),
        (["backtest", "mar2020"], 2, "no scenario is called 'mar2020'; there are: feb2021"),
        (["backtest", "feb2021", "--from", "2021-02-30"], 2, "2021-02-30"),
        (["backtest", "feb2021", "--from", "2021-03-01", "--to", "2021-02-01"], 2, "before --from"),
        (["backtest", "feb2021", "--config", "nowhere.toml"], 2, "nowhere.toml"),
        (["backtest", "--data", "nowhere"], 3, "no such directory"),
        (["replay", "feb2021", "--speed", "-1"], 2, "neither a positive number nor 'max'"),
        (["replay", "feb2021", "--shuffle", "1.5"], 2, "1.5"),
        (["replay", "feb2021", "--broker", "localhost"], 2, "kafka://"),
        (["replay", "feb2021", "--broker", "kafka://127.0.0.1:1"], 4, "no Kafka broker answers"),
    ],
)
def test_what_is_wrong_is_a_line_and_a_code(arguments: list[str], code: int, said: str) -> None:
    began = time.monotonic()
    shown = run(*arguments)
    assert (shown.exit_code, shown.exception.__class__) == (code, SystemExit)
    assert said in shown.stderr
    assert "Traceback" not in shown.stderr
    assert time.monotonic() - began < 10


def test_a_bad_row_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("date,series,value,unit\n2024-07-01,DGS10,448,percent\n")
    shown = run("backtest", "--data", str(tmp_path))
    assert shown.exit_code == 3
    assert f"{tmp_path / 'mine.csv'}:2: mid_pct: 448 is no rate in percent" in shown.stderr


def test_an_unknown_key_of_the_configuration_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[merge]\nlatness_s = 5\n")
    shown = run("backtest", "feb2021", "--config", str(tmp_path / "mine.toml"))
    assert shown.exit_code == 2
    assert "merge.latness_s: unknown key" in shown.stderr


def test_the_summary_of_a_replay_is_one_object() -> None:
    from replay.producer.faults import Faults, plan
    from replay.producer.pacer import slots
    from replay.producer.playback import Playback, summary
    from replay.producer.producer import Sent
    from tests.support.shared import played

    made = played("feb2021")
    how = Playback("kafka://x:1", Faults(corrupt=0.01, duplicate=0.1, late=0.01, seed=4))
    planned, sent = plan(made.events, how.faults, lateness_ns=600 * 10**9), Sent()
    for slot in slots(planned.items, speed=how.speed, window_ns=made.window_ns):
        for message in slot.messages:
            sent.add(message)
    said = summary(made, how, planned, sent)
    assert json.loads(json.dumps(said)) == said
    assert sum(said["events"].values()) == len(made.events) + said["duplicated"]
    assert sum(said["bad"].values()) == sum(said["corrupt"].values()) > 0
    assert sum(said["late"].values()) > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("replay", "synthetic", "--market", "UKT"), "synthetic generates --markets"),
        (("backtest", "synthetic", "--market", "UST"), "synthetic generates --markets"),
        (("replay", "feb2021", "--rate", "5", "--speed", "10"), "give either --rate or --speed"),
    ],
)
def test_what_would_be_ignored_is_refused(arguments: tuple[str, ...], said: str) -> None:
    shown = run(*arguments)
    assert (shown.exit_code, said in shown.stderr) == (2, True), shown.output
