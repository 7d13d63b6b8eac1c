"""February and March 2021 through a worker, Prometheus and Alertmanager as shipped: two incidents, each opened once.

The replay is sent act by act: an act ends when the pager has heard what it has to hear, so that every state lasts as
long as it must on any machine. What happens between the acts is the trouble.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from detectors.calendar import ny
from detectors.events import Event, RepoPrint, order_key
from replay.dataset.loader import BUNDLED
from replay.producer import faults, pacer, producer
from replay.scenarios.scenario import Scenario, Script, script
from streams.cli.embedded_broker import EmbeddedBroker
from streams.cli.worker_process import WorkerProcess
from tests.pager.sink import Sink
from tests.pager.watch import Watch
from tests.support.events_v2 import EventsV2
from tests.support.kafka import free_port
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.embedded
WITHIN_S = 120.0
SETTLED_S = 5.0
"""Five evaluations and five flushes of a group: whatever is to be said has been said."""
CRUNCH, DEFAULT = "CrunchwatchCrunch", "CrunchwatchDeFactoDefault"
STORY = [("trigger", CRUNCH), ("trigger", DEFAULT), ("resolve", DEFAULT), ("resolve", CRUNCH)]
PAYLOAD = {
    "type": "object",
    "required": ["summary", "source", "severity"],
    "properties": {
        "summary": {"type": "string", "minLength": 1, "maxLength": 1024},
        "source": {"type": "string", "minLength": 1},
        "severity": {"enum": ["critical", "error", "warning", "info"]},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["routing_key", "event_action", "dedup_key", "payload"],
    "properties": {
        "routing_key": {"type": "string", "minLength": 1},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": "string", "minLength": 1, "maxLength": 255},
        "payload": PAYLOAD,
        "links": {"items": {"required": ["href"], "properties": {"href": {"pattern": "^https?://"}}}},
    },
}
"""What https://developer.pagerduty.com says of an event."""


class Desk:
    """The whole line, and what may go wrong on it."""

    def __init__(self, pipeline: Pipeline, worker: WorkerProcess, watch: Watch, pager: EventsV2) -> None:
        self._pipeline, self.worker, self.watch, self.pager = pipeline, worker, watch, pager

    def play(self, events: Iterable[Event]) -> None:
        items = faults.plan(list(events), faults.Faults(), lateness_ns=0).items
        slots = pacer.slots(items, speed=None, window_ns=0)
        prefix = self._pipeline.settings.topic_prefix
        asyncio.run(producer.send(slots, broker=self._pipeline.settings.broker, topic_prefix=prefix))
        self._pipeline.drain()

    def pages(self) -> list[dict[str, Any]]:
        """What the desk's service was sent; the engineers' has a key of its own."""
        return [body for body in list(self.pager.accepted) if body["routing_key"] == "pagerduty-desk-secret"]

    def heard(self) -> list[tuple[str, str]]:
        return [(body["event_action"], body["payload"]["class"]) for body in self.pages()]

    def expect(self, count: int) -> None:
        """Wait for the story's next word, and see that no other follows."""
        until(lambda: len(self.pages()) >= count, self._tell)
        time.sleep(SETTLED_S)
        assert self.heard() == STORY[:count]

    def _tell(self) -> str:
        return f"{self.heard()}\n{self.watch.alertmanager.said()}\n{self._pipeline.said()}"

    def level(self) -> list[str]:
        return [one["value"][1] for one in self.watch.ask('market:crunchwatch_stress_level:last{market="UST"}')]

    def kill_the_worker(self) -> None:
        self.worker.kill()
        until(lambda: not self.watch.ask("crunchwatch_state"), self._tell)
        time.sleep(SETTLED_S)  # longer than anything is kept firing for
        self.worker.start()
        self.worker.wait_ready()
        until(lambda: bool(self.watch.ask("crunchwatch_state")), self._tell)
        time.sleep(SETTLED_S)

    def restart_alertmanager(self, meanwhile: Callable[[], None]) -> None:
        self.watch.alertmanager.stop()
        meanwhile()
        time.sleep(SETTLED_S)
        self.watch.alertmanager.start()


def until(condition: Callable[[], bool], tell: Callable[[], str]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, tell()
        time.sleep(0.1)


@pytest.fixture(scope="module")
def weeks() -> Script:
    """From a year's warm-up on; the same steps as with four years of it."""
    days = dt.date(2020, 1, 2), dt.date(2021, 2, 22), dt.date(2021, 4, 9)
    return script(Scenario("weeks", "the squeeze, briefly warmed up", BUNDLED, *days))


def between(events: Iterable[Event], first: str | None, last: str | None) -> Iterator[Event]:
    """Those known from a New York midnight to another."""
    begin, end = (ny(dt.date.fromisoformat(day), "00:00") if day else None for day in (first, last))
    return (one for one in events if (begin is None or one.known >= begin) and (end is None or one.known < end))


def flapping(events: list[Event]) -> list[Event]:
    """With an issue special near the floor every other session: a rule holds and holds not, faster than the exit."""
    pattern = next(one for one in events if isinstance(one, RepoPrint) and one.segment == "SPECIAL")
    days = (("2021-03-25", -2.9), ("2021-03-26", -0.2), ("2021-03-29", -2.9), ("2021-03-30", -0.2))
    extra = [
        msgspec.structs.replace(
            pattern,
            source="test.flap",
            sequence=number,
            ts=ny(dt.date.fromisoformat(day), "11:00"),
            known=ny(dt.date.fromisoformat(day), "18:30"),
            rate_pct=rate,
            provenance="synthetic",
        )
        for number, (day, rate) in enumerate(days)
    ]
    return sorted([*events, *extra], key=order_key)


@pytest.fixture
def desk(weeks: Script, tmp_path: Path) -> Iterator[Desk]:
    """Everything is up, and the market is normal as of 22 February."""
    port = free_port()
    with EmbeddedBroker() as broker, EventsV2() as pager, Sink() as sink:
        pipeline = Pipeline(broker.url, tmp_path, {"CRUNCHWATCH_METRICS_PORT": str(port)})
        with pipeline.worker() as worker:
            watch = Watch(tmp_path, worker_port=port, pager_url=pager.url, sink_url=sink.url)
            desk = Desk(pipeline, worker, watch, pager)
            desk.play(between(weeks.events, None, "2021-02-22"))  # its crunch of March 2020 is nobody's page
            with watch:
                until(lambda: desk.level() == ["0"], desk._tell)
                yield desk
                assert sink.bodies("/heartbeat"), "the watchdog reaches the heartbeat"
                assert any(b"collateral crunch" in body for body in sink.bodies("/chat"))


QUIET, ALERTMANAGER, WORKER, FLAP = "quiet", "alertmanager", "worker", "flap"
ALL = "all"


@pytest.mark.slow("a worker, Prometheus and Alertmanager in every trouble; after each page none may follow")
@pytest.mark.parametrize(
    "trouble",
    [ALL, *(pytest.param(one, marks=pytest.mark.pager) for one in (QUIET, ALERTMANAGER, WORKER, FLAP))],
)
def test_one_crisis_is_one_crunch_and_one_default_each_resolved_once(desk: Desk, weeks: Script, trouble: str) -> None:
    events = flapping(weeks.events) if trouble in {FLAP, ALL} else weeks.events
    acts = (
        list(between(events, "2021-02-22", "2021-02-27")),
        list(between(events, "2021-02-27", "2021-03-05")),
        list(between(events, "2021-03-05", "2021-03-25")),
    )
    desk.play(acts[0])
    desk.expect(1)
    if trouble in {WORKER, ALL}:
        desk.kill_the_worker()
    if trouble in {ALERTMANAGER, ALL}:
        desk.restart_alertmanager(lambda: None)
    desk.play(acts[1])
    desk.expect(2)
    if trouble in {WORKER, ALL}:
        desk.kill_the_worker()
    if trouble in {ALERTMANAGER, ALL}:  # what ends while it is away is told when it is back
        desk.restart_alertmanager(lambda: desk.play(acts[2]))
    else:
        desk.play(acts[2])
    desk.expect(3)
    if trouble in {FLAP, ALL}:
        for first, last in (("25", "26"), ("26", "27"), ("27", "30"), ("30", "31"), ("31", "32")):
            desk.play(between(events, f"2021-03-{first}", f"2021-03-{last}" if last != "32" else "2021-04-01"))
            time.sleep(1.0)
            assert desk.level() == ["1"], "the engine holds the state, whatever its rules do"
    else:
        desk.play(between(events, "2021-03-25", "2021-04-01"))
    desk.play(between(events, "2021-04-01", None))
    desk.expect(4)
    check(desk.pages(), desk.pager)


def check(pages: list[dict[str, Any]], pager: EventsV2) -> None:
    for page in pages:
        jsonschema.validate(page, SCHEMA)
        assert page["payload"]["component"] == "UST"
    crunch, default, default_over, crunch_over = (page["dedup_key"] for page in pages)
    assert (crunch, default) == (crunch_over, default_over)
    assert crunch != default
    assert {key: pager.opened[key] for key in (crunch, default)} == {crunch: 1, default: 1}
    assert {pager.incidents[key] for key in (crunch, default)} == {"resolved"}
    assert [page["payload"]["severity"] for page in pages] == ["error", "critical", "critical", "error"]
    evidence = pages[0]["payload"]["custom_details"]["evidence"]
    assert "kind: squeeze" in evidence
    assert "selloff_meets_scarcity" in evidence
    assert "blind on: fails flows specials" in evidence
    assert pages[0]["links"][0]["href"].endswith("docs/runbooks/CrunchwatchCrunch.md")
