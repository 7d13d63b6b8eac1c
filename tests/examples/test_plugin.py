"""A detector, a kind of event and a series from outside: found, configured, run, shown, and no core file knows them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.support import plugin

CORE = ("detectors", "streams", "replay", "transport", "grafana", "crunchwatch.py", "pyproject.toml")

# One story with and without the plugin: what each says, without and with its quotes in it.
STORY = """
import sys, random, msgspec, orjson
from pathlib import Path
from detectors import Engine, load, to_json
from detectors.events import KINDS, STREAMS
from detectors.registry import installed
from detectors.testing import make
from detectors.testing.story import story
events = story(160)
with_it = "fx_basis" in STREAMS
if with_it:
    from crunchwatch_fx_basis.event import FxBasisQuote
    rng = random.Random(3)
    for index, day in enumerate(make.sessions("2018-01-02", 160)):
        ts = make.moment(f"{day} 17:00")
        events.append(FxBasisQuote(market="UST", source="fx", sequence=index, ts=ts, known=ts, provenance="synthetic",
            pair="EURUSD", tenor="3M", basis_bp=round(rng.gauss(-90 if index >= 130 else -10, 3), 2)))
events.sort(key=lambda one: (one.known, one.source, one.sequence))
config = load(path=Path(sys.argv[1]) if with_it else None)
merge = msgspec.structs.replace(config.merge, max_ahead_days=3650)  # the one policy rate is long ago
engine = Engine(msgspec.structs.replace(config, merge=merge), "UST")
outputs = engine.process(events).outputs
outputs += engine.process([make.heartbeat("2019-01-02", stream) for stream in STREAMS]).outputs
status = engine.status()
steps = []
if with_it:
    days = list(make.sessions("2018-06-01", 80))
    decided = (f"{days[0]} 00:00", "2018-06-13 14:00", "2018-08-01 14:00")
    second = [make.policy(at, 2.0, 2.25, known=at) for at in decided]
    for index, day in enumerate(days):
        ts = make.moment(f"{day} 17:00")
        second.append(FxBasisQuote(market="UST", source="fx", sequence=index, ts=ts, known=ts, provenance="synthetic",
            pair="EURUSD", tenor="3M", basis_bp=-90.0 if day == days[-1] else -10.0))
    second.append(make.average(f"{days[-1]} 08:30", "GC:SOFR", 2.6, known=f"{days[-1]} 17:30"))
    second.sort(key=lambda one: one.known)
    other = Engine(msgspec.structs.replace(config, merge=merge), "UST")
    steps = other.process([*second, *(make.heartbeat("2018-12-03", stream) for stream in STREAMS)]).outputs
print(orjson.dumps({
    "outputs": [orjson.loads(to_json(one)) for one in outputs],
    "steps": [orjson.loads(to_json(one)) for one in steps],
    "kinds": [kind.__struct_config__.tag for kind in KINDS],
    "streams": list(STREAMS),
    "label": installed().label("fx_basis", "wide"),
    "feeds": list(status.feeds), "warming": list(status.warming), "values": list(status.values),
}).decode())
"""


@pytest.fixture(scope="module")
def stories() -> tuple[dict, dict]:
    """What one story gives without the plugin and with it, each in a process of its own."""
    without, with_it = (plugin.python(STORY, str(plugin.CONFIG), plugin=one) for one in (False, True))
    return orjson.loads(without), orjson.loads(with_it)


def test_no_core_file_knows_it() -> None:
    known = [
        path
        for name in CORE
        for path in ([plugin.ROOT / name] if "." in name else (plugin.ROOT / name).rglob("*.*"))
        if path.suffix in {".py", ".toml", ".yml", ".json"} and "fx_basis" in path.read_text("utf-8")
    ]
    assert known == []


def test_it_speaks_and_what_it_says_is_called_as_it_says(stories: tuple[dict, dict]) -> None:
    _, found = stories
    mine = [one for one in found["outputs"] if one.get("detector") == "fx_basis"]
    assert ("wide", "EURUSD:3M", 2) in [(one["name"], one["subject"], one["level"]) for one in mine]
    assert found["label"] == "Dollars dear abroad"
    assert "fx_basis_EURUSD:3M_bp" in found["values"]


def test_its_kind_travels_on_a_stream_of_its_own_and_its_feed_is_watched(stories: tuple[dict, dict]) -> None:
    without, found = stories
    assert "fx_basis_quote" in found["kinds"]
    assert set(found["streams"]) - set(without["streams"]) == {"fx_basis"}
    assert set(found["feeds"]) - set(without["feeds"]) == {"fx_basis"}
    assert "fx_basis:USDJPY" in found["warming"]  # configured, and never quoted


def test_everything_else_says_what_it_said_under_the_same_ids(stories: tuple[dict, dict]) -> None:
    without, found = stories
    signals = [one for one in without["outputs"] if one["type"] == "signal" and not _of_plugin(one)]
    others = [one for one in found["outputs"] if one["type"] == "signal" and not _of_plugin(one)]
    assert others == signals
    assert len(signals) > 100


def _of_plugin(signal: dict) -> bool:
    """Its own signals, and what feed health says of its feed and its series."""
    about = {cause["source"] for cause in signal["causes"]} == {"fx"}
    return signal["detector"] == "fx_basis" or (signal["detector"] == "feed_health" and about)


def test_its_signal_stands_in_a_rule(stories: tuple[dict, dict]) -> None:
    _, found = stories
    step = next(one for one in found["steps"] if one["type"] == "transition")
    assert (step["to_state"], step["kind"]) == ("crunch", "supply")
    assert [one["rule"] for one in step["evidence"]] == ["dollars_dear_everywhere", "warming"]
    assert "fx_basis.wide EURUSD:3M at level 2" in step["evidence"][0]["summary"]


def test_without_its_package_its_table_is_an_error_that_says_so() -> None:
    code = "import sys; from crunchwatch import main; sys.argv[0] = 'crunchwatch'; main()"
    command = [sys.executable, "-c", code, "backtest", "feb2021", "--config", str(plugin.CONFIG)]
    done = subprocess.run(command, cwd=plugin.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: plugins.fx_basis: no installed package brings a detector of this name")


def test_files_of_its_figures_are_read_with_their_clock(tmp_path: Path) -> None:
    (tmp_path / "fx.csv").write_text("date,series,value,unit\n2021-03-03,EURUSD_BASIS_3M,-12.5,bp\n")
    code = (
        "import sys; from pathlib import Path; from detectors import encode; from replay.dataset.loader import load;"
        "print(*(encode(one).decode() for one in load(Path(sys.argv[1])).events))"
    )
    event = orjson.loads(plugin.python(code, str(tmp_path)))
    assert (event["kind"], event["pair"], event["basis_bp"]) == ("fx_basis_quote", "EURUSD", -12.5)
    assert event["known"] == event["ts"] == 1614808800000000000  # 17:00 in New York


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        (
            "pyproject.toml",
            "detector:FxBasis",
            "detectr:FxBasis",
            "error: the plugin 'fx_basis' (crunchwatch_fx_basis.det",
        ),
        (
            "pyproject.toml",
            "event:FxBasisQuote",
            "event:FxBasis",
            "error: the plugin 'fx_basis_quote' (crunchwatch_fx_bas",
        ),
        (
            "pyproject.toml",
            "fx_basis_quote = ",
            "#",
            "error: 'fx_basis' asks for FxBasisQuote, which no entry point of",
        ),
        (
            "pyproject.toml",
            "series:entries",
            "series:nothing",
            "error: the series of the plugin 'fx_basis' (crunchwatch_f",
        ),
        (
            "detector.py",
            'name = "fx_basis"',
            'name = "floor"',
            "error: entry point 'fx_basis': another detector is called",
        ),
        (
            "detector.py",
            'feeds = ("fx_basis",)',
            'feeds = ("gone",)',
            "error: 'fx_basis' rests on the feed gone, for which",
        ),
        (
            "event.py",
            '{"fx_basis": "cross',
            '{"repo_gc": "cross',
            "error: crunchwatch_fx_basis.event.FxBasisQuote: the feed",
        ),
        (
            "fx_basis.toml",
            "min_level = 2",
            "min_level = 3",
            "error: stress.rules[12].all[0].min_level: fx_basis.wide has",
        ),
        (
            "fx_basis.toml",
            'name = "wide"',
            'name = "wyde"',
            "error: stress.rules[12].all[0].name: unknown signal fx_basis.",
        ),
    ],
)
def test_a_mistake_in_a_plugin_is_one_line(tmp_path: Path, file: str, before: str, after: str, said: str) -> None:
    site = shutil.copytree(plugin.installed(), tmp_path / "site")
    config = shutil.copy(plugin.CONFIG, tmp_path / "fx_basis.toml")
    places = {"pyproject.toml": next(site.glob("*.dist-info")) / "entry_points.txt", "fx_basis.toml": Path(config)}
    place = places.get(file, site / "crunchwatch_fx_basis" / file)
    text = place.read_text("utf-8")
    assert before in text
    place.write_text(text.replace(before, after), "utf-8")
    data = tmp_path / "data"
    data.mkdir()
    (data / "fx.csv").write_text("date,series,value,unit\n2021-03-03,DGS10,1.5,percent\n")
    code = "import sys; from crunchwatch import main; sys.argv[0] = 'crunchwatch'; main()"
    command = [sys.executable, "-c", code, "backtest", "--data", str(data), "--config", str(config)]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(command, cwd=plugin.ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith(said)
