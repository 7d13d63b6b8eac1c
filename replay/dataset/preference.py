"""One fact from two series: the published one is taken, and the indicative one on days that it has alone."""

from collections.abc import Iterator

from replay.dataset.catalogue import CATALOGUE, RepoSeries
from replay.dataset.plausibility import Said


def published_first(said: Said, warnings: list[str]) -> Said:
    """What was said, without figures that an earlier series of the catalogue has of the same rate and day."""
    chosen = dict(said)
    for better, other in _pairs(said):
        both = [day for day in chosen[other] if day in chosen[better]]
        if not both:
            continue
        first = chosen[other][min(both)][0]
        warnings.append(
            f"{first.place}: {other} is left out on the {len(both)} days that {better} has, first {min(both)}"
        )
        chosen[other] = {day: figures for day, figures in chosen[other].items() if day not in chosen[better]}
    return chosen


def _pairs(said: Said) -> Iterator[tuple[str, str]]:
    """Series of one rate, the preferred one first: the catalogue lists what is published before what is indicative."""
    by_rate: dict[tuple[object, ...], list[str]] = {}
    for name, entry in CATALOGUE.items():
        if name in said and isinstance(spec := entry.spec, RepoSeries):
            by_rate.setdefault((spec.segment, spec.instrument, spec.statistic, spec.percentile), []).append(name)
    for names in by_rate.values():
        for at, better in enumerate(names):
            yield from ((better, other) for other in names[at + 1 :])
