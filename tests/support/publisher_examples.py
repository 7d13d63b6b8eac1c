"""A file of each publisher as downloaded, beside the tidy form of the same figures."""

from tests.support import publishers as made
from tests.support.cftc_examples import CFTC

TIDY = "date,series,value,unit,provenance\n"
MARKS = "date,time_et,series,kind,value,unit,source\n"

FRED_TIDY = (
    "2021-02-25,DGS10,1.54,percent,\n2021-02-26,DGS10,1.44,percent,\n2021-02-25,DGS2,0.17,percent,\n"
    "2021-02-26,IOER_IORB,0.1,percent,\n2021-02-25,RRPONTSYD,10.004,USD bn,\n2021-02-25,SOFR_P99,0.09,percent,\n"
    "2021-02-25,SOFR,0.02,percent,\n2021-02-25,SOFR_VOLUME,910,USD bn,\n2021-02-25,DFEDTARL,0,percent,\n"
    "2021-02-25,DFEDTARU,0.25,percent,\n"
)
FRED_CSV = (
    "observation_date,DGS10,DGS2,IOER,RRPONTSYD,SOFR,SOFR99,SOFRVOL,DFEDTARL,DFEDTARU\r\n"
    "2021-02-25,1.54,0.17,,10.004,0.02,0.09,910,0,0.25\r\n2021-02-26,1.44,.,0.1,,,,,,\r\n"
)
NYFED_TIDY = (
    "2021-03-04,SOFR,0.02,percent,\n2021-03-04,SOFR_P1,-0.02,percent,\n2021-03-04,SOFR_P99,0.08,percent,\n"
    "2021-03-04,SOFR_VOLUME,912,USD bn,\n2021-03-04,TGCR,0.01,percent,\n2018-03-29,TGCR,1.75,percent,reconstructed\n"
    "2021-03-04,DFEDTARL,0,percent,\n2021-03-04,DFEDTARU,0.25,percent,\n2021-03-04,EFFR,0.07,percent,\n"
)
NYFED_CSV = (
    made.NYFED_HEADER + "\n"
    "03/04/2021,SOFR,0.02,-0.02,,,0.08,912,,,,,,,,,,,\n03/04/2021,TGCR,0.01,,,,,,,,,,,,,,,N,\n"
    "03/04/2021,EFFR,0.07,,,,,,0.00,0.25,,,,,,,,,\n03/04/2021,SOFRAI,,,,,,,,,,,,0.04,0.06,0.08,1.04,,\n"
    "03/29/2018,TGCR,1.75,,,,,,,,,,,,,,,,\n"
)
NYFED_ROWS = [
    {
        "effectiveDate": "2021-03-04",
        "type": "SOFR",
        "percentRate": 0.02,
        "percentPercentile1": -0.02,
        "percentPercentile99": 0.08,
        "volumeInBillions": 912,
        "revisionIndicator": "",
    },
    {"effectiveDate": "2021-03-04", "type": "TGCR", "percentRate": 0.01, "revisionIndicator": ""},
    {"effectiveDate": "2021-03-04", "type": "EFFR", "percentRate": 0.07, "targetRateFrom": 0.0, "targetRateTo": 0.25},
    {"effectiveDate": "2021-03-04", "type": "SOFRAI", "average30day": 0.04, "index": 1.04},
    {"effectiveDate": "2018-03-29", "type": "TGCR", "percentRate": 1.75, "footnoteId": "A"},
]
REPO = {
    "auctionStatus": "Results",
    "operationMethod": "Fixed Rate",
    "term": "Overnight",
    "termCalenderDays": 1,
    "note": "",
}
RRP_ROWS = [
    {
        **REPO,
        "operationId": "RP 030421 4",
        "operationDate": "2021-03-04",
        "operationType": "Reverse Repo",
        "lastUpdated": "2021-03-04 13:16:00",
        "totalAmtAccepted": 2100000000,
        "details": [
            {"securityType": "Treasury", "amtAccepted": 2100000000, "percentOfferingRate": 0.0, "percentAwardRate": 0.0}
        ],
    },
    {
        **REPO,
        "operationId": "RP 030421 9",
        "operationDate": "2021-03-04",
        "operationType": "Reverse Repo",
        "note": "This is a Small Value Exercise.",
        "totalAmtAccepted": 11000000,
    },
    {
        **REPO,
        "operationId": "RP 030521 1",
        "operationDate": "2021-03-05",
        "operationType": "Reverse Repo",
        "totalAmtAccepted": "700000000",
        "details": [{"securityType": "Treasury"}],
    },
    {
        **REPO,
        "operationId": "RP 030521 2",
        "operationDate": "2021-03-05",
        "operationType": "Reverse Repo",
        "totalAmtAccepted": 300000000,
    },
    {
        **REPO,
        "operationId": "RP 030821 1",
        "operationDate": "2021-03-08",
        "operationType": "Reverse Repo",
        "totalAmtAccepted": 0,
        "details": [],
    },
    {
        **REPO,
        "operationId": "RP 030921 1",
        "operationDate": "2021-03-09",
        "operationType": "Reverse Repo",
        "auctionStatus": "Announced",
        "totalAmtAccepted": None,
    },
    {
        **REPO,
        "operationId": "RP 030421 2",
        "operationDate": "2021-03-04",
        "operationType": "Repo",
        "totalAmtAccepted": 5,
    },
]
RRP_TIDY = "2021-03-04,RRPONTSYD,2.1,USD bn,\n2021-03-05,RRPONTSYD,1,USD bn,\n2021-03-08,RRPONTSYD,0,USD bn,\n"
RRP_TIDY += "2021-03-04,ON_RRP_AWARD_RATE,0,percent,\n"
PD_TIDY = "2024-07-03,PDFTD-USTET,113493,USD mn,\n2024-07-03,PDFTR-USTET,124567,USD mn,\n"
PD_CSV = b"""\
"As Of Date","Time Series","Value (millions)"
2024-07-03,PDFTD-USTET,113493
2024-07-03,PDFTR-USTET,124567
2024-07-03,PDFTD-UST,9
"""
OFR_TIDY = "2020-09-08,OFR_DVP_RATE,0.11,percent,reconstructed\n2020-09-09,OFR_DVP_RATE,0.12,percent,official\n"
CURVE_TIDY = (
    "2026-10-08,DGS10,5.22,percent,\n2026-10-08,DGS1MO,4.14,percent,\n2026-10-07,DGS10,5.2,percent,\n"
    "2026-10-07,DGS1MO,4.13,percent,\n2026-10-08,1.5 Month,4.14,percent,\n"
)
CURVE_CSV = 'Date,"1 Mo","1.5 Month","2 Mo","10 Yr"\n10/08/{year},4.14,4.14,,5.22\n10/07/{year},4.13,,,5.20\n'
GCF_HEADER = (
    "Date",
    "MBS GCF Repo® Weighted\nAverage Rate",
    "Treasury GCF Repo® \nWeighted Average Rate",
    "Agency GCF Repo®\nWeighted Average Rate",
)
GCF_ROWS = [
    ("DTCC GCF Repo Index®",),
    *[("note",)] * 5,
    GCF_HEADER,
    ("=day44252", 0.04, 0.038, 0.05),
    ("02/26/2021", 0.05, 0.041, ""),
]
GCF_TIDY = "2021-02-25,GCF_TSY,0.038,percent,\n2021-02-26,GCF_TSY,0.041,percent,\n"
AUCTION = {
    "record_date": "2026-05-15",
    "cusip": "91282CQQ7",
    "security_type": "Note",
    "security_term": "9-Year 10-Month",
    "original_security_term": "10-Year",
    "auction_date": "2026-05-12",
    "closing_time_comp": "01:00 PM",
    "high_yield": "4.4680",
    "bid_to_cover_ratio": "2.400000",
    "offering_amt": "42000000000",
    "comp_accepted": "40000000000",
    "direct_bidder_accepted": "9200000000",
    "indirect_bidder_accepted": "24800000000",
    "primary_dealer_accepted": "6000000000",
    "total_accepted": "51972791100",
    "inflation_index_security": "No",
    "floating_rate": "No",
    "soma_accepted": "null",
}
AUCTIONS = [
    AUCTION,
    {**AUCTION, "auction_date": "2026-06-10", "high_yield": "null", "comp_accepted": "null"},
    {**AUCTION, "inflation_index_security": "Yes", "high_yield": "1.9"},
    {**AUCTION, "security_type": "Bill", "security_term": "52-Week", "original_security_term": "52-Week"},
    {**AUCTION, "auction_date": "1979-11-01", "original_security_term": "10-Year"},
]
DIRECT = {
    "cusip": "91282CQQ7",
    "securityType": "Note",
    "securityTerm": "10-Year",
    "auctionDate": "2026-05-12T00:00:00",
    "closingTimeCompetitive": "01:00 PM",
    "highYield": "4.4680",
    "bidToCoverRatio": "2.400000",
    "offeringAmount": "42000000000",
    "competitiveAccepted": "40000000000",
    "directBidderAccepted": "9200000000",
    "indirectBidderAccepted": "24800000000",
    "primaryDealerAccepted": "6000000000",
    "tips": "No",
    "floatingRate": "",
}
AUCTION_TIDY = MARKS + "".join(
    f"2026-05-12,13:00,AUCTION_10Y_{name},result,{value},{unit},\n"
    for name, value, unit in (
        ("HIGH_YIELD", 4.468, "percent"),
        ("BID_TO_COVER", 2.4, "ratio"),
        ("OFFERING", 42, "USD bn"),
        ("INDIRECT_SHARE", 62, "percent"),
        ("DIRECT_SHARE", 23, "percent"),
        ("DEALER_SHARE", 15, "percent"),
    )
)


FILES: dict[str, tuple[str, bytes, str]] = {
    "FRED CSV, BOM and CRLF": ("fredgraph.csv", b"\xef\xbb\xbf" + FRED_CSV.encode(), FRED_TIDY),
    "FRED CSV before 2024": (
        "DGS10.csv",
        b"DATE,DGS10\n1962-01-02,4.06\n2021-02-25,1.54\n2021-02-26,\n",
        "2021-02-25,DGS10,1.54,percent,\n",
    ),
    "FRED API": (
        "fred_DGS10_2021.json",
        made.answer(
            {
                "realtime_start": "2026-10-09",
                "realtime_end": "2026-10-09",
                "output_type": 1,
                "observations": [
                    {
                        "realtime_start": "2026-10-09",
                        "realtime_end": "2026-10-09",
                        "date": "2021-02-25",
                        "value": "1.54",
                    },
                    {"realtime_start": "2026-10-09", "realtime_end": "2026-10-09", "date": "2021-02-15", "value": "."},
                ],
            }
        ),
        "2021-02-25,DGS10,1.54,percent,\n",
    ),
    "New York Fed rates, CSV": ("rates.csv", NYFED_CSV.encode(), NYFED_TIDY),
    "New York Fed rates, JSON": ("rates.json", made.answer({"refRates": NYFED_ROWS}), NYFED_TIDY),
    "New York Fed reverse repo": ("rp.json", made.answer({"repo": {"operations": RRP_ROWS}}, indent=1), RRP_TIDY),
    "primary dealers, JSON": (
        "pd.json",
        made.answer(
            {
                "pd": {
                    "timeseries": [
                        {"asofdate": "2024-07-03", "keyid": "PDFTD-USTET", "value": "113493"},
                        {"asofdate": "2024-07-03", "keyid": "PDFTR-USTET", "value": "124567"},
                        {"asofdate": "2024-07-10", "keyid": "PDFTD-USTET", "value": "*"},
                    ]
                }
            }
        ),
        PD_TIDY,
    ),
    "primary dealers, CSV": ("timeseries.csv", PD_CSV, PD_TIDY),
    "OFR, bare pairs": (
        "REPO-DVP_AR_OO-P.json",
        made.answer([["2020-09-08", 0.11], ["2020-09-09", 0.12], ["2020-09-10", None]]),
        OFR_TIDY,
    ),
    "OFR, bare pairs in milliseconds": (
        "repo-dvp_ar_oo-p.2020.json",
        made.answer([[1599523200000, 0.11], [1599609600000, 0.12]]),
        OFR_TIDY,
    ),
    "OFR, full": (
        "full.json",
        made.answer(
            {
                "REPO-DVP_AR_OO-P": {
                    "timeseries": {
                        "aggregation": [["2020-09-08", 0.11], ["2020-09-09", 0.12]],
                        "disclosure_edits": [["2020-09-10", None]],
                    },
                    "metadata": {"unit": {"name": "Percent"}},
                }
            }
        ),
        OFR_TIDY,
    ),
    "OFR, data set": (
        "repo.json",
        made.answer(
            {
                "short_name": "repo",
                "long_name": "x",
                "timeseries": {
                    "REPO-DVP_AR_OO-P": {
                        "timeseries": {"aggregation": [["2020-09-08", 0.11], ["2020-09-09", 0.12]]},
                        "metadata": {},
                    }
                },
            }
        ),
        OFR_TIDY,
    ),
    "Treasury curve": ("daily-treasury-rates.csv", CURVE_CSV.format(year=2026).encode(), CURVE_TIDY),
    "Treasury curve, archive": ("archive.csv", CURVE_CSV.format(year=26).encode(), CURVE_TIDY),
    **CFTC,
    "DTCC, workbook": ("DTCC GCF Repo Index 2005-2024.xlsx", made.workbook("Data 2005-2024", GCF_ROWS), GCF_TIDY),
    "FiscalData, JSON": ("auctions_query.json", made.answer({"data": AUCTIONS, "meta": {"count": 5}}), AUCTION_TIDY),
    "FiscalData, CSV": ("auctions_query.csv", made.csv_of(AUCTIONS), AUCTION_TIDY),
    "TreasuryDirect": (
        "auctioned.json",
        made.answer([DIRECT, {**DIRECT, "tips": "Yes", "highYield": "1.9"}]),
        AUCTION_TIDY,
    ),
}
