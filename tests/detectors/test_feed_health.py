"""FeedHealth: silence counted in sessions; a feed never heard is blind from the start."""

import msgspec
import pytest

from detectors.feed_health import FeedHealth
from detectors.sections import Feed
from detectors.testing import make
from tests.support.drive import brief, feed

ALL = ("facility", "fails", "flows", "futures", "policy", "repo_gc", "specials", "yields")
ONE_OF_EACH = {
    "yields": lambda at: make.quote(at, 1.1),
    "repo_gc": lambda at: make.repo(at, "GC:TSY", 0.05),
    "specials": lambda at: make.special(at, -1.0),
    "policy": make.zero_bound,
    "futures": lambda at: make.position("2021-03-02", 1, known=at),
    "fails": lambda at: make.fail(at, 1e9),
    "facility": lambda at: make.takeup(at, 1e9),
    "flows": lambda at: make.flow(at, "CTA", 1e9),
}


@pytest.fixture
def blindness(desk):
    return FeedHealth(desk.stress.feeds)


def test_at_first_a_market_is_blind_on_everything(blindness):
    assert blindness.blind_on() == ALL
    assert blindness.wake_at() is None


@pytest.mark.parametrize("name", ALL)
def test_a_figure_opens_its_own_feed_and_no_other(blindness, name):
    assert feed(blindness, ONE_OF_EACH[name]("2021-03-05 15:30")) == []
    assert blindness.blind_on() == tuple(other for other in ALL if other != name)


@pytest.mark.parametrize("series", ["GC:SOFR", "GCF:TSY", "TRIPARTY:TGCR"])
def test_every_general_rate_keeps_repo_alive(blindness, series):
    feed(blindness, make.average("2021-03-05", series, 0.05))
    assert "repo_gc" not in blindness.blind_on()


def test_a_rate_of_dvp_speaks_for_neither(blindness):
    feed(blindness, make.average("2021-03-05", "DVP:OFR-DVP", 0.05))
    assert blindness.blind_on() == ALL


@pytest.mark.parametrize(
    ("name", "sessions", "deadline"),
    [
        ("yields", 2, "2021-03-10"),  # Friday 5, Monday 8, Tuesday 9: the midnight that ends it
        ("repo_gc", 2, "2021-03-10"),
        ("specials", 3, "2021-03-11"),
        ("facility", 5, "2021-03-13"),
        ("futures", 10, "2021-03-20"),
        ("fails", 12, "2021-03-24"),
        ("flows", 30, "2021-04-17"),
    ],
)
def test_it_goes_blind_at_the_midnight_that_ends_the_last_session_allowed(blindness, name, sessions, deadline):
    event = ONE_OF_EACH[name]("2021-03-05 15:30")
    feed(blindness, event)
    moment = make.moment(f"{deadline} 00:00")
    assert blindness.wake_at() == moment
    assert blindness.on_time(moment - 1) == []
    (draft,) = blindness.on_time(moment)
    assert (draft.name, draft.subject, draft.level, draft.known) == ("blind", name, 1, moment)
    assert str(sessions) in draft.rule
    assert draft.ts == event.ts
    assert name in blindness.blind_on()
    assert blindness.wake_at() is None


def test_a_holiday_does_not_count(blindness):
    feed(blindness, make.quote("2021-02-12 15:00", 1.2))  # Monday the 15th is closed
    assert blindness.wake_at() == make.moment("2021-02-18 00:00")


def test_each_figure_begins_the_silence_anew(blindness):
    feed(blindness, make.quote("2021-03-01", 1.2), make.quote("2021-03-05", 1.2))
    assert blindness.wake_at() == make.moment("2021-03-10 00:00")


def test_silence_is_counted_from_when_a_figure_was_known(blindness):
    feed(blindness, make.position("2021-03-02", 1, known="2021-03-05 15:30"))
    assert blindness.wake_at() == make.moment("2021-03-20 00:00")


def test_the_next_figure_opens_it_again(blindness):
    feed(blindness, make.quote("2021-03-01", 1.2))
    blindness.on_time(make.moment("2021-03-04 00:00"))
    said = feed(blindness, make.quote("2021-03-04 09:00", 1.2))
    assert brief(said) == [("blind", 0)]
    assert "yields" not in blindness.blind_on()
    assert blindness.wake_at() == make.moment("2021-03-09 00:00")


def test_feeds_that_fall_silent_together_are_said_in_the_order_of_their_names(blindness):
    feed(blindness, make.quote("2021-03-01", 1.2), make.repo("2021-03-01", "GC:TSY", 0.05))
    said = blindness.on_time(make.moment("2021-03-04 00:00"))
    assert [draft.subject for draft in said] == ["repo_gc", "yields"]


def test_a_feed_without_a_number_never_falls_silent(blindness):
    feed(blindness, make.zero_bound())
    assert blindness.wake_at() is None
    assert "policy" not in blindness.blind_on()


def test_feeds_not_configured_are_none_of_it():
    blindness = FeedHealth((Feed(name="yields", stale_sessions=1),))
    assert feed(blindness, make.special("2021-03-01", -1.0)) == []
    assert blindness.blind_on() == ("yields",)


def test_it_remembers_over_a_restart(desk, blindness):
    feed(blindness, make.quote("2021-03-01", 1.2), make.special("2021-03-02", -1.0))
    blindness.on_time(make.moment("2021-03-04 00:00"))
    again = FeedHealth(desk.stress.feeds)
    again.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(blindness.snapshot())))
    assert again.blind_on() == blindness.blind_on()
    assert again.wake_at() == blindness.wake_at()
    assert again.last_heard("yields") == make.moment("2021-03-01")
    assert again.last_heard("flows") is None
