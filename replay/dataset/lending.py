"""Securities lent by issue: what was read of an issue's day, and the events it makes.

A day's operations of one issue are one record: what was bid for and lent is summed, the fee is their average by what
was lent; what there was to lend, and what was on loan already, is the last operation's.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from detectors.events import SecuritiesLending
from replay.dataset.issues import spelled, whole_cusips
from replay.dataset.publication import SECURITIES_LENDING, times
from replay.dataset.records import Draft
from replay.dataset.tables import Lent
from replay.errors import DataError

SUMMED = ("lent_usd", "submitted_usd")


def lending_drafts(rows: Iterable[Lent], warnings: list[str]) -> Iterator[Draft]:
    """An event an issue and day; the same row twice is one.

    Raises:
        DataError: two rows of one operation and issue that differ, with both places.
    """
    once = list(_once(rows))
    whole = whole_cusips(spelled(row.issue) for row in once)
    for short, full in sorted(whole.items()):
        warnings.append(f"lending of {short} is taken as of {full}, the CUSIP it is cut short of")
    days: dict[tuple[dt.date, str], list[Lent]] = defaultdict(list)
    for row in once:
        name = spelled(row.issue)
        days[row.day, whole.get(name, name)].append(row)
    for (day, issue), found in days.items():
        ts, by_rule = times(SECURITIES_LENDING, day)
        known = max((row.known for row in found if row.known is not None), default=by_rule)
        first = found[0]
        fields = {"issue": issue, **_together(found)}
        yield Draft(known, ts, "nyfed.seclending", SecuritiesLending, fields, first.provenance, first.place)


def _once(rows: Iterable[Lent]) -> Iterator[Lent]:
    seen: dict[tuple[dt.date, str, str, int | None], Lent] = {}
    for row in rows:
        before = seen.setdefault((row.day, spelled(row.issue), row.operation, row.known), row)
        if before is row:
            yield row
        elif before.figures != row.figures:
            reason = f"{row.issue} of {row.day} is {_shown(row)} here and {_shown(before)} in {before.place}"
            raise DataError(*row.place, reason)


def _shown(row: Lent) -> str:
    return ", ".join(f"{name} {value:,g}" for name, value in row.figures.items())


def _together(rows: list[Lent]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for row in sorted(rows, key=lambda one: one.operation):
        for name, value in row.figures.items():
            figures[name] = figures.get(name, 0.0) + value if name in SUMMED else value
    lent = [(row.figures["lent_usd"], row.figures["fee_pct"]) for row in rows if "fee_pct" in row.figures]
    total = sum(amount for amount, _ in lent)
    if total:
        figures["fee_pct"] = round(sum(amount * fee for amount, fee in lent) / total, 6)
    return figures
