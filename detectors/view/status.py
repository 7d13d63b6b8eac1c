"""How a market stands at a moment: what gauges and pages show. Nothing is decided from it."""

import msgspec

from detectors.sequences import Flaws
from detectors.signals import Confidence, State


class Counts(msgspec.Struct):
    """How many events came and what became of them, and how many outputs went."""

    received: int = 0
    applied: int = 0
    duplicates: int = 0
    late: int = 0
    refused: int = 0
    signals: int = 0
    transitions: int = 0


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """State, kind, blindness, warming models, the watermark and who holds it, flaws, values, levels, rules, lines.

    ``blind_on`` names silent feeds, and silent series of feeds that are not; ``silent_series`` is every series that is
    unseen, ``ended_series`` those of them that nobody waits for. ``required`` are the feeds that must be alive for a
    state to be left; ``heard_ns`` is what each feed's last figure was about; ``intake`` counts by source what records
    were beside new figures: repeated, corrected, suspect, ...; ``suspects`` is how many figures wait to be borne out.
    """

    market: str
    state: State
    kind: str
    confidence: Confidence
    since_ns: int
    blind_on: tuple[str, ...]
    silent_series: tuple[str, ...] = ()
    ended_series: tuple[str, ...] = ()
    feeds: tuple[str, ...]
    required: tuple[str, ...]
    heard_ns: dict[str, int]
    warming: tuple[str, ...]
    watermark_ns: int
    newest_ns: int
    held_by: tuple[str, ...]
    waiting: int
    counts: Counts
    intake: dict[str, dict[str, int]] = {}
    suspects: int = 0
    flaws: Flaws
    values: dict[str, float]
    signal_levels: dict[str, int]
    rules: dict[str, bool]
    thresholds: dict[tuple[str, str], float]
    config_hash: str
