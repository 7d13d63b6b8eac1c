"""The account itself: it must see what it is there to see."""

from __future__ import annotations

import pytest

from tests.chaos.ledger import Ledger

EXPECTED = {"UST": [b"1", b"2", b"3"], "UKT": [b"4"]}


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ({"UST": [b"1", b"2", b"3"], "UKT": [b"4"]}, (0, 0, 0, 0)),
        ({"UST": [b"1", b"3"], "UKT": [b"4"]}, (1, 0, 0, 0)),
        ({"UST": [b"1", b"2", b"3"]}, (1, 0, 0, 0)),
        ({"UST": [b"1", b"2", b"3", b"5"], "UKT": [b"4"]}, (0, 1, 0, 0)),
        ({"UST": [b"1", b"2", b"2", b"3"], "UKT": [b"4"]}, (0, 0, 1, 0)),
        ({"UST": [b"1", b"3", b"2"], "UKT": [b"4"]}, (0, 0, 0, 1)),
        ({"UST": [b"1", b"2", b"3"], "UKT": [b"4"], "": [b"6"]}, (0, 1, 0, 0)),
    ],
)
def test_differences_are_counted(said: dict[str, list[bytes]], counts: tuple[int, ...]) -> None:
    ledger = Ledger()
    assert ledger.compare("signals", EXPECTED, said) == (counts == (0, 0, 0, 0))
    found = (ledger.missing, ledger.new, ledger.repeated, ledger.disordered)
    assert tuple(count["signals"] for count in found) == counts
    assert ledger.expected["signals"] == 4


def test_accounts_of_several_processes_add_up() -> None:
    first, second = Ledger(), Ledger()
    for one in (first, second):
        one.fault("worker: SIGKILL", 3)
        one.compare("transitions", EXPECTED, {"UST": [b"1"]})
    first.note("one")
    second.note("two")
    first.add(second.plain())
    assert first.faults == {"worker: SIGKILL": 6}
    assert (first.expected["transitions"], first.missing["transitions"]) == (8, 6)
    assert first.notes == ["one", "two"]
