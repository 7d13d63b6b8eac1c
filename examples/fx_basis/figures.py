"""Made-up figures, so that there is something to see: ``python figures.py FOLDER``. They stand for no market.

A hundred and twenty sessions of the basis of two pairs, SOFR, and the target range. On the last ten dollars are dear
abroad, and repo is above the corridor.
"""

import csv
import datetime as dt
import random
import sys
from pathlib import Path

from detectors.calendar import next_business_day

SESSIONS, STRESSED = 120, 10
UNITS = {"EURUSD_BASIS_3M": "bp", "USDJPY_BASIS_3M": "bp", "SOFR": "percent", "DFEDTARL": "percent"}
UNITS["DFEDTARU"] = "percent"


def main(folder: Path) -> None:
    """Write one tidy file, the same each time."""
    rng = random.Random(5)  # noqa: S311 - made-up figures, the same each time
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "made_up.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("date", "series", "value", "unit", "provenance"))
        day = dt.date(2024, 1, 3)
        for number in range(SESSIONS):
            dear = number >= SESSIONS - STRESSED
            values = {name: rng.gauss(-90 if dear else -10, 3) for name in ("EURUSD_BASIS_3M", "USDJPY_BASIS_3M")}
            values |= {"SOFR": 0.65 if dear else 0.10, "DFEDTARL": 0.0, "DFEDTARU": 0.25}
            rows.writerows((day, name, round(value, 2), UNITS[name], "synthetic") for name, value in values.items())
            day = next_business_day(day)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
