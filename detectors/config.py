"""The configuration, loaded from TOML: presets, a desk's own file over them, and its hash.

A preset is complete; a desk's own file names a preset and says only what differs. An unknown key, a missing one, a
negative window or thresholds in the wrong order are refused with the key's path and the reason.
"""

import hashlib
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import orjson

from detectors.sections import Config

PRESETS = ("desk", "framework")


class ConfigError(ValueError):
    """A configuration that is refused: ``path`` is the key's, ``reason`` says why and what is wanted."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def load(preset: str = "desk", path: Path | None = None) -> Config:
    """Read a preset, and over it a file that may name another preset and says what differs.

    Raises:
        ConfigError: with the file, the key's path and the reason.
    """
    try:
        return _loaded(preset, _read(path) if path is not None else {})
    except ConfigError as error:
        if path is None or error.path == str(path):
            raise
        raise ConfigError(error.path, f"{error.reason} (in {path})") from None


def _loaded(preset: str, overlay: dict[str, Any]) -> Config:
    chosen = overlay.pop("preset", preset)
    if chosen not in PRESETS:
        raise ConfigError("preset", f"{chosen!r:.80} is none of: {', '.join(PRESETS)}")
    base = tomllib.loads(resources.files("detectors.presets").joinpath(f"{chosen}.toml").read_text("utf-8"))
    return parse({"preset": chosen, **_overlaid(base, overlay)})


def parse(tables: dict[str, Any]) -> Config:
    """Check plain tables and make the typed configuration of them; raises ConfigError."""
    try:
        return msgspec.convert(tables, type=Config)
    except msgspec.ValidationError as error:
        raise _named(_keyed(tables, str(error))) from None


def config_hash(config: Config) -> str:
    """Sixteen hex digits that change whenever anything in the configuration does."""
    plain = orjson.dumps(msgspec.to_builtins(config), option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(plain, digest_size=8).hexdigest()


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


def _keyed(tables: dict[str, Any], message: str) -> str:
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
            msgspec.convert(tables, type=Config)
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
            return ConfigError(_joined(path, reason.removeprefix(phrase).rstrip("`")), said)
    own = re.fullmatch(r"([\w.]+): (.*)", reason)
    return ConfigError(_joined(path, own[1]), own[2]) if own else ConfigError(path or "(top)", reason)


_PHRASES = (("Object contains unknown field `", "unknown key"), ("Object missing required field `", "missing key"))


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
