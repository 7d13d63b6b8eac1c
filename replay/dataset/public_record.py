"""More of the public record: unsecured rates, facilities, lending by issue, dealers' books, balances, volatility.

No rule of the shipped presets rests on these series yet; they travel, are shown, and stand open to detectors.
"""

from collections.abc import Iterator
from dataclasses import replace

from detectors.events import (
    Balance,
    BalanceItem,
    DealerBucket,
    DealerFinancing,
    DealerPosition,
    Event,
    OvernightRate,
    ReverseRepo,
    Tenor,
    VolatilityIndex,
    YieldQuote,
)
from replay.dataset import publication
from replay.dataset.entry import CatalogueEntry, FailSeries, RecordSeries, RepoSeries, TradingDays, VolumeSeries

NEW_YORK_FED, FR2004 = "New York Fed", "New York Fed (FR 2004)"
RANKS = (1, 25, 75, 99)


def entries() -> Iterator[CatalogueEntry]:
    """The series of this part of the catalogue."""
    yield from _bills()
    yield from _unsecured()
    yield from _repo()
    yield from _facilities()
    yield from _balances()
    yield from _dealers()
    yield from _fails_by_issue()
    yield from _volatility()


def _bills() -> Iterator[CatalogueEntry]:
    bills: dict[str, Tenor] = {"1_5MO": "1.5M", "2MO": "2M", "4MO": "4M"}
    for suffix, tenor in bills.items():
        spec = RecordSeries(YieldQuote, {"tenor": tenor, "statistic": "close"}, "mid_pct")
        source, rule = f"ust.par.{tenor}", publication.TREASURY_PAR
        yield CatalogueEntry(f"DGS{suffix}", "rate", source, "US Treasury", rule, spec, days="sifma")


def _unsecured() -> Iterator[CatalogueEntry]:
    rule = publication.NEXT_MORNING_UNSECURED  # of each day the Fed's wire is open: Good Friday too
    days: TradingDays = "weekdays"
    for name in ("EFFR", "OBFR"):
        median = RecordSeries(OvernightRate, {"index": name}, "rate_pct", volume=f"{name}_VOLUME")
        source = f"nyfed.{name.lower()}"
        yield CatalogueEntry(name, "rate", source, NEW_YORK_FED, rule, median, days=days)
        for rank in RANKS:
            spec = RecordSeries(OvernightRate, {"index": name, "percentile": float(rank)}, "rate_pct")
            yield CatalogueEntry(f"{name}_P{rank}", "rate", f"{source}.p{rank}", NEW_YORK_FED, rule, spec, days=days)
        volume = VolumeSeries()
        yield CatalogueEntry(f"{name}_VOLUME", "money", "", NEW_YORK_FED, rule, volume, "USD bn", 1e9, days)


def _repo() -> Iterator[CatalogueEntry]:
    """What the first part has not: BGCR's percentiles, and OFR's like-for-like tri-party series."""
    for rank in RANKS:
        spec = RepoSeries("GC", "BGCR", "percentile", float(rank))
        source, rule = f"nyfed.bgcr.p{rank}", publication.NEXT_MORNING
        yield CatalogueEntry(f"BGCR_P{rank}", "rate", source, NEW_YORK_FED, rule, spec, days="repo")
    ofr, rule = "Office of Financial Research", publication.OFR_TRIPARTY
    for name, instrument in (("TSY", "OFR-TRIPARTY-TSY"), ("V1", "OFR-TRIPARTY-V1")):
        source = f"ofr.triparty.{name.lower()}"
        spec = RepoSeries("TRIPARTY", instrument)
        yield CatalogueEntry(f"OFR_TRIPARTY_{name}_RATE", "rate", source, ofr, rule, spec, days="repo")


def _facilities() -> Iterator[CatalogueEntry]:
    for name, facility, rule in (
        ("SRF", "SRF", publication.SRF),
        ("SOMA_LENDING", "SOMA_LENDING", publication.SECURITIES_LENDING),
    ):
        spec = RecordSeries(ReverseRepo, {"facility": facility}, "takeup_usd")
        source = f"nyfed.{name.lower()}"
        yield CatalogueEntry(name, "money", source, NEW_YORK_FED, rule, spec, "USD", days="repo")


def _balances() -> Iterator[CatalogueEntry]:
    weekly: dict[str, BalanceItem] = {
        "RESERVES_WED_H41": "RESERVES",
        "TGA_WED_H41": "TREASURY_ACCOUNT",
        "FOREIGN_RRP_POOL_H41": "FOREIGN_REPO_POOL",
        "SOMA_BILLS": "SOMA_BILLS",
        "SOMA_NOTESBONDS": "SOMA_NOTES_BONDS",
        "SOMA_TIPS": "SOMA_TIPS",
        "SOMA_MBS": "SOMA_MBS",
    }
    for name, item in weekly.items():
        yield _balance(name, item, "fed.h41", "Federal Reserve Board (H.4.1)", publication.H41, "weekdays")
    sponsored: dict[str, BalanceItem] = {
        "FICC_SPONSORED_REPO": "SPONSORED_REPO",
        "FICC_SPONSORED_REVREPO": "SPONSORED_REVERSE_REPO",
    }
    for name, item in sponsored.items():
        publisher = "DTCC (FICC), by the Office of Financial Research"
        yield _balance(name, item, "ficc", publisher, publication.OFR_CLEARED, "repo")


def _balance(
    name: str, item: BalanceItem, source: str, publisher: str, rule: publication.PublicationRule, days: TradingDays
) -> CatalogueEntry:
    spec = RecordSeries(Balance, {"item": item}, "amount_usd")
    return CatalogueEntry(name, "money", f"{source}.{item.lower()}", publisher, rule, spec, "USD", days=days)


def _dealers() -> Iterator[CatalogueEntry]:
    buckets: dict[str, DealerBucket] = {
        "UST_ALL": "ALL",
        "BILLS": "BILLS",
        "COUPONS": "COUPONS",
        "COUP_L2": "L2",
        "COUP_2_3": "2_3",
        "COUP_3_6": "3_6",
        "COUP_6_7": "6_7",
        "COUP_7_11": "7_11",
        "COUP_11_21": "11_21",
        "COUP_G21": "G21",
        "TIPS": "TIPS",
        "FRN": "FRN",
    }
    for name, bucket in buckets.items():
        position = RecordSeries(DealerPosition, {"bucket": bucket}, "net_usd")
        yield _weekly(f"PD_NET_{name}", f"nyfed.fr2004.net.{bucket.lower()}", position)
    yield _financing("PD_REPO_UST_OUT_TOTAL", "repo", "ALL", "ALL")
    yield _financing("PD_RREPO_UST_IN_TOTAL", "reverse_repo", "ALL", "ALL")
    for prefix, side in (("PD_REPO", "repo"), ("PD_RREPO", "reverse_repo")):
        for cleared, clearing in (("CLRBILAT", "CLEARED"), ("UNCLRBILAT", "UNCLEARED")):
            for short, collateral in (("GC", "GENERAL"), ("SPECIAL", "SPECIAL")):
                yield _financing(f"{prefix}_{cleared}_{short}_ON", side, collateral, clearing)


def _financing(name: str, side: str, collateral: str, clearing: str) -> CatalogueEntry:
    fields = {"side": side, "collateral": collateral, "clearing": clearing}
    source = f"nyfed.fr2004.{side}.{collateral.lower()}.{clearing.lower()}"
    return _weekly(name, source, RecordSeries(DealerFinancing, fields, "amount_usd"))


def _fails_by_issue() -> Iterator[CatalogueEntry]:
    issues = [(f"{years}Y", f"{years}Y-OTR") for years in (2, 3, 5, 7, 10, 20, 30)]
    issues += [("FRN", "FRN-OTR"), *((f"TIPS_{years}Y", f"TIPS-{years}Y-OTR") for years in (5, 10, 30))]
    for name, issue in issues:
        source = f"nyfed.fr2004.fails.{issue}"
        yield _weekly(f"PDFAILS_OTR_{name}_FTD", source, FailSeries("to_deliver_usd", issue))
        yield _weekly(f"PDFAILS_OTR_{name}_FTR", source, FailSeries("to_receive_usd", issue))


def _weekly(name: str, source: str, spec: RecordSeries | FailSeries) -> CatalogueEntry:
    made = CatalogueEntry(name, "money", source, FR2004, publication.FR2004, spec)
    return replace(made, unit="USD mn", days="weekdays")


def _volatility() -> Iterator[CatalogueEntry]:
    for name, publisher, rule in (
        ("VIX", "Cboe", publication.VIX_CLOSE),
        ("MOVE", "ICE BofA", publication.MOVE_CLOSE),
    ):
        kind: type[Event] = VolatilityIndex
        spec = RecordSeries(kind, {"index": name}, "level_points")
        yield CatalogueEntry(name, "points", f"index.{name}", publisher, rule, spec, days="weekdays")
