"""What is paged for a transition: a pure function of what is open, the transition and the time. No I/O.

Each market may have two incidents at once: *crunch or worse*, and *de facto default*. An incident is triggered by the
transition that enters its states and resolved by the one that leaves them, with one dedup key from first to last, made
of the market and of the transition that began it; it holds no severity. While it is open nothing more is sent of it,
so that an acknowledgement stands.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection
from typing import Any, Literal

import msgspec

from detectors.events import Provenance
from detectors.signals import STATES, State, Transition

NS = 10**9
REMEMBERED = 64
CAUSES_SENT = 50
LONGEST_SUMMARY = 1024

Incident = Literal["crunch", "default"]
Action = Literal["trigger", "acknowledge", "resolve"]
INCIDENTS: dict[Incident, State] = {"crunch": "crunch", "default": "de_facto_default"}
"""From which state on each is open."""
SEVERITY: dict[Incident, str] = {"crunch": "error", "default": "critical"}
TITLES: dict[Incident, str] = {"crunch": "crunch or worse", "default": "de facto default"}


class Due(msgspec.Struct, kw_only=True):
    """One message to PagerDuty that has not been accepted yet, without the key that only its sender knows."""

    market: str
    incident: Incident
    action: Action
    dedup_key: str
    payload: dict[str, Any]
    attempts: int = 0
    refused: str = ""


class Outbox(msgspec.Struct, kw_only=True):
    """All that the notifier must not forget: where it is, what is open, what it has seen, what it has to send."""

    next_offsets: dict[int, int] = {}
    open: dict[str, dict[Incident, str]] = {}
    """Dedup keys by market and incident."""
    seen: list[str] = []
    due: list[Due] = []


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What is not paged: what a desk could have known too long ago, and what is not on record."""

    history_s: float
    provenances: Collection[Provenance]


def take(outbox: Outbox, step: Transition, now_ns: int, policy: Policy) -> list[str]:
    """Enter what a transition demands into the outbox; returns lines on what was and what was not.

    What resolves an open incident is always sent, however old: an incident must not stay open because its end was
    read late.
    """
    if step.id in outbox.seen:
        return []
    outbox.seen = [*outbox.seen, step.id][-REMEMBERED:]
    lines = []
    mine = outbox.open.setdefault(step.market, {})
    for incident, state in INCIDENTS.items():
        was, now = (STATES.index(one) >= STATES.index(state) for one in (step.from_state, step.to_state))
        if now and not was and incident not in mine:
            reason = _why_not(step, now_ns, policy)
            if reason:
                lines.append(f"{step.market}: {TITLES[incident]} is not paged: {reason}")
                continue
            mine[incident] = dedup_key(step, incident)
            outbox.due.append(due(step, incident, "trigger", mine[incident]))
            lines.append(f"{step.market}: {TITLES[incident]} is triggered")
        elif incident in mine and not now:
            outbox.due.append(due(step, incident, "resolve", mine.pop(incident)))
            lines.append(f"{step.market}: {TITLES[incident]} is resolved")
    if not mine:
        del outbox.open[step.market]
    return lines


def dedup_key(step: Transition, incident: Incident) -> str:
    """The same for all messages of an incident, and for no other incident."""
    made = hashlib.blake2b(f"{step.market}\n{incident}\n{step.id}".encode(), digest_size=12).hexdigest()
    return f"crunchwatch-{made}"


def _why_not(step: Transition, now_ns: int, policy: Policy) -> str:
    age_s = (now_ns - step.known) / NS
    if age_s > policy.history_s:
        return f"it was known {age_s / 3600:,.0f} hours ago, which is history (CRUNCHWATCH_NOTIFY_HISTORY_MIN)"
    if step.provenance not in policy.provenances:
        return f"its figures are {step.provenance} (CRUNCHWATCH_NOTIFY_PROVENANCE)"
    return ""


def due(step: Transition, incident: Incident, action: Action, key: str) -> Due:
    """A message with its full payload, resolving ones too."""
    why = "; ".join(one.summary or one.rule for one in step.evidence)
    summary = f"{step.market}: {_words(step.from_state)} → {_words(step.to_state)} ({step.kind}): {why}"
    details = {
        "transition": step.id,
        "from_state": step.from_state,
        "to_state": step.to_state,
        "kind": step.kind,
        "confidence": step.confidence,
        "provenance": step.provenance,
        "blind_on": list(step.blind_on),
        "evidence": [{"rule": one.rule, "holds": one.holds, "summary": one.summary} for one in step.evidence],
        "causes": [f"{cause.source}#{cause.sequence}" for cause in step.causes[:CAUSES_SENT]],
        "causes_in_all": len(step.causes),
        "explain": f"crunchwatch explain {step.id}",
    }
    payload = {
        "summary": summary[:LONGEST_SUMMARY],
        "source": step.market,
        "severity": SEVERITY[incident],
        "timestamp": _iso(step.known),
        "component": "treasury and repo market",
        "group": step.market,
        "class": TITLES[incident],
        "custom_details": details,
    }
    return Due(market=step.market, incident=incident, action=action, dedup_key=key, payload=payload)


def _words(state: State) -> str:
    return state.replace("_", " ")


def _iso(ns: int) -> str:
    return f"{dt.datetime.fromtimestamp(ns // NS, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
