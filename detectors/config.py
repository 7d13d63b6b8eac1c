"""The configuration, loaded from TOML: presets, a desk's own file over them, and its hash.

A preset is complete; a desk's own file names a preset and says only what differs. An unknown key, a missing one, a
negative window or thresholds in the wrong order are refused with the key's path and the reason.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from detectors.catalogue import Catalogue
from detectors.detector import Detector
from detectors.feed_health import FeedHealth
from detectors.hashes import config_hash
from detectors.intake.intake import Intake
from detectors.registry import active, checked, outside, own
from detectors.sections import Config, Section

__all__ = ["PRESETS", "Config", "ConfigError", "config_hash", "config_type", "load", "load_tables", "parse"]

PRESETS = ("desk", "framework")


class ConfigError(ValueError):
    """A configuration that is refused: ``path`` is the key's, ``reason`` says why and what is wanted."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def load(preset: str = "desk", path: Path | None = None, *, detectors: Iterable[type[Detector]] = ()) -> Config:
    """Read a preset, and over it a file that may name another preset and says what differs.

    Args:
        preset: the complete set of numbers to begin with.
        path: a TOML file with what differs from it.
        detectors: classes beside those installed, each configured by its table ``[plugins.NAME]`` in the file.

    Raises:
        ConfigError: with the file, the key's path and the reason.
    """
    try:
        return load_tables(preset, _read(path) if path is not None else {}, detectors=detectors)
    except ConfigError as error:
        if path is None or error.path == str(path):
            raise
        raise ConfigError(error.path, f"{error.reason} (in {path})") from None


def load_tables(preset: str, overlay: Mapping[str, Any], *, detectors: Iterable[type[Detector]] = ()) -> Config:
    """A preset with plain tables over it, which may name another preset; see :func:`load`."""
    over = dict(overlay)
    chosen = over.pop("preset", preset)
    if chosen not in PRESETS:
        raise ConfigError("preset", f"{chosen!r:.80} must be one of: {', '.join(PRESETS)}")
    base = tomllib.loads(resources.files("detectors.presets").joinpath(f"{chosen}.toml").read_text("utf-8"))
    return parse({"preset": chosen, **_with_more_rules(_overlaid(base, over))}, detectors=detectors)


def _with_more_rules(tables: dict[str, Any]) -> dict[str, Any]:
    """Rules under ``stress.more_rules`` stand behind those there are: a list of an overlay would take their place."""
    stress = tables.get("stress")
    more = stress.get("more_rules") if isinstance(stress, dict) else None
    if not isinstance(stress, dict) or not isinstance(more, list) or not isinstance(stress.get("rules"), list):
        return tables  # what is wrong with it is said when it is read
    kept = {key: value for key, value in stress.items() if key != "more_rules"}
    return {**tables, "stress": {**kept, "rules": [*kept["rules"], *more]}}


def parse(tables: dict[str, Any], *, detectors: Iterable[type[Detector]] = ()) -> Config:
    """Check plain tables and make the typed configuration of them; raises ConfigError."""
    kind = config_type(tuple(detectors))
    try:
        config = msgspec.convert(tables, type=kind)
    except msgspec.ValidationError as error:
        raise _named(_keyed(tables, str(error), kind)) from None
    catalogue = Catalogue((FeedHealth, Intake, *active(config)))
    for path, table in _tables(config):
        try:
            table.check(catalogue)
        except ValueError as error:
            key, _, reason = str(error).partition(": ")
            raise ConfigError(f"{path}.{key}", reason) from None
    return config


@cache
def config_type(more: tuple[type[Detector], ...] = ()) -> type[Config]:
    """The class that a configuration is read into: a table for each of our detectors, one under plugins for others."""
    there = outside()
    given = checked([(one, f"{one.__module__}.{one.__qualname__}") for one in more if one not in there])
    others = (*there, *given)
    plugins = msgspec.defstruct(
        "Plugins",
        [(one.name, _own_table(one) | None, None) for one in others],
        bases=(Section,),
        frozen=True,
        kw_only=True,
    )
    tables = {section.table: section for one in own() for section in one.sections}
    made = msgspec.defstruct(
        "Config",
        [*tables.items(), ("plugins", plugins, plugins())],
        bases=(Config,),
        namespace={"detector_types": (*own(), *others)},
        frozen=True,
        kw_only=True,
    )
    assert issubclass(made, Config)
    return made


def _own_table(detector: type[Detector]) -> Any:
    return next(section for section in detector.sections if section.table == detector.name)


def _tables(config: Config) -> list[tuple[str, Section]]:
    """Every table with its path."""
    found = [(name, table) for name, table in _fields(config) if isinstance(table, Section) and name != "plugins"]
    return found + [(f"plugins.{name}", table) for name, table in _fields(config.plugins) if table is not None]


def _fields(table: Section) -> list[tuple[str, Any]]:
    return [(name, getattr(table, name)) for name in table.__struct_fields__]


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), f"is not TOML: {error}") from None


def _overlaid(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        mine = merged.get(key)
        merged[key] = _overlaid(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return merged


def _keyed(tables: dict[str, Any], message: str, kind: type[Config]) -> str:
    # Below a table whose keys are free msgspec writes [...] for the key: try the keys one by one.
    reason, mark, place = message.partition("`$.")
    before, dots, after = place.partition("[...]")
    if not (mark and dots):
        return message
    table: Any = tables
    for name in before.split("."):
        table = table[name]
    whole = dict(table)
    for key, value in whole.items():
        table.clear()
        table[key] = value
        try:
            msgspec.convert(tables, type=kind)
        except msgspec.ValidationError as error:
            if str(error) == message:
                return f"{reason}{mark}{before}.{key}{after}"
        finally:
            table.clear()
            table.update(whole)
    return message


def _named(message: str) -> ConfigError:
    # msgspec says 'reason - at `$.a.b`', 'reason - at `key` in `$.a`' and 'Object contains unknown field `x` - at ..';
    # a check of ours begins its reason with the key it speaks of.
    reason, _, place = message.partition(" - at `")
    path = place.rpartition("$")[2].strip("`.")
    for phrase, said in _PHRASES:
        if reason.startswith(phrase):
            key = _joined(path, reason.removeprefix(phrase).rstrip("`"))
            return ConfigError(key, _NO_PLUGIN if path == "plugins" else said)
    own = re.fullmatch(r"([\w.]+): (.*)", reason)
    return ConfigError(_joined(path, own[1]), own[2]) if own else ConfigError(path or "(top)", reason)


_NO_PLUGIN = "no installed package brings a detector of this name"
_PHRASES = (("Object contains unknown field `", "unknown key"), ("Object missing required field `", "missing key"))


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
