"""New York Fed, operations: reverse repo (ON RRP), repo (the standing facility) and securities lending; JSON.

Amounts are US dollars. A facility's take-up is the sum of a day's operations; small value exercises test the pipes and
are none. An announced operation without results is no figure, and a result of zero is one.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from replay.dataset.containers import Json
from replay.dataset.days import day_of
from replay.dataset.formats.base import JsonFormat, decoded, records, text_of
from replay.dataset.intake import Intake
from replay.dataset.tables import FileLine, number

EXERCISE = "small value exercise"
OVERNIGHT = "overnight"
Amount = float | str | None


class Detail(msgspec.Struct, rename="camel"):
    """What an operation gave for one kind of security: the rate that counterparties got."""

    percent_award_rate: Amount = None


class Operation(msgspec.Struct, rename="camel"):
    """An operation; fields for which there was nothing are null or absent."""

    operation_date: str
    operation_type: str
    operation_id: str = ""
    auction_status: str = "Results"
    term: str = "Overnight"
    note: str | None = ""
    last_updated: str | None = ""
    total_amt_accepted: Amount = None
    total_par_amt_accepted: Amount = None
    details: list[Detail] | None = None


class Operations(msgspec.Struct):
    """A list of operations, as it lies under ``repo`` and under ``seclending``."""

    operations: list[msgspec.Raw] = msgspec.field(default_factory=list)


class RepoAnswer(msgspec.Struct):
    """The answer of ``rp/…/results/…``; both directions lie under ``repo``."""

    repo: Operations


class LendingAnswer(msgspec.Struct):
    """The answer of ``seclending/…``."""

    seclending: Operations


Placed = tuple[FileLine, Operation]


def _results(found: Iterable[Placed], intake: Intake) -> Iterable[Placed]:
    """Finished operations, each once in its latest form, without exercises."""
    latest: dict[str, Placed] = {}
    for place, one in found:
        if one.auction_status.casefold() != "results":
            intake.leave(f"operations with the status {one.auction_status!r}", place)
        elif EXERCISE in (one.note or "").casefold():
            intake.leave("small value exercises", place)
        else:
            name = one.operation_id or f"without id, number {len(latest)}"
            before = latest.get(name)
            if before is None or (before[1].last_updated or "") <= (one.last_updated or ""):
                latest[name] = (place, one)
    return latest.values()


def _repo(source: Json, intake: Intake) -> None:
    sums: dict[tuple[str, dt.date], tuple[float, FileLine]] = {}
    for place, one in _results(records(source, decoded(source, RepoAnswer).repo.operations, Operation), intake):
        kind, day = one.operation_type.casefold(), day_of(one.operation_date, place)
        if one.term.casefold() != OVERNIGHT:
            intake.leave(f"term operations, {one.operation_type.lower()}", place)
            continue
        amount = text_of(one.total_amt_accepted)
        if amount:
            so_far, first = sums.get((kind, day), (0.0, place))
            sums[kind, day] = so_far + number(amount, place), first
        for detail in one.details or ():
            if kind == "reverse repo" and (rate := text_of(detail.percent_award_rate)):
                intake.figure("reverse repo:percentAwardRate", day, rate, place)
    for (kind, day), (total, place) in sums.items():
        intake.figure(f"{kind}:totalAmtAccepted", day, repr(total), place)


def _lending(source: Json, intake: Intake) -> None:
    sums: dict[dt.date, float] = defaultdict(float)
    places: dict[dt.date, FileLine] = {}
    for place, one in _results(
        records(source, decoded(source, LendingAnswer).seclending.operations, Operation), intake
    ):
        day, amount = day_of(one.operation_date, place), text_of(one.total_par_amt_accepted)
        if amount:
            sums[day] += number(amount, place)
            places.setdefault(day, place)
    for day, total in sums.items():
        intake.figure("seclending:totalParAmtAccepted", day, repr(total), places[day])


JSON = (
    JsonFormat("New York Fed, repo and reverse repo", lambda value: isinstance(value, dict) and "repo" in value, _repo),
    JsonFormat(
        "New York Fed, securities lending", lambda value: isinstance(value, dict) and "seclending" in value, _lending
    ),
)
