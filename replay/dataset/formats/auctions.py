"""Auctions of notes and bonds: FiscalData's JSON and CSV, and TreasuryDirect's JSON.

All values are texts; ``"null"`` or nothing is missing, and an auction without a yield has not been held. Yields are
percent, amounts US dollars. Shares are of what bidders in competition got, as the press has them: the Federal Reserve's
add-on is no bid. Index-linked and floating notes are other securities than the nominal ones and make no event.
"""

import re
from typing import get_args

import msgspec

from detectors.events import Tenor
from replay.dataset.containers import Json
from replay.dataset.days import day_of
from replay.dataset.formats.base import JsonFormat, TableFormat, decoded, records
from replay.dataset.intake import Intake
from replay.dataset.sheets import Sheet
from replay.dataset.tables import FIRST_YEAR, FileLine, Quote, number
from replay.errors import DataError

SHARES = {"INDIRECT_SHARE": "indirect_bidder_accepted", "DIRECT_SHARE": "direct_bidder_accepted",
          "DEALER_SHARE": "primary_dealer_accepted"}  # fmt: skip
PLAIN = (("BID_TO_COVER", "bid_to_cover_ratio", "ratio"), ("OFFERING", "offering_amt", "USD"))
MISSING = frozenset({"", "null", "None"})
TENORS = frozenset(get_args(Tenor))
_TERM = re.compile(r"(\d+)-Year")
_OTHER = re.compile("TIPS|FRN")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2}) ([AP])M")


class Auction(msgspec.Struct):
    """An auction under FiscalData's names."""

    auction_date: str
    security_type: str
    security_term: str
    original_security_term: str = ""
    closing_time_comp: str = ""
    high_yield: str = ""
    bid_to_cover_ratio: str = ""
    offering_amt: str = ""
    comp_accepted: str = ""
    indirect_bidder_accepted: str = ""
    direct_bidder_accepted: str = ""
    primary_dealer_accepted: str = ""
    inflation_index_security: str = ""
    floating_rate: str = ""


class DirectAuction(msgspec.Struct, rename="camel"):
    """An auction under TreasuryDirect's names."""

    auction_date: str
    security_type: str
    security_term: str
    original_security_term: str = ""
    closing_time_competitive: str = ""
    high_yield: str = ""
    bid_to_cover_ratio: str = ""
    offering_amount: str = ""
    competitive_accepted: str = ""
    indirect_bidder_accepted: str = ""
    direct_bidder_accepted: str = ""
    primary_dealer_accepted: str = ""
    tips: str = ""
    floating_rate: str = ""


class Answer(msgspec.Struct):
    """The answer of FiscalData's ``auctions_query``."""

    data: list[msgspec.Raw]


def _take(intake: Intake, one: Auction, place: FileLine) -> None:
    tenor = _tenor(one)
    day = day_of(one.auction_date, place)
    if tenor is None:
        intake.leave("auctions of bills and of maturities that are no tenor", place)
    elif "Yes" in {one.inflation_index_security, one.floating_rate} or _OTHER.search(one.security_type):
        intake.leave("auctions of index-linked and floating notes", place)
    elif one.high_yield in MISSING:
        intake.leave("auctions without a result", place)
    elif day.year < FIRST_YEAR:
        intake.leave(f"auctions before {FIRST_YEAR}", place)
    else:
        time = _time(one.closing_time_comp, place)
        for name, value, unit in _figures(one, place):
            intake.mark(Quote(day, time, f"AUCTION_{tenor}_{name}", "result", value, unit, place))


def _tenor(one: Auction) -> str | None:
    """The maturity at first issue: a reopened ten-year note is '9-Year 10-Month' by now."""
    term = one.original_security_term if one.original_security_term not in MISSING else one.security_term
    found = _TERM.fullmatch(term.strip())
    tenor = f"{found[1]}Y" if found else ""
    return tenor if tenor in TENORS and "Bill" not in one.security_type else None


def _time(text: str, place: FileLine) -> str:
    if text in MISSING:
        return "13:00"
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise DataError(*place, f"{text!r} is not a time of day as in 01:00 PM")
    hour = int(found[1]) % 12 + (12 if found[3] == "P" else 0)
    return f"{hour:02d}:{found[2]}"


def _figures(one: Auction, place: FileLine) -> list[tuple[str, float, str]]:
    found = [("HIGH_YIELD", number(one.high_yield, place), "percent")]
    for name, field, unit in PLAIN:
        if (text := getattr(one, field)) not in MISSING:
            found.append((name, number(text, place), unit))
    accepted = 0.0 if one.comp_accepted in MISSING else number(one.comp_accepted, place)
    for name, field in SHARES.items():
        if (text := getattr(one, field)) not in MISSING and accepted:
            found.append((name, round(100 * number(text, place) / accepted, 4), "percent"))
    return found


def _csv(sheet: Sheet, intake: Intake) -> None:
    for place, row in sheet.records():
        _take(intake, msgspec.convert(dict(row), Auction), place)


def _fiscal_data(source: Json, intake: Intake) -> None:
    for place, one in records(source, decoded(source, Answer).data, Auction):
        _take(intake, one, place)


def _treasury_direct(source: Json, intake: Intake) -> None:
    for place, direct in records(source, decoded(source, list[msgspec.Raw]), DirectAuction):
        values = [getattr(direct, name) for name in direct.__struct_fields__]
        _take(intake, Auction(*values), place)  # the two list the same fields in the same order


NEEDED = ("auction_date", "security_type", "security_term", "high_yield")


def _is_fiscal_data(value: object) -> bool:
    rows = value.get("data") if isinstance(value, dict) else None
    return isinstance(rows, list) and bool(rows) and isinstance(rows[0], dict) and set(NEEDED) <= rows[0].keys()


def _is_treasury_direct(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and "auctionDate" in value[0]


FORMATS = (TableFormat("FiscalData, auctions", lambda sheet: set(NEEDED) <= set(sheet.header), _csv, NEEDED),)
JSON = (
    JsonFormat("FiscalData, auctions", _is_fiscal_data, _fiscal_data),
    JsonFormat("TreasuryDirect, auctions", _is_treasury_direct, _treasury_direct),
)
