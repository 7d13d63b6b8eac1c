"""The page in a headless Chromium: at desk and phone width, light and dark, with and without its script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from detectors.config import load
from detectors.engine import Engine
from streams import settings
from streams.web.routes import pages
from streams.web.server import WebServer
from streams.web.view import look
from tests.streams.test_page import EVIL, owned
from tests.support import chromium, debian, shared
from tests.support.chromium import Tab


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The page of a market after the weeks of 2021, beside two that heard nothing."""
    engines = [shared.engine("feb2021"), Engine(load(), EVIL), Engine(load(), "A" * 64)]
    chosen = settings.load({}, metrics_port=0)
    web = WebServer(chosen, bytes, lambda: None, pages(lambda: look(owned(*engines), ready=True), chosen))
    yield web.url
    web.close()


@pytest.fixture
async def tab() -> AsyncIterator[Tab]:
    async with chromium.browser(debian.chromium()) as one:
        yield one


async def test_it_fits_says_nothing_on_the_console_and_asks_nobody_else(tab: Tab, url: str) -> None:
    for width, dark, script in ((1440, False, True), (390, False, True), (320, True, False)):
        await tab.open(url, width=width, dark=dark, script=script)
        assert await tab.value("document.documentElement.scrollWidth") <= width
        assert await tab.value("document.querySelectorAll('h2').length") == 4
        opened = "document.querySelectorAll('details').forEach(one => one.open = true)"
        await tab.value(opened)
        assert await tab.value("document.documentElement.scrollWidth") <= width
    assert tab.console == []
    assert {request.removeprefix(url) for request in tab.requests} == {"/", "/page.css", "/page.js", "/icon.svg"}


async def test_every_text_has_contrast_enough(tab: Tab, url: str) -> None:
    for dark in (False, True):
        await tab.open(url, width=1440, dark=dark)
        assert await tab.value(_FAINT) == []


async def test_a_refresh_keeps_what_the_reader_has_opened(tab: Tab, url: str) -> None:
    await tab.open(url, width=1440)
    await tab.value("document.querySelectorAll('details').forEach((one, n) => one.open = n % 2 === 1)")
    before = await tab.value("[...document.querySelectorAll('details')].map(one => one.open)")
    await tab.value(
        "document.getElementById('main').dataset.old = 1; document.querySelector('.market').dataset.old = 1"
    )
    async with asyncio.timeout(30):
        while await tab.value("document.querySelector('.market').dataset.old"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)
    assert await tab.value("[...document.querySelectorAll('details')].map(one => one.open)") == before
    assert await tab.value("document.getElementById('contact').textContent") == ""


# Every element with text of its own whose colour against the nearest background is below WCAG's 4.5 to 1.
_FAINT = """
(() => {
  const light = ([r, g, b]) => {
    const part = (c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (one) => {
    for (; one; one = one.parentElement) {
      const colour = rgb(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  for (const one of document.querySelectorAll("body *")) {
    if (![...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    const [a, b] = [light(rgb(getComputedStyle(one).color)), light(behind(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.add(`${one.tagName}.${one.className} ${ratio.toFixed(2)}`);
  }
  return [...faint];
})()
"""
