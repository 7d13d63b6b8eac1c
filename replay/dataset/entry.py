"""What the catalogue says of a series: which event its figures become, in which unit, from whom, known when."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from detectors.events import Event, PositionCategory, RepoSegment, RepoStatistic
from replay.dataset.publication import PublicationRule
from replay.dataset.units import DEFAULT_UNIT, Dimension

TradingDays = Literal["any", "weekdays", "sifma", "repo"]
"""The days on which a series can have a figure: SIFMA's sessions; for repo also the days on which only cash closed."""


@dataclass(frozen=True, slots=True)
class RecordSeries:
    """A series whose every figure is an event by itself: of which kind, with which fields, and the figure in which.

    ``volume`` names the series of the same publication whose figure of the day goes into ``volume_usd``.
    """

    kind: type[Event]
    fields: Mapping[str, Any]
    value: str
    volume: str | None = None


@dataclass(frozen=True, slots=True)
class RepoSeries:
    """An overnight repo rate; ``volume`` names the series of the same publication that holds its volume."""

    segment: RepoSegment
    instrument: str
    statistic: RepoStatistic = "average"
    percentile: float | None = None
    volume: str | None = None


@dataclass(frozen=True, slots=True)
class VolumeSeries:
    """A repo volume: no event of its own, it travels on the rate that names it."""


@dataclass(frozen=True, slots=True)
class PositionSeries:
    """One side of the open positions of a category, or the open interest that all categories share."""

    report: Literal["TFF", "LEGACY"]
    contract: str
    category: PositionCategory | None
    side: Literal["long", "short", "open_interest"]


@dataclass(frozen=True, slots=True)
class PolicySeries:
    """One of the rates the Federal Reserve sets; together they make one event a change."""

    field: Literal["target_low_pct", "target_high_pct", "iorb_pct", "on_rrp_pct"]


@dataclass(frozen=True, slots=True)
class FailSeries:
    """One side of a week's settlement fails, of one issue or of all."""

    side: Literal["to_deliver_usd", "to_receive_usd"]
    issue: str | None = None


Spec = RecordSeries | RepoSeries | VolumeSeries | PositionSeries | PolicySeries | FailSeries


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One entry of the catalogue. ``source`` is what the events say in their ``source`` field.

    ``unit`` is the one in which the publisher lists the figures, and what an absent unit means; money without one has
    to be written with its unit. ``step_usd`` is the smallest amount the publisher counts in: a figure that is no
    multiple of it is in another unit. ``days`` are the days on which there can be a figure.
    """

    id: str
    dimension: Dimension
    source: str
    publisher: str
    rule: PublicationRule
    spec: Spec
    unit: str = ""
    step_usd: float | None = None
    days: TradingDays = "any"

    @property
    def absent_unit(self) -> str | None:
        """What an empty unit means; None where it has to be written."""
        return self.unit or DEFAULT_UNIT.get(self.dimension)
