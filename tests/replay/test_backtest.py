"""The backtest is the engine over the script: in any pieces, whatever order the topics come in, with faults."""

import hashlib
import os
import random
import subprocess
import sys
from collections import defaultdict, deque
from pathlib import Path

import pytest

from detectors.codec import decode
from detectors.config import load
from detectors.engine import Engine
from detectors.events import Event
from detectors.signals import Signal, Transition, to_json
from replay.backtest import run as backtest
from replay.backtest import scorecard
from replay.backtest.run import Backtest
from replay.producer.faults import DeliveryPlan, Faults, plan
from replay.producer.pacer import Message, slots
from replay.scenarios.scenario import Script, script_of
from tests.support.shared import backtested, year

CONFIG = load("desk")
LATENESS_NS = CONFIG.merge.lateness_s * 10**9


@pytest.fixture(scope="session")
def result() -> Backtest:
    """The whole story under the desk's preset; computed once for all processes of the run."""
    return backtested("feb2021")


@pytest.fixture(scope="session")
def short() -> Backtest:
    """The shorter story, where what is asked is not of these years."""
    return backtest.run(year(), CONFIG)


def lines(outputs: list) -> list[bytes]:
    return [to_json(output) for output in outputs]


def test_nothing_of_the_script_is_late_or_repeated_or_waits(result: Backtest) -> None:
    assert (result.late, result.duplicates, result.status.waiting, result.status.suspects) == (0, 0, 0, 0)


def test_nothing_of_the_bundle_is_suspect_repeated_or_of_a_closed_day(result: Backtest) -> None:
    """On 5 December 2018, the day of mourning, repo settled: two indices of it were published, and are used."""
    assert result.status.intake == {}
    assert result.conflicts == 0


def test_the_pieces_do_not_matter(short: Backtest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the whole story the engine's own tests say so."""
    monkeypatch.setattr(backtest, "CHUNK", 777)
    again = backtest.run(year(), CONFIG)
    assert lines(again.outputs) == lines(short.outputs)
    assert again.statuses == short.statuses


def test_what_is_shown_is_of_the_window(result: Backtest, feb2021: Script) -> None:
    assert 0 < len(result.shown) < len(result.outputs)
    assert all(output.known >= feb2021.window_ns for output in result.shown)


def test_the_shorter_story_passes_through_all_states_too(short: Backtest) -> None:
    assert {one.to_state for one in short.outputs if isinstance(one, Transition)} >= {"crunch", "de_facto_default"}
    assert len({(one.detector, one.name) for one in short.outputs if isinstance(one, Signal)}) >= 20


def test_the_state_passes_through_all_three_and_back(result: Backtest) -> None:
    steps = [output for output in result.shown if isinstance(output, Transition)]
    assert steps[0].from_state == "normal"
    assert "de_facto_default" in {step.to_state for step in steps}
    assert steps[-1].to_state == "normal"
    assert "specials" in steps[-1].blind_on


def test_every_claim_of_the_record_is_seen_and_no_other(result: Backtest) -> None:
    for row in scorecard.score(result.outputs):
        assert row.verdict == ("not in the record" if row.claim.record == "not in the record" else "seen"), row


def interleaved(messages: list[Message], dice: random.Random) -> list[Message]:
    """The messages of each stream in their order, the streams in any."""
    streams: dict[str, deque[Message]] = defaultdict(deque)
    for message in messages:
        streams[message.stream].append(message)
    mixed = []
    while streams:
        name = dice.choice(sorted(streams))
        mixed += [streams[name].popleft() for _ in range(min(dice.randint(1, 40), len(streams[name])))]
        if not streams[name]:
            del streams[name]
    return mixed


def played(made: Script, planned: DeliveryPlan, speed: float | None, seed: int) -> tuple[list[bytes], int, int]:
    """What a worker would say: messages decoded as they come, topics in any order; late events and rejects counted."""
    engine = Engine(CONFIG, "UST")
    said: list[bytes] = []
    late = bad = 0
    messages = [one for slot in slots(planned.items, speed=speed, window_ns=made.window_ns) for one in slot.messages]
    for message in interleaved(messages, random.Random(seed)):
        found = decode(message.value, key=message.market if message.keyed else None, stream=message.stream)
        bad += len(found.rejects)
        events: list[Event] = [event for _, event in found.events]
        done = engine.process(events)
        late += len(done.late)
        said += lines(done.outputs)
    return said, late, bad


@pytest.mark.parametrize(
    ("speed", "faults"),
    [
        (None, Faults()),
        (86_400.0, Faults(shuffle=0.5, duplicate=0.2, seed=1)),
        (None, Faults(shuffle=1.0, duplicate=0.2, corrupt=0.05, seed=2)),
    ],
)
def test_messages_in_any_order_of_the_topics_say_the_same(short: Backtest, speed: float | None, faults: Faults) -> None:
    planned = plan(year().events, faults, lateness_ns=LATENESS_NS)
    said, late, bad = played(year(), planned, speed, seed=faults.seed)
    assert said == lines(short.outputs)
    assert late == 0
    assert bad == planned.corrupt.total()


def test_what_was_sent_too_late_is_counted_and_not_used() -> None:
    planned = plan(year().events, Faults(late=0.01, seed=3), lateness_ns=LATENESS_NS)
    _, late, _ = played(year(), planned, None, seed=3)
    assert late == planned.late.total() > 0


def test_a_users_own_days_of_another_year(tmp_path: Path) -> None:
    """A floor of minus one per cent, as the policy rate of 2024 makes it; no warm-up, no other series."""
    (tmp_path / "figures.csv").write_text(
        "date,series,value,unit\n"
        "2024-07-01,DFEDTARL,5.25,percent\n2024-07-01,DFEDTARU,5.5,percent\n"
        "2024-07-01,GCF_TSY,5.4,percent\n2024-07-02,GCF_TSY,5.4,percent\n"
    )
    (tmp_path / "prints.csv").write_text(
        "date,time_et,instrument,kind,rate_pct,source\n"
        "2024-07-02,10:00,10Y-OTR,print,-1.2,desk\n2024-07-02,10:05,10Y-OTR,print,-1.3,desk\n"
    )
    steps = [o for o in backtest.run(script_of(tmp_path, None, None), CONFIG).outputs if isinstance(o, Transition)]
    assert steps
    assert steps[-1].to_state == "de_facto_default"


DIGEST = """
import hashlib
from detectors.config import load
from detectors.signals import to_json
from replay.backtest import run as backtest
from replay.scenarios.scenario import script
from tests.support.shared import YEAR
outputs = backtest.run(script(YEAR), load("desk")).outputs
print(hashlib.sha256(b"".join(map(to_json, outputs))).hexdigest())
"""


def test_two_hash_seeds_say_the_same(short: Backtest) -> None:
    """Of the whole story the engine's own tests say so."""
    wanted = hashlib.sha256(b"".join(lines(short.outputs))).hexdigest()
    for seed in ("0", "4242"):
        run = subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == wanted
