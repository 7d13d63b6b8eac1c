"""One market on the page: its state, why, what would change it, on what it is blind, its last transitions."""

from __future__ import annotations

from html import escape

from detectors.calendar import NS
from detectors.ordering import FAR_PAST
from detectors.signal_memory import SignalState
from detectors.signals import STATES, State
from detectors.view.outlook import Change
from detectors.view.recent import Recalled
from detectors.view.status import Status
from streams.web.format import (
    STATE_MARKS,
    STATE_NAMES,
    amount,
    counted,
    duration,
    feed_name,
    figures,
    moment,
    plain,
    signal_name,
    unit_of,
)
from streams.web.rules import rule
from streams.web.view import MarketView

CAUSES_SHOWN = 24
PREWARNING = "corridor.prewarning"
STREAMS_NAMED = 3
MEANING: dict[State, str] = {
    "normal": "No rule of crunch or default holds.",
    "crunch": "Collateral or cash is short enough that a rule of crunch holds, or held until lately.",
    "de_facto_default": "Failing to deliver is cheaper than delivering: a special is confirmed below the fails floor.",
}


def market(seen: MarketView, now_ns: int, number: int, settings_hint: str) -> str:
    """All sections of a market; ``number`` makes its ids, for a market's name may hold anything."""
    status = seen.status
    return (
        f'<section class="market {status.state}" id="m{number}" aria-labelledby="m{number}-title">'
        f"{_head(seen, now_ns, number)}"
        f'<div class="columns"><div class="column">{_why(seen)}{_changes(seen, number)}</div>'
        f'<div class="column">{_sight(status)}{_last(seen, number, settings_hint)}</div></div></section>'
    )


def badge(state: State) -> str:
    """A state as colour, shape and text."""
    return (
        f'<span class="badge {state}"><span aria-hidden="true">{STATE_MARKS[state]}</span> {STATE_NAMES[state]}</span>'
    )


def lag(status: Status, now_ns: int) -> str:
    """How far the settled event time is behind the wall clock."""
    return "-" if status.watermark_ns <= 0 else duration((now_ns - status.watermark_ns) / NS)


def _head(seen: MarketView, now_ns: int, number: int) -> str:
    status = seen.status
    steps = "".join(
        f'<li class="{state}"{" aria-current=step" if state == status.state else ""}>'
        f'<span aria-hidden="true">{STATE_MARKS[state]}</span> {STATE_NAMES[state]}</li>'
        for state in STATES
    )
    facts = []
    if status.since_ns > 0:
        held = duration((status.watermark_ns - status.since_ns) / NS)
        facts.append(("Since", f"{moment(status.since_ns)} <span class=quiet>for {held} of event time</span>"))
    else:
        facts.append(("Since", "the beginning of its history"))
    if status.state != "normal":
        facts.append(("Kind", escape(plain(status.kind))))
    facts.append(("Confidence", escape(status.confidence)))
    if status.signal_levels.get(PREWARNING):
        facts.append(("Pre-warning", escape(signal_name(*PREWARNING.split(".")))))
    if status.watermark_ns > 0:
        facts.append(
            ("Settled up to", f"{moment(status.watermark_ns)} <span class=quiet>{_behind(status, now_ns)}</span>")
        )
    return (
        f'<header class="state"><h2 id="m{number}-title">{escape(status.market)}</h2>'
        f'<p class="now">{badge(status.state)} {_unseen(status)}</p><p class="meaning">{_meaning(status)}</p>'
        f'<ol class="steps" aria-label="States">{steps}</ol>{_facts(facts)}</header>'
    )


def _unseen(status: Status) -> str:
    if not status.blind_on:
        return ""
    feeds = sum(feed in status.blind_on for feed in status.feeds)
    series = counted(len(status.blind_on) - feeds, "series")
    text = f"Blind on {feeds} of {len(status.feeds)}" if feeds else f"Blind on {series}"
    text += f" and {series}" if 0 < feeds < len(status.blind_on) else ""
    return f'<span class="badge blind"><span aria-hidden="true">◌</span> {text}</span>'


def _meaning(status: Status) -> str:
    if set(status.feeds) <= set(status.blind_on):
        return "It sees nothing now that it could judge by. What is shown is the initial state, or the last signals."
    return MEANING[status.state]


def _behind(status: Status, now_ns: int) -> str:
    names = ", ".join(status.held_by) if len(status.held_by) <= STREAMS_NAMED else f"{len(status.held_by)} streams"
    held = f", held back by {escape(names)}" if status.held_by else ""
    behind_s = (now_ns - status.watermark_ns) / NS
    if behind_s > 30 * 86_400:
        return f"the past: {lag(status, now_ns)} before now{held}"
    return f"{lag(status, now_ns)} behind now{held}"


def _facts(facts: list[tuple[str, str]]) -> str:
    return "<dl class=facts>" + "".join(f"<div><dt>{name}</dt><dd>{text}</dd></div>" for name, text in facts) + "</dl>"


def _card(title: str, kind: str, body: str) -> str:
    return f'<section class="card {kind}"><h3>{title}</h3>{body}</section>'


def _why(seen: MarketView) -> str:
    rank = STATES.index(seen.status.state)
    holding = [one for one in seen.outlook.rules if one.holds]
    if not holding:
        text = "No rule holds." if not rank else "No rule holds any more; the state waits for calm to last."
        return _card("Why", "why", f"<p>{text}</p>")
    mine = [one for one in holding if one.state == seen.status.state]
    others = [one for one in holding if one.state != seen.status.state]
    also = "<h4 class=also>Also holding, for another state</h4>" if mine and others else ""
    return _card("Why", "why", "".join(map(rule, mine)) + also + "".join(map(rule, others)))


def _changes(seen: MarketView, number: int) -> str:
    ways = "".join(_way(one, seen.status) for one in seen.outlook.changes) or "<li>It cannot rise any further.</li>"
    rules = [one for one in seen.outlook.rules if not one.holds]
    nearest = "".join(rule(one) for one in rules[:3])
    others = "".join(rule(one) for one in rules[3:])
    more = (
        f"<details id=m{number}-more><summary>{len(rules) - 3} further rules</summary>{others}</details>"
        if others
        else ""
    )
    near = f"<h4>Rules that do not hold, the nearest first</h4>{nearest}{more}" if rules else ""
    return _card("What would change it", "change", f"<ul class=ways>{ways}</ul>{near}")


def _way(change: Change, status: Status) -> str:
    rises = STATES.index(change.to_state) > STATES.index(status.state)
    when = f"<b>{moment(change.at_ns)}</b>: " if change.at_ns is not None else "as soon as "
    if change.at_ns is None and not rises:
        when = "once "
    arrow = "↑" if rises else "↓"
    by = escape(plain(change.by.replace("repo_gc", feed_name("repo_gc"))))
    return f'<li><span aria-hidden="true">{arrow}</span> To {badge(change.to_state)} {when}{by}.</li>'


def _sight(status: Status) -> str:
    feeds = "".join(
        f'<li class="{"blind" if feed in status.blind_on else "alive"}">{escape(feed_name(feed))} '
        f"<b>{'blind' if feed in status.blind_on else 'seen'}</b></li>"
        for feed in status.feeds
    )
    series = "".join(
        f'<li class="blind">{escape(one)} <b>silent</b></li>' for one in status.blind_on if one not in status.feeds
    )
    body = f"<ul class=feeds>{feeds}{series}</ul>"
    if status.blind_on:
        body += "<p>Silence is not calm: the last value of a blind feed is held, and lowers nothing by itself.</p>"
    if status.ended_series:
        names = ", ".join(escape(one) for one in status.ended_series)
        body += f"<p>Ended, and nothing waits for them: {names}</p>"
    if status.warming:
        names = ", ".join(escape(one) for one in status.warming)
        body += f"<p><b>{len(status.warming)} still warming up</b>, and so blind: {names}</p>"
    else:
        body += "<p>No model is warming up.</p>"
    counts = status.counts
    body += _facts(
        [
            ("Events applied", f"{counts.applied:,}"),
            ("Late, not used", f"{counts.late:,}"),
            ("Refused", f"{counts.refused:,}"),
            ("Beside new figures", escape(_beside(status)) or "none"),
            ("Configuration", f"<code>{escape(status.config_hash)}</code>"),
        ]
    )
    return _card("What it can see", "sight", body)


def _beside(status: Status) -> str:
    """What records were that were no new figure, and what waits to be borne out."""
    counts = {what: sum(sources.values()) for what, sources in status.intake.items()}
    waiting = [f"{status.suspects} suspect now"] if status.suspects else []
    return ", ".join([*waiting, *(f"{count:,} {what.replace('_', ' ')}" for what, count in counts.items())])


def _last(seen: MarketView, number: int, settings_hint: str) -> str:
    if seen.status.watermark_ns == FAR_PAST or not seen.recent:
        return _card("Last transitions", "last", "<p>None yet.</p>")
    newest = list(reversed(seen.recent))
    items = "".join(
        _transition(one, f"t{number}-{one.transition.id}", settings_hint, opened=index == 0)
        for index, one in enumerate(newest)
    )
    return _card("Last transitions", "last", items)


def _transition(one: Recalled, name: str, settings_hint: str, *, opened: bool) -> str:
    step = one.transition
    summary = (
        f"<summary>{moment(step.known)}<span class=step>{badge(step.from_state)} "
        f'<span aria-label="to">→</span> {badge(step.to_state)}</span></summary>'
    )
    causes = ", ".join(f"<code>{escape(cause.source)}#{cause.sequence}</code>" for cause in step.causes[:CAUSES_SHOWN])
    if len(step.causes) > CAUSES_SHOWN:
        causes += f" and {len(step.causes) - CAUSES_SHOWN} more"
    facts = [
        ("Kind", escape(step.kind)),
        ("Confidence", escape(step.confidence)),
        ("Provenance", f"{escape(step.provenance)}, at the weakest"),
        ("Blind on", escape(", ".join(feed_name(feed) for feed in step.blind_on)) or "nothing"),
    ]
    rules = "".join(
        f'<li><span aria-hidden="true" class="mark">{"✓" if evidence.holds else "✗"}</span> '
        f"<b>{escape(plain(evidence.rule))}</b> {'holds' if evidence.holds else 'holds no more'}: "
        f"{escape(evidence.summary)}</li>"
        for evidence in step.evidence
    )
    marks = "".join(_last_signal(mark) for mark in one.marks)
    return (
        f'<details class="transition {step.to_state}" id="{escape(name)}"{" open" if opened else ""}>{summary}'
        f"{_facts(facts)}<ul class=rules>{rules}</ul>{marks}"
        f"<p class=causes>Causing events: {causes or 'none, time and calm alone'}</p>"
        f"<p class=proof>Prove it: <code>crunchwatch explain {step.id}{escape(settings_hint)}</code></p></details>"
    )


def _last_signal(mark: SignalState) -> str:
    values = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in figures(mark.values)
    )
    line = (
        f"<div><dt>threshold</dt><dd>{amount(mark.threshold, unit_of(mark.values))}</dd></div>"
        if mark.threshold is not None
        else ""
    )
    return f"<div class=told><p>{escape(mark.text)}</p><dl class=figures>{values}{line}</dl></div>"
