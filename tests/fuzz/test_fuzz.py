"""A short round of each fuzzer; `make fuzz` runs the long ones."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.fuzz.account import Account
from tests.fuzz.guided import check, samples


def test_every_fuzzed_message_is_accounted_for_and_restarts_change_nothing() -> None:
    account = Account(seed=20).run(4_000, restart_every=800)
    account.check()
    assert account.count["restarts"] >= 2
    assert {"late", "far_future", "sequence_reused"} <= set(account.refused)
    assert len(account.dead) > 10
    assert account.count["applied"] > 1_000


def test_the_same_seed_gives_the_same_account() -> None:
    first, second = (Account(seed=7).run(500) for _ in range(2))
    assert (first.count, first.dead, first.refused) == (second.count, second.dead, second.refused)


@pytest.mark.skipif(sys.platform != "linux", reason="atheris is for Linux")
def test_guided_fuzzing_of_the_decoder_finds_new_branches_and_no_fault() -> None:
    pytest.importorskip("atheris")
    command = [sys.executable, "-m", "tests.fuzz.guided", "-runs=3000", "-seed=1"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    coverage = [int(found) for found in re.findall(r"cov: (\d+)", run.stderr)]
    assert coverage[-1] > coverage[0], run.stderr[-3000:]


@pytest.mark.parametrize("sample", samples())
def test_what_holds_of_any_input_holds_of_the_samples(sample: bytes) -> None:
    check(sample)
