"""The kinds of events there are, derived from their classes: those of this package, and those that plugins bring.

A kind of this package is any tagged class of one of its modules. A kind from outside is named by an entry point of the
group ``crunchwatch.events`` of an installed distribution; it is there as soon as it is installed. Nothing is looked up
before the first question, so that a plugin may import this package while it is itself being imported.
"""

import importlib
import inspect
import pkgutil
from functools import cache
from importlib import metadata

import detectors.events as package
from detectors.events.base import Event
from detectors.events.heartbeat import Heartbeat
from detectors.plugin_error import PluginError

GROUP = "crunchwatch.events"


class KindError(PluginError):
    """A kind of event that cannot be taken in beside the others: which, from where, and why."""


@cache
def kinds() -> tuple[type[Event], ...]:
    """Every kind, this package's first, in the order of their names; time itself is the last of all."""
    own = [kind for kind in _own() if kind is not Heartbeat]
    found = {_tag(kind): kind for kind in _own()}
    outside = []
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda one: one.name):
        kind = _loaded(point)
        _check(kind, point.name, found)
        found[_tag(kind)] = kind
        outside.append(kind)
    return (*sorted(own, key=_tag), *sorted(outside, key=_tag), Heartbeat)


@cache
def streams() -> tuple[str, ...]:
    """Every stream, which is also the name of its Kafka topic, in the order of the alphabet."""
    return tuple(sorted({kind.topic for kind in kinds() if kind.topic}))


@cache
def kinds_by_tag() -> dict[str, type[Event]]:
    """Every kind by the tag that stands in its records' field ``kind``."""
    return {_tag(kind): kind for kind in kinds()}


@cache
def streams_by_kind() -> dict[type[Event], str]:
    """The stream that each kind but the heartbeat travels on."""
    return {kind: kind.topic for kind in kinds() if kind.topic}


@cache
def feed_labels() -> dict[str, str]:
    """Every feed that some kind speaks for, with the name people read."""
    return {name: label for kind in kinds() for name, label in kind.feeds.items()}


def _own() -> list[type[Event]]:
    found = []
    for module in sorted(one.name for one in pkgutil.iter_modules(package.__path__)):
        for _, member in inspect.getmembers(importlib.import_module(f"{package.__name__}.{module}"), inspect.isclass):
            if issubclass(member, Event) and member is not Event and member.__module__.endswith(f".{module}"):
                found.append(member)
    return found


def _loaded(point: metadata.EntryPoint) -> type[Event]:
    try:
        kind: type[Event] = point.load()
    except Exception as error:
        raise KindError(f"the plugin '{point.name}' ({point.value}) cannot be imported: {error!r}") from error
    return kind


def _tag(kind: type[Event]) -> str:
    return str(kind.__struct_config__.tag)


def _check(kind: object, name: str, there: dict[str, type[Event]]) -> None:
    if not (isinstance(kind, type) and issubclass(kind, Event)):
        raise KindError(f"entry point '{name}' of {GROUP} names {kind!r}, not a subclass of detectors.events.Event")
    if not kind.topic:
        raise KindError(f"{kind.__module__}.{kind.__qualname__} (entry point '{name}') names no topic")
    if _tag(kind) in there:
        raise KindError(f"{kind.__module__}.{kind.__qualname__}: another kind is called '{_tag(kind)}' already")
    labels = {feed: label for one in there.values() for feed, label in one.feeds.items()}
    renamed = [feed for feed, label in kind.feeds.items() if labels.get(feed, label) != label]
    if renamed:
        raise KindError(f"{kind.__module__}.{kind.__qualname__}: the feed '{renamed[0]}' is another kind's")
