"""A rule on the page: whether it holds, and how each of its conditions stands to its threshold."""

from __future__ import annotations

from html import escape

from detectors.signal_memory import SignalState
from detectors.view.margins import Margin
from detectors.view.outlook import ConditionOutlook, RuleOutlook
from streams.web.format import (
    STATE_NAMES,
    amount,
    brief,
    counted,
    distance,
    feed_name,
    figures,
    plain,
    signal_name,
)


def rule(one: RuleOutlook) -> str:
    """One rule: what it makes, whether it holds, and each of its conditions."""
    word = f"{len(one.conditions) - one.missing} of {len(one.conditions)}"
    text = "holds" if one.holds else f"{word} hold" if len(one.conditions) > 1 else "does not hold"
    if one.until_ns is not None:
        text += f" until {brief(one.until_ns)}"
    if one.silent:
        text += ", on silent evidence alone"
    items = "".join(_condition(asked) for asked in one.conditions)
    return (
        f'<article class="rule {"on" if one.holds else "off"}"><h4>{escape(plain(one.name))} '
        f"<span class=quiet>makes {STATE_NAMES[one.state].lower()}, {escape(one.kind)}</span></h4>"
        f"<p class=verdict>{text}</p><ul>{items}</ul></article>"
    )


def _condition(one: ConditionOutlook) -> str:
    mark, word = ("✓", "holds") if one.holds else ("✗", "does not hold")
    subject = f" {escape(one.subject)}" if one.subject else ""
    head = (
        f'<span class="mark" aria-hidden="true">{mark}</span><span class=sr>{word}: </span>'
        f"<b>{escape(signal_name(one.detector, one.name))}{subject}</b> "
        f"<code>{one.detector}.{one.name} ≥ {one.min_level}</code>"
    )
    outlasted = one.last if one.holds and one.margins and not one.margins[0].reached else None
    notes = [_clock(one)] if outlasted is None and _clock(one) else []
    if one.blind_on:
        feeds = ", ".join(feed_name(feed) for feed in one.blind_on)
        held = ": held at its last value" if one.last is not None else ""
        notes.append(f"<span class=blind>blind on {escape(feeds)}{held}</span>")
    if outlasted is not None:
        notes.append(_outlasting(one, outlasted, one.margins[0]))
    else:
        # What holds goes on until the last of its subjects ends: the furthest beyond says enough.
        notes += [_margin(margin) for margin in one.margins[: 1 if one.holds else None]]
    if not one.margins and one.last is not None:
        notes.append(_word(one.last))
    if not one.margins and one.last is None:
        notes.append("no signal so far")
    return f"<li>{head}{''.join(f'<p>{note}</p>' for note in notes)}</li>"


def _clock(one: ConditionOutlook) -> str:
    if one.until_ns is not None:
        return f"counts until {brief(one.until_ns)}"
    if one.within_sessions and not one.holds:
        when = "from the signal on" if one.happens else "after it ends"
        return f"counts for {counted(one.within_sessions, 'sessions')} {when}"
    return ""


def _outlasting(one: ConditionOutlook, mark: SignalState, margin: Margin) -> str:
    """Why a condition holds whose figure no longer does: its signal and how long it counts, then what is missing."""
    words = [f"{name} {text}" for name, text in figures(_in_unit(mark.values, margin.unit))]
    figures_then = f" ({', '.join(words)})" if words else ""
    if mark.level >= one.min_level:
        text = f"signal {brief(mark.known)} at level {mark.level}{figures_then}"
    else:
        text = f"{'signal' if one.happens else 'ended'} {brief(mark.left.get(one.min_level, mark.known))}"
    counts = f"still counts until {brief(one.until_ns)}" if one.until_ns is not None else "not taken back yet"
    return (
        f"<span class=margin>{escape(text)}, {counts}; now <span class=who>{escape(margin.subject)}</span> "
        f"{amount(margin.value, margin.unit)}, <b>{distance(margin).removesuffix(' to go')} short</b> of "
        f"{amount(margin.threshold, margin.unit)}</span>"
    )


def _in_unit(values: dict[str, float], unit: str) -> dict[str, float]:
    return {name: value for name, value in values.items() if name.endswith(f"_{unit}")}


def _margin(margin: Margin) -> str:
    side = "from" if margin.rising else "down to"
    note = f", {escape(margin.note)}" if margin.note else ""
    reached = "reached" if margin.reached else "missing"
    return (
        f'<span class="margin {reached}"><span class=who>{escape(margin.subject)}</span> '
        f"<b>{amount(margin.value, margin.unit)}</b>, level {margin.level} {side} "
        f"{amount(margin.threshold, margin.unit)}: <b>{distance(margin)}</b>{note}</span>"
    )


def _word(mark: SignalState) -> str:
    return f"<span class=quiet>last signal {brief(mark.known)}: {escape(mark.text)}</span>"
