"""Silence through the whole engine: what is overruled when feeds end, and who hears of it."""

import msgspec

from detectors.config import load
from detectors.engine import Engine
from detectors.events import STREAMS, FuturesPosition, order_key
from detectors.signals import Signal
from detectors.testing import make


def silent_futures():
    """A floor breached and a short extreme, after which only yields and general collateral go on speaking."""
    make.restart()
    yield make.zero_bound("2019-01-02")
    for index, day in enumerate(make.weeks("2019-01-08", 112)):
        yield make.position(day, 1000.0 * (index % 50))
    yield make.position("2021-03-02", -5000.0)
    yield make.special("2021-03-15 09:00", -4.0)
    for day in make.sessions("2021-03-01", 63):
        yield make.close(day, 0.9)
        yield make.average(f"{day} 08:00", "GC:SOFR", 0.05)


def told(config, events):
    engine = Engine(config, make.MARKET)
    beats = [make.heartbeat("2021-06-01", stream) for stream in STREAMS]
    result = engine.process([*sorted(events, key=order_key), *beats])
    assert not result.late
    assert not result.conflicts
    return engine, result.outputs


def without_gaps(config):
    """The desk's configuration for a history with weeks between its first figures."""
    merge = msgspec.structs.replace(config.merge, max_ahead_days=3650)
    return msgspec.structs.replace(config, merge=merge)


def test_a_position_whose_feed_ended_is_overruled_and_the_engine_goes_on():
    engine, outputs = told(without_gaps(load()), silent_futures())
    signals = [one for one in outputs if isinstance(one, Signal)]
    overruled = [(one.detector, one.name) for one in signals if one.rule.startswith("overruled")]
    assert ("floor", "breach") in overruled
    assert ("positions", "short_extreme") in overruled
    assert engine.status().state == "normal"


def test_specials_that_ended_are_overruled_and_the_market_comes_to_rest():
    events = [event for event in silent_futures() if not isinstance(event, FuturesPosition)]
    engine, outputs = told(without_gaps(load()), events)
    signals = [one for one in outputs if isinstance(one, Signal)]
    moves = [one.to_state for one in outputs if not isinstance(one, Signal)]
    assert [one.detector for one in signals if one.rule.startswith("overruled")] == ["floor", "specialness"]
    assert moves == ["de_facto_default", "crunch", "normal"]
    assert "specials" in engine.status().blind_on
