"""Worker processes that die: by SIGKILL at random moments, and one that is only asleep and thought dead."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

from tests.chaos.ledger import Ledger
from tests.chaos.trial import MANY, Trial, applied, feb2021, made_up, markets, metric, until

KILLS, KILLS_SHORT = 30, 8
A_KILL_S = 4.0
"""How long the stream lasts for each kill, so that most of them fall into it."""
BESIDE = ("UKT", "DBR", "JGB")
SESSION_S = 6.0
SESSIONS = 60
OWNED = "crunchwatch_owned_partitions"
READY_AGAIN_WITHIN_S = 10.0


def test_kills_at_random_moments_change_nothing(
    trial: Callable[..., Trial], ledger: Ledger, dice: random.Random, short: bool
) -> None:
    kills = KILLS_SHORT if short else KILLS
    going = trial(CRUNCHWATCH_SNAPSHOT_INTERVAL_S="0.5")
    going.make_topics()
    done = in_stream = 0
    with going.worker() as worker:
        with going.streaming(feb2021(), made_up(BESIDE), seconds=kills * A_KILL_S) as coming:
            while done < kills:
                if dice.random() < 0.6:  # while it applies messages; else at any moment of its start and its recovery
                    worker.wait_ready()
                    until(lambda: applied(worker) > 0 or not coming(), what="the first message")
                    time.sleep(dice.uniform(0.0, 2.0))
                else:
                    time.sleep(dice.uniform(0.2, 3.0))
                in_stream += coming()
                worker.kill()
                done += 1
                worker.start()
        worker.wait_ready()
        going.settle()
    ledger.fault("worker: SIGKILL at a random moment", done)
    ledger.note(f"SIGKILLs at random moments: {in_stream} of {done} while messages came in")
    assert in_stream * 2 > done


def test_ready_again_within_ten_seconds_of_a_kill(trial: Callable[..., Trial], ledger: Ledger) -> None:
    """One market and its full history."""
    going = trial()
    with going.worker() as worker:
        going.send(feb2021())
        going.drain()
        worker.kill()
        began = time.monotonic()
        worker.start()
        worker.wait_ready()
        took_s = time.monotonic() - began
        going.settle()
    ledger.fault("worker: SIGKILL with a full history")
    ledger.note(f"ready again {took_s:.1f} s after a SIGKILL, one market, {len(feb2021().events):,} events")
    assert took_s < READY_AGAIN_WITHIN_S


def test_a_worker_that_slept_through_its_session_says_nothing_more(trial: Callable[..., Trial], ledger: Ledger) -> None:
    """SIGSTOP: the group gives its partitions to another; awake again it is a zombie, and is fenced."""
    going = trial(CRUNCHWATCH_SESSION_TIMEOUT_S=str(SESSION_S), CRUNCHWATCH_INSTANCE="")
    going.make_topics()
    with going.supervised() as first, going.worker() as second:
        until(lambda: metric(first, OWNED) == metric(second, OWNED) == 2, what="two partitions each")
        with going.streaming(made_up(MANY, SESSIONS), seconds=20):
            until(lambda: applied(first) > 0 and applied(second) > 0, what="the first messages")
            asleep = first.pid
            os.kill(asleep, signal.SIGSTOP)
            try:
                until(lambda: metric(second, OWNED) == 4, what="the other's takeover")
                until(lambda: markets(second) == set(MANY), what="the other's markets")
            finally:
                os.kill(asleep, signal.SIGCONT)
        going.settle()
    ledger.fault("worker: SIGSTOP beyond its session, then SIGCONT")
