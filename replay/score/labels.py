"""Labels: dated episodes of stress, quiet spells, and grey spells that count neither way; read from TOML.

An episode has a name, an onset and a peak (days of the public record), the kinds of stress that count as right, and a
source. A spell runs from a day to a day, both inside it. What a file says is checked here, with its name and the key
in every error; labels are facts to score against, and nothing of the engine reads them.
"""

import datetime as dt
import tomllib
from collections import Counter
from pathlib import Path
from typing import Literal, get_args

import msgspec

from replay.errors import ReplayError

SHIPPED = Path(__file__).with_name("labels-2017-2023.toml")
DEVELOPED = (dt.date(2017, 1, 1), dt.date(2023, 6, 30))
"""The days that whoever wrote the presets had in view: what is scored on them is in-sample, whoever labels them."""

Kind = Literal["supply", "scarcity", "squeeze", "liquidity", "mixed"]


class LabelsError(ReplayError):
    """A file of labels that cannot be used: which file, which key, and why."""

    def __init__(self, path: Path, key: str | None, reason: str) -> None:
        """``key`` is as in ``episode[2].peak``; None where the whole file is meant."""
        super().__init__(f"{path}: {reason}" if key is None else f"{path}: {key}: {reason}")


class Episode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A dated episode of stress; ``kinds`` are those that count as right."""

    name: str
    onset: dt.date
    peak: dt.date
    kinds: tuple[Kind, ...]
    source: str

    @property
    def in_sample(self) -> bool:
        """Whether any of it lies in the days with which the presets were written."""
        return self.onset <= DEVELOPED[1] and self.peak >= DEVELOPED[0]


class Spell(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """Days from ``first`` to ``last`` (``from`` and ``to`` in the file), both inside; ``source`` may say why."""

    first: dt.date
    last: dt.date
    source: str = ""


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a file of labels says."""

    episode: tuple[Episode, ...] = ()
    quiet: tuple[Spell, ...] = ()
    grey: tuple[Spell, ...] = ()

    def without(self, episode: Episode) -> "Labels":
        """The same but for one episode, for what is to be fixed on the others."""
        return Labels(tuple(one for one in self.episode if one != episode), self.quiet, self.grey)


def read(path: Path = SHIPPED) -> Labels:
    """Read and check a file of labels.

    Raises:
        LabelsError: it cannot be read, is not TOML, or says something that cannot be.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LabelsError(path, None, "there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise LabelsError(path, None, f"cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise LabelsError(path, None, f"not valid TOML: {error}") from error
    try:
        labels = msgspec.convert(tables, type=Labels)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        if reason.startswith("Invalid enum value"):
            reason += f"; there are: {', '.join(get_args(Kind))}"
        raise LabelsError(path, place.rstrip("`") or None, reason) from None
    _check(path, labels)
    return labels


def _check(path: Path, labels: Labels) -> None:
    if not labels.episode:
        raise LabelsError(path, "episode", "there is none: [[episode]] with name, onset, peak, kinds and source")
    for index, one in enumerate(labels.episode):
        _check_episode(path, f"episode[{index}]", one)
    for kind, spells in (("quiet", labels.quiet), ("grey", labels.grey)):
        for index, spell in enumerate(spells):
            if spell.last < spell.first:
                raise LabelsError(path, f"{kind}[{index}].to", f"{spell.last} is before its from, {spell.first}")
    name, count = Counter(one.name for one in labels.episode).most_common(1)[0]
    if count > 1:
        raise LabelsError(path, "episode", f"{count} are called {name!r}: give each its own name")
    _check_quiet(path, labels)


def _check_episode(path: Path, key: str, one: Episode) -> None:
    if one.peak < one.onset:
        raise LabelsError(path, f"{key}.peak", f"{one.peak} is before the onset, {one.onset}")
    if not one.kinds:
        raise LabelsError(path, f"{key}.kinds", "name at least one kind that counts as right")
    for field, text in (("name", one.name), ("source", one.source)):
        if not text.strip():
            raise LabelsError(path, f"{key}.{field}", "is empty")


def _check_quiet(path: Path, labels: Labels) -> None:
    """Quiet days are those on which an alarm is false, so nothing else may be said of them."""
    for index, quiet in enumerate(labels.quiet):
        for one in labels.episode:
            if one.onset <= quiet.last and one.peak >= quiet.first:
                raise LabelsError(path, f"quiet[{index}]", f"the episode {one.name!r} lies in it")
        for other in labels.grey:
            if other.first <= quiet.last and other.last >= quiet.first:
                raise LabelsError(path, f"quiet[{index}]", f"overlaps the grey spell from {other.first}")
