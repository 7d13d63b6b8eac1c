"""The ids under which publishers list the figures, and which series of the catalogue each is.

One row an id: whose it is, the series, the unit in which that publisher writes it, and where the id was used for some
years only. A row whose series is not in the catalogue is of a figure that is understood and makes no event: it is
named, not guessed at; the day the catalogue has the series, the row needs no change. To add an id, add its row.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from replay.dataset import publication
from replay.dataset.catalogue import catalogue
from replay.dataset.publication import PublicationRule

SRF_BEGINS = dt.date(2021, 7, 29)  # New York Fed: before, the operations were temporary ones of another kind
IORB_BEGINS = dt.date(2021, 7, 29)  # Federal Reserve: interest on reserve balances replaced IOER and IORR
CONTRACTS = {"042601": "TU", "044601": "FV", "043602": "TY", "043607": "UXY", "020601": "US", "020604": "WN"}
"""CFTC's contract codes; they stay when names change ('10-YEAR U.S. TREASURY NOTES' became 'UST 10Y NOTE')."""
TFF_COLUMNS = {"dealer": "DEALER", "asset_mgr": "AM", "lev_money": "LEV"}


@dataclass(frozen=True, slots=True)
class Alias:
    """An id of a publisher: of which series, in which unit, and for which days.

    ``rule`` stands where this publisher is later than the one whose rule the catalogue has: the figure is then known
    when this one gave it.
    """

    id: str
    publisher: str
    series: str
    unit: str
    since: dt.date | None = None
    until: dt.date | None = None
    rule: PublicationRule | None = None

    def covers(self, day: dt.date) -> bool:
        """Whether the id was in use for figures of a day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


def _fred() -> Iterator[Alias]:
    percents = {
        **{f"DGS{one}": f"DGS{one}" for one in ("1MO", "2MO", "3MO", "4MO", "6MO", *"12357", "10", "20", "30")},
        **{one: one for one in ("SOFR", "TGCR", "BGCR", "EFFR", "OBFR", "DFEDTARL", "DFEDTARU")},
        **{f"{name}{rank}": f"{name}_P{rank}" for name in _RATES for rank in _RANKS},
        "RRPONTSYAWARD": "ON_RRP_AWARD_RATE",
    }
    for id_, series in percents.items():
        yield Alias(id_, "FRED", series, "percent")
    yield Alias("IORB", "FRED", "IOER_IORB", "percent", since=IORB_BEGINS)
    yield Alias("IOER", "FRED", "IOER_IORB", "percent", until=IORB_BEGINS - dt.timedelta(days=1))
    for name in _RATES:
        yield Alias(f"{name}VOL", "FRED", _volume(name), "USD bn")
    yield Alias("RRPONTSYD", "FRED", "RRPONTSYD", "USD bn")
    yield Alias("RPONTTLD", "FRED", "SRF", "USD bn", since=SRF_BEGINS)
    for id_, series in (("SP500", "SP500"), ("NIKKEI225", "NIKKEI225"), ("VIXCLS", "VIX")):
        yield Alias(id_, "FRED", series, "index")


_RATES = ("SOFR", "TGCR", "BGCR", "EFFR", "OBFR")
_RANKS = (1, 25, 75, 99)


def _volume(rate: str) -> str:
    """The series that a rate's event takes its volume from; tri-party and broad collateral have one for all years."""
    return f"{rate}_VOLUME_HIST" if rate in {"TGCR", "BGCR"} else f"{rate}_VOLUME"


def _new_york_fed() -> Iterator[Alias]:
    publisher = "New York Fed"
    for name in _RATES:
        yield Alias(f"{name}:percentRate", publisher, name, "percent")
        for rank in _RANKS:
            yield Alias(f"{name}:percentPercentile{rank}", publisher, f"{name}_P{rank}", "percent")
        yield Alias(f"{name}:volumeInBillions", publisher, _volume(name), "USD bn")
    yield Alias("EFFR:targetRateFrom", publisher, "DFEDTARL", "percent")
    yield Alias("EFFR:targetRateTo", publisher, "DFEDTARU", "percent")
    yield Alias("reverse repo:totalAmtAccepted", publisher, "RRPONTSYD", "USD")
    yield Alias("reverse repo:percentAwardRate", publisher, "ON_RRP_AWARD_RATE", "percent")
    yield Alias("repo:totalAmtAccepted", publisher, "SRF", "USD", since=SRF_BEGINS)
    yield Alias("seclending:totalParAmtAccepted", publisher, "SOMA_LENDING", "USD")
    for side in ("D", "R"):
        yield Alias(f"PDFT{side}-USTET", f"{publisher} (FR 2004)", f"PDFT{side}-USTET", "USD mn")
        for tenor in (2, 3, 5, 7, 10, 20, 30):
            id_, series = f"PDSI{tenor}F-T{side}", f"PDFAILS_OTR_{tenor}Y_FT{side}"
            yield Alias(id_, f"{publisher} (FR 2004)", series, "USD mn")


def _dealers() -> Iterator[Alias]:
    """Other keys of FR 2004: ``PDFTD-UST`` is of index-linked notes, a trap beside ``PDFTD-USTET``."""
    markets = {"UST": "TIPS", "FGEM": "AGENCY", "FGM": "AGENCY_MBS", "OM": "OTHER_MBS", "CS": "CORPORATE"}
    series = {f"PDFT{side}-{key}": f"PDFAILS_{name}_FT{side}" for key, name in markets.items() for side in "DR"}
    series |= {f"PDFRN2F-T{side}": f"PDFAILS_OTR_FRN_FT{side}" for side in "DR"}
    series |= {f"PDST{one}F-T{side}": f"PDFAILS_OTR_TIPS_{one}Y_FT{side}" for one in (5, 10, 30) for side in "DR"}
    series["PDPOSGST-TOT"] = "PD_NET_UST_ALL"
    series |= {"PDSORA-UTSETTOT": "PD_REPO_UST_OUT_TOTAL", "PDSIRRA-UTSETTOT": "PD_RREPO_UST_IN_TOTAL"}
    for key, name in series.items():
        yield Alias(key, "New York Fed (FR 2004)", name, "USD mn")


def _ofr() -> Iterator[Alias]:
    publisher = "Office of Financial Research"
    for id_, series, unit in (
        ("REPO-TRI_AR_OO-P", "OFR_TRIPARTY_RATE", "percent"),
        ("REPO-TRI_TV_OO-P", "OFR_TRIPARTY_VOLUME", "USD"),
        ("REPO-DVP_AR_OO-P", "OFR_DVP_RATE", "percent"),
        ("REPO-DVP_TV_OO-P", "OFR_DVP_VOLUME", "USD"),
        ("REPO-TRIV1_AR_OO-P", "OFR_TRIPARTY_V1_RATE", "percent"),
        ("REPO-TRI_AR_T-P", "OFR_TRIPARTY_TSY_RATE", "percent"),
        ("REPO-GCF_TV_OO-P", "OFR_GCF_VOLUME", "USD"),
        ("REPO-GCF_AR_AG-P", "OFR_GCF_AGENCY_RATE", "percent"),
        ("FICC-SPONSORED_REPO_VOL", "FICC_SPONSORED_REPO", "USD"),
        ("FICC-SPONSORED_REVREPO_VOL", "FICC_SPONSORED_REVREPO", "USD"),
    ):
        yield Alias(id_, publisher, series, unit)
    for (
        name
    ) in _RATES:  # the reference rates and the par curve as it copies them; public before, at their own publishers
        yield Alias(f"FNYR-{name}-A", publisher, name, "percent")
        for rank in _RANKS:
            yield Alias(f"FNYR-{name}_{rank}Pctl-A", publisher, f"{name}_P{rank}", "percent")
    for tenor in ("1Mo", "2Mo", "3Mo", "6Mo", "1Yr", "2Yr", "3Yr", "5Yr", "7Yr", "10Yr", "20Yr", "30Yr"):
        yield Alias(f"TYLD-TCMR-{tenor}-A", publisher, f"DGS{tenor.upper().removesuffix('YR')}", "percent")
    # The same index as DTCC's page, and out a day later: who has it of OFR has it then.
    yield Alias("REPO-GCF_AR_T-P", publisher, "GCF_TSY", "percent", rule=publication.OFR_CLEARED)


def _treasury() -> Iterator[Alias]:
    months = {"1 Mo": "1MO", "1.5 Mo": "1_5MO", "1.5 Month": "1_5MO"}
    months |= {f"{one} Mo": f"{one}MO" for one in (2, 3, 4, 6)}
    years = {f"{one} Yr": f"{one}" for one in (1, 2, 3, 5, 7, 10, 20, 30)}
    for column, suffix in (months | years).items():
        yield Alias(column, "US Treasury", f"DGS{suffix}", "percent")


def _cftc() -> Iterator[Alias]:
    for code, contract in CONTRACTS.items():
        for report, prefix in (("TFF", "TFF"), ("TFF combined", "TFFCOMB")):
            yield Alias(f"{report}:{code}:open_interest", "CFTC", f"{prefix}_{contract}_OI", "contracts")
            for column, label in TFF_COLUMNS.items():
                for side in ("long", "short"):
                    series = f"{prefix}_{contract}_{label}_{side.upper()}"
                    yield Alias(f"{report}:{code}:{column}_positions_{side}", "CFTC", series, "contracts")
        for report, prefix in (("legacy", "LEGACY"), ("legacy combined", "LEGACYCOMB")):
            yield Alias(f"{report}:{code}:open_interest", "CFTC", f"{prefix}_{contract}_OI", "contracts")
            for side in ("long", "short"):
                series = f"{prefix}_{contract}_NONCOMM_{side.upper()}"
                yield Alias(f"{report}:{code}:noncomm_positions_{side}", "CFTC", series, "contracts")


def _dtcc() -> Iterator[Alias]:
    for column, series in (("Treasury", "GCF_TSY"), ("MBS", "GCF_MBS"), ("Agency", "GCF_AGENCY")):
        yield Alias(f"{column} GCF Repo", "DTCC (GCF Repo Index)", series, "percent")


@cache
def aliases() -> dict[str, Alias]:
    """Every id of a publisher, as it writes it."""
    families = (_fred, _new_york_fed, _dealers, _ofr, _treasury, _cftc, _dtcc)
    return {alias.id: alias for family in families for alias in family()}


@cache
def resolve(id_: str) -> Alias | None:
    """The row of an id, in whatever letter case; a series of the catalogue is an id of itself, with no unit.

    >>> resolve(" iorb ").series, resolve("1.5 Mo").series, resolve("GCF_TSY").unit, resolve("nonsense")
    ('IOER_IORB', 'DGS1_5MO', '', None)
    """
    name = id_.strip()
    if name in catalogue():
        return Alias(name, catalogue()[name].publisher, name, "")
    if name in aliases():
        return aliases()[name]
    if name in _targets():
        return Alias(name, _targets()[name].publisher, name, "")
    written = _by_letters().get(name.casefold())
    return None if written is None else resolve(written)


@cache
def _targets() -> dict[str, Alias]:
    """The first row of each series that the rows name."""
    return {alias.series: alias for alias in reversed(aliases().values())}


@cache
def _by_letters() -> dict[str, str]:
    return {id_.casefold(): id_ for id_ in (*_targets(), *aliases(), *catalogue())}


def nearest(id_: str) -> str | None:
    """The id that looks most like a text which is none."""
    found = get_close_matches(id_.strip().casefold(), _by_letters(), n=1)
    return _by_letters()[found[0]] if found else None


@cache
def listed_as(series: str) -> tuple[Alias, ...]:
    """The rows of a series: under which ids, of which publishers and in which units it comes."""
    return tuple(alias for alias in aliases().values() if alias.series == series)


@cache
def without_series() -> tuple[Alias, ...]:
    """The rows that are understood and make no event, because the catalogue has no series for them."""
    return tuple(alias for alias in aliases().values() if alias.series not in catalogue())
