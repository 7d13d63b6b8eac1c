"""What would change the state of a market: every rule, how far its conditions are, and what time alone will do.

Derived from the stress table's own clocks and memory, for pages and people. Nothing is decided from it, and it asks
the table rather than repeating its rules, so that the two cannot differ.
"""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from detectors import calendar
from detectors.sections import Condition, Rule
from detectors.signal_memory import FOREVER, SignalState
from detectors.signals import STATES, State
from detectors.state_machine import HoldingRule, StateMachine
from detectors.view.margins import Margin

MARGINS_SHOWN = 3


class ConditionOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of a rule: whether it holds, until when if time alone ends it, the last word on it, how far it is.

    ``within_sessions`` counts from when a signal went off, or, where it ``happens`` rather than holds, from when it was
    said. ``blind_on`` names what it rests on that is silent: then it can neither come nor go by that evidence.
    """

    detector: str
    name: str
    subject: str | None
    min_level: int
    within_sessions: int
    happens: bool
    holds: bool
    until_ns: int | None
    blind_on: tuple[str, ...]
    last: SignalState | None
    margins: tuple[Margin, ...]


class RuleOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: the state it makes, whether it holds, on silent evidence alone or not, and its conditions."""

    name: str
    state: State
    kind: str
    holds: bool
    silent: bool
    until_ns: int | None
    conditions: tuple[ConditionOutlook, ...]

    @property
    def missing(self) -> int:
        """How many conditions do not hold."""
        return sum(not one.holds for one in self.conditions)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A way out of the present state: to which, by what, and at which moment if time alone brings it about."""

    to_state: State
    by: str
    at_ns: int | None


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """Every rule, the nearest first, and the ways out of the present state."""

    rules: tuple[RuleOutlook, ...]
    changes: tuple[Change, ...]


def outlook(table: StateMachine, now: int, unseen: Collection[str], margins: Mapping[str, list[Margin]]) -> Outlook:
    """Look at a stress table.

    Args:
        table: of the market.
        now: its event time.
        unseen: the feeds and series that are silent.
        margins: by detector.
    """
    held = {one.rule.name: one for one in table.held(now, unseen)}
    rules = [_rule(table, rule, held.get(rule.name), now, unseen, margins) for rule in table.config.rules]
    rules.sort(key=lambda one: (not one.holds, one.missing))
    return Outlook(rules=tuple(rules), changes=tuple(_changes(table, rules)))


def _rule(
    table: StateMachine,
    rule: Rule,
    held: HoldingRule | None,
    now: int,
    unseen: Collection[str],
    margins: Mapping[str, list[Margin]],
) -> RuleOutlook:
    conditions = tuple(_condition(table, one, now, unseen, margins.get(one.detector, ())) for one in rule.all)
    return RuleOutlook(
        name=rule.name,
        state=rule.state,
        kind=rule.kind,
        holds=held is not None,
        silent=held is not None and held.silent,
        until_ns=_ending(held.until) if held is not None else None,
        conditions=conditions,
    )


def _condition(
    table: StateMachine, asked: Condition, now: int, unseen: Collection[str], margins: Iterable[Margin]
) -> ConditionOutlook:
    holding = table.memory.holding(asked, now, unseen)
    near = [
        one
        for one in margins
        if (one.name, one.level) == (asked.name, asked.min_level) and asked.subject in {None, one.subject}
    ]
    near.sort(key=lambda one: (-one.beyond, one.subject))
    last = holding[0] if holding is not None else table.memory.latest(asked)
    return ConditionOutlook(
        detector=asked.detector,
        name=asked.name,
        subject=asked.subject,
        min_level=asked.min_level,
        within_sessions=asked.within_sessions,
        happens=(asked.detector, asked.name) in table.catalogue.happens,
        holds=holding is not None,
        until_ns=_ending(holding[1]) if holding is not None else None,
        blind_on=table.memory.silent_behind(asked.detector, last, unseen),
        last=last,
        margins=tuple(near[:MARGINS_SHOWN]),
    )


def _ending(until: int) -> int | None:
    return None if until == FOREVER else until


def _changes(table: StateMachine, rules: list[RuleOutlook]) -> list[Change]:
    """Upwards what waits for its dwell or its rules, downwards what waits for calm."""
    position = table.position
    rank = STATES.index(position.state)
    found = []
    for state in STATES[rank + 1 :]:
        since = position.pending.get(state)
        if since is not None:
            carried = ", ".join(position.carried.get(state, ()))
            found.append(Change(to_state=state, by=f"{carried} goes on holding", at_ns=table.entry_at(state, since)))
        else:
            names = ", ".join(one.name for one in rules if one.state == state)
            found.append(Change(to_state=state, by=f"any one of its rules holds: {names}", at_ns=None))
    if rank:
        found += _down(table, STATES[rank - 1])
    return found


def _down(table: StateMachine, lower: State) -> list[Change]:
    position, config = table.position, table.config
    sessions = table.dwells[position.state].exit_sessions
    alive = " and ".join(config.living)
    if position.calm_since is not None:
        at = table.exit_at(position.state, position.calm_since)
        return [
            Change(to_state=lower, by=f"no rule of {position.state} holds until then, with {alive} alive", at_ns=at)
        ]
    length = "a session" if sessions == 1 else f"{sessions} sessions"
    by = f"no rule of {position.state} has held for {length}, with {alive} alive"
    found = [Change(to_state=lower, by=by, at_ns=None)]
    if position.quiet_since is not None:
        at = calendar.sessions_after(position.quiet_since, config.blind_exit_sessions)
        by = "only silent feeds carry the state; their last word is overruled then, if the living evidence stays calm"
        found.append(Change(to_state=lower, by=by, at_ns=at))
    return found
