"""What may be withheld of a script, to score what is left: most desks have no quotes of the press on most days."""

from collections.abc import Callable

from detectors.events import Event, RepoPrint
from replay.scenarios.scenario import Script

Test = Callable[[Event], bool]


def _quoted(event: Event) -> bool:
    return event.provenance == "quoted"


def _quoted_special(event: Event) -> bool:
    return _quoted(event) and isinstance(event, RepoPrint) and event.segment == "SPECIAL"


WITHHELD: dict[str, tuple[str, Test]] = {
    "specials": ("quoted special rates", _quoted_special),
    "quotes": ("everything quoted", _quoted),
}
"""What can be asked for: how outputs name it, and which events it is."""


def without(script: Script, name: str) -> Script:
    """The same script without what is withheld under a name of :data:`WITHHELD`."""
    _, is_withheld = WITHHELD[name]
    return Script(script.scenario, [event for event in script.events if not is_withheld(event)], script.warnings)
