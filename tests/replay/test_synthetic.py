"""Made-up markets: the same for the same seed, decodable to the last event, and not calm."""

import datetime as dt
from collections import Counter

import pytest
from click.testing import CliRunner, Result

from detectors import codec, config
from detectors.events import STREAMS, Heartbeat, order_key, stream_of
from detectors.signals import Transition, from_json, to_json
from replay.backtest import run as backtest
from replay.cli.commands import backtest as command
from replay.errors import ScenarioError
from replay.producer import faults, pacer
from replay.scenarios import synthetic
from replay.scenarios.scenario import Script
from streams.settings import _CEILINGS

MARKETS = ("UST", "UKT", "DBR")
SESSIONS = 80
SEED = 2


@pytest.fixture(scope="module")
def made() -> Script:
    return synthetic.script(MARKETS, SESSIONS, SEED)


@pytest.fixture(scope="module")
def result(made: Script) -> backtest.Backtest:
    return backtest.run(made, config.load())


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(made: Script) -> None:
    def raw(script: Script) -> list[bytes]:
        return [codec.encode(event) for event in script.events]

    assert raw(made) == raw(synthetic.script(MARKETS, SESSIONS, SEED))
    assert raw(made) != raw(synthetic.script(MARKETS, SESSIONS, SEED + 1))


def test_a_market_does_not_depend_on_those_beside_it(made: Script) -> None:
    alone = synthetic.script(("DBR",), SESSIONS, SEED)
    assert [event for event in made.events if event.market == "DBR"] == alone.events


def test_every_event_says_what_it_is_and_is_taken_by_the_decoder(made: Script) -> None:
    assert {event.provenance for event in made.events} == {"synthetic"}
    assert {stream_of(event) for event in made.events if not isinstance(event, Heartbeat)} == set(STREAMS)
    for event in made.events:
        decoded = codec.decode(codec.encode(event), key=event.market.encode(), stream=stream_of(event))
        assert [one for _, one in decoded.events] == [event]


def test_order_rosters_and_sequences(made: Script) -> None:
    assert [order_key(event)[0] for event in made.events] == sorted(event.known for event in made.events)
    first = made.events[: len(MARKETS) * len(STREAMS)]
    assert all(isinstance(event, Heartbeat) and event.roster == STREAMS for event in first)
    told: Counter[tuple[str, str]] = Counter()
    for event in made.events:
        told[event.market, event.source] += 1
        assert event.sequence == told[event.market, event.source]


def test_markets_visit_every_state(result: backtest.Backtest) -> None:
    steps = [one for one in result.outputs if isinstance(one, Transition)]
    assert {step.market for step in steps} == set(MARKETS)
    assert {step.to_state for step in steps} == {"normal", "crunch", "de_facto_default"}
    assert {step.kind for step in steps} >= {"squeeze", "scarcity"}
    assert (result.late, result.duplicates, result.conflicts) == (0, 0, 0)
    assert all(status.waiting == 0 for status in result.statuses.values())


def test_a_backtest_of_several_is_that_of_each(result: backtest.Backtest) -> None:
    alone = backtest.run(synthetic.script(("UKT",), SESSIONS, SEED), config.load())
    assert [one for one in result.outputs if one.market == "UKT"] == alone.outputs


@pytest.mark.parametrize(
    ("markets", "sessions", "said"),
    [
        (("ust",), 10, "'ust' is not a market"),
        (("UST", "UKT", "UST"), 10, "market UST is named twice"),
        ((), 10, "0 markets"),
        (("UST",), 0, "--sessions 0"),
        (("UST",), 5_001, "--sessions 5001"),
    ],
)
def test_what_cannot_be_is_refused_by_name(markets: tuple[str, ...], sessions: int, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        synthetic.script(markets, sessions)


def test_there_may_be_as_many_markets_as_a_worker_may_be_told_to_take() -> None:
    assert _CEILINGS["max_markets"] == synthetic.MAX_MARKETS
    many = synthetic.script([f"M{number}" for number in range(300)], 1)
    assert len(many.markets) == 300


def test_days_outside_are_refused() -> None:
    with pytest.raises(ScenarioError, match="after the last of 5 sessions"):
        synthetic.script(MARKETS, 5, end=dt.date(2019, 1, 2))


def test_no_frame_holds_two_markets(made: Script) -> None:
    plan = faults.plan(made.events[:20_000], faults.Faults(), lateness_ns=0)
    messages = [one for slot in pacer.slots(plan.items, speed=None, window_ns=0) for one in slot.messages]
    for message in messages:
        decoded = codec.decode(message.value, key=message.market, stream=message.stream)
        assert decoded.rejects == []
    assert sum(message.good for message in messages) == 20_000


def test_a_rate_makes_single_messages_in_their_order(made: Script) -> None:
    plan = faults.plan(made.events[:1_000], faults.Faults(), lateness_ns=0)
    slots = list(pacer.singly(plan.items, rate=2_000))
    assert [one.value for slot in slots for one in slot.messages] == [item.raw for item in plan.items]
    assert {len(slot.messages) for slot in slots} == {40}
    assert [slot.due_s for slot in slots] == [number * 0.02 for number in range(25)]


def test_the_command_prints_the_markets_outputs() -> None:
    ran = _run("synthetic", "--markets", "UST,UKT", "--sessions", "40", "--seed", "2", "--signals", "--json")
    outputs = backtest.run(synthetic.script(("UST", "UKT"), 40, 2), config.load()).outputs
    assert ran.stdout.splitlines() == [to_json(one).decode() for one in outputs]
    assert {from_json(line.encode()).market for line in ran.stdout.splitlines()} == {"UST", "UKT"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("synthetic", "--markets", "UST,u k"), "'u k' is not a market"),
        (("feb2021", "--markets", "UST,UKT"), "belong to the scenario synthetic"),
    ],
)
def test_the_command_refuses_in_one_line(given: tuple[str, ...], said: str) -> None:
    assert said in _run(*given, code=2).stderr


def _run(*given: str, code: int = 0) -> Result:
    ran = CliRunner().invoke(command, list(given))
    assert ran.exit_code == code, ran.output
    return ran
