"""Steps of the state for tests: only when, from where and to where."""

import datetime as dt

from detectors.calendar import ny
from detectors.signals import Transition


def step(day: str, clock: str, before: str, after: str, kind: str = "supply") -> Transition:
    at = ny(dt.date.fromisoformat(day), clock)
    return Transition(
        market="UST", ts=at, known=at, from_state=before, to_state=after, kind=kind, confidence="high",
        evidence=(), causes=(), blind_on=(), provenance="official", config_hash="",
    )  # fmt: skip
