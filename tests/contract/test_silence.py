"""Silence through the whole engine: what is overruled when feeds end, and who hears of it."""

import msgspec

from detectors import calendar
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
    for meeting in ("2021-01-27", "2021-03-17", "2021-04-28"):
        yield make.zero_bound(f"{meeting} 14:00")
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
    assert [one.detector for one in signals if one.rule.startswith("overruled")] == SUPPLIERS_FIRST
    assert moves == ["de_facto_default", "crunch", "normal"]
    assert "specials" in engine.status().blind_on


SUPPLIERS_FIRST = ["specialness", "floor", "regime"]
GENERAL = ("GC:SOFR", "GCF:TSY", "TRIPARTY:OFR-TRIPARTY")


def strained(*, cut=None, until=60, first="2021-01-04"):
    """Calm days, then GCF a percent above the range for three days; ``cut`` ends from the third of them on."""
    make.restart()
    for meeting in ("2020-12-16", "2021-01-27", "2021-03-17", "2021-04-28"):
        yield make.zero_bound(f"{meeting} 14:00", iorb_pct=0.1)
    for index, day in enumerate(make.sessions(first, until)):
        yield make.close(day, 0.9)
        for series in GENERAL:
            strain = series == "GCF:TSY" and 20 <= index < 23
            if series != cut or index < 22:
                yield make.average(f"{day} 08:00", series, 1.4 if strain else 0.05)


def moves(events, config=None):
    engine, outputs = told(without_gaps(config or load()), events)
    return engine, [(one.to_state, one.known) for one in outputs if not isinstance(one, Signal)], outputs


def named(outputs):
    """The series that were said to be silent, in the order in which they were."""
    return [one.subject for one in outputs if isinstance(one, Signal) and one.name == "silent" and one.level]


def test_a_series_that_dies_in_a_crunch_is_named_and_its_last_word_is_overruled():
    _, whole, _ = moves(strained())
    engine, cut, outputs = moves(strained(cut="GCF:TSY"))
    assert [to_state for to_state, _ in whole] == ["crunch", "normal"]
    assert [to_state for to_state, _ in cut] == ["crunch", "normal"]
    assert cut[0] == whole[0]
    late = calendar.sessions_between(calendar.ny_date(whole[1][1]), calendar.ny_date(cut[1][1]))
    assert 0 < late <= load().stress.blind_exit_sessions + 10
    assert named(outputs)[0] == "GCF:TSY"
    blind_on = [one.blind_on for one in outputs if not isinstance(one, Signal)][-1]
    assert "GCF:TSY" in blind_on
    assert "repo_gc" not in blind_on
    overruled = [one for one in outputs if isinstance(one, Signal) and one.rule.startswith("overruled")]
    assert ("corridor", "above", "GCF:TSY") in {(one.detector, one.name, one.subject) for one in overruled}
    assert "GCF:TSY" in engine.status().silent_series


def test_a_series_that_is_not_the_states_own_changes_nothing_but_is_named():
    _, whole, _ = moves(strained())
    _, cut, outputs = moves(strained(cut="TRIPARTY:OFR-TRIPARTY"))
    assert cut == whole
    assert named(outputs)[0] == "TRIPARTY:OFR-TRIPARTY"


def test_policy_that_is_not_restated_is_named_and_founds_nothing():
    events = [one for one in strained(first="2021-04-05") if type(one).__name__ != "PolicyRate"]
    last = make.zero_bound("2021-01-27 14:00", iorb_pct=0.1)
    engine, cut, _ = moves([last, *events])
    assert cut == []
    assert "POLICY" in engine.status().blind_on


def test_what_could_not_judge_stands_in_the_evidence():
    _, _, outputs = moves(strained())
    for step in (one for one in outputs if not isinstance(one, Signal)):
        (entry,) = [one for one in step.evidence if one.rule == "warming"]
        assert not entry.holds
        assert "volatility:10Y" in entry.summary


def test_a_mark_on_a_silent_series_starts_no_state_until_it_speaks_again():
    config = load()
    rules = tuple(rule for rule in config.stress.rules if rule.name == "selloff_meets_scarcity")
    config = msgspec.structs.replace(config, stress=msgspec.structs.replace(config.stress, rules=rules))

    def story(*, back):
        make.restart()
        yield make.zero_bound("2021-01-27 14:00")
        for index, day in enumerate(make.sessions("2021-02-01", 24)):
            yield make.close(day, 0.9, tenor="2Y")
            if index < 8 or (back and index >= 20):
                yield make.close(day, 0.9 if index < 2 else 1.15)
            yield make.average(f"{day} 08:00", "GC:SOFR", -0.05 if index >= 12 else 0.05)

    _, silent, _ = moves(story(back=False), config)
    _, again, _ = moves(story(back=True), config)
    assert silent == []
    assert [to_state for to_state, _ in again] == ["crunch"]


def spreads(*, cut, until=100):
    """GCF against two tri-party rates, of which the preferred ends; then a day unlike all others."""
    make.restart()
    yield make.zero_bound("2020-12-16 14:00", iorb_pct=0.1)
    for index, day in enumerate(make.sessions("2020-12-21", until)):
        yield make.close(day, 0.9)
        odd = 0.5 if index == until - 2 else 0.0
        yield make.average(f"{day} 08:00", "GCF:TSY", round(0.10 + 0.001 * (index % 3) + odd, 4))
        yield make.average(f"{day} 08:10", "TRIPARTY:TGCR", 0.04)
        if not (cut and index >= until - 20):
            yield make.average(f"{day} 08:20", "TRIPARTY:OFR-TRIPARTY", 0.06)


def test_while_the_preferred_series_is_silent_the_next_speaks_from_its_own_history():
    def said(*, cut):
        _, _, outputs = moves(spreads(cut=cut))
        found = [one for one in outputs if isinstance(one, Signal) and one.detector == "shift" and one.level]
        return [(one.subject, one.values["baseline_bp"], "TRIPARTY:TGCR" in one.rule) for one in found]

    assert [(subject, round(base), stands_in) for subject, base, stands_in in said(cut=False)] == [
        ("GCF-TRIPARTY", 4, False)
    ]
    assert [(subject, round(base), stands_in) for subject, base, stands_in in said(cut=True)] == [
        ("GCF-TRIPARTY", 6, True)
    ]
