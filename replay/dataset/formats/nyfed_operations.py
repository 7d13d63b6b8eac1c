"""New York Fed, operations: reverse repo (ON RRP), repo (the standing facility) and securities lending; JSON.

Amounts are US dollars. A facility's take-up is the sum of a day's operations; small value exercises test the pipes and
are none. An announced operation without results is no figure, and a result of zero is one.
"""

import datetime as dt
from collections.abc import Iterable, Iterator

import msgspec

from replay.dataset.containers import Json
from replay.dataset.days import day_of
from replay.dataset.formats.base import JsonFormat, decoded, records, text_of
from replay.dataset.intake import Intake, Part
from replay.dataset.tables import FileLine, Lent, number

EXERCISE = "small value exercise"
OVERNIGHT = "overnight"
Amount = float | str | None


class Detail(msgspec.Struct, rename="camel"):
    """What an operation gave for one kind of security, or one issue: the rate, the par bid for, lent and held."""

    percent_award_rate: Amount = None
    cusip: str = ""
    par_amt_submitted: Amount = None
    par_amt_accepted: Amount = None
    weighted_average_rate: Amount = None
    soma_holdings: Amount = None
    actual_avail_to_borrow: Amount = None
    outstanding_loans: Amount = None


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


def _results(found: Iterable[Placed], intake: Intake) -> Iterator[tuple[FileLine, str, Operation]]:
    """Finished operations with their names, each once in its latest form, without exercises."""
    latest: dict[str, Placed] = {}
    for place, one in found:
        if one.auction_status.casefold() != "results":
            intake.leave(f"operations with the status {one.auction_status!r}", place)
        elif EXERCISE in (one.note or "").casefold():
            intake.leave("small value exercises", place)
        else:
            name = one.operation_id or f"number {len(latest)} of {place.path.name}, which has no id"
            before = latest.get(name)
            if before is None or (before[1].last_updated or "") <= (one.last_updated or ""):
                latest[name] = (place, one)
    return ((place, name, one) for name, (place, one) in latest.items())


def _repo(source: Json, intake: Intake) -> None:
    for place, name, one in _results(records(source, decoded(source, RepoAnswer).repo.operations, Operation), intake):
        kind, day = one.operation_type.casefold(), day_of(one.operation_date, place)
        if one.term.casefold() != OVERNIGHT:
            intake.leave(f"term operations, {one.operation_type.lower()}", place)
            continue
        if amount := text_of(one.total_amt_accepted):
            part = Part(one.last_updated or "", number(amount, place), place)
            intake.part(f"{kind}:totalAmtAccepted", day, name, part)
        for detail in one.details or ():
            if kind == "reverse repo" and (rate := text_of(detail.percent_award_rate)):
                intake.figure("reverse repo:percentAwardRate", day, rate, place)


def _lending(source: Json, intake: Intake) -> None:
    found = records(source, decoded(source, LendingAnswer).seclending.operations, Operation)
    for place, name, one in _results(found, intake):
        day = day_of(one.operation_date, place)
        if amount := text_of(one.total_par_amt_accepted):
            part = Part(one.last_updated or "", number(amount, place), place)
            intake.part("seclending:totalParAmtAccepted", day, name, part)
        for detail in one.details or ():
            _of_issue(detail, day, one.operation_id, place, intake)


def _of_issue(detail: Detail, day: dt.date, operation: str, place: FileLine, intake: Intake) -> None:
    """An issue of an auction; nothing is lent of many, and no fee is paid then."""
    if not detail.cusip or not text_of(detail.par_amt_accepted):
        return
    texts = {
        "lent_usd": detail.par_amt_accepted,
        "fee_pct": detail.weighted_average_rate,
        "submitted_usd": detail.par_amt_submitted,
        "available_usd": detail.actual_avail_to_borrow,
        "on_loan_usd": detail.outstanding_loans,
        "held_usd": detail.soma_holdings,
    }
    figures = {name: number(text, place) for name, value in texts.items() if (text := text_of(value))}
    intake.lent(Lent(day, detail.cusip, operation, figures, "official", place))


JSON = (
    JsonFormat("New York Fed, repo and reverse repo", lambda value: isinstance(value, dict) and "repo" in value, _repo),
    JsonFormat(
        "New York Fed, securities lending", lambda value: isinstance(value, dict) and "seclending" in value, _lending
    ),
)
