"""What the past shows is what a worker shows: the same engine, the same names, at moments of a grid."""

from __future__ import annotations

import datetime as dt
import io
from itertools import pairwise

import pytest

from detectors.calendar import NS, ny
from detectors.config import load
from detectors.signals import Transition
from detectors.view.gauges import LAG, STATE, TRANSITIONS, VALUE, WATERMARK
from replay.backtest import run as backtest
from replay.dataset.loader import BUNDLED
from replay.prometheus.openmetrics import Stretch, labelled
from replay.prometheus.sampling import Sampler, Tick, moments
from replay.scenarios.scenario import Scenario, Script, script

DAYS = Scenario(
    name="march",
    about="the days of the floor, warmed up on the year before",
    directory=BUNDLED,
    start=dt.date(2020, 3, 2),
    window=dt.date(2021, 3, 1),
    end=dt.date(2021, 3, 5),
)


@pytest.fixture(scope="module")
def march() -> Script:
    return script(DAYS)


@pytest.fixture(scope="module")
def sampled(march) -> tuple[Sampler, list[Tick]]:
    sampler = Sampler(march, load(), 300)
    return sampler, list(sampler.ticks())


def test_the_heartbeats_of_the_sampling_change_no_output(march, sampled):
    sampler, _ = sampled
    said = backtest.run(march, load()).outputs
    assert sampler.outputs == said[: len(sampler.outputs)]
    last_ns = sampler.moments[-1] - load().merge.lateness_s * NS
    assert all(one.known >= last_ns for one in said[len(sampler.outputs) :])


def test_the_moments_are_the_windows(march, sampled):
    _, ticks = sampled
    assert ticks[0].ns == ny(DAYS.window, "00:00")
    assert ticks[-1].ns == ny(dt.date(2021, 3, 6), "00:00")
    assert {later.ns - one.ns for one, later in pairwise(ticks)} == {300 * NS}
    assert len(ticks) == len(moments(march, 300)) == 5 * 288 + 1


def test_a_state_shows_once_the_allowed_lateness_has_passed_and_not_before(sampled):
    sampler, ticks = sampled
    step = next(one for one in sampler.outputs if isinstance(one, Transition) and one.to_state == "de_facto_default")
    shown = next(tick.ns for tick in ticks if tick.values[STATE, ("de_facto_default",)])
    lateness_ns = load().merge.lateness_s * NS
    assert step.known + lateness_ns < shown <= step.known + lateness_ns + 300 * NS
    before = next(tick for tick in ticks if tick.ns == shown - 300 * NS)
    assert before.values[STATE, ("de_facto_default",)] == 0
    after = next(tick for tick in ticks if tick.ns == shown)
    assert after.values[TRANSITIONS, (step.from_state, "de_facto_default")] == 1
    assert after.values[VALUE, ("floor_pct",)] == -3.0


def test_time_goes_on_where_nothing_is_heard(sampled):
    _, ticks = sampled
    assert {tick.values[LAG, ()] for tick in ticks} == {float(load().merge.lateness_s)}
    watermarks = [tick.values[WATERMARK, ()] for tick in ticks]
    assert watermarks == sorted(set(watermarks))


def test_the_text_holds_every_sample_once_and_families_whole(sampled):
    _, ticks = sampled
    stretch = Stretch({"market": "UST", "job": "backfill"})
    for tick in ticks:
        stretch.add(tick)
    text = io.StringIO()
    count = stretch.write(text)
    lines = text.getvalue().splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert count == len(samples) == sum(len(tick.values) for tick in ticks)
    families = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(families) == len(set(families))
    wanted = f'crunchwatch_value{{market="UST",job="backfill",series="floor_pct"}} -3 {ticks[-1].ns // NS}'
    assert wanted in samples


def test_a_series_that_ends_has_no_samples_after_its_end():
    stretch = Stretch({})
    one, both = {(VALUE, ("a",)): 1.0}, {(VALUE, ("a",)): 1.0, (VALUE, ("b",)): 2.5}
    for number, values in enumerate((both, one, both)):
        stretch.add(Tick(number * NS, values, values))
    text = io.StringIO()
    assert stretch.write(text) == 5
    assert [line for line in text.getvalue().splitlines() if '"b"' in line] == [
        'crunchwatch_value{series="b"} 2.5 0',
        'crunchwatch_value{series="b"} 2.5 2',
    ]


def test_labels_are_escaped():
    assert labelled({"summary": 'a "b" \\ c\n'}) == '{summary="a \\"b\\" \\\\ c\\n"}'
