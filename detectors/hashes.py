"""Hashes by part: what made an output, and what a state rests on, and nothing else.

A signal's hash is that of its detector: name, version and tables. A transition's is that of the stress table and of the
detectors that its rules name. So a detector that is added, or a number that is changed elsewhere, leaves all other
outputs' ids as they were. The hash of all is for people: it says whether two configurations are the same.
"""

import hashlib
from typing import Any

import msgspec
import orjson

from detectors.detector import Detector
from detectors.sections import Config


def config_hash(config: Config) -> str:
    """Sixteen hex digits that change whenever anything in the configuration does."""
    return _digest(msgspec.to_builtins(config))


def detector_hash(detector: Detector) -> str:
    """Sixteen hex digits of what a detector's outputs and its state rest on."""
    return _digest(detector.identity())


def rules_hash(config: Config, hashes: dict[str, str]) -> str:
    """Sixteen hex digits of what a transition rests on.

    Args:
        config: its stress table, and what it takes for silence.
        hashes: of the detectors there are, by name.
    """
    named = sorted({one.detector for rule in config.stress.rules for one in rule.all})
    parts = {name: hashes.get(name) for name in named}
    tables = {table.table: msgspec.to_builtins(table) for table in (config.silence, config.stress)}
    return _digest({**tables, "detectors": parts})


def _digest(plain: Any) -> str:
    return hashlib.blake2b(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
