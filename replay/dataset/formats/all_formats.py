"""Every format there is, in the order in which a file is tried; to add one, add its module here."""

from replay.dataset.formats import (
    auctions,
    cftc,
    dtcc_gcf,
    fred,
    nyfed_operations,
    nyfed_rates,
    ofr,
    primary_dealers,
    tidy,
    treasury_curve,
)
from replay.dataset.formats.base import JsonFormat, TableFormat

TABLES: tuple[TableFormat, ...] = (
    *tidy.FORMATS,
    *fred.FORMATS,
    *nyfed_rates.FORMATS,
    *primary_dealers.FORMATS,
    *treasury_curve.FORMATS,
    *cftc.FORMATS,
    *dtcc_gcf.FORMATS,
    *auctions.FORMATS,
)
ANSWERS: tuple[JsonFormat, ...] = (
    *fred.JSON,
    *nyfed_rates.JSON,
    *nyfed_operations.JSON,
    *primary_dealers.JSON,
    *auctions.JSON,
    *cftc.JSON,
    *ofr.JSON,
)
