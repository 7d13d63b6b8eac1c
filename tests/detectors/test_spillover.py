"""Spillover: the first foreign close after a shock, against a market model."""

import itertools
import math

import msgspec
import numpy as np
import pytest

from detectors.config import load
from detectors.events import EquityIndex
from detectors.signals import Cause, Signal
from detectors.testing import make
from detectors.transmission.abnormal import STUDENT_5_PCT, cross_sectional_t, rank_z
from detectors.transmission.spillover import ForeignSpillover
from tests.detectors import bundled
from tests.support.drive import brief, feed

DESK = load("desk").spillover
ASIA = ("HANG_SENG", "CSI300", "NIKKEI225")


def shock(day, bp=16.0, sigmas=4.7, name="move", subject="10Y"):
    moment = make.moment(f"{day} 15:30")
    return Signal(
        market="UST",
        ts=moment,
        known=make.moment(f"{day} 18:00"),
        detector="volatility",
        name=name,
        subject=subject,
        level=1,
        values={"move_bp": bp, "move_sigmas": sigmas, "sigma_bp": bp / sigmas},
        rule="",
        threshold=None,
        causes=(Cause("ust.par.10Y", 1),),
        provenance="official",
        config_hash="",
    )


def over_the_bundle(*shocks, config=DESK, drop=()):
    detector, said = ForeignSpillover(config), []
    waiting = sorted(shocks, key=lambda one: one.known)
    for event in bundled.events():
        while waiting and waiting[0].known <= event.known:
            said += detector.observe(waiting.pop(0))
        if isinstance(event, EquityIndex) and event.index not in drop:
            said += detector.update(event)
    return detector, said


def by_hand(index: str, shock_day: str) -> tuple[np.ndarray, float, float, np.ndarray]:
    """Abnormal returns of days +1 and +2, sigma, the standard deviation of the forecast of their sum, residuals."""
    world, foreign = bundled.equities("SP500"), bundled.equities(index)
    tagged = {"2021-02-24"} if index == "HANG_SENG" else set()
    days = [day for day in sorted(foreign) if any(before < day for before in world)]
    # The last US close before the Asian one is of an earlier day.
    seen = {day: max(before for before in world if before < day) for day in days}
    r = {b: math.log(foreign[b] / foreign[a]) for a, b in itertools.pairwise(days)}
    w = {b: math.log(world[seen[b]] / world[seen[a]]) for a, b in itertools.pairwise(days)}
    days = sorted(r)
    zero = max(n for n, day in enumerate(days) if day.isoformat() <= shock_day)
    window = [day for day in days[zero - 120 : zero - 10] if day.isoformat() not in tagged]
    x, y = np.array([w[day] for day in window]), np.array([r[day] for day in window])
    beta, alpha = np.polyfit(x, y, 1)
    rest = y - alpha - beta * x
    sigma = math.sqrt((rest**2).sum() / (len(y) - 2))
    after = days[zero + 1 : zero + 3]
    away = np.array([r[day] - alpha - beta * w[day] for day in after])
    design = np.column_stack([np.ones(len(x)), x])
    ahead = np.array([len(after), sum(w[day] for day in after)])
    forecast = sigma * math.sqrt(len(after) + ahead @ np.linalg.inv(design.T @ design) @ ahead)
    return away, sigma, forecast, np.concatenate([rest, away])


@pytest.mark.parametrize("index", ASIA)
def test_the_days_after_25_february_2021_against_a_second_computation(index):
    detector, said = over_the_bundle(shock("2021-02-25"))
    away, sigma, _, _ = by_hand(index, "2021-02-25")
    values = detector.readings()
    assert values[f"spillover_{index}_day_1_car_pct"] == pytest.approx(100 * away[0])
    assert values[f"spillover_{index}_day_1_t"] == pytest.approx(away[0] / sigma)
    assert values[f"spillover_{index}_day_2_t"] == pytest.approx(away.sum() / sigma / math.sqrt(2))
    (draft,) = [draft for draft in said if (draft.name, draft.subject) == ("abnormal", index)]
    assert draft.values["t"] == pytest.approx(away[0] / sigma, abs=1e-5)


def test_tests_across_indices_against_a_second_computation():
    detector, said = over_the_bundle(shock("2021-02-25"))
    parts = [by_hand(index, "2021-02-25") for index in ASIA]
    scar = np.array([away.sum() / forecast for away, _, forecast, _ in parts])
    values = detector.readings()
    assert values["spillover_day_2_cross_sectional_t"] == pytest.approx(
        scar.mean() / (scar.std(ddof=1) / math.sqrt(3)), rel=1e-6
    )
    least = min(len(rests) for *_, rests in parts)
    ranks = np.array([(rests.argsort().argsort() + 1)[-least:] / (len(rests) + 1) for *_, rests in parts])
    means = ranks.mean(axis=0) - 0.5
    assert values["spillover_day_2_rank_z"] == pytest.approx(
        means[-2:].sum() / math.sqrt(2) / math.sqrt((means**2).mean()), rel=1e-6
    )
    induced = {(draft.subject, draft.level) for draft in said if draft.name == "externally_induced"}
    # All fell abnormally on 26 February, and the fall came back in part on 1 March: nothing holds over two days.
    assert induced == {("HANG_SENG", 1), ("NIKKEI225", 1), ("ALL", 1)}


def test_the_us_afternoon_is_the_next_day_in_asia():
    _, said = over_the_bundle(shock("2021-02-25"))
    assert {draft.ts for draft in said if draft.name == "abnormal"} == {
        make.moment("2021-02-26 01:00"),
        make.moment("2021-02-26 02:00"),
        make.moment("2021-02-26 03:00"),
    }


def test_a_day_with_a_shock_at_home_has_no_verdict():
    """24 February 2021: Hong Kong's stamp duty. A Treasury shock the day before is not judged in Hong Kong."""
    detector, said = over_the_bundle(shock("2021-02-23"))
    assert {draft.subject for draft in said} <= {"CSI300", "NIKKEI225", "ALL"}
    assert "spillover_HANG_SENG_day_1_t" not in detector.readings()
    assert "spillover_CSI300_day_1_t" in detector.readings()


# --- by hand -----------------------------------------------------------------------------------------------------


def market(days=200, seed=3, beta=0.5, last=(), index="HANG_SENG", tag=None):
    """An index that follows New York's close of the day before, and falls as told at the end."""
    chance = np.random.default_rng(seed)
    events, world, foreign, moved = [], 3000.0, 29_000.0, 0.0
    sessions = list(make.sessions("2020-01-02", days))
    for n, day in enumerate(sessions):
        own = last[n - days + len(last)] if n >= days - len(last) else chance.normal(0, 0.005)
        foreign *= math.exp(beta * moved + own)
        shocked = "at home" if tag == n - days else None
        events.append(make.equity(f"{day} 04:00", foreign, index=index, local_shock=shocked))
        moved = chance.normal(0, 0.01)
        world *= math.exp(moved)
        events.append(make.equity(f"{day} 16:00", world, index="SP500"))
    return sessions, events


def one_index(**changes):
    return ForeignSpillover(msgspec.structs.replace(DESK, foreign=("HANG_SENG",), **changes))


def told(detector, events, signal):
    early = [event for event in events if event.known < signal.known]
    said = feed(detector, early) + detector.observe(signal)
    return said + feed(detector, events[len(early) :])


def test_a_fall_that_holds_is_level_two():
    sessions, events = market(last=(-0.03, -0.03))
    said = told(one_index(), events, shock(sessions[-3]))
    assert brief(said) == [("abnormal", 2), ("externally_induced", 1), ("externally_induced", 2)]
    assert said[0].values["abnormal_pct" if "abnormal_pct" in said[0].values else "car_pct"] == pytest.approx(
        -3, abs=0.2
    )
    assert said[0].values["beta"] == pytest.approx(0.5, abs=0.1)
    assert said[0].ts == make.moment(f"{sessions[-2]} 04:00")
    assert {cause.source for cause in said[0].causes} == {"ust.par.10Y", "test"}


def test_a_fall_that_comes_back_is_level_one_and_a_rise_is_never_induced():
    sessions, events = market(last=(-0.03, 0.03))
    assert brief(told(one_index(), events, shock(sessions[-3]))) == [("abnormal", 2), ("externally_induced", 1)]
    sessions, events = market(last=(0.03, 0.03))
    assert brief(told(one_index(), events, shock(sessions[-3]))) == [("abnormal", 2)]


def test_what_came_through_new_york_is_not_abnormal():
    sessions, events = market(last=(0.0, 0.0))
    assert told(one_index(), events, shock(sessions[-3])) == []


@pytest.mark.parametrize("tag", [-2, -1])
def test_a_tagged_day_takes_the_verdict(tag):
    sessions, events = market(last=(-0.03, -0.03), tag=tag)
    said = told(one_index(), events, shock(sessions[-3]))
    assert ("externally_induced", 2) not in brief(said)
    assert brief(said) == ([] if tag == -2 else [("abnormal", 2), ("externally_induced", 1)])


def test_a_tagged_day_is_not_estimated_on():
    sessions, events = market(last=(-0.03, -0.03))
    place = next(n for n, event in enumerate(events) if event.ts == make.moment(f"{sessions[-40]} 04:00"))
    sigmas = []
    for tag in (None, "at home"):
        # From that day on the index stands a tenth higher: one wild day, all others as they were.
        wild = [
            msgspec.structs.replace(event, level_points=event.level_points * 1.1)
            if n >= place and event.index == "HANG_SENG"
            else event
            for n, event in enumerate(events)
        ]
        wild[place] = msgspec.structs.replace(wild[place], local_shock=tag)
        said = told(one_index(), wild, shock(sessions[-3]))
        sigmas.append(said[0].values["sigma_pct"])
    assert sigmas[0] > 1
    assert sigmas[1] < 0.6


def test_only_a_shock_of_the_tenor_at_the_close_counts():
    sessions, events = market(last=(-0.03, -0.03))
    for other in ({"sigmas": 2.4}, {"name": "high"}, {"name": "intraday_move"}, {"subject": "2Y"}):
        assert told(one_index(), events, shock(sessions[-3], **other)) == []


def test_without_history_nothing_is_said():
    sessions, events = market(days=60, last=(-0.03, -0.03))
    assert told(one_index(), events, shock(sessions[-3])) == []


def test_a_shock_that_is_heard_of_late_is_judged_by_the_closes_after_it():
    sessions, events = market(last=(-0.03, -0.03))
    detector = one_index()
    assert feed(detector, events) == []
    late = detector.observe(msgspec.structs.replace(shock(sessions[-3]), known=events[-1].known + 1))
    assert brief(late) == [("abnormal", 2), ("externally_induced", 1), ("externally_induced", 2)]


def test_a_holiday_abroad_waits_for_the_next_close_and_an_old_shock_expires():
    sessions, events = market(last=(-0.03, -0.03))
    closed = [event for event in events if event.ts != make.moment(f"{sessions[-3]} 04:00")]
    said = told(one_index(), closed, shock(sessions[-4]))
    assert said[0].ts == make.moment(f"{sessions[-2]} 04:00")
    detector = one_index(expiry_sessions=2)
    gone = [event for event in events if event.index == "SP500" or event.ts < make.moment(f"{sessions[-6]} 05:00")]
    told(detector, gone, shock(sessions[-6]))
    late = make.equity("2021-01-05 04:00", 1.0, index="HANG_SENG")
    feed(detector, late)
    assert detector.snapshot()["shocks"] == []


def test_only_closes_count_and_a_day_once():
    sessions, events = market(last=(-0.03, -0.03))
    extra = [
        make.equity(f"{sessions[-2]} 03:00", 1.0, session="print"),
        make.equity(f"{sessions[-3]} 04:00", 1.0, source="again"),
        make.equity(f"{sessions[-3]} 16:00", 1.0, index="SP500", source="again"),
    ]
    more = sorted([*events, *extra], key=lambda event: (event.known, event.source != "test"))
    signal = shock(sessions[-3])
    assert brief(told(one_index(), more, signal)) == brief(told(one_index(), events, signal))


def test_the_cross_sectional_test_wants_agreement():
    assert cross_sectional_t([-2.0, -2.0]) == 0
    assert cross_sectional_t([-3.0, -2.0, -2.5]) < -STUDENT_5_PCT[1]
    assert cross_sectional_t([-3.0, 1.0, -2.5]) > -STUDENT_5_PCT[1]


def test_the_rank_test_by_hand():
    # Ten days, the last the lowest for both: mean ranks less a half, over their root mean square.
    ranks = [n / 11 for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 1)]
    means = np.array(ranks) - 0.5
    assert rank_z([ranks, ranks], 1) == pytest.approx(means[-1] / math.sqrt((means**2).mean()))


def test_a_restored_detector_goes_on_to_the_last_bit():
    sessions, events = market(last=(-0.03, -0.03))
    signal = shock(sessions[-3])
    whole, first, second = one_index(), one_index(), one_index()
    wanted = told(whole, events, signal)
    early = [event for event in events if event.known < make.moment(f"{sessions[-2]} 12:00")]
    said = told(first, early, signal)
    second.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(first.snapshot()), strict=False))
    assert said + feed(second, events[len(early) :]) == wanted
    assert second.snapshot() == whole.snapshot()
