from __future__ import annotations

import urllib.error
import urllib.request
from itertools import permutations

import pytest

from detectors.config import load
from detectors.engine import Engine
from detectors.signals import STATES
from streams import settings
from streams.errors import SettingsError
from streams.state.metrics import Metrics
from streams.state.partition import Market, Partition
from streams.web.server import WebServer
from tests.support.pipeline import feb2021


@pytest.fixture(scope="module")
def engine() -> Engine:
    made = Engine(load(), "UST")
    made.process(feb2021().events[:20_000])
    return made


def owned(engine: Engine) -> dict[int, Partition]:
    partition = Partition(0, next_offsets={}, new_engine=lambda _: None)
    partition.markets["UST"] = Market(engine, {}, 0)
    return {0: partition}


def test_a_market_shows_its_state_and_every_step_begins_at_zero(engine: Engine) -> None:
    metrics = Metrics()
    metrics.owned(owned(engine))
    sample = metrics.registry.get_sample_value
    shown = [sample("crunchwatch_state", {"market": "UST", "crunchwatch_state": state}) for state in STATES]
    assert sum(value or 0 for value in shown) == 1
    for before, after in permutations(STATES, 2):
        labels = {"market": "UST", "from_state": before, "to_state": after}
        assert sample("crunchwatch_transitions_total", labels) == 0
    assert sample("crunchwatch_owned_partitions") == 1
    assert sample("crunchwatch_watermark_seconds", {"market": "UST"}) == engine.status().watermark_ns / 10**9
    for feed in engine.status().feeds:
        assert sample("crunchwatch_blind", {"market": "UST", "feed": feed}) in (0, 1)


def test_what_an_alert_looks_at_is_there_before_anything_happened(engine: Engine) -> None:
    metrics = Metrics(partition_count=4)
    metrics.owned(owned(engine))
    sample = metrics.registry.get_sample_value
    assert [sample("crunchwatch_partition_owned", {"partition": str(number)}) for number in range(4)] == [1, 0, 0, 0]
    assert sample("crunchwatch_late_total", {"stream": "repo", "reason": "far_future"}) == 0
    assert sample("crunchwatch_dead_letters_total", {"stream": "repo", "reason": "bad_json"}) == 0
    assert sample("crunchwatch_prewarning", {"market": "UST"}) in (0, 1)
    assert sample("crunchwatch_signal_level", {"market": "UST", "signal": "floor.breach"}) == 0
    assert sample("crunchwatch_kind", {"market": "UST", "crunchwatch_kind": "none"}) in (0, 1)
    for side in ("flow", "stance"):
        assert sample("crunchwatch_funds_coordinated", {"market": "UST", "side": side}) in range(5)
    assert sample("crunchwatch_rule_holds", {"market": "UST", "rule": "floor_breached"}) in (0, 1)
    assert sample("crunchwatch_feed_required", {"market": "UST", "feed": "yields"}) == 1


def test_what_a_market_shows_goes_with_its_partition(engine: Engine) -> None:
    metrics = Metrics()
    metrics.owned(owned(engine))
    metrics.markets.size("UST", 1000)
    assert b'market="UST"' in metrics.exposition()
    metrics.markets.forget("UST")
    assert b'market="UST"' not in metrics.exposition()


def test_a_model_that_warms_up_is_blind_and_not_calm() -> None:
    engine, metrics = Engine(load(), "UST"), Metrics()
    metrics.owned(owned(engine))
    assert "anomaly:GCF-TRIPARTY" in engine.status().warming
    for part in engine.status().warming:
        assert metrics.registry.get_sample_value("crunchwatch_blind", {"market": "UST", "feed": part}) == 1


def test_a_market_that_has_heard_nothing_has_no_lag() -> None:
    metrics = Metrics()
    metrics.owned(owned(Engine(load(), "UST")))
    assert metrics.registry.get_sample_value("crunchwatch_event_time_lag_seconds", {"market": "UST"}) is None


def test_two_workers_may_live_in_one_process() -> None:
    assert Metrics().registry is not Metrics().registry


def test_the_web_port_answers_on_loopback() -> None:
    ready = [False]
    chosen = settings.load({}, metrics_port=0)
    web = WebServer(chosen, Metrics().exposition, lambda: None if ready[0] else "a reason")
    try:
        assert web.url.startswith("http://127.0.0.1:")
        assert b"crunchwatch_owned_partitions" in _get(f"{web.url}/metrics")
        assert _get(f"{web.url}/healthz") == b"alive\n"
        with pytest.raises(urllib.error.HTTPError, match="503"):
            _get(f"{web.url}/readyz")
        ready[0] = True
        assert _get(f"{web.url}/readyz") == b"ready\n"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            _get(f"{web.url}/secret")
        with pytest.raises(SettingsError, match="metrics_port"):
            WebServer(settings.load({}, metrics_port=int(web.url.rpartition(":")[2])), bytes, lambda: None)
    finally:
        web.close()


def _get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            body: bytes = answer.read()
            return body
    except urllib.error.HTTPError as error:
        error.close()
        raise
