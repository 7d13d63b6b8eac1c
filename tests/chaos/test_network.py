"""The network between worker and broker: cut and healed, shortly and for long, and one that swallows every byte."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.chaos.brokers import DooredKafka
from tests.chaos.ledger import Ledger
from tests.chaos.trial import MANY, Trial, applied, made_up, metric, moves, until

SESSION_S = 6.0
SHORTLY_S = 3.0
LONG_S = SESSION_S + 3.0
STREAM_S = 30
SESSIONS = 60
OWNED = "crunchwatch_owned_partitions"


@pytest.fixture(autouse=True)
def healed(kafka: DooredKafka) -> Iterator[None]:
    """Whatever happens, the next test finds the door open."""
    yield
    kafka.door.heal()


def test_short_breaks_change_nothing(trial: Callable[..., Trial], kafka: DooredKafka, ledger: Ledger) -> None:
    """Shorter than the session: connections are refused, or what is sent is swallowed and comes late."""
    going = trial(CRUNCHWATCH_SESSION_TIMEOUT_S=str(SESSION_S))
    going.make_topics()
    with going.supervised(CRUNCHWATCH_BROKER=kafka.door.url) as worker:
        with going.streaming(made_up(), seconds=STREAM_S) as coming:
            for how in ("cut", "hold", "cut", "hold"):
                moves(worker, coming)
                _break(kafka, how, SHORTLY_S)
                ledger.fault(f"network: {_named(how)} for less than a session")
        going.settle()
    assert worker.exits == [], "a short break is waited for"


@pytest.mark.parametrize("how", ["cut", "hold"])
def test_a_long_break_hands_over_and_the_zombie_is_fenced(
    trial: Callable[..., Trial], kafka: DooredKafka, ledger: Ledger, how: str
) -> None:
    """Longer than the session: the other worker, whose network is whole, takes over; the first comes back to it."""
    going = trial(CRUNCHWATCH_SESSION_TIMEOUT_S=str(SESSION_S), CRUNCHWATCH_INSTANCE="")
    going.make_topics()
    with going.supervised(CRUNCHWATCH_BROKER=kafka.door.url) as cut_off, going.worker() as whole:
        until(lambda: metric(cut_off, OWNED) == metric(whole, OWNED) == 2, what="two partitions each")
        with going.streaming(made_up(MANY, SESSIONS), seconds=STREAM_S):
            until(lambda: applied(cut_off) > 0, what="the first message")
            _break(kafka, how, LONG_S, lambda: metric(whole, OWNED) == 4)
            ledger.fault(f"network: {_named(how)} for more than a session")
        going.settle()
    ledger.note(f"network {how} for long: exit codes of the worker cut off: {cut_off.exits or 'none'}")


def _break(kafka: DooredKafka, how: str, at_least_s: float, also: Callable[[], bool] = lambda: True) -> None:
    getattr(kafka.door, how)()
    time.sleep(at_least_s)
    until(also, what="the other's takeover")
    kafka.door.heal()


def _named(how: str) -> str:
    return "cut" if how == "cut" else "half open"
