# --8<-- [start:begin]
"""The whole battery, by one import; and what only this detector's author can know."""

import random
import tomllib
from pathlib import Path

from crunchwatch_fx_basis.detector import FxBasis, FxBasisTable
from crunchwatch_fx_basis.event import FxBasisQuote

from detectors.checks import check
from detectors.testing import Battery, make

TABLE = tomllib.loads((Path(__file__).parents[1] / "fx_basis.toml").read_text("utf-8"))["plugins"]["fx_basis"]
# --8<-- [end:begin]


# --8<-- [start:events]
def quote(day, basis_bp, pair="EURUSD", sequence=0):
    """A checked quote of a day."""
    ts = make.moment(f"{day} 17:00")
    event = FxBasisQuote(
        market="UST",
        source="fx_basis.test",
        sequence=sequence,
        ts=ts,
        known=ts,
        provenance="synthetic",
        pair=pair,
        tenor="3M",
        basis_bp=basis_bp,
    )
    check(event)
    return event


def quotes(sessions=600, *, calm=False):
    """Some basis points around -10, and far wider for twenty sessions of every hundred and fifty."""
    rng = random.Random(5)
    for index, day in enumerate(make.sessions("2018-01-02", sessions)):
        stressed = not calm and index % 150 >= 130
        yield quote(day, round(rng.gauss(-90 if stressed else -10, 3), 2), sequence=index)


# --8<-- [end:events]


# --8<-- [start:battery]
class TestBattery(Battery):
    detectors = (FxBasis,)
    overlay = {"plugins": {"fx_basis": TABLE}}

    def more_events(self, *, calm):
        return quotes(calm=calm)

    def bare(self):
        return [quote("2021-03-03", -10.0), quote("2021-03-03", 0.0, pair="GBPUSD")]


# --8<-- [end:battery]


# --8<-- [start:own]
def test_a_basis_wider_than_ever_is_very_wide_and_ends():
    detector = FxBasis(FxBasisTable(**{**TABLE, "pairs": ("EURUSD",)}))
    assert detector.warming() == ("EURUSD",)
    found = [(event, finding) for event in quotes(170) for finding in detector.update(event)]
    very_wide = [event.basis_bp for event, finding in found if finding.level == 2]
    assert very_wide
    assert max(very_wide) <= -TABLE["very_wide_bp"]
    assert found[-1][1].level == 0
    assert detector.warming() == ()


# --8<-- [end:own]
