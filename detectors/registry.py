"""Every detector there is: those of the rooms of this package, and those that installed plugins bring.

A detector of ours is any class with a name in a module of one of the rooms: to add one is to add its file. One from
outside is named by an entry point of the group ``crunchwatch.detectors``; it runs in a market whose configuration has a
table ``[plugins.NAME]`` for it.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import metadata

from detectors.catalogue import Catalogue
from detectors.detector import Detector
from detectors.events.catalogue import feed_labels, kinds
from detectors.feed_health import FeedHealth
from detectors.hashes import detector_hash, rules_hash
from detectors.intake.intake import Intake
from detectors.plugin_error import PluginError
from detectors.sections import Config, Feed
from detectors.series_watch import SeriesWatch
from detectors.signals import Output, Signal

GROUP = "crunchwatch.detectors"
ROOMS = ("yields", "repo", "funds", "transmission", "online", "model")
"""In the order in which a market is read: prices, repo, who holds what, how it travels, what models make of it."""


class DetectorError(PluginError):
    """A detector that cannot be taken in beside the others: which, from where, and why."""


@cache
def own() -> tuple[type[Detector], ...]:
    """The detectors of this package, by name."""
    found = []
    for room in ROOMS:
        package = importlib.import_module(f"detectors.{room}")
        for one in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"detectors.{room}.{one.name}")
            for _, member in inspect.getmembers(module, inspect.isclass):
                if issubclass(member, Detector) and "name" in vars(member) and member.__module__ == module.__name__:
                    found.append(member)
    return tuple(sorted(found, key=lambda one: one.name))


@cache
def outside() -> tuple[type[Detector], ...]:
    """The detectors of installed plugins, by name.

    Raises:
        DetectorError: an entry point names something that is no detector, or one whose name is taken.
    """
    points = sorted(metadata.entry_points(group=GROUP), key=lambda point: point.name)
    return checked([(_loaded(point), f"entry point '{point.name}'") for point in points])


def _loaded(point: metadata.EntryPoint) -> object:
    try:
        return point.load()
    except Exception as error:
        raise DetectorError(f"the plugin '{point.name}' ({point.value}) cannot be imported: {error!r}") from error


def checked(found: Iterable[tuple[object, str]]) -> tuple[type[Detector], ...]:
    """Detectors from outside, each with where it is from, when they fit beside ours and each other."""
    taken = {FeedHealth.name, Intake.name, *(one.name for one in own())}
    fitting: list[type[Detector]] = []
    for member, place in found:
        if not (isinstance(member, type) and issubclass(member, Detector) and _named(member)):
            raise DetectorError(f"{place}: {member!r} is not a subclass of detectors.Detector with a name")
        one: type[Detector] = member
        if one.name in taken:
            raise DetectorError(f"{place}: another detector is called '{one.name}' already")
        if one.name not in {section.table for section in one.sections}:
            raise DetectorError(f"{place}: '{one.name}' has no table of that name among its sections")
        taken.add(one.name)
        fitting.append(one)
    return tuple(sorted(fitting, key=lambda one: one.name))


def _named(one: type[Detector]) -> bool:
    return isinstance(getattr(one, "name", None), str)


@cache
def installed() -> Catalogue:
    """The signals of every detector there is, feed health and intake among them."""
    return Catalogue((FeedHealth, Intake, *own(), *outside()))


def active(config: Config) -> tuple[type[Detector], ...]:
    """The classes that a configuration runs: all of ours, and those from outside that have their table."""
    mine = set(own())
    return tuple(
        one for one in config.detector_types if one in mine or getattr(config.plugins, one.name, None) is not None
    )


def detectors_of(config: Config) -> tuple[Detector, ...]:
    """A fresh set, in the order in which they see an event: one that listens to another's signals stands after it."""
    made = [one.build(config) for one in active(config)]
    for one in made:
        _check_inputs(one, config)
    return ordered(made)


def _check_inputs(detector: Detector, config: Config) -> None:
    """What it asks for has to be there: a kind that nobody registered never comes, a feed that is none never speaks."""
    strange = [kind.__name__ for kind in detector.kinds if kind not in kinds()]
    if strange:
        raise DetectorError(
            f"'{detector.name}' asks for {', '.join(strange)}, which no entry point of crunchwatch.events names: no "
            "such event would ever come"
        )
    known = {*feed_labels(), *(feed.name for feed in config.stress.feeds)}
    nobody = sorted(set(detector.feeds) - known)
    if nobody:
        raise DetectorError(
            f"'{detector.name}' rests on the feed {', '.join(nobody)}, for which no kind of event speaks; there are "
            f"{', '.join(sorted(known))}"
        )


def ordered(detectors: Iterable[Detector]) -> tuple[Detector, ...]:
    """One that hears another stands after it, and so does one that names it in ``after``; else by room, then by name.

    Raises:
        DetectorError: two have one name, or some wait for each other.
    """
    waiting: dict[str, Detector] = {}
    for one in detectors:
        if one.name in waiting:
            raise DetectorError(f"two detectors are called '{one.name}'")
        waiting[one.name] = one
    found = []
    while waiting:
        ready = [one for one in waiting.values() if not waiting.keys() & {*one.listens, *one.after}]
        if not ready:
            raise DetectorError(f"detectors that wait for each other: {', '.join(sorted(waiting))}")
        found.append(waiting.pop(min(ready, key=_place).name))
    return tuple(found)


def _place(detector: Detector) -> tuple[int, str]:
    package, _, rest = type(detector).__module__.partition(".")
    room = rest.partition(".")[0]
    return ROOMS.index(room) if package == "detectors" and room in ROOMS else len(ROOMS), detector.name


def feed_health(config: Config, detectors: Sequence[Detector]) -> FeedHealth:
    """What watches the configuration's feeds, and those that kinds from outside bring and it does not name."""
    named = {feed.name for feed in config.stress.feeds}
    kinds = {kind for one in detectors for kind in one.kinds if not kind.__module__.startswith("detectors.")}
    more = {name: kind.stale_sessions for kind in kinds for name in kind.feeds if name not in named}
    brought = tuple(Feed(name=name, stale_sessions=more[name]) for name in sorted(more))
    return FeedHealth(config.stress.feeds, brought, _series_watch(config, detectors))


def _series_watch(config: Config, detectors: Sequence[Detector]) -> SeriesWatch:
    """What watches every series; those of an order of preference can stand in for each other."""
    groups = sorted({group for one in detectors for group in type(one).preferences(config) if len(group) > 1})
    named = {name for one in detectors for name in type(one).series(config) if "*" not in name}
    return SeriesWatch(config.silence, named - {name for group in groups for name in group}, groups)


def part_hashes(config: Config) -> dict[str, str]:
    """By detector, feed health and intake among them, the hash of what its outputs and its state rest on."""
    chosen = detectors_of(config)
    return {one.name: detector_hash(one) for one in (feed_health(config, chosen), Intake(), *chosen)}


def hash_behind(config: Config, output: Output) -> str | None:
    """The hash that this configuration would give an output; None where it has no such detector."""
    hashes = part_hashes(config)
    return hashes.get(output.detector) if isinstance(output, Signal) else rules_hash(config, hashes)
