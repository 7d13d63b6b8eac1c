"""What a change of configuration does to a market that is running: which ids change, which detectors begin anew.

A detector whose version and tables stay goes on and its outputs keep their ids. One whose tables change gives other ids
from then on; its state is kept where it holds figures as they came, else it begins anew and needs its warm-up before
it judges. What it last said stands until then.
"""

from typing import Literal

import msgspec

from detectors.detector import Detector
from detectors.hashes import detector_hash, rules_hash
from detectors.registry import active, detectors_of, feed_health
from detectors.sections import Config

Change = Literal["same", "changed", "new", "gone"]


class DetectorChange(msgspec.Struct, frozen=True, kw_only=True):
    """One detector under two configurations.

    Attributes:
        name: of the detector.
        change: same, changed, new or gone.
        tables: those of its tables that differ.
        keeps_state: whether a changed one goes on with the figures it has.
        warm_up_days: how many calendar days of figures it needs before it judges; 0 for one that goes on.
        window_days: how far back it looks once it is warm.
    """

    name: str
    change: Change
    tables: tuple[str, ...]
    keeps_state: bool
    warm_up_days: int
    window_days: int


class ConfigChange(msgspec.Struct, frozen=True, kw_only=True):
    """Two configurations side by side.

    Attributes:
        detectors: every one of either, by name.
        transitions_change: whether transitions get other ids: the table of rules or a detector they name differs.
        rules_change: whether the table of rules itself differs.
        merge_change: whether the order of events is made otherwise: no id rests on it.
    """

    detectors: tuple[DetectorChange, ...]
    transitions_change: bool
    rules_change: bool
    merge_change: bool


def compare(old: Config, new: Config) -> ConfigChange:
    """What the step from one configuration to another changes."""
    before, after = _all(old), _all(new)
    found = [_one(name, before.get(name), after.get(name), new) for name in sorted({*before, *after})]
    hashes = [{name: detector_hash(one) for name, one in side.items()} for side in (before, after)]
    return ConfigChange(
        detectors=tuple(found),
        transitions_change=rules_hash(old, hashes[0]) != rules_hash(new, hashes[1]),
        rules_change=old.stress != new.stress,
        merge_change=old.merge != new.merge,
    )


def longest_window(config: Config) -> tuple[int, str]:
    """The calendar days that the detector looking furthest back needs, and its name."""
    found = []
    for one in active(config):
        need = one.look_back(config)
        found.append((max(need.window_days, need.warm_up_days), one.name))
    return max(found, default=(0, ""))


def _all(config: Config) -> dict[str, Detector]:
    chosen = detectors_of(config)
    return {one.name: one for one in (feed_health(config, chosen), *chosen)}


def _one(name: str, old: Detector | None, new: Detector | None, config: Config) -> DetectorChange:
    change: Change
    if old is None or new is None:
        change = "new" if old is None else "gone"
    else:
        change = "same" if detector_hash(old) == detector_hash(new) else "changed"
    keeps = change == "changed" and old is not None and new is not None and _fits(old, new)
    anew = new is not None and change in {"new", "changed"} and not keeps
    need = type(new).look_back(config) if new is not None and anew else None
    return DetectorChange(
        name=name,
        change=change,
        tables=_differing(old, new) if change == "changed" else (),
        keeps_state=keeps,
        warm_up_days=0 if need is None else need.warm_up_days,
        window_days=0 if need is None else need.window_days,
    )


def _fits(old: Detector, new: Detector) -> bool:
    return new.keeps_state and new.version == old.version


def _differing(old: Detector | None, new: Detector | None) -> tuple[str, ...]:
    tables = [{table.table: table for table in one.tables} if one is not None else {} for one in (old, new)]
    return tuple(name for name in tables[1] if tables[0].get(name) != tables[1][name])
