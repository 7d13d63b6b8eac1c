"""The page on feeds: its messages are events, its tables name every field, its names are those of the preset."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import orjson
import pytest

from detectors import checks, codec
from detectors.config import load
from detectors.events import KINDS, STREAMS, Event, Heartbeat, stream_of
from replay.scenarios.scenario import named, script
from streams.settings import Settings

ROOT = Path(__file__).parents[2]
FEEDS = ROOT / "examples" / "feeds"
MESSAGES = sorted((FEEDS / "messages").glob("*.json"))
PAGE = (ROOT / "docs" / "own-feed.md").read_text(encoding="utf-8")
COMMON = {field.name for field in msgspec.structs.fields(Event)}


def decoded(message: Path) -> list[Event]:
    raw = message.read_bytes()
    record = orjson.loads(raw)
    first = record[0] if isinstance(record, list) else record
    found = codec.decode(raw, key=b"UST")
    assert found.rejects == [], message.name
    stream = stream_of(found.events[0][1])
    assert codec.decode(raw, key=first["market"].encode(), stream=stream).rejects == []
    return [event for _, event in found.events]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda path: path.stem)
def test_a_message_is_taken(message: Path) -> None:
    events = decoded(message)
    assert len(events) == (2 if message.stem == "frame" else 1)
    if message.stem != "frame":
        assert type(events[0]).__struct_config__.tag == message.stem
    assert f'--8<-- "{message.relative_to(ROOT).as_posix()}"' in PAGE


def test_there_is_one_of_each_kind() -> None:
    assert {str(kind.__struct_config__.tag) for kind in KINDS} == {path.stem for path in MESSAGES} - {"frame"}


def test_figures_that_are_not_made_up_are_those_of_the_bundled_data() -> None:
    """A policy rate alone is known later here: a gateway says at its start what has held since March 2020."""
    recorded = {msgspec.json.encode(event) for event in script(named("feb2021")).events}
    made_up = set()
    for message in MESSAGES:
        for event in decoded(message):
            if event.provenance == "synthetic":
                made_up.add(message.stem)
            elif message.stem == "policy_rate":
                same = msgspec.structs.replace(event, known=event.ts - 6 * 3600 * 10**9)
                assert msgspec.json.encode(same) in recorded
            else:
                assert msgspec.json.encode(event) in recorded, message.stem
    assert made_up == {"settlement_fail", "fund_flow", "heartbeat", "securities_lending", "balance", "overnight_rate",
                       "dealer_position", "dealer_financing", "volatility_index"}  # fmt: skip


def test_the_heartbeat_names_the_whole_roster() -> None:
    (heartbeat,) = decoded(FEEDS / "messages" / "heartbeat.json")
    assert isinstance(heartbeat, Heartbeat)
    assert set(heartbeat.roster) == set(STREAMS)


def rows(section: str) -> list[str]:
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_the_tables_name_every_field() -> None:
    before, _, _ = PAGE.partition("### The two times")
    _, _, common = before.partition("## What every message has")
    assert set(rows(common)) == COMMON | {"kind"}
    for kind in KINDS:
        tag = str(kind.__struct_config__.tag)
        section = re.split(r"^##", PAGE.partition(f"### {tag}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
        assert rows(section) == [field.name for field in msgspec.structs.fields(kind) if field.name not in COMMON], tag


def test_the_topics_are_the_streams() -> None:
    table = PAGE.partition("## The topics")[2].partition("##")[0]
    assert sorted(rows(table)) == sorted(STREAMS)


def test_the_names_are_those_of_the_preset() -> None:
    preset = (ROOT / "detectors" / "presets" / "desk.toml").read_text(encoding="utf-8")
    table = PAGE.partition("## Names the desk preset listens to")[2].partition("\n## ")[0]
    names = re.findall(r"^\| `([\w:-]+)` \|", table, re.MULTILINE)
    assert len(names) > 5
    assert [name for name in names if f'"{name}"' not in preset] == []


def test_the_bounds_of_a_frame_are_the_decoders() -> None:
    assert f"at most {codec.DEFAULT_LIMITS.frame_events:,} events".replace(",", " ") in PAGE
    assert codec.DEFAULT_LIMITS.value_bytes == 1_000_000
    assert checks.MAX_LENGTH == 64


def test_the_check_says_what_a_worker_would() -> None:
    command = [sys.executable, str(FEEDS / "check.py")]
    good = (FEEDS / "messages" / "repo_print.json").read_bytes()
    taken = subprocess.run([*command, "repo", "UST"], input=good, capture_output=True, check=False, cwd=ROOT)
    assert taken.returncode == 0, taken.stderr
    assert b"RepoPrint" in taken.stdout
    refused = subprocess.run([*command, "yields", "UST"], input=good, capture_output=True, check=False, cwd=ROOT)
    assert refused.returncode == 1
    assert b"wrong_stream" in refused.stderr


def test_the_limits_of_time_are_the_defaults() -> None:
    merge = load().merge
    assert (merge.lateness_s, merge.max_ahead_days, merge.grid_s) == (600, 30, 300)
    assert "ten minutes by default" in PAGE
    assert "more than 30 days ahead" in " ".join(PAGE.split())
    assert f"`CRUNCHWATCH_STREAM_SILENCE_S` ({Settings().stream_silence_s:g})" in PAGE
