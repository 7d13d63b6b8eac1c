"""Several workers and many markets: one dies, one comes, one goes, one comes back under its name."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.chaos.ledger import Ledger
from tests.chaos.trial import MANY, Trial, applied, made_up, markets, metric, until

SESSION_S = 6.0
TAKEOVER_WITHIN_S = SESSION_S + 10.0
SESSIONS = 60
OWNED = "crunchwatch_owned_partitions"
PARTITIONS = 4


def test_two_workers_eight_markets_one_killed(trial: Callable[..., Trial], ledger: Ledger) -> None:
    going = trial(CRUNCHWATCH_SESSION_TIMEOUT_S=str(SESSION_S))
    going.make_topics()
    with (
        going.worker(CRUNCHWATCH_INSTANCE="") as first,
        going.worker(CRUNCHWATCH_INSTANCE="") as second,
    ):
        until(lambda: metric(first, OWNED) == metric(second, OWNED) == PARTITIONS / 2, what="two partitions each")
        with going.streaming(made_up(MANY, SESSIONS), seconds=20):
            until(lambda: markets(first) | markets(second) == set(MANY), what="all eight markets")
            assert not markets(first) & markets(second), "a market shown by two"
            assert markets(first)
            assert markets(second)
            until(lambda: applied(second) > 0, what="its messages")
            second.kill()
            killed_at = time.monotonic()
            until(lambda: metric(first, OWNED) == PARTITIONS and markets(first) == set(MANY), what="the takeover")
            took_s = time.monotonic() - killed_at
        going.settle()
    ledger.fault("worker: SIGKILL of one of two")
    ledger.note(f"takeover of four of eight markets {took_s:.1f} s after a SIGKILL, session timeout {SESSION_S:g} s")
    assert took_s < TAKEOVER_WITHIN_S


def test_workers_come_and_go_in_mid_stream(trial: Callable[..., Trial], ledger: Ledger) -> None:
    going = trial(CRUNCHWATCH_SESSION_TIMEOUT_S=str(SESSION_S))
    going.make_topics()
    with going.worker(CRUNCHWATCH_INSTANCE="") as first, going.streaming(made_up(MANY, SESSIONS), seconds=30):
        until(lambda: markets(first) == set(MANY), what="all eight markets")
        with going.worker(CRUNCHWATCH_INSTANCE="") as second:
            until(lambda: markets(first) | markets(second) == set(MANY) and bool(markets(second)), what="a share")
            until(lambda: not markets(first) & markets(second), what="labels to go with their partitions")
            assert set(MANY) > markets(first) > set()
            ledger.fault("worker: joins in mid-stream")
        ledger.fault("worker: leaves in mid-stream")
        until(lambda: markets(first) == set(MANY), what="all eight again")
    with going.worker(CRUNCHWATCH_INSTANCE=""):
        going.settle()


@pytest.mark.usefixtures("long_form")
def test_a_restart_under_its_name_moves_nothing_of_the_others(trial: Callable[..., Trial], ledger: Ledger) -> None:
    """Static membership: a worker killed and started again within the session takes its own partitions back."""
    going = trial(CRUNCHWATCH_SESSION_TIMEOUT_S="30")
    going.make_topics()
    with (
        going.worker(CRUNCHWATCH_INSTANCE=f"{going.settings.group}-a") as first,
        going.worker(CRUNCHWATCH_INSTANCE=f"{going.settings.group}-b") as second,
        going.streaming(made_up(MANY, SESSIONS), seconds=25),
    ):
        until(lambda: markets(first) | markets(second) == set(MANY), what="all eight markets")
        kept, lost = markets(first), markets(second)
        second.kill()
        began = time.monotonic()
        second.start()
        second.wait_ready()
        took_s = time.monotonic() - began
        until(lambda: markets(second) == lost, what="its own markets")
        assert markets(first) == kept
        ledger.fault("worker: SIGKILL of a named one of two")
        ledger.note(f"a named worker had its partitions back after {took_s:.1f} s, session timeout 30 s")
    with going.worker(CRUNCHWATCH_INSTANCE=f"{going.settings.group}-a"):
        going.settle()
