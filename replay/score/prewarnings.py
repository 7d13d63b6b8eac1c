"""Lead times: which signals come before episodes, how long before, and how often they come for nothing.

A signal, all its subjects together, is on while any is at level 1 or more; what happens rather than holds is on for
the day. An onset is a session on which it is on after five on which it was not. It is *early* if an episode's onset
follows within twenty sessions, *during* if it falls between an episode's onset and five sessions after its peak, else
as an alarm's: grey, false or unlabelled. The lead is counted in sessions from the first early onset to the episode's.
Precision is early / (early + false): a share that a signal of pure chance would reach as well if episodes are dense,
so the share of sessions on which it is on stands beside it.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.registry import installed
from detectors.signals import Output, Signal
from replay.score.axis import Axis
from replay.score.ground import LATEST, Ground

WITHIN, REARMED = 20, 5
SILENT = ("feed_health", "intake")
"""What speaks of feeds and figures, not of markets."""


class PreWarning(msgspec.Struct, frozen=True):
    """One signal as a pre-warning; leads in sessions, ``on_share`` the share of sessions scored on which it was on."""

    signal: str
    warned: int
    episodes: int
    median_lead_sessions: float | None
    leads_sessions: dict[str, int]
    early: int
    false_onsets: int
    unlabelled: int
    precision: float | None
    on_share: float


def prewarnings(outputs: Iterable[Output], ground: Ground) -> list[PreWarning]:
    """Every signal that was on at all, those that warned of most first."""
    rows = [_row(name, on, ground) for name, on in _on(outputs, ground.axis).items() if on.any()]
    return sorted(rows, key=lambda row: (-row.warned, -(row.precision or 0.0), row.signal))


def _on(outputs: Iterable[Output], axis: Axis) -> dict[str, NDArray[np.bool_]]:
    """For each signal on which sessions of the days scored it was on."""
    found: dict[str, NDArray[np.bool_]] = defaultdict(lambda: np.zeros(axis.count, dtype=np.bool_))
    since: dict[tuple[str, str], int] = {}
    happens = installed().happens
    for one in outputs:
        if not isinstance(one, Signal) or one.detector in SILENT:
            continue
        name, session = f"{one.detector}.{one.name}", axis.known(one.known)
        if (one.detector, one.name) in happens:
            if one.active and 0 <= session < axis.count:
                found[name][session] = True
        elif one.active:
            since.setdefault((name, one.subject), session)
        elif (begun := since.pop((name, one.subject), None)) is not None:
            last = max(begun, axis.held_until(one.known))
            found[name][max(begun, 0) : max(last + 1, 0)] = True
    for (name, _), begun in since.items():
        found[name][max(begun, 0) :] = True
    return found


def onsets(on: NDArray[np.bool_]) -> list[int]:
    """The sessions on which a signal begins after five without it.

    >>> onsets(np.array([True, False, True, False, False, False, False, False, True]))
    [0, 8]
    """
    sessions = np.flatnonzero(on)
    gaps = np.diff(sessions, prepend=-REARMED - 1)
    return [int(one) for one in sessions[gaps > REARMED]]


def _row(name: str, on: NDArray[np.bool_], ground: Ground) -> PreWarning:
    begun = onsets(on)
    leads = {}
    for placed in ground.episodes:
        early = [one for one in begun if placed.onset - WITHIN <= one <= placed.onset]
        if early:
            leads[placed.episode.name] = placed.onset - early[0]
    sorts = [_sort(one, ground) for one in begun]
    early_count, false = sorts.count("early"), sorts.count("false")
    return PreWarning(
        signal=name,
        warned=len(leads),
        episodes=len(ground.episodes),
        median_lead_sessions=statistics.median(leads.values()) if leads else None,
        leads_sessions=leads,
        early=early_count,
        false_onsets=false,
        unlabelled=sorts.count("unlabelled"),
        precision=early_count / (early_count + false) if early_count + false else None,
        on_share=round(float(on.mean()), 6),
    )


def _sort(session: int, ground: Ground) -> str:
    if any(placed.onset - WITHIN <= session <= placed.onset for placed in ground.episodes):
        return "early"
    if any(placed.onset < session <= placed.peak + LATEST for placed in ground.episodes):
        return "during"
    for sort, spells in (("grey", ground.grey), ("false", ground.quiet)):
        if any(first <= session <= last for first, last in spells):
            return sort
    return "unlabelled"
