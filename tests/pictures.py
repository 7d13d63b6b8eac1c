"""The README's pictures: ``python -m tests.pictures``. The whole stack, the end of 4 March 2021, and a browser."""

from __future__ import annotations

import asyncio
import io
import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from grafana.stack import END_OF_2021, STATE, Ports, Stack, graph, running
from tests.support import debian
from tests.support.chromium import Tab, browser

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
DESK, PHONE = 1440, 390
DESK_HEIGHT, PHONE_HEIGHT, GRAPH_HEIGHT = 1330, 1500, 900
WITHIN_S = 300.0
COLOURS = 200


@contextmanager
def fourth_of_march() -> Iterator[Stack]:
    """The stack with the worker in de facto default, and the past beside it."""
    free = Ports(*[0] * len(Ports._fields))
    with running(free, replay=("--speed", "max", "--to", "2021-03-04")) as stack:
        deadline = time.monotonic() + WITHIN_S
        while _state(stack) != "de_facto_default":
            stack.check()
            assert time.monotonic() < deadline, "the worker has not come to the default"
            time.sleep(1)
        yield stack


def _state(stack: Stack) -> str:
    with urllib.request.urlopen(stack.url("worker", "/api/state"), timeout=10) as answer:
        markets = json.load(answer)["markets"]
    return markets[0]["status"]["state"] if markets else ""


async def draw(stack: Stack) -> None:
    FOLDER.mkdir(exist_ok=True)
    page = stack.url("worker", "/")
    async with browser(debian.chromium()) as tab:
        for name, width, height, dark in (
            ("page-desk", DESK, DESK_HEIGHT, False),
            ("page-phone", PHONE, PHONE_HEIGHT, False),
            ("page-dark", DESK, DESK_HEIGHT, True),
        ):
            await tab.open(page, width=width, dark=dark)
            await _picture(tab, name, height)
        past = stack.url("past", graph(STATE, weeks=9, end=END_OF_2021))
        for name, width in (("prometheus-desk", DESK), ("prometheus-phone", PHONE)):
            await tab.open(past, width=width, height=GRAPH_HEIGHT)
            await _drawn(tab)
            await _picture(tab, name, GRAPH_HEIGHT)


async def _drawn(tab: Tab) -> None:
    """Until Prometheus has drawn its graph."""
    async with asyncio.timeout(60):
        while not await tab.value("!!document.querySelector('.rickshaw_graph svg path, .uplot canvas, .graph canvas')"):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    await asyncio.sleep(2)


async def _picture(tab: Tab, name: str, height: int) -> None:
    file = FOLDER / f"{name}.png"
    await tab.picture(file, height=height)
    await asyncio.to_thread(_smaller, file)
    print(f"{file.relative_to(FOLDER.parents[1])}  {file.stat().st_size / 1000:.0f} kB")


def _smaller(file: Path) -> None:
    with Image.open(io.BytesIO(file.read_bytes())) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


def main() -> None:
    with fourth_of_march() as stack:
        asyncio.run(draw(stack))


if __name__ == "__main__":
    main()
