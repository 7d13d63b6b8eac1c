"""What is served beside the metrics: the page at ``/``, the same as JSON at ``/api/state``, style and script."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from importlib import resources
from urllib.parse import parse_qs

import msgspec
import orjson

from streams.settings import Settings
from streams.web.document import document
from streams.web.server import Answer
from streams.web.view import WorkerView

_STATIC = {
    "/page.css": "text/css; charset=utf-8",
    "/page.js": "text/javascript; charset=utf-8",
    "/icon.svg": "image/svg+xml",
}
_HTML = "text/html; charset=utf-8"
_JSON = "application/json"


def pages(take: Callable[[], WorkerView | None], settings: Settings) -> Callable[[str], Answer | None]:
    """A function from a path to an answer.

    Args:
        take: the present; called in the web server's threads.
        settings: whose broker and prefix `crunchwatch explain` needs.
    """
    hint = f" --broker {settings.broker}" + (
        f" --topic-prefix {settings.topic_prefix}" if settings.topic_prefix else ""
    )

    def answer(path: str) -> Answer | None:
        path, _, query = path.partition("?")
        if path == "/":
            seen = take()
            only = parse_qs(query).get("market", [None])[0]
            status = HTTPStatus.OK if seen is not None else HTTPStatus.SERVICE_UNAVAILABLE
            return Answer(document(seen, hint, only).encode(), _HTML, status)
        if path == "/api/state":
            seen = take()
            if seen is None:
                return Answer(b'{"error":"the worker has not answered yet"}', _JSON, HTTPStatus.SERVICE_UNAVAILABLE)
            return Answer(as_json(seen), _JSON)
        kind = _STATIC.get(path)
        return Answer(_static(path.lstrip("/")), kind) if kind is not None else None

    return answer


def as_json(seen: WorkerView) -> bytes:
    """What is seen as JSON; thresholds, whose keys are pairs, as lists of series, line and value."""
    plain = msgspec.to_builtins(seen, str_keys=False)
    for market in plain["markets"]:
        lines = market["status"]["thresholds"]
        market["status"]["thresholds"] = [[*key, value] for key, value in lines.items()]
    return orjson.dumps(plain, option=orjson.OPT_NON_STR_KEYS)


@cache
def _static(name: str) -> bytes:
    return resources.files("streams").joinpath("static", name).read_bytes()
