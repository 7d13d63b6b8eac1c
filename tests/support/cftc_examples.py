"""Commitments of Traders in every form in which CFTC hands them out, beside the tidy form."""

from collections.abc import Sequence

from tests.support import publishers as made

TFF_HEADER = (
    "Market_and_Exchange_Names,As_of_Date_In_Form_YYMMDD,{day},CFTC_Contract_Market_Code,CFTC_Market_Code,"
    "CFTC_Region_Code,CFTC_Commodity_Code,Open_Interest_All,Dealer_Positions_Long_All,Dealer_Positions_Short_All,"
    "Dealer_Positions_Spread_All,Asset_Mgr_Positions_Long_All,Asset_Mgr_Positions_Short_All,"
    "Asset_Mgr_Positions_Spread_All,Lev_Money_Positions_Long_All,Lev_Money_Positions_Short_All,"
    "Lev_Money_Positions_Spread_All,Change_in_Open_Interest_All,Pct_of_OI_Dealer_Long_All,FutOnly_or_Combined"
)
LEGACY_HEADER = (
    '"Market and Exchange Names","As of Date in Form YYMMDD","As of Date in Form YYYY-MM-DD",'
    '"CFTC Contract Market Code","CFTC Market Code in Initials","CFTC Region Code","CFTC Commodity Code",'
    '"Open Interest (All)","Noncommercial Positions-Long (All)","Noncommercial Positions-Short (All)",'
    '"Noncommercial Positions-Spreading (All)","Commercial Positions-Long (All)","Commercial Positions-Short (All)",'
    '" Total Reportable Positions-Long (All)","Total Reportable Positions-Short (All)",'
    '"Nonreportable Positions-Long (All)","Nonreportable Positions-Short (All)","Open Interest (Old)",'
    '"Noncommercial Positions-Long (Old)","Noncommercial Positions-Short (Old)","Change in Noncommercial-Long (All)"'
)


def tff_row(code: str, day: str, figures: Sequence[int], *, scope: str = "FutOnly") -> str:
    """A row of the financial report: open interest, then long and short of dealers, asset managers, leveraged funds."""
    interest, dealer_long, dealer_short, am_long, am_short, lev_long, lev_short = figures
    yymmdd = day[2:4] + day[5:7] + day[8:10]
    cells = ['"UST 10Y NOTE - CHICAGO BOARD OF TRADE"', yymmdd, day, code, "CBT ", "00", code[:3], interest,
             dealer_long, dealer_short, 11, am_long, am_short, 12, lev_long, lev_short, 13, -5, 7.5, scope]  # fmt: skip
    return ",".join(map(str, cells))


def legacy_row(code: str, day: str, figures: Sequence[int]) -> str:
    """A row of the legacy report: open interest, non-commercial long and short; numbers are padded with blanks."""
    interest, long, short = figures
    yymmdd = day[2:4] + day[5:7] + day[8:10]
    cells = ['"10-YEAR TREASURY NOTES - CHICAGO BOARD OF TRADE"', yymmdd, day, f"{code} ", "CBT ", "01",
             f"{code[:3]} ", f"{interest:>9}", f"{long:>9}", f"{short:>9}", 21,
             22, 23, 24, 25, 26, 27, 28, 29, 30, 31]  # fmt: skip
    return ",".join(map(str, cells))


TFF = (5412345, 310000, 420000, 2900000, 900000, 610000, 2400000)
TFF_TIDY = "".join(
    f"2022-02-08,TFF_TY_{name},{value},contracts,\n"
    for name, value in zip(
        ("OI", "DEALER_LONG", "DEALER_SHORT", "AM_LONG", "AM_SHORT", "LEV_LONG", "LEV_SHORT"), TFF, strict=True
    )
)
LEGACY = (3500000, 700000, 690000)
LEGACY_TIDY = "".join(
    f"2022-02-08,LEGACY_TY_{name},{value},contracts,\n"
    for name, value in zip(("OI", "NONCOMM_LONG", "NONCOMM_SHORT"), LEGACY, strict=True)
    if name != "OI"
)
TFF_SOCRATA = {
    "id": "220208043602F",
    "market_and_exchange_names": "UST 10Y NOTE - CHICAGO BOARD OF TRADE",
    "report_date_as_yyyy_mm_dd": "2022-02-08T00:00:00.000",
    "cftc_contract_market_code": "043602 ",
    "open_interest_all": "5412345",
    "dealer_positions_long_all": "310000",
    "dealer_positions_short_all": "420000",
    "asset_mgr_positions_long": "2900000",
    "asset_mgr_positions_short": "900000",
    "lev_money_positions_long": "610000",
    "lev_money_positions_short": "2400000",
    "futonly_or_combined": "FutOnly",
}
LEGACY_SOCRATA = {
    "report_date_as_yyyy_mm_dd": "2022-02-08T00:00:00.000",
    "cftc_contract_market_code": "043602",
    "noncomm_positions_long_all": "700000",
    "noncomm_positions_short_all": "690000",
    "noncomm_postions_spread_all": "12",
    "open_interest_old": "1",
    "noncomm_positions_long_old": "2",
}
CFTC: dict[str, tuple[str, bytes, str]] = {
    "CFTC, Socrata JSON": (
        "gpe5-46if.json",
        made.answer([TFF_SOCRATA, {**TFF_SOCRATA, "cftc_contract_market_code": "13874A"}]),
        TFF_TIDY,
    ),
    "CFTC, Socrata CSV": ("gpe5-46if.csv", made.csv_of([TFF_SOCRATA]), TFF_TIDY),
    "CFTC, Socrata legacy": ("6dca-aqww.json", made.answer([LEGACY_SOCRATA]), LEGACY_TIDY),
    "CFTC, yearly": (
        "fut_fin_txt_2022.zip",
        made.zipped(
            {
                "FinFutYY.txt": "\n".join(
                    [TFF_HEADER.format(day="Report_Date_as_YYYY-MM-DD"), tff_row("043602", "2022-02-08", TFF)]
                ).encode()
            }
        ),
        TFF_TIDY,
    ),
    "CFTC, years with another header": (
        "fut_fin_txt_2022.zip",
        made.zipped(
            {
                "FinFutYY.txt": "\n".join(
                    [TFF_HEADER.format(day="Report_Date_as_MM_DD_YYYY"), tff_row("043602", "2022-02-08", TFF)]
                ).encode()
            }
        ),
        TFF_TIDY,
    ),
    "CFTC, bundle with American days": (
        "fin_fut_txt_2006_2016.zip",
        made.zipped(
            {
                "F_TFF_2006_2016.txt": "\n".join(
                    [
                        TFF_HEADER.format(day="Report_Date_as_YYYY-MM-DD"),
                        tff_row("043602", "2022-02-08", TFF).replace(",2022-02-08,", ",2/8/2022 12:00:00 AM,"),
                    ]
                ).encode()
            }
        ),
        TFF_TIDY,
    ),
    "CFTC, weekly without header": (
        "FinFutWk.txt",
        (tff_row("043602", "2022-02-08", TFF) + "\n" + tff_row("13874A", "2022-02-08", TFF)).encode(),
        TFF_TIDY,
    ),
    "CFTC, legacy yearly": (
        "deacot2022.zip",
        made.zipped({"annual.txt": "\n".join([LEGACY_HEADER, legacy_row("043602", "2022-02-08", LEGACY)]).encode()}),
        LEGACY_TIDY + "2022-02-08,LEGACY_TY_OI,3500000,contracts,\n",
    ),
    "CFTC, legacy weekly without header": (
        "deafut.txt",
        legacy_row("043602", "2022-02-08", LEGACY).encode(),
        LEGACY_TIDY + "2022-02-08,LEGACY_TY_OI,3500000,contracts,\n",
    ),
}
