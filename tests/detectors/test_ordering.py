"""The merge against a simple model: the same events come out, once, in the one order, however they come in."""

import datetime as dt
import random
from zlib import crc32

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import events as ev
from detectors.calendar import NS, ny
from detectors.config import load
from detectors.ordering import FAR_PAST, Ordering, Verdict

START = ny(dt.date(2021, 2, 2), "09:00")
MERGE = msgspec.structs.replace(load().merge, lateness_s=60, dedup_ids=8)
ROSTER = ("yields", "repo")


def quote(second: float, sequence: int, source: str = "y", rate: float = 1.0) -> ev.YieldQuote:
    known = START + round(second * NS)
    return ev.YieldQuote(
        market="UST", source=source, sequence=sequence, ts=known, known=known, provenance="synthetic",
        tenor="10Y", statistic="print", mid_pct=rate,
    )  # fmt: skip


def repo(second: float, sequence: int, source: str = "r") -> ev.RepoPrint:
    known = START + round(second * NS)
    return ev.RepoPrint(
        market="UST", source=source, sequence=sequence, ts=known, known=known, provenance="synthetic",
        segment="GC", instrument="TSY", rate_pct=0.1, statistic="print",
    )  # fmt: skip


def beat(second: float, stream: str, roster: tuple[str, ...] = ROSTER) -> ev.Heartbeat:
    known = START + round(second * NS)
    return ev.Heartbeat(
        market="UST", source=f"hb.{stream}", sequence=0, ts=known, known=known, provenance="synthetic",
        stream=stream, roster=roster,
    )  # fmt: skip


def run(ordering: Ordering, events: list[ev.Event]) -> tuple[list[ev.Event], list[Verdict]]:
    out, verdicts = [], []
    for event in events:
        verdicts.append(ordering.accept(event))
        out += ordering.release()
    return out, verdicts


def test_nothing_comes_out_before_every_stream_of_the_roster_has_spoken() -> None:
    ordering = Ordering(MERGE)
    assert run(ordering, [beat(0, "yields"), quote(1, 1), beat(500, "yields")])[0] == []
    assert ordering.held_by() == ("repo",)
    out, _ = run(ordering, [beat(0, "repo"), repo(2, 1), beat(500, "repo")])
    assert [event.source for event in out] == ["y", "r"]
    assert ordering.watermark == START + 440 * NS
    assert ordering.waiting == 0


def test_a_stream_nobody_announced_does_not_hold_the_watermark() -> None:
    ordering = Ordering(MERGE)
    assert len(run(ordering, [quote(1, 1), quote(100, 2)])[0]) == 1


def test_the_watermark_is_exclusive() -> None:
    ordering = Ordering(MERGE)
    assert run(ordering, [quote(1, 1), beat(61, "yields", ())])[0] == []
    assert len(run(ordering, [beat(61.000000001, "yields", ())])[0]) == 1


def test_late_is_decided_against_the_own_stream_alone() -> None:
    ordering = Ordering(MERGE)
    _, verdicts = run(
        ordering, [beat(0, "yields"), beat(0, "repo"), quote(1000, 1), repo(5, 1), quote(940, 2), quote(939.9, 3)]
    )
    assert verdicts == [Verdict.TAKEN] * 5 + [Verdict.LATE]


def test_a_stream_that_begins_behind_what_was_released_is_late() -> None:
    ordering = Ordering(MERGE)
    assert run(ordering, [quote(1, 1), quote(1000, 2), repo(900, 1), repo(950, 2)])[1][2:] == [
        Verdict.LATE,
        Verdict.TAKEN,
    ]


def test_a_repeat_is_a_duplicate_and_a_reused_sequence_is_a_conflict() -> None:
    ordering = Ordering(MERGE)
    out, verdicts = run(
        ordering, [quote(1, 1), quote(1, 1), quote(1, 1, rate=2.0), quote(1, 1, source="z"), quote(900, 9)]
    )
    assert verdicts[:4] == [Verdict.TAKEN, Verdict.DUPLICATE, Verdict.CONFLICT, Verdict.TAKEN]
    assert len(out) == 2


def test_far_future_is_refused_and_does_not_move_time() -> None:
    ordering = Ordering(MERGE)
    days = MERGE.max_ahead_days
    _, verdicts = run(
        ordering, [quote(1, 1), quote(days * 86_400 + 2, 2), beat(days * 86_400 + 2, "yields", ()), quote(2, 3)]
    )
    assert verdicts == [Verdict.TAKEN, Verdict.FAR_FUTURE, Verdict.FAR_FUTURE, Verdict.TAKEN]
    assert ordering.newest() == START + 2 * NS


def test_ids_are_forgotten_only_once_a_repeat_would_be_late() -> None:
    ordering = Ordering(MERGE)
    burst = [quote(second / 100, second) for second in range(1000)]
    run(ordering, burst)
    assert [ordering.accept(event) for event in burst] == [Verdict.DUPLICATE] * 1000
    run(ordering, [quote(2000 + second, 10_000 + second) for second in range(200)])
    assert ordering.accept(burst[0]) is Verdict.LATE
    assert len(ordering.snapshot()["tracks"]["yields"][1]) <= 62


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[ev.Event], list[ev.Event], random.Random]:
    dice = random.Random(draw(st.integers(0, 2**32)))
    made: list[list[ev.Event]] = []
    for make, stream in ((quote, "yields"), (repo, "repo")):
        times = sorted(
            dice.choice([dice.uniform(0, 300), dice.randint(0, 30)]) for _ in range(draw(st.integers(0, 25)))
        )
        events: list[ev.Event] = [make(second, number) for number, second in enumerate(times)]
        made.append([beat(0, stream), *events, beat(5000, stream)])
    return made[0], made[1], dice


def within_lateness(events: list[ev.Event], dice: random.Random) -> list[ev.Event]:
    first, *middle, last = events
    delayed = sorted(middle, key=lambda event: event.known + dice.uniform(0, 60) * NS)
    return [first, *delayed, last]


def interleaved(left: list[ev.Event], right: list[ev.Event], dice: random.Random) -> list[ev.Event]:
    turns = [0] * len(left) + [1] * len(right)
    dice.shuffle(turns)
    queues = [iter(left), iter(right)]
    return [next(queues[turn]) for turn in turns]


@settings(max_examples=300, deadline=None)
@given(streams())
def test_any_interleaving_gives_the_one_order(made: tuple[list[ev.Event], list[ev.Event], random.Random]) -> None:
    left, right, dice = made
    wanted = sorted((event for event in left + right if not isinstance(event, ev.Heartbeat)), key=ev.order_key)
    arrived = interleaved(within_lateness(left, dice), within_lateness(right, dice), dice)
    doubled = [event for event in arrived for _ in range(dice.choice([1, 1, 1, 2]))]
    out, verdicts = run(Ordering(MERGE), doubled)
    assert out == wanted
    assert Verdict.LATE not in verdicts


@settings(max_examples=300, deadline=None)
@given(streams(), st.integers(0, 60))
def test_what_is_late_does_not_depend_on_the_interleaving(
    made: tuple[list[ev.Event], list[ev.Event], random.Random], cut: int
) -> None:
    left, right, dice = made
    # Here nothing keeps within the lateness: the streams' own order is fixed, their interleaving is not.
    for stream in (left, right):
        middle = stream[1:-1]
        dice.shuffle(middle)
        stream[1:-1] = middle
    answers = []
    for _ in range(2):
        arrived = interleaved(left, right, dice)
        ordering = Ordering(MERGE)
        out, verdicts = run(ordering, arrived[:cut])
        restored = Ordering(MERGE)
        restored.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(ordering.snapshot())))
        more, later = run(restored, arrived[cut:])
        late = {ev.order_key(e) for e, v in zip(arrived, verdicts + later, strict=True) if v is Verdict.LATE}
        answers.append((out + more, late))
    assert answers[0] == answers[1]


def test_an_empty_merge_says_so() -> None:
    ordering = Ordering(MERGE)
    assert (ordering.release(), ordering.held_by(), ordering.newest()) == ([], (), FAR_PAST)


@pytest.mark.parametrize("batch", [1, 2, 7, 1000])
def test_batches_of_any_size_give_the_same(batch: int) -> None:
    events: list[ev.Event] = [beat(0, "yields"), *(quote(second, second) for second in range(300)), beat(0, "repo")]
    events += [*(repo(second, second) for second in range(300)), beat(900, "yields"), beat(900, "repo")]
    ordering = Ordering(MERGE)
    out: list[ev.Event] = []
    for start in range(0, len(events), batch):
        for event in events[start : start + batch]:
            ordering.accept(event)
        out += ordering.release()
    assert out == sorted((e for e in events if not isinstance(e, ev.Heartbeat)), key=ev.order_key)


def test_two_events_with_one_place_and_one_checksum_bring_nobody_down() -> None:
    # CRC-32 is easily forged: on two streams, one source, sequence, time and checksum.
    encode = msgspec.msgpack.Encoder().encode
    quotes = {crc32(encode(one)): one for one in (quote(1, 1, "s", number / 10_000) for number in range(90_000))}
    forged = [
        (quotes[check], print_)
        for print_ in (
            msgspec.structs.replace(repo(1, 1, "s"), rate_pct=number / 10_000) for number in range(-90_000, 180_000)
        )
        if (check := crc32(encode(print_))) in quotes
    ]
    assert forged
    ordering = Ordering(MERGE)
    out, verdicts = run(ordering, [*forged[0], quote(900, 2), repo(900, 2)])
    assert verdicts == [Verdict.TAKEN] * 4
    assert out == [forged[0][1], forged[0][0]]
