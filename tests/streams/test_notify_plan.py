"""Which messages a run of transitions brings about, and how one message fares with a pager that fails in every way."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from detectors.signals import Cause, Evidence, State, Transition, content_id
from streams import settings
from streams.errors import SettingsError
from streams.notify import notifier, pagerduty
from streams.notify.incidents import NS, Due, Outbox, Policy, take
from streams.notify.pagerduty import Accepted, Declined, Pager, RetryLater, wait_s
from tests.support import events_v2
from tests.support.events_v2 import EventsV2
from tests.support.kafka import free_port

KEY = "R0UTINGKEY"
POLICY = Policy(history_s=3600, provenances=("official", "quoted"))
NOW = 1_700_000_000 * NS


def step(
    before: State, after: State, known: int = NOW, market: str = "UST", provenance: str = "official"
) -> Transition:
    made = Transition(
        market=market,
        ts=known,
        known=known,
        from_state=before,
        to_state=after,
        kind="squeeze",
        confidence="high",
        evidence=(Evidence(rule="floor_breached", holds=True, signals=("s1",), summary="below the floor" * 100),),
        causes=tuple(Cause("broker", number) for number in range(80)),
        blind_on=("fails",),
        provenance=provenance,  # type: ignore[arg-type]
        config_hash="c",
    )
    return msgspec.structs.replace(made, id=content_id(made))


def path(*states: State) -> list[Transition]:
    return [step(*pair, known=NOW + number) for number, pair in enumerate(pairwise(states))]


def planned(steps: list[Transition], now: int = NOW, policy: Policy = POLICY) -> list[Due]:
    outbox = Outbox()
    for one in steps:
        take(outbox, one, now, policy)
    return outbox.due


def brief(due: list[Due]) -> list[tuple[str, str]]:
    return [(one.action, one.incident) for one in due]


def test_a_crisis_is_one_incident_and_its_default_another_each_resolved_once_with_its_key() -> None:
    due = planned(path("normal", "crunch", "de_facto_default", "crunch", "normal"))
    assert brief(due) == [
        ("trigger", "crunch"),
        ("trigger", "default"),
        ("resolve", "default"),
        ("resolve", "crunch"),
    ]
    assert due[0].dedup_key == due[3].dedup_key
    assert due[1].dedup_key == due[2].dedup_key
    assert due[0].dedup_key != due[1].dedup_key
    for one in due:
        assert not any(word in one.dedup_key for word in ("critical", "error", "default", "crunch:"))
        assert len(one.payload["summary"]) == 1024
        assert one.payload["severity"] in {"critical", "error"}
        assert len(one.payload["custom_details"]["causes"]) == 50
        assert one.payload["custom_details"]["causes_in_all"] == 80


def test_straight_into_default_opens_both_and_straight_out_closes_both() -> None:
    due = planned(path("normal", "de_facto_default", "normal"))
    assert brief(due[:2]) == [("trigger", "crunch"), ("trigger", "default")]
    assert brief(due[2:]) == [("resolve", "crunch"), ("resolve", "default")]
    assert len({one.dedup_key for one in due}) == 2


def test_the_next_crisis_has_a_key_of_its_own_and_a_repeat_says_nothing() -> None:
    steps = path("normal", "crunch", "normal", "crunch")
    due = planned([one for one in steps for _ in range(2)])
    assert brief(due) == [("trigger", "crunch"), ("resolve", "crunch"), ("trigger", "crunch")]
    assert due[0].dedup_key == due[1].dedup_key != due[2].dedup_key


def test_two_markets_are_two_incidents() -> None:
    due = planned([step("normal", "crunch", market=name) for name in ("UST", "UKT")])
    assert len({one.dedup_key for one in due}) == 2


def test_history_and_made_up_figures_page_nobody_and_it_is_said() -> None:
    outbox = Outbox()
    old = step("normal", "crunch", known=NOW - 2 * 3600 * NS)
    [said] = take(outbox, old, NOW, POLICY)
    assert "2 hours ago, which is history" in said
    [said] = take(outbox, step("normal", "crunch", market="UKT", provenance="synthetic"), NOW, POLICY)
    assert "its figures are synthetic" in said
    assert take(outbox, step("crunch", "normal"), NOW, POLICY) == []
    assert outbox.due == []


def test_what_is_open_is_resolved_however_late_its_end_is_read() -> None:
    due = planned(path("normal", "crunch"))
    assert brief(due) == [("trigger", "crunch")]
    outbox = Outbox()
    first, second = path("normal", "crunch", "normal")
    take(outbox, first, NOW, POLICY)
    take(outbox, second, NOW + 10 * 3600 * NS, POLICY)
    assert brief(outbox.due) == [("trigger", "crunch"), ("resolve", "crunch")]


def test_an_outbox_is_the_same_after_it_was_written_and_read() -> None:
    outbox = Outbox(next_offsets={0: 3})
    for one in path("normal", "crunch", "de_facto_default"):
        take(outbox, one, NOW, POLICY)
    assert msgspec.json.decode(msgspec.json.encode(outbox), type=Outbox) == outbox


# -- one message ------------------------------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[EventsV2]:
    with EventsV2() as one:
        yield one


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def message() -> Due:
    [one] = planned(path("normal", "crunch"))
    return one


def pager(url: str, key_file: Path) -> Pager:
    return Pager(settings.load({}, pagerduty_key_file=str(key_file), pagerduty_url=url, notify_link="http://desk/"))


def test_a_message_is_events_v2(receiver: EventsV2, key_file: Path, message: Due) -> None:
    assert isinstance(pager(receiver.url, key_file).send(message), Accepted)
    [body] = receiver.came
    assert body["routing_key"] == KEY
    assert (body["event_action"], body["dedup_key"]) == ("trigger", message.dedup_key)
    assert set(body["payload"]) >= {"summary", "source", "severity", "timestamp", "component", "group", "class"}
    assert body["payload"]["timestamp"] == "2023-11-14T22:13:20Z"
    assert body["client_url"] == "http://desk/"


@pytest.mark.parametrize(
    ("reply", "why", "after_s"),
    [
        (events_v2.status(500), "status 500", None),
        (events_v2.status(503, Retry_After="7"), "status 503", 7.0),
        (events_v2.status(429, Retry_After="99999999"), "status 429", 3600.0),
        (events_v2.status(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), "status 429", 0.0),
        (events_v2.status(429, Retry_After="soon"), "status 429", None),
        (events_v2.hang_up, "no answer: RemoteDisconnected", None),
        (events_v2.garbage, "no answer: BadStatusLine", None),
    ],
)
def test_what_may_go_away_is_tried_again(
    receiver: EventsV2, key_file: Path, message: Due, reply: events_v2.Reply, why: str, after_s: float | None
) -> None:
    receiver.replies = [reply]
    outcome = pager(receiver.url, key_file).send(message)
    assert isinstance(outcome, RetryLater)
    assert (outcome.why, outcome.after_s) == (why, after_s)


def test_nobody_there_and_nobody_answering_are_tried_again(
    receiver: EventsV2, key_file: Path, message: Due, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = pager(f"http://127.0.0.1:{free_port()}/", key_file).send(message)
    assert isinstance(outcome, RetryLater)
    monkeypatch.setattr(pagerduty, "ANSWER_WITHIN_S", 0.2)
    receiver.replies = [events_v2.silence]
    outcome = pager(receiver.url, key_file).send(message)
    assert isinstance(outcome, RetryLater)
    assert outcome.why == "no answer: TimeoutError"


@pytest.mark.parametrize("code", [400, 403, 404])
def test_a_refusal_is_named_without_the_key(
    receiver: EventsV2, key_file: Path, message: Due, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.replies = [events_v2.status(code, f"no such key:\n {KEY}")]
    with caplog.at_level(logging.DEBUG):
        outcome = pager(receiver.url, key_file).send(message)
    assert isinstance(outcome, Declined)
    assert outcome.why == f"status {code}: no such key: …"
    assert KEY not in caplog.text


def test_a_redirect_is_not_followed_for_the_key_would_go_with_it(
    receiver: EventsV2, key_file: Path, message: Due
) -> None:
    with EventsV2() as stranger:
        receiver.replies = [events_v2.status(307, Location=stranger.url)]
        assert isinstance(pager(receiver.url, key_file).send(message), Declined)
        assert stranger.came == []


@pytest.mark.parametrize("url", ["http://events.pagerduty.com/v2/enqueue", "ftp://here/", "events.pagerduty.com"])
def test_the_key_goes_nowhere_in_the_clear(url: str, key_file: Path) -> None:
    with pytest.raises(SettingsError, match="pagerduty_url"):
        pager(url, key_file)


def test_without_a_key_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--dry-run"):
        Pager(settings.load({}))
    with pytest.raises(SettingsError, match="cannot be read"):
        pager("https://example.invalid/", tmp_path / "none")
    with pytest.raises(SettingsError, match="a secret comes from a file"):
        settings.load({"CRUNCHWATCH_PAGERDUTY_KEY": KEY})


def test_waits_double_up_to_a_bound_with_jitter_and_never_below_what_was_asked() -> None:
    assert 0.5 <= wait_s(1, None) <= 1.0
    assert 4.0 <= wait_s(4, None) <= 8.0
    assert wait_s(60, None) <= 300.0
    assert wait_s(1, 42.0) == 42.0
    assert len({wait_s(9, None) for _ in range(5)}) > 1


def test_an_unknown_provenance_is_refused() -> None:
    with pytest.raises(SettingsError, match="notify_provenance"):
        notifier.policy(settings.load({}, notify_provenance="official,rumour"))


class Memory:
    """A store without a broker; what was written at which moment."""

    def __init__(self) -> None:
        self.written: list[Outbox] = []

    async def write(self, outbox: Outbox) -> None:
        self.written.append(msgspec.json.decode(msgspec.json.encode(outbox), type=Outbox))


async def test_every_attempt_is_written_before_it_is_made_and_the_rate_is_kept(
    receiver: EventsV2, key_file: Path
) -> None:
    chosen = settings.load(
        {}, pagerduty_key_file=str(key_file), pagerduty_url=receiver.url, notify_per_minute=100, notify_history_min=1e5
    )
    store, said = Memory(), []
    told = notifier.Notifier(chosen, Pager(chosen), store, Outbox(), said.append)  # type: ignore[arg-type]
    known = time.time_ns()
    values = [msgspec.json.encode(step(*pair, known=known)) for pair in (("normal", "crunch"), ("crunch", "normal"))]
    await told.take((0, offset, value) for offset, value in enumerate([*values, b"noise"]))
    assert store.written[-1].next_offsets == {0: 3}
    assert len(store.written[-1].due) == 2
    receiver.replies = [events_v2.status(503)]
    await told.send()
    assert store.written[-1].due[0].attempts == 1
    assert receiver.accepted == []
    await told.send()
    assert len(receiver.came) == 1, "it waits before it tries again"
    told._not_before_s = 0.0
    await told.send()
    await told.send()
    assert len(receiver.accepted) == 1, "the next message waits for the rate"
    told._not_before_s = 0.0
    await told.send()
    assert [body["event_action"] for body in receiver.accepted] == ["trigger", "resolve"]
    assert store.written[-1].due == []
    assert store.written[-1].open == {}
    assert not any(KEY in line for line in said)
    assert not any(KEY.encode() in msgspec.json.encode(one) for one in store.written)
