"""What is read from river's models and written back, by names that river does not promise; the one place that has them.

A model's state has to be exact to the last bit after a restart and must not be a pickle, and river has no public state.
The version is pinned, and a test fails when a name here is not what it was.
Source: river 0.26.1, stats.Var, proba.Gaussian, drift.PageHinkley, anomaly.HalfSpaceTrees.
"""

from typing import Any

Moments = tuple[int, float, float]
Trees = list[list[list[float]]]


def variance(gaussian: Any, *, windowed: bool) -> Any:
    """The variance behind a Gaussian; ``mean`` and ``get()`` are public, the way to it is not."""
    return (gaussian.obj if windowed else gaussian)._var  # noqa: SLF001


def moments(var: Any) -> Moments:
    """How many values, their mean, and their squared deviations."""
    return var.mean.n, var.mean._mean, var._S  # noqa: SLF001


def set_moments(var: Any, found: Moments) -> None:
    """Put them back."""
    var.mean.n, var.mean._mean, var._S = found  # noqa: SLF001


def drift_mean(test: Any) -> list[float]:
    """Of a Page-Hinkley test: how many values, and their mean."""
    mean = test._x_mean  # noqa: SLF001
    return [mean.n, mean._mean]  # noqa: SLF001


def drift_sums(test: Any) -> list[float]:
    """Of a Page-Hinkley test: the two sums and their extremes."""
    return [test._sum_increase, test._sum_decrease, test._min_increase, test._max_decrease]  # noqa: SLF001


def set_drift(test: Any, mean: list[float], sums: list[float]) -> None:
    """Put both back."""
    test._x_mean.n, test._x_mean._mean = mean  # noqa: SLF001
    test._sum_increase, test._sum_decrease, test._min_increase, test._max_decrease = sums  # noqa: SLF001


def in_first_window(trees: Any) -> bool:
    """Whether a forest has seen less than a window: it then scores everything 0."""
    return bool(trees._first_window)  # noqa: SLF001


def masses(trees: Any) -> Trees:
    """The two masses of every node of every tree."""
    return [[[node.l_mass, node.r_mass] for node in nodes] for nodes in trees._tree_nodes]  # noqa: SLF001


def set_forest(trees: Any, *, first: bool, found: Trees) -> None:
    """Put masses and window back into trees that were drawn from the same seed."""
    trees._first_window = first  # noqa: SLF001
    for nodes, both in zip(trees._tree_nodes, found, strict=True):  # noqa: SLF001
        for node, (left, right) in zip(nodes, both, strict=True):
            node.l_mass, node.r_mass = left, right
