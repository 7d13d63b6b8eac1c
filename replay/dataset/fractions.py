"""Rates that are fractions under the name of percent: 0.0105 for 1.05 %.

A series' own past does not show it if all of the file is so. The policy range of the day does: where money costs a
percent, a Treasury or repo rate below a tenth of it that would lie near it if multiplied by a hundred is a fraction.
"""

import datetime as dt
from collections.abc import Mapping

from replay.dataset.catalogue import CATALOGUE, CatalogueEntry, RecordSeries, RepoSeries
from replay.dataset.plausibility import Said
from replay.dataset.tables import Figure
from replay.errors import DataError

LEAST_POLICY_PCT = 0.5  # nearer to zero a rate of 0.01 % is one
FAR_BELOW = 0.1
NEAR = (0.3, 3.0)


def refuse(said: Said) -> None:
    """Raise for a series that is written in fractions where it says percent.

    Raises:
        DataError: most figures of the days on which it can be told are fractions; the first is named.
    """
    policy = _middle(said)
    for name, by_day in said.items():
        if not _quoted_in_percent(CATALOGUE[name]):
            continue
        told = {day: figures[0] for day, figures in by_day.items() if policy.get(day, 0.0) >= LEAST_POLICY_PCT}
        wrong = [(day, figure) for day, figure in told.items() if looks_so(figure.value, policy[day])]
        if wrong and 2 * len(wrong) > len(told):
            day, first = min(wrong, key=lambda one: one[0])
            beside = f"{name} of {day} is {first.value:g} % beside a policy rate of {policy[day]:g} %"
            raise DataError(*first.place, f"{beside}: a fraction? its unit would be 'fraction'")


def looks_so(rate_pct: float, policy_pct: float) -> bool:
    """Whether a rate is far below policy as it stands, and near it as a fraction.

    >>> looks_so(0.0105, 1.125), looks_so(0.95, 1.125)
    (True, False)
    """
    low, high = (share * policy_pct for share in NEAR)
    return abs(rate_pct) < FAR_BELOW * policy_pct and low <= 100 * rate_pct <= high


def _quoted_in_percent(entry: CatalogueEntry) -> bool:
    return entry.dimension == "rate" and isinstance(entry.spec, RepoSeries | RecordSeries)


def _middle(said: Said) -> Mapping[dt.date, float]:
    low: Mapping[dt.date, list[Figure]] = said.get("DFEDTARL", {})
    high = said.get("DFEDTARU", {})
    return {day: (low[day][0].value + high[day][0].value) / 2 for day in low.keys() & high.keys()}
