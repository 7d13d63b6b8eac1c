"""Scarcity in public rates: pairs of one day, low against their own past and deep enough, tied values are not low."""

import msgspec
import pytest

from detectors.config import load
from detectors.repo.scarcity import CollateralScarcity
from detectors.repo.spreads import Spread
from detectors.testing import make
from tests.support.drive import brief, causes, feed

CONFIG = msgspec.structs.replace(
    load().scarcity,
    spreads=(
        Spread(name="DVP-TRIPARTY", left="DVP:OFR-DVP", right="TRIPARTY:OFR-TRIPARTY"),
        Spread(name="SOFR-P1-TRIPARTY", left="GC:SOFR:P1", right="TRIPARTY:OFR-TRIPARTY"),
        Spread(name="10Y-ON-OFF", left="YIELD:10Y:ON", right="YIELD:10Y:OFF"),
    ),
    window_days=40,
    min_days=20,
)


@pytest.fixture
def scarcity() -> CollateralScarcity:
    return CollateralScarcity(CONFIG)


def pair(day, dvp, tri=0.05):
    return [
        make.repo(f"{day} 15:00", "DVP:OFR-DVP", dvp, statistic="average"),
        make.repo(f"{day} 15:00", "TRIPARTY:OFR-TRIPARTY", tri, statistic="average"),
    ]


def calm(first="2021-01-04", count=30):
    """Spreads of -4 to 0 bp, in turn."""
    return [event for i, day in enumerate(make.sessions(first, count)) for event in pair(day, 0.05 - (i % 5) / 100)]


def test_deep_low_is_two_low_is_one_and_the_middle_is_off(scarcity):
    assert feed(scarcity, calm()) == []
    (one,) = feed(scarcity, pair("2021-03-03", -0.02))
    assert (one.name, one.subject, one.level) == ("spread", "DVP-TRIPARTY", 1)
    assert one.values["spread_bp"] == pytest.approx(-7)
    (two,) = feed(scarcity, pair("2021-03-04", -0.07))
    assert (two.level, two.values["spread_bp"]) == (2, pytest.approx(-12))
    assert two.threshold == pytest.approx(-10, abs=2)
    assert brief(feed(scarcity, pair("2021-03-05", 0.04))) == [("spread", 0)]


def test_low_but_not_deep_is_noise(scarcity):
    feed(scarcity, calm())
    assert feed(scarcity, pair("2021-03-03", 0.001)) == []  # the lowest ever seen, and 4.9 bp


def test_a_value_that_many_days_share_is_not_low(scarcity):
    feed(scarcity, [event for day in make.sessions("2021-01-04", 30) for event in pair(day, -0.01)])
    assert feed(scarcity, pair("2021-03-03", -0.01)) == []  # -6 bp, as every day


def test_nothing_is_said_before_the_history_is_there(scarcity):
    feed(scarcity, calm(count=19))
    assert scarcity.warming() == ("DVP-TRIPARTY", "SOFR-P1-TRIPARTY", "10Y-ON-OFF")
    assert feed(scarcity, pair("2021-03-03", -1.0)) == []
    assert "DVP-TRIPARTY" not in scarcity.warming()
    assert brief(feed(scarcity, pair("2021-03-04", -1.1))) == [("spread", 2)]


def test_days_are_never_spliced_and_a_day_counts_once(scarcity):
    feed(scarcity, calm())
    assert feed(scarcity, pair("2021-03-03", -1.0)[:1], pair("2021-03-04", 0.05)[1:]) == []
    late, again = pair("2021-03-05", -1.0), pair("2021-03-05", -2.0)
    said = feed(scarcity, late, again)
    assert brief(said) == [("spread", 2)]
    assert causes(said[0]) == sorted(event.sequence for event in late)


def test_the_first_percentile_of_sofr_is_a_series_of_its_own(scarcity):
    for i, day in enumerate(make.sessions("2021-01-04", 30)):
        feed(
            scarcity,
            make.repo(f"{day} 15:00", "GC:SOFR", 0.03 - (i % 3) / 100, statistic="percentile", percentile=1.0),
            make.repo(f"{day} 15:00", "GC:SOFR", 5.0, statistic="average"),
            make.repo(f"{day} 15:00", "GC:SOFR", -5.0, statistic="percentile", percentile=25.0),
            make.repo(f"{day} 15:00", "TRIPARTY:OFR-TRIPARTY", 0.05, statistic="average"),
        )
    said = feed(
        scarcity,
        make.repo("2021-03-03 15:00", "GC:SOFR", -0.05, statistic="percentile", percentile=1.0),
        make.repo("2021-03-03 15:00", "TRIPARTY:OFR-TRIPARTY", 0.05, statistic="average"),
    )
    assert [(draft.subject, draft.level) for draft in said] == [("SOFR-P1-TRIPARTY", 2)]


def test_on_the_run_against_off_the_run_where_issues_are_quoted(scarcity):
    for i, day in enumerate(make.sessions("2021-01-04", 30)):
        on = make.quote(f"{day} 15:00", 1.50, statistic="close", cusip="91282CBL4", on_the_run=True)
        off = make.quote(f"{day} 15:00", 1.51 + (i % 3) / 100, statistic="close", cusip="91282CAV3")
        par = make.quote(f"{day} 15:00", 9.0, statistic="close")
        feed(scarcity, on, off, par)
    said = feed(
        scarcity,
        make.quote("2021-03-03 15:00", 1.40, statistic="close", cusip="91282CBL4", on_the_run=True),
        make.quote("2021-03-03 15:00", 1.55, statistic="close", cusip="91282CAV3"),
    )
    assert [(draft.subject, draft.level, draft.values["spread_bp"]) for draft in said] == [("10Y-ON-OFF", 2, -15.0)]


def test_a_restart_changes_nothing(scarcity):
    events = [*calm(), *pair("2021-03-03", -0.02), *pair("2021-03-04", -0.07), *pair("2021-03-05", 0.04)]
    whole = feed(CollateralScarcity(CONFIG), events)
    said = feed(scarcity, events[:62])
    other = CollateralScarcity(CONFIG)
    other.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(scarcity.snapshot())))
    assert said + feed(other, events[62:]) == whole
