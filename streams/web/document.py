"""The page at ``/`` as HTML: one document, no script needed, nothing from elsewhere, everything escaped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from html import escape
from urllib.parse import quote

from detectors.calendar import NS
from detectors.signals import STATES
from detectors.view.status import Status
from streams.web.format import feed_name, moment, plain
from streams.web.market import badge, lag, market
from streams.web.view import WorkerView

RELOAD_S = 30
FULL_UP_TO = 4
"""With more markets than these, those that are normal are shown in full only when they are asked for."""


def document(seen: WorkerView | None, settings_hint: str = "", only: str | None = None) -> str:
    """The whole page.

    Args:
        seen: what there is to show, worst first; None before the worker's first answer.
        settings_hint: what `crunchwatch explain` needs to find this worker's topics.
        only: the one market to show in full.
    """
    body = _waiting() if seen is None else _body(seen, settings_hint, only)
    worst = _worst(seen)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{escape(worst)} · crunchwatch</title>"
        '<link rel="stylesheet" href="/page.css"><link rel="icon" href="/icon.svg" type="image/svg+xml">'
        f'<noscript><meta http-equiv="refresh" content="{RELOAD_S}"></noscript>'
        '<script src="/page.js" defer></script></head>'
        f'<body><a class="skip" href="#main">Skip to the markets</a>'
        '<header class="top"><h1>crunchwatch</h1><p id="contact" role="status"></p></header>'
        f'<main id="main">{body}</main>'
        '<footer><nav aria-label="More"><a href="/api/state">the same as JSON</a> <a href="/metrics">metrics</a> '
        '<a href="/readyz">readiness</a></nav>'
        "<p>Times are New York's, with UTC beside them. Rates in percent, spreads in basis points. "
        "Nothing on this page decides anything.</p></footer></body></html>"
    )


def _worst(seen: WorkerView | None) -> str:
    if seen is None or not seen.markets:
        return "No market"
    worst = max((one.status for one in seen.markets), key=lambda one: STATES.index(one.state))
    return f"{plain(worst.state)}: {worst.market}"


def _waiting() -> str:
    text = "The worker has not answered yet; it may be reading its state back."
    return f"<section class=card><h2>Not yet</h2><p>{text}</p></section>"


def _body(seen: WorkerView, settings_hint: str, only: str | None) -> str:
    full = {number: one for number, one in enumerate(seen.markets) if _in_full(one.status, only, len(seen.markets))}
    markets = "".join(market(one, seen.at_ns, number, settings_hint) for number, one in full.items())
    several = len(seen.markets) > 1
    if not seen.markets:
        text = "Nothing has come in on the partitions of this worker."
        markets = f"<section class=card><h2>No market yet</h2><p>{text}</p></section>"
    return f"{_worker(seen)}{_overview(seen, full) if several else ''}{markets}"


def _in_full(status: Status, only: str | None, count: int) -> bool:
    if only is not None:
        return status.market == only
    return count <= FULL_UP_TO or status.state != "normal"


def _worker(seen: WorkerView) -> str:
    notices = []
    if not seen.ready:
        notices.append("This worker is not ready. What stands below may be old.")
    if seen.busy_s > 0:
        notices.append(f"The worker has not answered for {seen.busy_s:.0f} s. What stands below is that old.")
    markup = "".join(f'<p class="notice" role="alert">{text}</p>' for text in notices)
    parts = ", ".join(map(str, seen.partitions)) or "none"
    ready = "ready" if seen.ready else "not ready"
    announced = "; ".join(f"{one.status.market}: {plain(one.status.state)}" for one in seen.markets)
    return (
        f"{markup}<p class=worker><span class='ready {'yes' if seen.ready else 'no'}'>Worker {ready}</span> "
        f"<span>partitions {parts}</span> <span>as of {_clock(seen.at_ns)}</span></p>"
        f'<p class="sr" id="announce" aria-live="polite">{escape(announced)}</p>'
    )


def _clock(ns: int) -> str:
    return f'{moment(ns)}<span class="seconds">:{dt.datetime.fromtimestamp(ns // NS, dt.UTC):%S}</span>'


def _overview(seen: WorkerView, full: Collection[int]) -> str:
    rows = "".join(_row(one.status, number, seen.at_ns, full) for number, one in enumerate(seen.markets))
    return (
        '<section class="card overview" aria-labelledby="overview"><h2 id="overview">Markets</h2><div class=scroll>'
        "<table><thead><tr><th scope=col>Market</th><th scope=col>State</th><th scope=col>Kind</th>"
        "<th scope=col>Since</th><th scope=col>Blind on</th><th scope=col>Behind now</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _row(status: Status, number: int, now_ns: int, full: Collection[int]) -> str:
    where = f"#m{number}" if number in full else f"/?market={quote(status.market, safe='')}"
    blind = ", ".join(feed_name(feed) for feed in status.blind_on) or "nothing"
    since = moment(status.since_ns) if status.since_ns > 0 else "the beginning"
    cells = (badge(status.state), escape(status.kind), since, escape(blind), lag(status, now_ns))
    names = ("State", "Kind", "Since", "Blind on", "Behind now")
    markup = "".join(f'<td data-name="{name}">{cell}</td>' for name, cell in zip(names, cells, strict=True))
    return f'<tr><th scope=row><a href="{where}">{escape(status.market)}</a></th>{markup}</tr>'
