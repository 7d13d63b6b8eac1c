"""Events from tables: figures of one publication are put together, dated by its rule, and numbered by source."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from detectors.checks import CheckError, check
from detectors.events import (
    EquityIndex,
    Event,
    FuturesPosition,
    PolicyRate,
    Provenance,
    RepoPrint,
    SettlementFail,
    order_key,
)
from replay.dataset import catalogue as cat
from replay.dataset.publication import ANNOUNCED, COT, FR2004, times
from replay.dataset.quotes import mark_drafts, print_drafts
from replay.dataset.tables import Figure, FileLine, Tables
from replay.errors import DataError

MARKET = "UST"


class Draft(NamedTuple):
    """An event that still lacks its number: the two times, who says it, its kind and fields, and its place."""

    known: int
    ts: int
    source: str
    kind: type[Event]
    fields: dict[str, Any]
    provenance: Provenance
    place: FileLine


def events(tables: Tables, *, market: str = MARKET) -> list[Event]:
    """All events of the tables in the one total order, numbered from 1 within each source in order of ``known``.

    Raises:
        DataError: a value that the engine would reject, with the file and line it came from.
    """
    drafts = sorted(_drafts(tables), key=lambda draft: (draft.known, draft.ts))
    numbers: Counter[str] = Counter()
    made: list[Event] = []
    for draft in drafts:
        numbers[draft.source] += 1
        event = draft.kind(
            market=market,
            source=draft.source,
            sequence=numbers[draft.source],
            ts=draft.ts,
            known=draft.known,
            provenance=draft.provenance,
            **draft.fields,
        )
        try:
            check(event)
        except CheckError as error:
            raise DataError(*draft.place, str(error)) from None
        made.append(event)
    made.sort(key=order_key)
    return made


def incomplete(tables: Tables) -> list[str]:
    """Series that make no event because what belongs to them is missing: a long without its short."""
    return sorted(_lonely_positions(tables) | _lonely_policy(tables) | _lonely_volumes(tables))


def _lonely_positions(tables: Tables) -> set[str]:
    names: dict[str, dict[str, str]] = defaultdict(dict)
    for name in tables.figures:
        series = cat.CATALOGUE[name]
        if isinstance(series.spec, cat.PositionSeries) and series.spec.category is not None:
            names[series.source][series.spec.side] = name
    return {name for sides in names.values() if len(sides) == 1 for name in sides.values()}


def _lonely_policy(tables: Tables) -> set[str]:
    present = {name for name in tables.figures if isinstance(cat.CATALOGUE[name].spec, cat.PolicySeries)}
    return set() if {"DFEDTARL", "DFEDTARU"} <= present else present


def _lonely_volumes(tables: Tables) -> set[str]:
    carried = {spec.volume for name in tables.figures if isinstance(spec := cat.CATALOGUE[name].spec, cat.RepoSeries)}
    volumes = {name for name in tables.figures if isinstance(cat.CATALOGUE[name].spec, cat.VolumeSeries)}
    return volumes - carried


def _drafts(tables: Tables) -> Iterator[Draft]:
    for name, by_day in tables.figures.items():
        series = cat.CATALOGUE[name]
        for day, figure in by_day.items():
            made = _single(series, day, figure, tables)
            if made is not None:
                ts, known = times(series.rule, day)
                yield Draft(known, ts, series.source, *made, figure.provenance, figure.place)
    yield from _positions(tables)
    yield from _policy(tables)
    yield from _fails(tables)
    for quote in (*print_drafts(tables.prints), *mark_drafts(tables.marks)):
        yield Draft(*quote)


def _single(
    series: cat.CatalogueEntry, day: dt.date, figure: Figure, tables: Tables
) -> tuple[type[Event], dict[str, Any]] | None:
    """Kind and fields of a figure that is an event by itself; None for one that is put together with others."""
    value = figure.value
    match series.spec:
        case cat.RecordSeries(kind, constant, name):
            fields = {**constant, name: value}
            if kind is EquityIndex:
                fields["local_shock"] = tables.shocks.get((constant["index"], day))
            return kind, fields
        case cat.RepoSeries():
            return RepoPrint, _repo_fields(series.spec, day, value, tables)
        case _:
            return None


def _repo_fields(spec: cat.RepoSeries, day: dt.date, rate_pct: float, tables: Tables) -> dict[str, Any]:
    traded = tables.figures.get(spec.volume or "", {}).get(day)
    return {
        "segment": spec.segment,
        "instrument": spec.instrument,
        "statistic": spec.statistic,
        "percentile": spec.percentile,
        "rate_pct": rate_pct,
        "volume_usd": None if traded is None else traded.value,
    }


def _positions(tables: Tables) -> Iterator[Draft]:
    """Long and short of a category make one event; the open interest joins them where it was published."""
    interest: dict[tuple[str, str], dict[dt.date, Figure]] = {}
    holders: dict[str, tuple[cat.PositionSeries, dict[str, dict[dt.date, Figure]]]] = {}
    for name, by_day in tables.figures.items():
        series = cat.CATALOGUE[name]
        spec = series.spec
        if not isinstance(spec, cat.PositionSeries):
            continue
        if spec.category is None:
            interest[spec.report, spec.contract] = by_day
        else:
            holders.setdefault(series.source, (spec, {}))[1][spec.side] = by_day
    for source, (spec, sides) in holders.items():
        shorts = sides.get("short", {})
        totals = interest.get((spec.report, spec.contract), {})
        for day, long in sides.get("long", {}).items():
            if day not in shorts:
                continue
            ts, known = times(COT, day)
            fields = {
                "contract": spec.contract,
                "report": spec.report,
                "category": spec.category,
                "long_contracts": long.value,
                "short_contracts": shorts[day].value,
                "open_interest_contracts": totals[day].value if day in totals else None,
                "as_of": ts,
            }
            yield Draft(known, ts, source, FuturesPosition, fields, long.provenance, long.place)


def _policy(tables: Tables) -> Iterator[Draft]:
    """One event a change. The series are daily; a rate that misses a day keeps its last value, as policy does."""
    series = {
        spec.field: tables.figures[name]
        for name, entry in cat.CATALOGUE.items()
        if isinstance(spec := entry.spec, cat.PolicySeries) and name in tables.figures
    }
    now: dict[str, float] = {}
    published: dict[str, float] = {}
    for day in sorted(set().union(*series.values())):
        figures = {name: by_day[day] for name, by_day in series.items() if day in by_day}
        now.update((name, figure.value) for name, figure in figures.items())
        if now == published or not {"target_low_pct", "target_high_pct"} <= now.keys():
            continue
        ts, announced = times(ANNOUNCED, day)
        first = next(iter(figures.values()))
        # The first rates of a history were announced before it begins; they are known when they are first in force.
        known = announced if published else ts
        yield Draft(known, ts, "fed.policy", PolicyRate, dict(now), first.provenance, first.place)
        published = dict(now)


def _fails(tables: Tables) -> Iterator[Draft]:
    """Fails to deliver and to receive of one week, in one event."""
    weeks: dict[dt.date, dict[str, Figure]] = defaultdict(dict)
    for name, by_day in tables.figures.items():
        spec = cat.CATALOGUE[name].spec
        if isinstance(spec, cat.FailSeries):
            for day, figure in by_day.items():
                weeks[day][spec.side] = figure
    for day, figures in weeks.items():
        ts, known = times(FR2004, day)
        first = next(iter(figures.values()))
        fields: dict[str, Any] = {"scope": "total", "period": "week"}
        fields.update((side, figure.value) for side, figure in figures.items())
        yield Draft(known, ts, "nyfed.fr2004.fails", SettlementFail, fields, first.provenance, first.place)
