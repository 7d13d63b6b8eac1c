"""The engine in a program of your own, with a detector that need not be installed: ``python in_process.py``."""

import random
from pathlib import Path

from crunchwatch_fx_basis.detector import FxBasis
from crunchwatch_fx_basis.event import FxBasisQuote

from detectors import Engine, load
from detectors.testing import make

config = load(path=Path("fx_basis.toml"), detectors=[FxBasis])
engine = Engine(config, "UST")
rng = random.Random(5)  # noqa: S311 - made-up figures, the same each time
for number, day in enumerate(make.sessions("2024-01-03", 90)):
    quote = FxBasisQuote(
        market="UST",
        source="notebook",
        sequence=number,
        ts=make.moment(f"{day} 17:00"),
        known=make.moment(f"{day} 17:00"),
        provenance="synthetic",
        pair="EURUSD",
        tenor="3M",
        basis_bp=round(rng.gauss(-90 if number >= 80 else -10, 3), 2),
    )
    for signal in engine.process([quote]).outputs:
        print(signal)
