"""Events from tables: figures of one publication are put together, dated by its rule, and numbered by source."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from detectors.checks import CheckError, check
from detectors.events import EquityIndex, Event, FuturesPosition, RepoPrint, SettlementFail, order_key
from replay.dataset import catalogue as cat
from replay.dataset.auctions import auction_drafts
from replay.dataset.fractions import refuse
from replay.dataset.lending import lending_drafts
from replay.dataset.plausibility import Said, first_few, judged
from replay.dataset.policy import policy_drafts
from replay.dataset.preference import published_first
from replay.dataset.publication import COT, FR2004, times
from replay.dataset.quotes import mark_drafts, print_drafts
from replay.dataset.records import Draft, as_known
from replay.dataset.tables import Figure, FileLine, Tables
from replay.errors import DataError

MARKET = "UST"


def events(tables: Tables, *, market: str = MARKET) -> list[Event]:
    """All events of the tables in the one total order, numbered from 1 within each source in order of ``known``.

    What is read and not used, or not yet, is named in the tables' warnings.

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
            raise DataError(*draft.places.get(error.field, draft.place), str(error)) from None
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
    rates = (cat.RepoSeries, cat.RecordSeries)
    carried = {spec.volume for name in tables.figures if isinstance(spec := cat.CATALOGUE[name].spec, rates)}
    volumes = {name for name in tables.figures if isinstance(cat.CATALOGUE[name].spec, cat.VolumeSeries)}
    return volumes - carried


def _drafts(tables: Tables) -> Iterator[Draft]:
    for name, rows in tables.closed.items():
        texts = [f"{place}: {name} of {day}, a day without a session: not a close, left out" for day, place in rows]
        tables.warnings.extend(first_few(texts, f"{name} on days without a session"))
    said = published_first(judged(tables), tables.warnings)
    refuse(said)
    for name, by_day in said.items():
        entry = cat.CATALOGUE[name]
        for day, figures in by_day.items():
            yield from _of_one_series(entry, day, figures, said, tables.shocks)
    yield from _positions(said)
    yield from policy_drafts(said, tables.warnings)
    yield from _fails(said)
    yield from lending_drafts(tables.lending, tables.warnings)
    yield from print_drafts(tables.prints, tables.warnings)
    yield from mark_drafts(tables.marks, tables.warnings)
    yield from auction_drafts(tables.marks, tables.warnings)


def _of_one_series(
    entry: cat.CatalogueEntry, day: dt.date, figures: list[Figure], said: Said, shocks: dict[tuple[str, dt.date], str]
) -> Iterator[Draft]:
    """The events of a series whose every figure is one; a series that is put together with others gives none here."""
    ts, _ = times(entry.rule, day)
    match entry.spec:
        case cat.RecordSeries(kind, constant, name, volume):
            volumes = said.get(volume or "", {}).get(day, [])
            for known, parts in as_known({name: figures, "volume_usd": volumes}, frozenset({name})):
                figure = parts[name]
                fields = {**constant, **{part: one.value for part, one in parts.items()}}
                if kind is EquityIndex:
                    fields["local_shock"] = shocks.get((constant["index"], day))
                yield Draft(known, ts, entry.source, kind, fields, figure.provenance, figure.place, _places(parts))
        case cat.RepoSeries() as spec:
            volumes = said.get(spec.volume or "", {}).get(day, [])
            for known, parts in as_known({"rate_pct": figures, "volume_usd": volumes}, frozenset({"rate_pct"})):
                rate = parts["rate_pct"]
                fields = {**_of_rate(spec), **{name: figure.value for name, figure in parts.items()}}
                yield Draft(known, ts, entry.source, RepoPrint, fields, rate.provenance, rate.place, _places(parts))
        case _:
            pass


def _of_rate(spec: cat.RepoSeries) -> dict[str, Any]:
    return {
        "segment": spec.segment,
        "instrument": spec.instrument,
        "statistic": spec.statistic,
        "percentile": spec.percentile,
    }


def _places(parts: dict[str, Figure]) -> dict[str, FileLine]:
    return {name: figure.place for name, figure in parts.items()}


def _positions(said: Said) -> Iterator[Draft]:
    """Long and short of a category make one event; the open interest joins them where it was published."""
    interest: dict[tuple[str, str], dict[dt.date, list[Figure]]] = {}
    holders: dict[str, tuple[cat.PositionSeries, dict[str, dict[dt.date, list[Figure]]]]] = {}
    for name, by_day in said.items():
        entry = cat.CATALOGUE[name]
        spec = entry.spec
        if not isinstance(spec, cat.PositionSeries):
            continue
        if spec.category is None:
            interest[spec.report, spec.contract] = by_day
        else:
            holders.setdefault(entry.source, (spec, {}))[1][spec.side] = by_day
    for source, (spec, sides) in holders.items():
        shorts = sides.get("short", {})
        totals = interest.get((spec.report, spec.contract), {})
        for day, longs in sides.get("long", {}).items():
            parts = {"long": longs, "short": shorts.get(day, []), "open_interest": totals.get(day, [])}
            yield from _report(source, spec, day, parts)


def _report(source: str, spec: cat.PositionSeries, day: dt.date, parts: dict[str, list[Figure]]) -> Iterator[Draft]:
    ts, _ = times(COT, day)
    named = {f"{side}_contracts": figures for side, figures in parts.items()}
    for known, figures in as_known(named, frozenset({"long_contracts", "short_contracts"})):
        fields = {
            "contract": spec.contract,
            "report": spec.report,
            "category": spec.category,
            "as_of": ts,
            **{name: figure.value for name, figure in figures.items()},
        }
        long = figures["long_contracts"]
        yield Draft(known, ts, source, FuturesPosition, fields, long.provenance, long.place, _places(figures))


def _fails(said: Said) -> Iterator[Draft]:
    """Fails to deliver and to receive of one week, of one issue or of all, in one event."""
    weeks: dict[tuple[str, str | None, dt.date], dict[str, list[Figure]]] = defaultdict(dict)
    for name, by_day in said.items():
        entry = cat.CATALOGUE[name]
        if isinstance(spec := entry.spec, cat.FailSeries):
            for day, figures in by_day.items():
                weeks[entry.source, spec.issue, day][spec.side] = figures
    for (source, issue, day), sides in weeks.items():
        ts, _ = times(FR2004, day)
        for known, parts in as_known(sides, frozenset()):
            first = next(iter(parts.values()))
            fields: dict[str, Any] = {"scope": "issue" if issue else "total", "issue": issue, "period": "week"}
            fields.update((side, figure.value) for side, figure in parts.items())
            yield Draft(known, ts, source, SettlementFail, fields, first.provenance, first.place, _places(parts))
