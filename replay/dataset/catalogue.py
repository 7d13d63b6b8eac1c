"""The series the replay understands: which event each becomes, in which unit, from whom, known when.

One entry a series id. Ids of publishers that differ from it stand in :mod:`replay.dataset.aliases`. A figure that is
in neither is named in a warning and left out.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib import metadata
from typing import Literal

from detectors.events import (
    EquityIndex,
    FundFlow,
    FundType,
    PositionCategory,
    ReverseRepo,
    SwapRate,
    Tenor,
    YieldQuote,
)
from replay.dataset import public_record, publication
from replay.dataset.entry import (
    CatalogueEntry,
    FailSeries,
    PolicySeries,
    PositionSeries,
    RecordSeries,
    RepoSeries,
    Spec,
    TradingDays,
    VolumeSeries,
)
from replay.errors import ScenarioError

__all__ = [
    "CATALOGUE",
    "CatalogueEntry",
    "FailSeries",
    "PolicySeries",
    "PositionSeries",
    "RecordSeries",
    "RepoSeries",
    "Spec",
    "TradingDays",
    "VolumeSeries",
    "catalogue",
]


def _yields() -> Iterator[CatalogueEntry]:
    tenors: dict[str, Tenor] = {
        "1MO": "1M",
        "3MO": "3M",
        "6MO": "6M",
        "1": "1Y",
        "2": "2Y",
        "3": "3Y",
        "5": "5Y",
        "7": "7Y",
        "10": "10Y",
        "20": "20Y",
        "30": "30Y",
    }
    for suffix, tenor in tenors.items():
        source = f"ust.par.{tenor}"
        spec = RecordSeries(YieldQuote, {"tenor": tenor, "statistic": "close"}, "mid_pct")
        yield CatalogueEntry(
            f"DGS{suffix}", "rate", source, "US Treasury", publication.TREASURY_PAR, spec, days="sifma"
        )


def _reference_rates() -> Iterator[CatalogueEntry]:
    publisher, rule = "New York Fed", publication.NEXT_MORNING
    sofr = RepoSeries("GC", "SOFR", volume="SOFR_VOLUME")
    proxy = RepoSeries("GC", "SOFR", volume="SOFR_VOLUME_HIST")
    tgcr = RepoSeries("TRIPARTY", "TGCR", volume="TGCR_VOLUME_HIST")
    bgcr = RepoSeries("GC", "BGCR", volume="BGCR_VOLUME_HIST")
    for name, source, spec in (
        ("SOFR", "nyfed.sofr", sofr),
        ("SOFR_HIST_PROXY", "nyfed.sofr.proxy", proxy),
        ("TGCR", "nyfed.tgcr", tgcr),
        ("BGCR", "nyfed.bgcr", bgcr),
    ):
        yield CatalogueEntry(name, "rate", source, publisher, rule, spec, days="repo")
    for name, rate in (("SOFR", sofr), ("TGCR", tgcr)):
        for rank in (1, 25, 75, 99):
            spec = RepoSeries(rate.segment, name, "percentile", float(rank))
            source = f"nyfed.{name.lower()}.p{rank}"
            yield CatalogueEntry(f"{name}_P{rank}", "rate", source, publisher, rule, spec, days="repo")
    for name in ("SOFR_VOLUME", "SOFR_VOLUME_HIST", "TGCR_VOLUME_HIST", "BGCR_VOLUME_HIST"):
        yield CatalogueEntry(name, "money", "", publisher, rule, VolumeSeries(), "USD bn", 1e9, "repo")


def _repo_indices() -> Iterator[CatalogueEntry]:
    ofr = "Office of Financial Research"
    triparty = RepoSeries("TRIPARTY", "OFR-TRIPARTY", volume="OFR_TRIPARTY_VOLUME")
    dvp = RepoSeries("DVP", "OFR-DVP", volume="OFR_DVP_VOLUME")
    for name, source, publisher, rule, spec in (
        ("GCF_TSY", "dtcc.gcf.tsy", "DTCC (GCF Repo Index)", publication.SAME_EVENING, RepoSeries("GCF", "TSY")),
        ("BNYM_TRIPARTY_TSY", "bnym.triparty", "BNY Mellon", publication.NEXT_MORNING, RepoSeries("TRIPARTY", "BNYM")),
        ("OFR_TRIPARTY_RATE", "ofr.triparty", ofr, publication.OFR_TRIPARTY, triparty),
        ("OFR_DVP_RATE", "ofr.dvp", ofr, publication.OFR_CLEARED, dvp),
    ):
        yield CatalogueEntry(name, "rate", source, publisher, rule, spec, days="repo")
    for name, rule in (
        ("OFR_TRIPARTY_VOLUME", publication.OFR_TRIPARTY),
        ("OFR_DVP_VOLUME", publication.OFR_CLEARED),
    ):
        yield CatalogueEntry(name, "money", "", ofr, rule, VolumeSeries(), "USD", days="repo")


def _positions() -> Iterator[CatalogueEntry]:
    categories: dict[str, PositionCategory] = {"LEV": "LEVERAGED", "AM": "ASSET_MANAGER", "DEALER": "DEALER"}
    sides: dict[str, Literal["long", "short"]] = {"LONG": "long", "SHORT": "short"}

    def entry(id_: str, spec: PositionSeries) -> CatalogueEntry:
        parts = ["cftc", spec.report.lower(), spec.contract]
        if spec.category is not None:
            parts.append(spec.category.lower())
        return CatalogueEntry(id_, "contracts", ".".join(parts), "CFTC", publication.COT, spec, days="weekdays")

    for contract in ("TU", "FV", "TY", "UXY", "US", "WN"):
        for label, category in categories.items():
            for word, side in sides.items():
                tff = PositionSeries("TFF", contract, category, side)
                yield entry(f"TFF_{contract}_{label}_{word}", tff)
        yield entry(f"TFF_{contract}_OI", PositionSeries("TFF", contract, None, "open_interest"))
        for word, side in sides.items():
            legacy = PositionSeries("LEGACY", contract, "NONCOMMERCIAL", side)
            yield entry(f"LEGACY_{contract}_NONCOMM_{word}", legacy)


def _federal_reserve() -> Iterator[CatalogueEntry]:
    policy: dict[str, PolicySeries] = {
        "DFEDTARL": PolicySeries("target_low_pct"),
        "DFEDTARU": PolicySeries("target_high_pct"),
        "IOER_IORB": PolicySeries("iorb_pct"),
        "ON_RRP_AWARD_RATE": PolicySeries("on_rrp_pct"),
    }
    for name, spec in policy.items():
        yield CatalogueEntry(name, "rate", "fed.policy", "Federal Reserve Board", publication.ANNOUNCED, spec)
    facility = RecordSeries(ReverseRepo, {"facility": "ON_RRP"}, "takeup_usd")
    # Bids are whole millions; FRED lists the sum in billions with three decimals.
    yield CatalogueEntry(
        "RRPONTSYD", "money", "nyfed.on_rrp", "New York Fed", publication.ON_RRP, facility, "USD bn", 1e6, "repo"
    )
    fails: dict[str, FailSeries] = {
        "PDFTD-USTET": FailSeries("to_deliver_usd"),
        "PDFTR-USTET": FailSeries("to_receive_usd"),
    }
    for name, fail in fails.items():
        dealers = "New York Fed (FR 2004)"
        weekly = CatalogueEntry(name, "money", "nyfed.fr2004.fails", dealers, publication.FR2004, fail)
        yield replace(weekly, unit="USD mn", step_usd=1e6, days="weekdays")


def _markets() -> Iterator[CatalogueEntry]:
    for name, tenor in (("OIS_3M_USD", "3M"), ("OIS_10Y", "10Y")):
        swap = RecordSeries(SwapRate, {"tenor": tenor, "index": "OIS"}, "rate_pct")
        publisher, rule = "swap market, closing quotes", publication.SWAP_CLOSE
        # London quotes dollar swaps on New York's holidays
        yield CatalogueEntry(name, "rate", f"ois.{tenor}", publisher, rule, swap, days="weekdays")
    closes = {
        "SP500": ("S&P Dow Jones Indices", publication.CLOSE_NEW_YORK),
        "HANG_SENG": ("Hang Seng Indexes", publication.CLOSE_HONG_KONG),
        "CSI300": ("China Securities Index", publication.CLOSE_SHANGHAI),
        "NIKKEI225": ("Nikkei", publication.CLOSE_TOKYO),
    }
    for name, (publisher, rule) in closes.items():
        close = RecordSeries(EquityIndex, {"index": name, "session": "close"}, "level_points")
        yield CatalogueEntry(name, "points", f"index.{name}", publisher, rule, close, days="weekdays")
    funds: tuple[FundType, ...] = ("CTA", "TREND", "RISK_PARITY", "BALANCED")
    for fund in funds:
        source = f"fund_flow.{fund.lower()}"
        yield CatalogueEntry(
            f"FUND_FLOW_{fund}",
            "money",
            source,
            "user",
            publication.FUND_FLOW,
            RecordSeries(FundFlow, {"fund_type": fund, "period": "week"}, "flow_usd"),
        )


GROUP = "crunchwatch.series"


@cache
def catalogue() -> dict[str, CatalogueEntry]:
    """Every series by its id: ours, and those that installed plugins bring.

    An entry point of the group ``crunchwatch.series`` names a function that gives :class:`CatalogueEntry` objects; with
    their rules of publication, files of such figures go through the same loader as ours.

    Raises:
        ScenarioError: a plugin gives something else, or an id that is taken.
    """
    families = (
        _yields,
        _reference_rates,
        _repo_indices,
        _positions,
        _federal_reserve,
        _markets,
        public_record.entries,
    )
    found = {series.id: series for family in families for series in family()}
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda one: one.name):
        for entry in _brought(point):
            if not isinstance(entry, CatalogueEntry):
                raise ScenarioError(
                    f"entry point '{point.name}' of {GROUP} gives {entry!r:.80}, which is no CatalogueEntry"
                )
            if entry.id in found:
                raise ScenarioError(f"entry point '{point.name}' of {GROUP}: there is a series '{entry.id}' already")
            found[entry.id] = entry
    return found


def _brought(point: metadata.EntryPoint) -> list[object]:
    try:
        return list(point.load()())
    except Exception as error:
        raise ScenarioError(
            f"the series of the plugin '{point.name}' ({point.value}) cannot be made: {error!r}"
        ) from error


CATALOGUE: dict[str, CatalogueEntry]


def __getattr__(name: str) -> object:
    # Made when first asked for: a plugin that brings series imports this module.
    if name == "CATALOGUE":
        return catalogue()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
