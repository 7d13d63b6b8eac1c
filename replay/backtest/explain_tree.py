"""An explanation for people, as a tree; and for programs, as one object."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import msgspec
from rich.markup import escape
from rich.tree import Tree

from detectors.calendar import NEW_YORK, NS
from detectors.events import Event
from detectors.signals import Cause, Evidence, Signal, Transition
from replay.backtest.explain import BlindFeed, Explanation, RuleEvidence, SignalWithCauses
from replay.backtest.report import COLOURS
from replay.backtest.reproduce import Reproduction
from replay.backtest.scorecard import described

# The end of a value's name -> its unit, as people write it. The longest end that fits is meant.
UNITS = {
    "pct": "%",
    "bp": "bp",
    "usd": "USD",
    "contracts": "contracts",
    "points": "points",
    "share": "of 1",
    "ratio": "times",
    "sigmas": "sigmas",
    "score": "standard scores",
    "z": "standard scores",
    "days": "days",
    "sessions": "sessions",
    "weeks": "weeks",
    "s": "s",
}
LARGE = ((1e12, "tn"), (1e9, "bn"), (1e6, "mn"))
# Fields of a transition that have a place of their own in the tree; any other is shown by its name.
SHOWN = {"id", "market", "ts", "known", "from_state", "to_state", "kind", "evidence", "causes", "blind_on"}
SHOWN |= {"provenance", "config_hash"}
PLUMBING = ("kind", "market", "source", "sequence", "ts", "known", "provenance")


def moment(ns: int) -> str:
    """A moment as New York wall time, with its zone.

    >>> moment(1614294000000000000)
    '2021-02-25 18:00:00 EST'
    """
    return dt.datetime.fromtimestamp(ns // NS, NEW_YORK).strftime("%Y-%m-%d %H:%M:%S %Z")


def quantity(name: str, value: float) -> str:
    """A value with its unit, which stands in its name.

    >>> [quantity("spread_bp", 12.5), quantity("takeup_usd", 134e9), quantity("prints_below", 2.0)]
    ['spread 12.5 bp', 'takeup 134 bn USD', 'prints below 2']
    """
    if name.endswith(("_ts_s", "_since_s")):
        return f"{name.removesuffix('_s').replace('_', ' ')} {moment(round(value) * NS)}"
    words, _, end = name.rpartition("_")
    if not words or end not in UNITS:
        return f"{name.replace('_', ' ')} {_number(value)}"
    return f"{words.replace('_', ' ')} {_scaled(value) if end == 'usd' else _number(value)} {UNITS[end]}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1e5 and value == int(value) else f"{value:.10g}"


def _scaled(value: float) -> str:
    for size, name in LARGE:
        if abs(value) >= size:
            return f"{value / size:g} {name}"
    return _number(value)


def tree(explanation: Explanation, proof: Reproduction | None) -> Tree:
    """All evidence, the output at the root."""
    output = explanation.output
    if isinstance(output, Signal):
        root = Tree(f"[bold]signal {output.id}[/]")
        _signal(root, SignalWithCauses(output, explanation.events, explanation.absent), named=False)
    else:
        root = Tree(f"[bold]transition {output.id}[/]")
        _transition(root, output, explanation)
    if proof is not None:
        _proof(root, proof)
    return root


def _transition(root: Tree, step: Transition, explanation: Explanation) -> None:
    before, after = (f"[{COLOURS[state]}]{state}[/]" for state in (step.from_state, step.to_state))
    root.add(f"{before} → {after}, market {escape(step.market)}, kind of stress: [bold]{escape(step.kind)}[/]")
    root.add(f"known {moment(step.known)}, about {moment(step.ts)}")
    # Further facts a transition may carry are shown as they are, so that none is left out.
    for name in step.__struct_fields__:
        if name not in SHOWN:
            root.add(f"{name.replace('_', ' ')}: {escape(str(getattr(step, name)))}")
    rules = root.add("rules")
    for reason in explanation.rules:
        _reason(rules, reason)
    shown = {id(event) for reason in explanation.rules for one in reason.signals for event in one.events}
    others = [event for event in explanation.events if id(event) not in shown]
    _events(root.add(_all_causes(step, others)), others, explanation.absent)
    blind = root.add("blind on" if explanation.blind else "blind on nothing")
    for one in explanation.blind:
        blind.add(f"{escape(one.feed)}: {_since(one)}")
    root.add(f"worth as much as its weakest figure: {step.provenance}")
    root.add(f"configuration {step.config_hash}")


def _all_causes(step: Transition, others: list[Event]) -> str:
    """What is not below a signal is shown here; the rest only by its name."""
    names = ", ".join(f"{escape(cause.source)} #{cause.sequence}" for cause in step.causes)
    where = "above" if not others else "those not above follow"
    return f"caused by {_count(len(step.causes), 'event')} ({where}): {names}"


def _since(one: BlindFeed) -> str:
    if one.since is not None:
        return f"silent, reported at {moment(one.since)}"
    return "never heard before" if one.never_heard else "since before these records"


def _reason(parent: Tree, reason: RuleEvidence) -> None:
    evidence = reason.evidence
    branch = parent.add(f"[bold]{escape(evidence.rule)}[/] {_word(evidence)}: {escape(evidence.summary)}")
    for one in reason.signals:
        _signal(branch, one, named=True)
    for missing in reason.absent:
        branch.add(f"signal {missing}: not among these records (a backtest writes it with --signals --warm-up)")


def _word(evidence: Evidence) -> str:
    return "holds" if evidence.holds else "held until now"


def _signal(parent: Tree, explanation: SignalWithCauses, *, named: bool) -> None:
    signal = explanation.signal
    branch = parent.add(f"signal {signal.id}: {escape(described(signal))}") if named else parent
    branch.add(f"{signal.detector}.{signal.name}, subject {escape(signal.subject)}, level {signal.level}")
    branch.add(f"known {moment(signal.known)}, about {moment(signal.ts)}")
    limit = "" if signal.threshold is None else f", threshold {_number(signal.threshold)}"
    branch.add(f"rule: {escape(signal.rule)}{limit}")
    if signal.values:
        branch.add("values: " + "; ".join(quantity(name, value) for name, value in signal.values.items()))
    branch.add(f"provenance: {signal.provenance}; configuration {signal.config_hash}")
    _events(branch.add(f"caused by {_count(len(signal.causes), 'event')}"), explanation.events, explanation.absent)


def _events(branch: Tree, events: Iterable[Event], absent: Iterable[Cause]) -> None:
    for event in events:
        plain = msgspec.to_builtins(event)
        facts = "; ".join(
            quantity(name, value) if isinstance(value, float) else f"{name.replace('_', ' ')} {value}"
            for name, value in plain.items()
            if name not in PLUMBING and value is not None and value is not False
        )
        leaf = branch.add(f"{escape(event.source)} #{event.sequence} {plain['kind']}: {escape(facts)}")
        leaf.add(f"about {moment(event.ts)}, known {moment(event.known)}, {event.provenance}")
    for cause in absent:
        branch.add(f"{escape(cause.source)} #{cause.sequence}: the event is not available")


def _proof(root: Tree, proof: Reproduction) -> None:
    colour = "green" if proof.reproduced else "bold red"
    branch = root.add(f"replay check: [{colour}]{proof.verdict}[/]: {escape(proof.why)}")
    if not proof.snapshot_bytes:
        return
    given = ", ".join(f"{escape(cause.source)} #{cause.sequence}" for cause in proof.given) or "time alone"
    branch.add(
        f"snapshot of the moment before: {proof.snapshot_bytes:,} bytes, with {len(proof.applied)} of its causes"
    )
    branch.add(f"given: {given}")
    if proof.companions:
        named = ", ".join(f"{escape(cause.source)} #{cause.sequence}" for cause in proof.companions)
        branch.add(f"and, of the same moment and before them: {named}")
    if proof.absent:
        branch.add("not found: " + ", ".join(f"{escape(cause.source)} #{cause.sequence}" for cause in proof.absent))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def plain(explanation: Explanation, proof: Reproduction | None) -> dict[str, Any]:
    """The same as one object of plain values: the output as on the topic, and beside it what is behind it."""
    made: dict[str, Any] = msgspec.to_builtins(explanation)
    made["check"] = None if proof is None else {**msgspec.to_builtins(proof), "reproduced": proof.reproduced}
    return made
