"""Samples as OpenMetrics text, a stretch of time a file, for ``promtool tsdb create-blocks-from openmetrics``.

A series that keeps its value for long is one run: its lines are joined from the moments' text, so that millions of
samples cost seconds. Families come whole and in one order, as the format requires.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TextIO

from detectors.calendar import NS
from replay.prometheus.sampling import Key, Tick

END = "# EOF\n"
Run = tuple[int, float | None]


def escaped(text: str) -> str:
    r"""A label's value as the format requires.

    >>> print(escaped('a "b"\\'))
    a \"b\"\\
    """
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def labelled(labels: Mapping[str, str]) -> str:
    """Labels in braces."""
    return "{" + ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items()) + "}"


def number(value: float) -> str:
    """A value in the fewest digits that give it back.

    >>> number(3.0), number(-0.25), number(float("nan"))
    ('3', '-0.25', 'NaN')
    """
    if value != value:  # noqa: PLR0124 - the one value that is not itself
        return "NaN"
    return str(int(value)) if value == int(value) else repr(value)


class Stretch:
    """The samples of one stretch of time: for each series the moments at which its value changed."""

    def __init__(self, common: Mapping[str, str]) -> None:
        """Make an empty one; ``common`` are labels of every series."""
        self._common = dict(common)
        self._times: list[str] = []
        self._runs: dict[Key, list[Run]] = {}
        self._before: dict[Key, float] = {}

    def __len__(self) -> int:
        """How many moments it holds."""
        return len(self._times)

    def add(self, tick: Tick) -> None:
        """Take a moment in."""
        index = len(self._times)
        self._times.append(number(tick.ns / NS))
        before = self._before
        for key, value in (tick.changed if before else tick.values).items():
            if before.get(key) != value:
                self._runs.setdefault(key, []).append((index, value))
        if tick.changed is tick.values:
            for key in before.keys() - tick.values.keys():
                self._runs[key].append((index, None))
        self._before = tick.values

    def write(self, file: TextIO) -> int:
        """Write it, without the end mark; returns how many samples."""
        count = 0
        families = sorted({family for family, _ in self._runs}, key=lambda family: family.name)
        by_family: dict[str, list[Key]] = {family.name: [] for family in families}
        for key in self._runs:
            by_family[key[0].name].append(key)
        for family in families:
            file.write(f"# TYPE {family.name} {family.type}\n# HELP {family.name} {escaped(family.help)}\n")
            for key in by_family[family.name]:
                count += self._series(file, key)
        return count

    def _series(self, file: TextIO, key: Key) -> int:
        family, values = key
        head = family.sample_name + labelled({**self._common, **dict(zip(family.labels, values, strict=True))})
        runs, count = self._runs[key], 0
        ends = [start for start, _ in runs[1:]] + [len(self._times)]
        for (start, value), end in zip(runs, ends, strict=True):
            if value is None:
                continue
            line = f"{head} {number(value)} "
            file.write(line + f"\n{line}".join(self._times[start:end]) + "\n")
            count += end - start
        return count


def write_series(file: TextIO, name: str, series: Iterable[tuple[Mapping[str, str], list[tuple[float, float]]]]) -> int:
    """Write the series of one untyped metric, each with its (seconds, value) pairs; returns how many samples."""
    file.write(f"# TYPE {name} unknown\n")
    count = 0
    written = cache(number)  # few values and moments, over and over
    for labels, points in series:
        head = name + labelled(labels)
        file.writelines(f"{head} {written(value)} {written(moment)}\n" for moment, value in points)
        count += len(points)
    return count
