"""The list of series: what each becomes, and the ids and units under which publishers have it."""

from typing import Any

import orjson
from rich.table import Table

from replay.backtest import report
from replay.dataset import catalogue as cat
from replay.dataset.aliases import Alias, listed_as, nearest, without_series
from replay.errors import ScenarioError

_MADE: dict[type, str] = {
    cat.RepoSeries: "repo_print",
    cat.VolumeSeries: "volume of a repo_print",
    cat.PositionSeries: "futures_position",
    cat.PolicySeries: "policy_rate",
    cat.FailSeries: "settlement_fail",
}
NO_EVENT = "none"


def rows(word: str | None) -> list[dict[str, Any]]:
    """Every series, and every id that is understood and makes no event; those with a word in them, if one is given.

    Raises:
        ScenarioError: nothing has the word in it.
    """
    listed = [_of_series(entry) for entry in cat.CATALOGUE.values()]
    waiting: dict[str, list[Alias]] = {}
    for alias in without_series():
        waiting.setdefault(alias.series, []).append(alias)
    listed += [_of_ids(name, found) for name, found in waiting.items()]
    if word is None:
        return listed
    found = [row for row in listed if word.casefold() in orjson.dumps(row).decode().casefold()]
    if not found:
        near = nearest(word)
        raise ScenarioError(f"no series and no id has {word!r} in it" + (f"; the nearest is {near}" if near else ""))
    return found


def _of_series(entry: cat.CatalogueEntry) -> dict[str, Any]:
    spec = entry.spec
    kind = spec.kind.__struct_config__.tag if isinstance(spec, cat.RecordSeries) else _MADE[type(spec)]
    return {
        "series": entry.id,
        "event": str(kind),
        "unit": entry.absent_unit or "as written",
        "publisher": entry.publisher,
        "known": f"{entry.rule.lag}, {entry.rule.known} {entry.rule.zone}",
        "note": entry.rule.note,
        "ids": [_id(alias) for alias in listed_as(entry.id)],
    }


def _of_ids(series: str, found: list[Alias]) -> dict[str, Any]:
    return {
        "series": series,
        "event": NO_EVENT,
        "unit": found[0].unit,
        "publisher": found[0].publisher,
        "known": "",
        "note": "understood, and no event is made of it",
        "ids": [_id(alias) for alias in found],
    }


def _id(alias: Alias) -> dict[str, str]:
    days = {name: day.isoformat() for name, day in (("since", alias.since), ("until", alias.until)) if day is not None}
    return {"id": alias.id, "publisher": alias.publisher, "unit": alias.unit, **days}


def show(found: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print the rows: a table for people, one object a line for programs."""
    if as_json:
        for row in found:
            report.line(orjson.dumps(row))
        return
    table = Table(title="Series that files may hold", title_justify="left")
    for heading in found[0]:
        table.add_column(heading, overflow="fold")
    for row in found:
        ids = "\n".join(f"{one['id']} ({one['unit']}, {one['publisher']})" for one in row["ids"])
        table.add_row(*(str(row[name]) for name in row if name != "ids"), ids)
    report.console().print(table)
