"""An alert's life over the past is Prometheus' own: for, keep firing, forgetting; rules of living workers left out."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from replay.prometheus.rule_evaluation import PrometheusRule, alerted, plan

MOMENTS = range(0, 21 * 60 * 10**9, 60 * 10**9)


def rule(name="Crunch", *, query="crunchwatch_state == 1", alerts=True, for_s=0.0, keep_s=0.0, labels=None):
    return PrometheusRule(name, alerts, query, tuple((labels or {}).items()), for_s, keep_s)


def life(one, minutes):
    """The states by minute: '.' nothing, p pending, F firing; and since when it was active at the last."""
    answer = [({"__name__": "crunchwatch_state", "market": "UST"}, [(60.0 * minute, 1.0) for minute in minutes])]
    states, since = alerted(one, answer, MOMENTS)
    marks = ["."] * len(MOMENTS)
    for labels, points in states:
        for moment, _ in points:
            marks[int(moment // 60)] = "F" if labels["alertstate"] == "firing" else "p"
    return "".join(marks), [value for _, points in since for _, value in points]


@pytest.mark.parametrize(
    ("for_min", "keep_min", "minutes", "wanted"),
    [
        (0, 0, range(3, 6), "...FFF..............."),
        (2, 0, range(3, 8), "...ppFFF............."),
        (2, 0, [3, 4, 6, 7, 8, 9], "...pp.ppFF..........."),  # a gap begins anew
        (0, 3, range(3, 6), "...FFFFFF............"),  # gone at 6, kept at 6, 7 and 8
        (0, 3, [3, 5, 9], "...FFFFFFFFFF........"),  # back in time: it never ended
        (2, 3, [3, 4], "...pp................"),  # what only was pending is not kept
        (30, 0, range(21), "ppppppppppppppppppppp"),
    ],
)
def test_the_life_of_an_alert(for_min, keep_min, minutes, wanted):
    assert life(rule(for_s=60 * for_min, keep_s=60 * keep_min), minutes)[0] == wanted


def test_for_state_tells_since_when():
    assert set(life(rule(for_s=120), [3, 4, 5])[1]) == {180.0}


def test_labels_are_the_expressions_and_the_rules_own():
    answer = [({"__name__": "crunchwatch_state", "market": "UST"}, [(0.0, 1.0)])]
    one = rule(labels={"severity": "page", "of": "{{ $labels.market }}"})
    ((labels, _),), ((since, _),) = alerted(one, answer, MOMENTS)
    assert labels == {
        "market": "UST",
        "severity": "page",
        "of": "UST",
        "alertname": "Crunch",
        "alertstate": "firing",
    }
    assert "alertstate" not in since


def test_rounds_rest_on_what_was_recorded_and_living_workers_rules_are_left_out():
    base = rule("market:bad:max", query="max by (market) (crunchwatch_state)", alerts=False)
    above = rule("Bad", query="market:bad:max == 1")
    direct = rule("Direct", query='crunchwatch_blind{feed="up or crunchwatch_ready"} == 1')
    living = rule("Unready", query="crunchwatch_ready == 0")
    gone = rule("Gone", query='absent(up{job="crunchwatch"})')
    rounds, left, coarse = plan([base, above, direct, living, gone], 300)
    assert rounds == [[base, direct], [above]]
    assert left == [living, gone]
    assert coarse == []


def test_a_window_of_one_sample_says_nothing_and_its_rule_is_left_out_with_what_rests_on_it():
    silent = rule("Silent", query="changes(crunchwatch_blind[10m]) == 0")
    rate = rule("market:events:rate", query="max by (market) (rate(crunchwatch_blind[1h:5m]))", alerts=False)
    above = rule("Above", query="market:events:rate > 1")
    held = rule("Held", query='crunchwatch_blind{of="[1m]"} or last_over_time(market:held:last[1m])')
    living = rule("Letters", query="increase(crunchwatch_dead_letters_total[10m]) > 0")
    every = [silent, rate, above, held, living]
    assert [one.window_s() for one in every] == [600, 3600, math.inf, math.inf, 600]
    assert plan(every, 300) == ([[silent, rate, held], [above]], [living], [])
    assert plan(every, 600) == ([[rate, held], [above]], [living], [silent])
    assert plan(every, 3600) == ([[held]], [living], [silent, rate, above])


@pytest.mark.parametrize("step_s", [300, 3600])
def test_the_shipped_rules_over_the_past_know_silence_at_five_minutes_and_not_at_an_hour(step_s):
    files = (Path(__file__).parents[2] / "grafana" / "prometheus" / "rules").glob("*.yml")
    groups = [group for path in files for group in yaml.safe_load(path.read_text())["groups"]]
    every = [
        rule(one.get("alert") or one["record"], query=one["expr"], alerts="alert" in one)
        for group in groups
        for one in group["rules"]
    ]
    rounds, _, coarse = plan(every, step_s)
    asked = {one.name for found in rounds for one in found}
    assert {"CrunchwatchCrunch", "CrunchwatchDeFactoDefault", "CrunchwatchBlind"} <= asked
    assert ("CrunchwatchFeedSilent" in asked) == (step_s == 300)
    assert ("CrunchwatchFeedSilent" in {one.name for one in coarse}) == (step_s == 3600)


def test_what_a_rule_remembers_of_itself_is_not_wanted_of_the_past():
    held = rule("Held", query='max(crunchwatch_blind) or last_over_time(market_fact:shown:last{fact="blind"}[1h])')
    assert held.needs() == {"crunchwatch_blind"}
    assert held.held_by() is None


def test_an_alert_that_stands_because_it_stood_begins_by_one_answer_and_stands_by_the_other():
    query = "a == 1 and on (market) open == 1 or (a == 1 and on (market)\n  ALERTS{alertname='Blind'})"
    blind = rule("Blind", query=query, for_s=60)
    assert blind.held_by() == "a == 1 and on (market) open == 1 or (a == 1 )"
    labels = {"market": "UST"}
    by_day = [(labels, [(60.0 * minute, 1.0) for minute in (3, 4, 5)])]
    all_the_time = [(labels, [(60.0 * minute, 1.0) for minute in range(1, 12)])]
    states, _ = alerted(blind, by_day, MOMENTS, all_the_time)
    found = {one["alertstate"]: [moment / 60 for moment, _ in points] for one, points in states}
    assert found == {"pending": [3], "firing": [4, 5, 6, 7, 8, 9, 10, 11]}
