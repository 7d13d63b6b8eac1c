"""The page at ``/``: what it says, that it escapes, that it lives without the loop, and that it does not burden it."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import time
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any

import msgspec
import pytest

from detectors.calendar import ny
from detectors.config import load
from detectors.engine import Engine
from detectors.events import YieldQuote
from streams import settings
from streams.state.partition import Market, Partition
from streams.web import view
from streams.web.document import FULL_UP_TO, document
from streams.web.routes import pages
from streams.web.view import LatestView, WorkerView, look
from tests.support import shared
from tests.support.pipeline import feb2021

EVIL = "<script>alert(1)</script>"


def owned(*engines: Engine) -> dict[int, Partition]:
    partition = Partition(0, next_offsets={}, new_engine=lambda _: None)
    partition.markets = {engine.market: Market(engine, {}, 0) for engine in engines}
    return {0: partition}


@pytest.fixture(scope="module")
def defaulted() -> Engine:
    """The market on the evening of 4 March 2021, after a restart."""
    return shared.engine("feb2021", ny(dt.date(2021, 3, 4), "18:00"))


@pytest.fixture(scope="module")
def seen(defaulted: Engine) -> WorkerView:
    return look(owned(defaulted), ready=True)


class Text(HTMLParser):
    """What a reader sees, and which tags there are."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(source)
        self.all = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "link", "br"}:
            self.open.append(tag)
        assert not any(name.startswith("on") or name == "style" for name, _ in attrs), "inline code"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_it_says_the_state_why_since_when_and_what_would_change_it(seen: WorkerView) -> None:
    text = Text(document(seen, " --broker kafka://here:9092"))
    assert text.open == []
    for said in (
        "De facto default",
        "Wed 3 Mar 2021 18:00 New York (23:00 UTC)",
        "Kind squeeze",
        "Pre-warning Repo at the corridor's bottom",
        "threshold \N{MINUS SIGN}3.00 %",
        "floor breached makes de facto default, squeeze holds",
        "10Y-OTR \N{MINUS SIGN}4.00 % , level 3 down to \N{MINUS SIGN}3.00 %: 100 bp beyond",
        "once no rule of de facto default has held for a session, with yields and general collateral alive",
        "4.5 bp to go",
        "fails blind",
        "quoted.special.10Y-OTR#1",
    ):
        assert said in text.all
    assert re.search(r"crunchwatch explain [0-9a-f]{32} --broker kafka://here:9092", text.all)
    assert document(seen).count("<h1>") == 1
    assert '<html lang="en">' in document(seen)


def test_what_holds_though_its_figure_is_short_says_why_and_until_when(defaulted: Engine) -> None:
    fourth = Text(document(look(owned(defaulted), ready=True))).all
    assert "ended Fri 26 Feb 2021 17:00, still counts until Sat 6 Mar 2021 00:00; now GC 0.04 %, 5 bp short" in fourth

    engine = Engine.restore(load(), "UST", defaulted.snapshot())
    since, until = ny(dt.date(2021, 3, 4), "18:00"), ny(dt.date(2021, 3, 11), "18:00")
    engine.process([event for event in feb2021().events if since < event.known <= until])
    eleventh = Text(document(look(owned(engine), ready=True))).all
    for said in (
        "signal Wed 3 Mar 2021 18:00 at level 3 (floor \N{MINUS SIGN}3.00 %, worst \N{MINUS SIGN}4.00 %)",
        "not taken back yet; now 10Y-OTR \N{MINUS SIGN}2.69 %, 31 bp short",
        "still counts until Fri 12 Mar 2021 00:00; now 10Y-OTR 273.8 bp, 0.5 bp short",
    ):
        assert said in eleventh
    for page in (fourth, eleventh):
        for holding in page.split("✓ holds:")[1:]:
            assert " to go" not in holding.partition("✗")[0]


def test_a_name_from_outside_is_never_markup() -> None:
    engine = Engine(load(), EVIL)
    quote = YieldQuote(
        market=EVIL,
        source='"><img src=x onerror=alert(2)>',
        sequence=1,
        ts=ny(dt.date(2021, 3, 4), "17:00"),
        known=ny(dt.date(2021, 3, 4), "17:00"),
        provenance="synthetic",
        tenor="10Y",
        statistic="close",
        mid_pct=1.5,
    )
    engine.process([quote])
    for page in (document(look(owned(engine), ready=True), f" {EVIL}"), document(None, EVIL, EVIL)):
        assert "<script>" not in page
        assert "<img" not in page
    shown = document(look(owned(engine, Engine(load(), "UST")), ready=True), "", EVIL)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert Text(shown).tags.count("script") == 1  # the page's own, from a file


def test_hostile_evidence_in_a_transition_is_text(defaulted: Engine) -> None:
    found = look(owned(defaulted), ready=True)
    plain = msgspec.to_builtins(found, str_keys=False)
    page = document(msgspec.convert(_renamed(plain), type=WorkerView))
    assert "&lt;b onclick=x&gt;" in page
    assert "<b onclick" not in page


def _renamed(plain: Any) -> Any:
    if isinstance(plain, str):
        return plain.replace("10Y-OTR", "<b onclick=x>'")
    if isinstance(plain, dict):
        return {_renamed(key): _renamed(value) for key, value in plain.items()}
    return type(plain)(map(_renamed, plain)) if isinstance(plain, list | tuple) else plain


def test_a_worker_that_is_not_ready_or_does_not_answer_says_so(seen: WorkerView) -> None:
    assert "Worker ready" in Text(document(seen)).all
    late = msgspec.structs.replace(seen, ready=False, busy_s=12.0)
    text = Text(document(late)).all
    assert "This worker is not ready. What stands below may be old." in text
    assert "has not answered for 12 s" in text


def test_with_many_markets_the_overview_comes_first_and_calm_ones_are_asked_for(defaulted: Engine) -> None:
    calm = [Engine(load(), f"M{number}") for number in range(FULL_UP_TO)]
    found = look(owned(*calm, defaulted), ready=True)
    assert found.markets[0].status.market == "UST"
    text = Text(document(found))
    assert text.tags.count("table") == 1
    assert text.tags.count("h3") == 4
    assert 'href="/?market=M1"' in document(found)
    assert Text(document(found, "", "M1")).all.count("No rule holds.") == 1


def test_the_same_as_json(seen: WorkerView) -> None:
    answer = pages(lambda: seen, settings.load({}))
    said = answer("/api/state")
    assert said is not None
    plain = msgspec.json.decode(said.body)
    assert plain["ready"] is True
    assert plain["markets"][0]["status"]["state"] == "de_facto_default"
    assert plain["markets"][0]["outlook"]["rules"][0]["holds"] is True
    assert plain["markets"][0]["recent"][-1]["transition"]["to_state"] == "de_facto_default"
    assert answer("/page.css") is not None
    assert answer("/../pyproject.toml") is None
    assert answer("/page_html.py") is None


def test_before_the_first_answer_it_is_unavailable() -> None:
    answer = pages(lambda: None, settings.load({}))
    for path in ("/", "/api/state"):
        said = answer(path)
        assert said is not None
        assert said.status is HTTPStatus.SERVICE_UNAVAILABLE


async def test_many_readers_are_one_look(seen: WorkerView) -> None:
    looks = []

    def looked() -> WorkerView:
        looks.append(time.monotonic())
        return seen

    glance = LatestView(asyncio.get_running_loop(), looked)
    told = await asyncio.gather(*(asyncio.to_thread(glance.take) for _ in range(20)))
    assert told == [seen] * 20
    assert len(looks) <= 2


async def test_a_busy_loop_is_said_to_be_busy(seen: WorkerView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "PATIENCE_S", 0.05)
    monkeypatch.setattr(view, "FRESH_S", 0.0)
    loop = asyncio.get_running_loop()
    glance = LatestView(loop, lambda: seen)
    assert await asyncio.to_thread(glance.take) == seen
    waiting = loop.run_in_executor(None, lambda: (time.sleep(0.1), glance.take())[1])
    time.sleep(0.5)  # noqa: ASYNC251 - the loop hangs, which is what is tried
    told = await waiting
    assert told is not None
    assert told.busy_s > 0.05
    assert told.markets == seen.markets
