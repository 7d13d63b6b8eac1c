"""Series one by one: a rhythm learned from gaps and bounded, the policy's own clock, what has ended, bounded memory."""

import datetime as dt

import msgspec
import pytest

from detectors.detector import Sight
from detectors.feed_health import FeedHealth
from detectors.sections import Feed, Rhythm, Silence
from detectors.series_watch import SERIES_KEPT, SeriesWatch
from detectors.testing import make

BOUNDS = Silence(
    gaps=12,
    gaps_wanted=3,
    ended_sessions=20,
    policy_grace_sessions=5,
    policy_range_bp=25.0,
    rhythms=(
        Rhythm(series="GC*", least_sessions=2, most_sessions=5),
        Rhythm(series="SWAP:*", least_sessions=2, most_sessions=5),
        Rhythm(series="*:TFF:*", least_sessions=2, most_sessions=12),
        Rhythm(series="*", least_sessions=3, most_sessions=8),
    ),
)


def watch(wanted=(), groups=()):
    return SeriesWatch(BOUNDS, wanted, groups)


def daily(count, series="GC:SOFR", first="2021-03-01"):
    return [make.average(f"{day} 08:00", series, 0.05) for day in make.sessions(first, count)]


def note(one, *events):
    return [changed for event in events if (changed := one.note(event)) is not None]


def midnight(day):
    return make.moment(f"{day} 00:00")


def test_a_daily_series_is_silent_at_the_midnight_that_ends_its_last_session_allowed():
    one = watch()
    assert note(one, *daily(5)) == []  # Monday 1 to Friday 5 March
    assert one.wake_at() == midnight("2021-03-10")
    assert one.on_time(midnight("2021-03-10")) == ["GC:SOFR"]
    assert one.silent() == {"GC:SOFR"}
    assert one.state("GC:SOFR").why == "no figure for 2 sessions"
    assert note(one, *daily(1, first="2021-03-12")) == ["GC:SOFR"]
    assert one.silent() == frozenset()


def test_what_it_is_allowed_is_its_longest_gap_and_no_less_or_more_than_the_bounds():
    one = watch()
    weekly = [make.position(day, 1.0) for day in make.weeks("2021-01-05", 5)]
    note(one, *weekly)
    name = weekly[0].series()
    assert one.allowed(name, one.state(name)) == 5
    note(one, make.position("2021-03-30", 1.0))
    assert one.allowed(name, one.state(name)) == 12


def test_a_holiday_is_no_silence():
    one = watch()
    note(one, *daily(5, first="2021-02-08"))  # to Friday 12; Monday 15 is closed
    assert one.wake_at() == midnight("2021-02-18")


def test_how_long_it_was_dead_is_no_rhythm():
    one = watch()
    note(one, *daily(10))
    one.on_time(one.wake_at())
    note(one, *daily(1, first="2021-06-01"))
    assert set(one.state("GC:SOFR").gaps) == {1}


def test_until_its_rhythm_is_known_it_is_allowed_the_most():
    one = watch()
    note(one, *daily(2))
    assert one.allowed("GC:SOFR", one.state("GC:SOFR")) == 5


def test_each_series_falls_silent_by_itself_and_with_its_whole_feed():
    one = watch()
    note(one, *daily(5), *daily(8, "GCF:TSY"))
    one.on_time(midnight("2021-03-10"))
    assert one.named() == ("GC:SOFR",)
    assert one.silent({"repo_gc"}) == {"GC:SOFR", "GCF:TSY"}
    assert one.named({"repo_gc"}) == ()  # the feed stands for its series


def test_policy_is_silent_a_week_after_the_first_scheduled_meeting_that_did_not_restate_it():
    one = watch(wanted={"POLICY"})
    note(one, make.zero_bound("2021-01-27 14:00"))  # the next meeting is on 17 March
    assert one.wake_at() == midnight("2021-03-25")
    note(one, make.zero_bound("2021-03-17 14:00"))
    assert one.wake_at() == midnight("2021-05-06")
    assert one.on_time(midnight("2021-05-06")) == ["POLICY"]
    assert one.named() == ("POLICY",)


def test_a_policy_range_too_wide_is_silence_at_once_and_a_sound_one_ends_it():
    one = watch()
    wide = make.policy("2022-03-16 14:00", 0.0, target_high_pct=0.5)
    assert note(one, wide) == ["POLICY"]
    assert "50 bp wide" in one.state("POLICY").why
    assert note(one, make.policy("2022-03-17 14:00", 0.25, target_high_pct=0.5)) == ["POLICY"]
    assert one.named() == ()


def test_a_policy_range_that_is_crossed_is_silence():
    one = watch()
    sound = make.policy("2022-03-16 14:00", 0.25, target_high_pct=0.5)
    assert note(one, msgspec.structs.replace(sound, target_high_pct=0.0)) == ["POLICY"]
    assert one.state("POLICY").why == "its range is crossed"


def test_one_that_no_table_names_has_ended_after_a_while_and_one_that_is_named_never():
    one = watch(wanted={"GCF:TSY"})
    note(one, *daily(5), *daily(5, "GCF:TSY"))
    one.on_time(one.wake_at())
    assert one.named() == ("GC:SOFR", "GCF:TSY")
    one.on_time(one.wake_at())
    assert (one.named(), one.ended()) == (("GCF:TSY",), ("GC:SOFR",))
    assert one.silent() == {"GC:SOFR", "GCF:TSY"}
    assert one.wake_at() is not None


def test_one_with_a_living_stand_in_has_ended_and_speaks_again():
    group = ("TRIPARTY:OFR-TRIPARTY", "TRIPARTY:TGCR")
    one = watch(groups=[group])
    note(one, *daily(5, group[0]), *daily(60, group[1]))
    for _ in range(2):
        one.on_time(min(one.wake_at(), midnight("2021-05-20")))
    assert one.ended() == (group[0],)
    assert note(one, *daily(1, group[0], "2021-05-24")) == [group[0]]
    assert one.ended() == ()


def test_one_heard_once_is_unseen_when_it_is_silent_and_not_waited_for():
    one = watch()
    note(one, *daily(1))
    one.on_time(one.wake_at())
    assert (one.silent(), one.named(), one.ended()) == ({"GC:SOFR"}, (), ("GC:SOFR",))


def test_memory_is_bounded_and_the_oldest_goes():
    one = watch()
    for number, day in enumerate(make.sessions("2018-01-02", SERIES_KEPT + 10)):
        note(one, make.average(f"{day} 08:00", f"GC:N{number}", 0.05))
    assert len(one.snapshot()) == SERIES_KEPT
    assert "GC:N0" not in one.snapshot()


def test_a_restart_changes_nothing():
    one = watch()
    note(one, *daily(5), make.zero_bound("2021-01-27 14:00"), make.swap("2021-03-02 15:00", 0.1))
    one.on_time(one.wake_at())
    again = watch()
    again.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(one.snapshot())))
    assert again.snapshot() == one.snapshot()
    assert (again.wake_at(), again.named(), again.ended()) == (one.wake_at(), one.named(), one.ended())


def test_feed_health_says_it_once_names_it_and_shows_it_to_the_detectors():
    health = FeedHealth((Feed(name="repo_gc", stale_sessions=2),), series=watch())
    health.sight = seen = Sight()
    for event in sorted([*daily(5), *daily(9, "GCF:TSY")], key=lambda one: one.known):
        assert health.update(event) == []
    (said,) = health.on_time(health.wake_at())
    assert (said.name, said.subject, said.level) == ("silent", "GC:SOFR", 1)
    assert said.rule == "silent: no figure for 2 sessions"
    assert health.blind_on() == ("GC:SOFR",)
    assert not seen.seen("GC:SOFR")
    assert seen.seen("GCF:TSY")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"rhythms": (Rhythm(series="GC:*", least_sessions=2, most_sessions=5),)}, "the last pattern must be"),
        ({"gaps_wanted": 13}, "exceeds gaps"),
    ],
)
def test_bounds_that_cannot_be_are_refused(changed, reason):
    with pytest.raises(ValueError, match=reason):
        msgspec.structs.replace(BOUNDS, **changed).__post_init__()


def test_days_are_those_of_new_york():
    one = watch()
    note(one, make.average("2021-03-01 23:30", "GC:SOFR", 0.05))
    assert one.state("GC:SOFR").day == dt.date(2021, 3, 1).toordinal()
