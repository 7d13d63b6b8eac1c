"""Our own detectors through the battery, and that two processes with other hash seeds say the same."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from detectors import events as ev
from detectors.config import load
from detectors.feed_health import FeedHealth
from detectors.intake.intake import Intake
from detectors.registry import installed, own
from detectors.testing import make
from detectors.testing.battery import Battery
from detectors.testing.bench import Bench, all_of
from detectors.testing.story import story

NAMES = tuple(all_of(load()))


class TestOurs(Battery):
    detectors = (FeedHealth, *own())

    def silent_when_calm(self, name, preset):
        return preset == "desk" or name != "fails"  # the framework's line of USD 50 bn is nearly always on


def test_the_catalogue_of_signals_is_that_of_the_detectors():
    made = {**all_of(load()), Intake.name: Intake()}
    assert {name: tuple(spec.name for spec in one.signals) for name, one in made.items()} == installed().signals


def test_names_are_unique_and_none_hears_one_that_speaks_after_it():
    names = [one.name for one in all_of(load()).values()]
    assert len(set(names)) == len(names)
    for place, one in enumerate(all_of(load()).values()):
        assert set(one.listens) | set(one.after) <= set(names[:place]), one.name


def test_the_bare_records_are_of_every_kind_but_time():
    own_kinds = {kind for kind in ev.KINDS if kind.__module__.startswith("detectors.")}
    assert {type(event) for event in make.bare()} == own_kinds - {ev.Heartbeat}


def digest(preset: str) -> str:
    """A hash of all that all detectors say of a shorter story."""
    events = story(160)
    found = hashlib.sha256()
    for name in NAMES:
        bench = Bench(load(preset), name)
        for finding in bench.run(events):
            found.update(msgspec.json.encode(finding))
        found.update(msgspec.msgpack.encode(bench.snapshot()))
    return found.hexdigest()


@pytest.mark.slow("every detector through half a year under both presets, twice")
def test_two_hash_seeds_say_the_same():
    root = Path(__file__).parents[2]
    code = "from tests.contract.test_battery import digest; print(digest('desk'), digest('framework'))"
    environment = {**os.environ, "PYTHONHASHSEED": "1"}  # this process has another, drawn when it started
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{digest('desk')} {digest('framework')}\n"
