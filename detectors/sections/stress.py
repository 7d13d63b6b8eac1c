"""The stress table: feeds, conditions, rules and steps."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from detectors.sections.base import Name, Positive, Seconds, Section, Sessions

if TYPE_CHECKING:
    from detectors.catalogue import Catalogue


class Feed(Section, frozen=True, kw_only=True):
    """One kind of evidence, and after how many sessions of silence the market is blind on it."""

    name: Name
    stale_sessions: Annotated[int, Meta(gt=0, le=10_000)] | None = None


class Condition(Section, frozen=True, kw_only=True):
    """A signal that must be on, or have been on within so many sessions, at a level or above.

    A break of a yield level is an event and not a condition: it counts from the moment it was said, however long the
    yield stays beyond.
    """

    detector: Name
    name: Name
    subject: Name | None = None
    min_level: Positive
    within_sessions: Sessions


class Rule(Section, frozen=True, kw_only=True):
    """When all its conditions hold, the state is at least ``state``, for stress of this ``kind``."""

    name: Name
    state: Literal["crunch", "de_facto_default"]
    kind: Literal["supply", "scarcity", "squeeze"]
    all: Annotated[tuple[Condition, ...], Meta(min_length=1)]


class Dwell(Section, frozen=True, kw_only=True):
    """How long a state's rules must hold to enter it, and be off, in sessions, to leave it."""

    entry_dwell_s: Seconds
    exit_sessions: Sessions


class Stress(Section, frozen=True, kw_only=True):
    """The table of rules, the steps, and what must be seen to leave a state whose own evidence has gone silent."""

    table: ClassVar[str] = "stress"

    crunch: Dwell
    de_facto_default: Dwell
    living: tuple[Name, ...]
    blind_exit_sessions: Annotated[int, Meta(gt=0, le=10_000)]
    feeds: tuple[Feed, ...]
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rules]
        if len(set(names)) != len(names):
            raise ValueError("rules: two rules have the same name")
        unknown = set(self.living) - {feed.name for feed in self.feeds}
        if unknown:
            raise ValueError(f"living: names no feed: {', '.join(sorted(unknown))}")
        if not self.living:
            raise ValueError("living: empty, without living evidence silence would lower the state")

    def check(self, catalogue: "Catalogue") -> None:
        """Every condition names a signal that some detector emits, and no rule rests on supporting ones alone."""
        for place, rule in enumerate(self.rules):
            for index, one in enumerate(rule.all):
                catalogue.check(one, f"rules[{place}].all[{index}]", rule.name)
            floor = any((one.detector, one.name) == ("floor", "breach") and one.min_level >= 3 for one in rule.all)
            if rule.state == "de_facto_default" and not floor:
                raise ValueError(
                    f"rules[{place}].all: de facto default is entered through a confirmed floor.breach (level 3) alone"
                )
            if all(condition.detector in catalogue.supporting for condition in rule.all):
                raise ValueError(
                    f"rules[{place}].all: an anomaly alone never moves the state, name another condition beside it"
                )
