"""The bundled figures as events: pinned values, gaps that stay gaps, two times that never leak the future."""

import datetime as dt
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from detectors.calendar import ny, ny_date
from detectors.events import (
    AuctionResult,
    EquityIndex,
    Event,
    FuturesPosition,
    PolicyRate,
    RepoPrint,
    ReverseRepo,
    YieldQuote,
    order_key,
)
from replay.dataset.catalogue import CATALOGUE
from replay.dataset.loader import Dataset


def of_day(data: Dataset, source: str, day: str) -> list[Event]:
    return [event for event in data.events if event.source == source and ny_date(event.ts).isoformat() == day]


def only(data: Dataset, source: str, day: str) -> Event:
    (event,) = of_day(data, source, day)
    return event


@pytest.mark.parametrize(
    ("day", "percent"),
    [
        ("2020-03-09", 0.54),
        ("2020-03-18", 1.18),
        ("2021-01-04", 0.93),
        ("2021-02-12", 1.20),
        ("2021-02-16", 1.30),
        ("2021-02-24", 1.38),
        ("2021-02-25", 1.54),
        ("2021-03-31", 1.74),
    ],
)
def test_ten_year_closes(bundled: Dataset, day: str, percent: float) -> None:
    quote = only(bundled, "ust.par.10Y", day)
    assert isinstance(quote, YieldQuote)
    assert (quote.mid_pct, quote.statistic, quote.provenance) == (percent, "close", "official")


@pytest.mark.parametrize(
    ("source", "day", "percent", "segment", "instrument"),
    [
        ("nyfed.sofr", "2019-09-17", 5.25, "GC", "SOFR"),
        ("nyfed.sofr.p99", "2019-09-17", 9.0, "GC", "SOFR"),
        ("dtcc.gcf.tsy", "2019-09-17", 6.007, "GCF", "TSY"),
        ("nyfed.sofr", "2021-02-05", 0.02, "GC", "SOFR"),
        ("dtcc.gcf.tsy", "2021-02-05", 0.037, "GCF", "TSY"),
        ("dtcc.gcf.tsy", "2021-02-25", 0.038, "GCF", "TSY"),
        ("quoted.gc.TSY", "2021-02-25", -0.05, "GC", "TSY"),
        ("quoted.special.10Y-OTR", "2021-03-03", -4.0, "SPECIAL", "10Y-OTR"),
        ("quoted.special.10Y-OTR", "2021-03-04", -4.25, "SPECIAL", "10Y-OTR"),
    ],
)
def test_repo_rates(bundled: Dataset, source: str, day: str, percent: float, segment: str, instrument: str) -> None:
    first = of_day(bundled, source, day)[0]
    assert isinstance(first, RepoPrint)
    assert (first.rate_pct, first.segment, first.instrument) == (percent, segment, instrument)


def test_volumes_travel_on_the_rate_of_the_same_publication(bundled: Dataset) -> None:
    sofr = only(bundled, "nyfed.sofr", "2020-12-01")
    assert isinstance(sofr, RepoPrint)
    assert sofr.volume_usd == 972e9
    gcf = only(bundled, "dtcc.gcf.tsy", "2021-02-25")
    assert isinstance(gcf, RepoPrint)
    assert gcf.volume_usd is None  # the only GCF volume there is comes out a day later, and covers all collateral


def test_billions_become_whole_dollars(bundled: Dataset) -> None:
    first, small = (only(bundled, "nyfed.on_rrp", day) for day in ("2017-01-03", "2021-03-08"))
    assert isinstance(first, ReverseRepo)
    assert isinstance(small, ReverseRepo)
    assert (first.takeup_usd, small.takeup_usd) == (287_236_000_000.0, 25_000_000.0)


def test_specials_are_in_the_order_of_their_hours(bundled: Dataset) -> None:
    prints = [event for event in bundled.events if event.source == "quoted.special.10Y-OTR"]
    said = [(ny_date(e.ts).isoformat(), e.statistic, e.rate_pct) for e in prints if isinstance(e, RepoPrint)]
    assert said == [
        ("2021-03-03", "low", -4.0),
        ("2021-03-04", "low", -4.25),
        ("2021-03-04", "close", -0.5),
        ("2021-03-05", "low", -3.5),
        ("2021-03-05", "close", -1.9),
        ("2021-03-09", "low", -3.91),
        ("2021-03-09", "close", -0.2),
        ("2021-03-10", "average", -2.69),
        ("2021-03-10", "close", -0.25),
    ]
    morning, average = prints[5], prints[7]
    assert morning.known == ny(dt.date(2021, 3, 9), "12:00")
    assert average.known == ny(dt.date(2021, 3, 10), "13:00")  # before the auction that it is quoted against
    assert {event.provenance for event in prints} == {"quoted"}


def test_the_seven_year_auction_is_one_event(bundled: Dataset) -> None:
    auction = only(bundled, "ust.auction.7Y", "2021-02-25")
    assert isinstance(auction, AuctionResult)
    assert (auction.high_yield_pct, auction.when_issued_pct, auction.bid_to_cover_ratio) == (1.195, 1.151, 2.04)
    assert auction.indirect_share_pct is not None
    assert auction.direct_share_pct is not None
    assert auction.dealer_share_pct is not None
    shares = auction.indirect_share_pct + auction.direct_share_pct + auction.dealer_share_pct
    assert shares == pytest.approx(100.0)
    assert auction.offering_usd == 62e9


def test_positions_are_what_the_reports_say(bundled: Dataset) -> None:
    legacy = only(bundled, "cftc.legacy.TY.noncommercial", "2021-03-02")
    funds = only(bundled, "cftc.tff.TY.leveraged", "2021-03-02")
    managers = only(bundled, "cftc.tff.TY.asset_manager", "2021-03-02")
    nets = []
    for event in (legacy, funds, managers):
        assert isinstance(event, FuturesPosition)
        assert event.as_of == event.ts
        nets.append(round((event.long_contracts - event.short_contracts) / 1000, 1))
    assert nets == [-95.6, 347.8, -77.5]
    assert isinstance(legacy, FuturesPosition)
    assert legacy.open_interest_contracts is None


def test_policy_is_said_on_changes_only(bundled: Dataset) -> None:
    changes = [event for event in bundled.events if isinstance(event, PolicyRate) and event.source == "fed.policy"]
    plain = [(c.target_low_pct, c.target_high_pct, c.iorb_pct, c.on_rrp_pct) for c in changes]
    assert all(before != after for before, after in pairwise(plain))
    assert plain[0] == (0.5, 0.75, None, None)
    assert changes[0].known == changes[0].ts  # nothing of this history was known before it begins
    assert all(change.known < change.ts for change in changes[1:])
    restated = [event for event in bundled.events if event.source == "fed.policy.unchanged"]
    assert {(ny_date(event.known).year, event.known < event.ts) for event in restated} == {
        (year, True) for year in range(2017, 2024)
    }
    cut = next(c for c in changes if c.target_low_pct == 0.0)
    assert ny_date(cut.ts) == dt.date(2020, 3, 16)
    assert (cut.iorb_pct, cut.on_rrp_pct) == (0.1, 0.0)


def test_the_day_with_a_cause_at_home_is_tagged(bundled: Dataset) -> None:
    tagged = [e for e in bundled.events if isinstance(e, EquityIndex) and e.local_shock is not None]
    assert [(e.index, ny_date(e.ts).isoformat()) for e in tagged] == [("HANG_SENG", "2021-02-24")]


def test_gaps_stay_gaps(bundled: Dataset) -> None:
    assert of_day(bundled, "ust.par.10Y", "2021-02-15") == []  # the market is closed
    assert of_day(bundled, "ust.par.10Y", "2021-01-18") == []
    assert of_day(bundled, "nyfed.tgcr", "2019-06-03") == []  # not in the data, not filled
    assert of_day(bundled, "quoted.special.10Y-OTR", "2021-03-08") == []  # no figure was found
    assert len(of_day(bundled, "ust.par.10Y", "2021-02-16")) == 1


def test_nothing_is_known_before_its_day_begins(bundled: Dataset) -> None:
    for event in bundled.events:
        if not isinstance(event, PolicyRate):
            assert event.known >= event.ts
            assert event.known >= ny(ny_date(event.ts), "00:00")


def test_each_source_counts_from_one_in_the_order_of_known(bundled: Dataset) -> None:
    assert bundled.events == sorted(bundled.events, key=order_key)
    by_source: dict[str, list[Event]] = defaultdict(list)
    for event in sorted(bundled.events, key=lambda event: event.sequence):
        by_source[event.source].append(event)
    for events in by_source.values():
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert all(before.known <= after.known for before, after in pairwise(events))


def test_a_rate_of_one_instrument_and_day_comes_once(bundled: Dataset) -> None:
    """The proxy before SOFR's first day and SOFR itself do not overlap."""
    seen = Counter(
        (e.segment, e.instrument, e.percentile, ny_date(e.ts))
        for e in bundled.events
        if isinstance(e, RepoPrint) and e.provenance != "quoted"
    )
    assert {key: count for key, count in seen.items() if count > 1} == {}


def test_what_nobody_had_at_the_time_says_so(bundled: Dataset) -> None:
    early = {
        e.provenance for e in bundled.events if e.source == "nyfed.bgcr" and e.ts < ny(dt.date(2018, 4, 2), "00:00")
    }
    late = {
        e.provenance for e in bundled.events if e.source == "nyfed.bgcr" and e.ts > ny(dt.date(2018, 4, 2), "00:00")
    }
    assert (early, late) == ({"reconstructed"}, {"official"})
    assert {e.provenance for e in bundled.events if e.source == "nyfed.sofr.proxy"} == {"reconstructed"}


def test_the_bundled_data_need_no_warning(bundled: Dataset) -> None:
    assert bundled.warnings == []
    assert {series.rule.zone for series in CATALOGUE.values()} >= {"America/New_York", "Asia/Hong_Kong"}
