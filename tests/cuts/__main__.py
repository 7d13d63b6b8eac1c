"""Cut series at random and print the table: python -m tests.cuts [--cuts N] [--seed S] [--scenario S] [--preset P]."""

import argparse
import sys

from detectors import config
from replay.scenarios.scenario import SCENARIOS, named, script
from tests.cuts import drawn, judged


def main() -> int:
    """Print a line a cut, then the count; 1 if something came of silence."""
    parser = argparse.ArgumentParser(prog="python -m tests.cuts", description=__doc__)
    parser.add_argument("--cuts", type=int, default=100, help="how many (default 100)")
    parser.add_argument("--seed", type=int, default=1, help="decides series and days")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="bundled")
    parser.add_argument("--preset", choices=config.PRESETS, default="desk")
    parser.add_argument("--sessions", type=int, default=None, help="how many to play after a cut (default all)")
    asked = parser.parse_args()
    events, chosen = script(named(asked.scenario)).events, config.load(asked.preset)
    print(f"{'cut on':10}  {'series':24}  {'named':10}  outlasts  phantoms  missed")
    broken = 0
    for one in judged(events, chosen, drawn(events, asked.cuts, asked.seed), sessions=asked.sessions):
        broken += not one.holds(chosen)
        said = str(one.named or "never")
        days = " ".join(map(str, one.phantoms)) or "-"
        print(
            f"{one.cut.day}  {one.cut.series:24}  {said:10}  {one.excess_sessions:8}  {days:8}  "
            f"{one.missed:6}{'' if one.holds(chosen) else '  <- came of silence'}",
            flush=True,
        )
    print(f"{asked.cuts} cuts, {broken} of which silence made something")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
