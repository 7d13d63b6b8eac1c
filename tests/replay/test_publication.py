"""When a desk could have had a figure: golden days, holidays, early closes, clocks that change."""

import datetime as dt

import pytest

from detectors.calendar import NS
from replay.dataset import publication as pub
from replay.dataset.publication import times


def utc(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * NS


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("rule", "of", "ts", "known"),
    [
        # the evening of the same day; five hours behind Greenwich, four from 14 March 2021 on
        (pub.TREASURY_PAR, "2021-03-12", "2021-03-12T20:30", "2021-03-12T23:00"),
        (pub.TREASURY_PAR, "2021-03-15", "2021-03-15T19:30", "2021-03-15T22:00"),
        # Good Friday 2021: the payrolls kept the market open until noon
        (pub.TREASURY_PAR, "2021-04-02", "2021-04-02T16:00", "2021-04-02T22:00"),
        # the Monday is Washington's Birthday: Friday's SOFR comes out on Tuesday
        (pub.NEXT_MORNING, "2021-02-12", "2021-02-12T20:00", "2021-02-16T13:00"),
        # over the weekend in which the clocks change
        (pub.NEXT_MORNING, "2021-03-12", "2021-03-12T20:00", "2021-03-15T12:00"),
        # before Good Friday, a session
        (pub.NEXT_MORNING, "2021-04-01", "2021-04-01T19:00", "2021-04-02T12:00"),
        (pub.SAME_EVENING, "2021-02-25", "2021-02-25T20:00", "2021-02-25T22:00"),
        (pub.OFR_CLEARED, "2021-02-25", "2021-02-25T20:00", "2021-02-26T20:00"),
        (pub.OFR_TRIPARTY, "2021-02-25", "2021-02-25T20:00", "2021-03-01T20:00"),
        # Veterans Day of 2023 is a Saturday, kept by the government on Friday, when Treasuries trade
        (pub.OFR_CLEARED, "2023-11-09", "2023-11-09T20:00", "2023-11-13T20:00"),
        (pub.OFR_TRIPARTY, "2023-11-08", "2023-11-08T20:00", "2023-11-13T20:00"),
        (pub.NEXT_MORNING, "2023-11-09", "2023-11-09T20:00", "2023-11-10T13:00"),
        # Columbus Day
        (pub.OFR_CLEARED, "2021-10-08", "2021-10-08T19:00", "2021-10-12T19:00"),
        # the market was closed on 5 December 2018
        (pub.NEXT_MORNING, "2018-12-04", "2018-12-04T20:00", "2018-12-06T13:00"),
        (pub.ON_RRP, "2021-03-04", "2021-03-04T18:15", "2021-03-04T18:15"),
        # Tuesday to Friday
        (pub.COT, "2021-03-02", "2021-03-02T22:00", "2021-03-05T20:30"),
        # Good Friday 2021 is a session, and the report came out
        (pub.COT, "2021-03-30", "2021-03-30T21:00", "2021-04-02T19:30"),
        # Friday, 3 July 2020 was a holiday
        (pub.COT, "2020-06-30", "2020-06-30T21:00", "2020-07-06T19:30"),
        # Good Friday 2024 is no session, and a working day of the government: the CFTC's schedule has 29 March
        (pub.COT, "2024-03-26", "2024-03-26T21:00", "2024-03-29T19:30"),
        # the shutdown: 24 December 2018 came out on 1 February 2019, and by 5 March all was current
        (pub.COT, "2018-12-24", "2018-12-24T22:00", "2019-02-01T20:30"),
        (pub.COT, "2019-03-05", "2019-03-05T22:00", "2019-03-08T20:30"),
        (pub.FR2004, "2021-03-10", "2021-03-10T22:00", "2021-03-18T20:15"),
        # effective on the Monday, announced on the Sunday: 15 March 2020
        (pub.ANNOUNCED, "2020-03-16", "2020-03-16T04:00", "2020-03-15T22:00"),
        (pub.AUCTION, "2021-02-25", "2021-02-25T18:00", "2021-02-25T18:05"),
        # Hong Kong's close of the 26th is New York's small hours: after the auction of the 25th
        (pub.CLOSE_HONG_KONG, "2021-02-26", "2021-02-26T08:00", "2021-02-26T08:00"),
        (pub.CLOSE_SHANGHAI, "2021-02-26", "2021-02-26T07:00", "2021-02-26T07:00"),
        (pub.CLOSE_TOKYO, "2021-02-26", "2021-02-26T06:00", "2021-02-26T06:00"),
        # Tokyo closes half an hour later since 5 November 2024
        (pub.CLOSE_TOKYO, "2024-11-01", "2024-11-01T06:00", "2024-11-01T06:00"),
        (pub.CLOSE_TOKYO, "2024-11-05", "2024-11-05T06:30", "2024-11-05T06:30"),
        (pub.CLOSE_TOKYO, "2024-11-06", "2024-11-06T06:30", "2024-11-06T06:30"),
        (pub.CLOSE_HONG_KONG, "2024-11-05", "2024-11-05T08:00", "2024-11-05T08:00"),
        (pub.CLOSE_NEW_YORK, "2021-03-15", "2021-03-15T20:00", "2021-03-15T20:00"),
    ],
)
def test_golden_days(rule: pub.PublicationRule, of: str, ts: str, known: str) -> None:
    assert times(rule, day(of)) == (utc(ts), utc(known))


@pytest.mark.parametrize("rule", [rule for rule in vars(pub).values() if isinstance(rule, pub.PublicationRule)])
def test_only_what_is_announced_is_known_before_it_holds(rule: pub.PublicationRule) -> None:
    for offset in range(0, 3650, 2):
        ts, known = times(rule, dt.date(2017, 1, 1) + dt.timedelta(days=offset))
        assert known >= ts or rule is pub.ANNOUNCED
