"""The tables of the configuration that belong to the engine, and the class that holds all of them.

A detector's own table stands beside the detector. A message of a check begins with the key it speaks of;
:mod:`detectors.config` puts the table's path before it.
"""

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from detectors.sections.base import Name, Section
from detectors.sections.merge import Merge
from detectors.sections.silence import Rhythm, Silence
from detectors.sections.stress import Condition, Dwell, Feed, Rule, Stress

__all__ = ["Condition", "Config", "Dwell", "Feed", "Merge", "Rhythm", "Rule", "Section", "Silence", "Stress"]

S = TypeVar("S", bound=Section)


class Config(Section, frozen=True, kw_only=True):
    """All of it: the engine's tables here, and one attribute a detector's table, by the table's name.

    The class that a configuration is read into is derived from this one and from the detectors that there are
    (:func:`detectors.config.config_type`); tables of detectors from outside stand in ``plugins``.
    """

    detector_types: ClassVar[tuple[Any, ...]] = ()
    """The detectors whose tables this class has."""

    preset: Name
    merge: Merge
    silence: Silence
    stress: Stress

    def of(self, section: type[S]) -> S:
        """The table of a class.

        Raises:
            LookupError: this configuration has no such table.
        """
        for holder in (self, getattr(self, "plugins", None)):
            found = getattr(holder, section.table, None)
            if isinstance(found, section):
                return found
        raise LookupError(f"the configuration has no table '{section.table}'")

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """A detector's table by its name; ``of`` gives it typed."""
