"""Make docs/coverage.md of what detectors say of themselves: ``python -m detectors.coverage_doc`` prints it."""

import sys

from detectors.description import Mechanism
from detectors.registry import installed

HEAD = """\
# Coverage: every mechanism of the two source documents

Made by `python -m detectors.coverage_doc > docs/coverage.md` from what each detector says of itself. Each row: what the
source says, what sees it, how it is measured on Prometheus, and the test that would fail if it did not.
`tests/detectors/test_coverage.py` walks this table: each signal, metric and test named here exists.
**F** is the framework of February 2021, **H** is He, Nagel and Song (NBER 27416). Where the engine differs from its
source the difference is in [corrections.md](corrections.md) and shown in the chronology.

Metrics: `level` stands for `crunchwatch_signal_level{signal="<signal>"}`, the level of a signal (0 is off); `value(x)`
for `crunchwatch_value{series="x"}`, a last value with its unit in the name.

| source | what it says | signal | metric | test | status |
|---|---|---|---|---|---|
"""
# What no detector sees: the equilibrium on the command line, and the table of states itself.
OTHERS = (
    ("H proposition 1", "wedge, holdings, curves in both states", "curves_agree_with_the_second_method"),
    ("H figure 5", "a supply shock with a wedge of about 5 bp", "figure_5_at_a_wedge_of_five_basis_points"),
    ("H figure 7", "a demand shock: no balance sheet, both short", "demand_has_no_balance_sheet_and_both_are_short"),
    (
        "H section 4",
        "the fold: the largest shock with an equilibrium",
        "the_fold_is_the_end_and_the_amplification_grows_as_its_square_root",
    ),
)
STATES = "| F states | normal, crunch, de facto default | stress | crunchwatch_state | {test} | done |\n".format(
    test="test_state_machine.py::test_from_normal_straight_to_de_facto_default"
)


def page() -> str:
    """The page: detectors in the order of their names, then what no detector sees."""
    rows = [
        _row(name, one)
        for name, detector in sorted(installed().detectors.items())
        if detector.__module__.startswith("detectors.")
        for one in detector.mechanisms
    ]
    rows += [
        f"| {source} | {says} | model | crunchwatch model | test_equilibrium.py::test_{test} | done |\n"
        for source, says, test in OTHERS
    ]
    return HEAD + "".join(rows) + STATES


def _row(detector: str, one: Mechanism) -> str:
    return f"| {one.source} | {one.says} | {detector}.{one.signal} | {one.metric} | {one.test} | done |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
