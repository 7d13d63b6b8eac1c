"""Each fact once, corrections in their place, suspects waiting, closed days left out: through a whole engine."""

import random
from collections.abc import Iterable

import msgspec
import pytest

from detectors import events as ev
from detectors.checks import CheckError, check
from detectors.config import load
from detectors.engine import Engine
from detectors.intake.plausibility import odd
from detectors.results import Result
from detectors.signals import Signal, Transition
from detectors.snapshot import unpack
from detectors.testing import make

CONFIG = load()
HOUR = 3_600 * 10**9


def played(events: Iterable[ev.Event], engine: Engine | None = None) -> tuple[Engine, Result]:
    """An engine that was given these events, each with heartbeats beside it, and then a day of silence; all it said."""
    events, engine, whole = list(events), engine or Engine(CONFIG, make.MARKET), Result()
    streams = sorted({ev.stream_of(event) for event in events} | set(engine.marks))
    for known in sorted({event.known for event in events}):
        batch = [event for event in events if event.known == known]
        add(whole, engine.process([*batch, *(make.heartbeat(known, stream) for stream in streams)]))
    add(whole, engine.process([make.heartbeat(known + 12 * HOUR, stream) for stream in streams]))
    return engine, whole


def add(whole: Result, part: Result) -> None:
    whole.outputs += part.outputs
    whole.conflicts += part.conflicts
    whole.duplicates += part.duplicates


def corrected(event: ev.Event, at: str, **fields: object) -> ev.Event:
    """What the same source says later of the same thing."""
    return msgspec.structs.replace(event, sequence=event.sequence + 10_000, known=make.moment(at), **fields)


def signals(result: Result, name: str) -> list[Signal]:
    detector, _, signal = name.partition(".")
    return [
        one
        for one in result.outputs
        if isinstance(one, Signal) and one.detector == detector and one.name in {signal, signal or one.name}
    ]


def states(result: Result) -> list[str]:
    return [one.to_state for one in result.outputs if isinstance(one, Transition)]


def same_state(one: Engine, other: Engine) -> None:
    """Every detector of both stands alike, to the byte; but for who said what when."""
    left, right = (unpack(engine.snapshot(), make.MARKET)["detectors"] for engine in (one, other))
    for name in left.keys() - {"intake", "feed_health"}:
        assert left[name] == right[name], name
    assert one.status().values == other.status().values
    assert one.status().state == other.status().state


def floor_story(*prints: ev.Event) -> list[ev.Event]:
    return [make.zero_bound("2021-02-01"), make.average("2021-03-03 08:30", "GC:TSY", 0.05), *prints]


def test_one_print_in_another_spelling_and_from_another_source_is_one() -> None:
    first = make.special("2021-03-03 09:30", -3.2)
    again = [
        msgspec.structs.replace(first, sequence=first.sequence + 100, instrument="10Y-OTR "),
        msgspec.structs.replace(first, sequence=first.sequence + 101, instrument="10y-otr"),
        msgspec.structs.replace(first, source="other", sequence=1, known=first.known + HOUR),
    ]
    story = floor_story(first)
    engine, result = played([*story, *again])
    assert result.duplicates == 3
    assert engine.status().intake == {"repeated": {"test": 2, "other": 1}}
    assert "de_facto_default" not in states(result)
    same_state(engine, played(story)[0])


def test_two_prints_of_one_rate_at_two_times_or_of_two_volumes_are_two() -> None:
    for second in (
        make.special("2021-03-03 09:31", -3.2),
        make.special("2021-03-03 09:30", -3.2, volume_usd=2e9),
    ):
        first = make.special("2021-03-03 09:30", -3.2, volume_usd=1e9)
        engine, result = played(floor_story(first, second))
        assert result.duplicates == 0
        assert states(result)[-1] == "de_facto_default", second
        assert engine.status().intake == {}


def fails_story() -> list[ev.Event]:
    dice = random.Random(2)
    weeks = list(make.weeks("2020-06-03", 40))
    return [make.fail(f"{day} 16:15", dice.randrange(50, 70) * 1e9, known=f"{day} 17:00") for day in weeks]


def test_a_corrected_week_of_fails_takes_the_place_of_the_first_and_the_signal_names_both() -> None:
    story = fails_story()
    wrong = make.fail("2021-03-10 16:15", 2.5e11, known="2021-03-10 17:00")
    right = corrected(wrong, "2021-03-11 12:00", to_deliver_usd=6e10)
    engine, result = played([*story, wrong, right])
    always, _ = played([*story, msgspec.structs.replace(right, known=wrong.known)])
    same_state(engine, always)
    up, down = signals(result, "fails.high")
    assert (up.level, up.known, down.level, down.known) == (1, wrong.known, 0, right.known)
    assert (down.values["revised_from_usd"], down.values["revised_to_usd"]) == (2.5e11, 6e10)
    assert "corrected" in down.rule
    assert {wrong.sequence, right.sequence} <= {cause.sequence for cause in down.causes}
    assert engine.status().intake == {"corrected": {"test": 1}}
    later = [make.fail("2021-03-17 16:15", 9e10, known="2021-03-17 17:00")]
    said, said_always = played(later, engine)[1], played(later, always)[1]
    assert [one.values for one in signals(said, "fails.high")] == [
        one.values for one in signals(said_always, "fails.high")
    ]


def test_a_gateway_that_began_anew_corrects_what_it_said_before() -> None:
    story = [msgspec.structs.replace(one, source="desk-1614600000") for one in fails_story()]
    right = msgspec.structs.replace(
        corrected(story[-1], "2021-03-11 12:00", to_deliver_usd=3e11), source="desk-1615400000"
    )
    engine, _ = played([*story, right])
    assert engine.status().intake == {"corrected": {"desk-1615400000": 1}}
    same_state(engine, played([*story[:-1], msgspec.structs.replace(right, known=story[-1].known)])[0])


@pytest.mark.parametrize("restart", [False, True])
def test_an_older_week_is_corrected_too_and_after_a_restart(restart: bool) -> None:
    story = fails_story()
    wrong, right = story[30], corrected(story[30], "2021-03-11 12:00", to_deliver_usd=3e11)
    engine, _ = played(story)
    if restart:
        engine = Engine.restore(CONFIG, make.MARKET, engine.snapshot())
    played([right], engine)
    always, _ = played([msgspec.structs.replace(right, known=wrong.known) if one is wrong else one for one in story])
    same_state(engine, always)
    more = [make.fail("2021-03-17 16:15", 2.5e11, known="2021-03-17 17:00")]
    (one,), (other,) = (signals(played(more, each)[1], "fails.high") for each in (engine, always))
    assert one.values == other.values


def test_open_interest_that_is_added_leaves_the_week_before() -> None:
    days = list(make.weeks("2019-01-01", 110))
    dice = random.Random(3)
    reports = [make.position(day, dice.randrange(-9, 9) * 1e4) for day in days]
    right = msgspec.structs.replace(
        reports[-1],
        sequence=10**6,
        known=reports[-1].known + 24 * HOUR,
        open_interest_contracts=4e6,
        long_contracts=1e5,
        short_contracts=0.0,
    )
    engine, _ = played([*reports, right])
    always, _ = played([*reports[:-1], msgspec.structs.replace(right, known=reports[-1].known)])
    same_state(engine, always)


def test_a_rate_issued_again_at_half_past_two_is_the_days_rate() -> None:
    story: list[ev.Event] = [make.zero_bound("2020-11-02", iorb_pct=0.10)]
    dice = random.Random(4)
    for day in make.sessions("2020-12-01", 60):
        story += [make.average(f"{day} 08:00", series, 0.05 + dice.randrange(3) / 100) for series in GENERAL]
    wrong = make.average("2021-03-03 08:00", "GC:SOFR", 0.90)
    right = corrected(wrong, "2021-03-03 14:30", rate_pct=0.05)
    engine, result = played([*story, wrong, right])
    always, _ = played([*story, msgspec.structs.replace(right, known=wrong.known)])
    same_state(engine, always)
    said = [one for one in result.outputs if isinstance(one, Signal) and one.known == right.known]
    assert {one.detector for one in said} >= {"corridor"}
    for one in said:
        assert (one.values["revised_from_pct"], one.values["revised_to_pct"]) == (0.9, 0.05)


GENERAL = ("GC:SOFR", "TRIPARTY:TGCR", "GCF:TSY")


def test_a_close_corrected_the_next_morning_is_the_close() -> None:
    closes = [make.close(day, 1.05, known=f"{day} 18:00") for day in make.sessions("2020-12-01", 60)]
    wrong = make.close("2021-03-03", 1.65, known="2021-03-03 18:00")
    right = corrected(wrong, "2021-03-04 08:00", mid_pct=1.06)
    engine, result = played([*closes, wrong, right])
    always, _ = played([*closes, msgspec.structs.replace(right, known=wrong.known)])
    same_state(engine, always)
    assert engine.status().values == always.status().values
    assert all("corrected" in one.rule for one in result.outputs if isinstance(one, Signal) and one.known > wrong.known)


def test_another_source_does_not_replace_the_first_unless_it_is_trusted_more() -> None:
    quoted = make.average("2021-03-03 08:30", "GC:TSY", 0.05, provenance="quoted", source="broker")
    other = make.average(
        "2021-03-03 08:30", "GC:TSY", 0.06, provenance="quoted", source="rival", known="2021-03-03 09:00"
    )
    official = make.average(
        "2021-03-03 08:30", "GC:TSY", 0.07, provenance="official", source="fed", known="2021-03-03 10:00"
    )
    engine, result = played([quoted, other, official])
    assert [(one.reason, one.event) for one in result.conflicts] == [("other_source", other)]
    assert engine.status().intake == {"other_source": {"rival": 1}, "corrected": {"fed": 1}}


def test_a_close_of_good_friday_is_none_and_an_index_of_that_day_is_one() -> None:
    closes = [make.close(day, 1.7, known=f"{day} 18:00") for day in make.sessions("2019-01-02", 70)]
    friday = make.close("2019-04-19", 0.0, known="2019-04-19 18:00")
    shares = make.equity("2019-04-19 04:00", index="NIKKEI225")
    engine, result = played([*closes, friday, shares])
    assert [(one.reason, one.event) for one in result.conflicts] == [("outside_sessions", friday)]
    assert not signals(result, "volatility.move")
    assert engine.status().intake == {"outside_sessions": {"test": 1}}


def rates(series: str = "GC:SOFR", level: float = 1.05, count: int = 40) -> list[ev.Event]:
    dice = random.Random(7)
    return [
        make.average(f"{day} 08:00", series, round(level + dice.randrange(-3, 4) / 100, 2))
        for day in make.sessions("2022-06-21", count)
    ]


@pytest.mark.parametrize(("slip", "why"), [(0.0, "zero"), (0.105, "tenth"), (0.0105, "tenth"), (10.5, "ten times")])
def test_a_suspect_waits_and_is_dropped_by_the_next_figure(slip: float, why: str) -> None:
    story = rates()
    suspect, after = (
        make.average("2022-08-17 08:00", "GC:SOFR", slip),
        make.average("2022-08-18 08:00", "GC:SOFR", 1.05),
    )
    engine, held = played([*story, suspect])
    (on,) = signals(held, "intake.suspect")
    assert (on.subject, on.level, on.values["suspect_pct"]) == ("GC:SOFR:average", 1, slip)
    assert why in on.rule
    assert engine.status().suspects == 1
    engine = Engine.restore(CONFIG, make.MARKET, engine.snapshot())
    _, result = played([after], engine)
    assert [one.level for one in signals(result, "intake.suspect")] == [0]
    assert [(one.reason, one.event.sequence) for one in result.conflicts] == [("suspect", suspect.sequence)]
    same_state(engine, played([*story, after])[0])


def test_a_true_leap_is_used_once_the_next_figure_bears_it_out() -> None:
    story = [make.policy("2022-06-01", 0.25), *rates(level=0.40)]
    leapt, after = (make.average(f"2022-08-{day} 08:00", "GC:SOFR", rate) for day, rate in (("17", 4.0), ("18", 4.1)))
    engine, result = played([*story, leapt, after])
    assert [one.level for one in signals(result, "intake.suspect")] == [1, 0]
    assert not result.conflicts
    leap = [one for one in signals(result, "corridor.") if one.ts == leapt.ts]
    assert leap
    assert all(one.known == after.known for one in leap)
    assert engine.status().suspects == 0


def test_a_second_source_bears_a_leap_out_and_the_own_source_may_correct_it() -> None:
    story, fell = rates(), make.average("2022-08-17 08:00", "GC:SOFR", 0.105)
    second = msgspec.structs.replace(fell, source="second", known=fell.known + HOUR)
    engine, result = played([*story, fell, second])
    assert [one.level for one in signals(result, "intake.suspect")] == [1, 0]
    assert engine.status().suspects == 0
    assert not result.conflicts
    engine, result = played([*story, fell, corrected(fell, "2022-08-17 14:30", rate_pct=1.05)])
    assert [one.event.sequence for one in result.conflicts] == [fell.sequence]
    assert "corrected" in signals(result, "intake.suspect")[-1].rule


def test_specials_and_prints_never_wait() -> None:
    story = [make.special(f"{day} 15:00", 1.0, statistic="low") for day in make.sessions("2022-06-21", 40)]
    engine, result = played([*story, make.special("2022-08-17 15:00", -4.0, statistic="low")])
    assert not signals(result, "intake.suspect")
    assert engine.status().suspects == 0


@pytest.mark.parametrize(
    ("field", "value", "past"),
    [
        ("rate_pct", 5.25, [2.2, 2.14, 2.13, 2.2, 2.43]),  # SOFR, 17 September 2019
        ("rate_pct", 0.26, [1.58, 1.59, 1.23, 1.10, 1.20]),  # 16 March 2020
        ("rate_pct", 0.30, [0.05, 0.05, 0.05, 0.05, 0.05]),  # 17 March 2022
        ("rate_pct", 0.01, [0.10, 0.09, 0.08, 0.07, 0.06]),
        ("takeup_usd", 26.6e9, [0.0, 1e8, 2.5e7, 1e9, 1.1e10]),  # 18 March 2021
        ("takeup_usd", 1.3e11, [1e9, 1e10, 2e10, 3e10, 4e10]),
        ("to_deliver_usd", 0.0, [7e7, 4.2e7, 9e7, 5e7, 6e7]),  # an issue that hardly ever fails
    ],
)
def test_what_happened_is_not_suspect(field: str, value: float, past: list[float]) -> None:
    assert odd(field, value, past * 6) is None


@pytest.mark.parametrize(
    ("field", "value", "past"),
    [
        ("takeup_usd", 2.5e6, [2.2e12, 2.3e12, 2.25e12, 2.4e12]),  # millions for trillions
        ("to_deliver_usd", 1.1e14, [1.1e11, 1.9e11, 0.9e11]),
        ("long_contracts", 0.0, [5e5, 6e5, 5.5e5]),
        ("level_points", 2_900.0, [29_000.0, 28_500.0, 29_300.0]),
        ("rate_pct", 5.0, [0.04, 0.05, 0.03]),
    ],
)
def test_a_slip_of_the_hand_is_suspect(field: str, value: float, past: list[float]) -> None:
    assert odd(field, value, past * 10) is not None
    assert odd(field, value, past * 3) is None  # too little past to say


@pytest.mark.parametrize(
    "fields",
    [
        {"bid_to_cover_ratio": 0.0},
        {"indirect_share_pct": 0.398},
        {"dealer_share_pct": 0.2},
        {"direct_share_pct": 0.22},
        {"indirect_share_pct": 60.0, "direct_share_pct": 20.0, "dealer_share_pct": 39.8},
    ],
)
def test_an_auction_that_cannot_be_is_refused(fields: dict[str, float]) -> None:
    whole = make.auction("2021-02-25 13:00", bid_to_cover_ratio=2.04, indirect_share_pct=38.06, direct_share_pct=22.13)
    check(whole)
    bare = msgspec.structs.replace(whole, bid_to_cover_ratio=None, indirect_share_pct=None, direct_share_pct=None)
    with pytest.raises(CheckError):
        check(msgspec.structs.replace(bare, **fields))


def test_a_correction_from_before_memory_is_named_and_used_by_nobody() -> None:
    weeks = list(make.weeks("2019-01-02", 60))
    story = [make.fail(f"{day} 16:15", 6e10) for day in weeks]
    engine, result = played([*story, corrected(story[0], "2020-03-01 12:00", to_deliver_usd=9e11)])
    assert [one.reason for one in result.conflicts] == ["older_than_memory"]
    same_state(engine, played(story)[0])
