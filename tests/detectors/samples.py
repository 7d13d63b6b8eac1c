"""One good event of every kind, all of the market UST and of 2 February 2021."""

import datetime as dt

from detectors import events as ev
from detectors.calendar import ny

TS = ny(dt.date(2021, 2, 2), "15:30")
KNOWN = ny(dt.date(2021, 2, 2), "18:00")
COMMON = {"market": "UST", "sequence": 1, "ts": TS, "known": KNOWN, "provenance": "synthetic"}

SAMPLES: tuple[ev.Event, ...] = (
    ev.YieldQuote(**COMMON, source="y", tenor="10Y", statistic="close", mid_pct=1.12),
    ev.RepoPrint(**COMMON, source="r", segment="SPECIAL", instrument="10Y-OTR", rate_pct=-4.0, statistic="low"),
    ev.FuturesPosition(
        **COMMON,
        source="p",
        contract="TY",
        report="TFF",
        category="LEVERAGED",
        long_contracts=1e6,
        short_contracts=9e5,
        as_of=TS,
        open_interest_contracts=4e6,
    ),
    ev.SettlementFail(**COMMON, source="s", scope="issue", issue="10Y-OTR", period="week", to_deliver_usd=6.4e10),
    ev.PolicyRate(**COMMON, source="f", target_low_pct=0.0, target_high_pct=0.25, iorb_pct=0.1, on_rrp_pct=0.0),
    ev.ReverseRepo(**COMMON, source="o", facility="ON_RRP", takeup_usd=1e10, counterparties=12),
    ev.FundFlow(**COMMON, source="u", fund_type="CTA", flow_usd=-2e9, period="week", aum_usd=3e11),
    ev.SwapRate(**COMMON, source="w", tenor="3M", index="OIS", rate_pct=0.08),
    ev.EquityIndex(**COMMON, source="e", index="HANG_SENG", level_points=29_000.0, session="close"),
    ev.AuctionResult(**COMMON, source="a", tenor="7Y", high_yield_pct=1.195, when_issued_pct=1.151),
    ev.OvernightRate(**COMMON, source="ff", index="EFFR", rate_pct=0.07, volume_usd=8e10),
    ev.SecuritiesLending(**COMMON, source="sl", issue="91282CBL4", lent_usd=8.7e9, fee_pct=3.05, submitted_usd=9.4e9),
    ev.Balance(**COMMON, source="b", item="RESERVES", amount_usd=3.2e12),
    ev.DealerPosition(**COMMON, source="dp", bucket="7_11", net_usd=-4e9),
    ev.DealerFinancing(**COMMON, source="df", side="repo", collateral="SPECIAL", clearing="CLEARED", amount_usd=1.6e11),
    ev.VolatilityIndex(**COMMON, source="v", index="MOVE", level_points=61.0),
    ev.Heartbeat(**{**COMMON, "ts": KNOWN}, source="h", stream="yields", roster=ev.STREAMS),
)
