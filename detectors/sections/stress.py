"""The stress table: feeds, conditions, rules and steps."""

from typing import Annotated, Literal

from msgspec import Meta

from detectors.sections.base import Name, Positive, Seconds, Section, Sessions

# What the rules of the stress table may name: every detector's signals. A contract test holds it to the detectors.
SIGNALS: dict[str, tuple[str, ...]] = {
    "levels": ("crossed", "sustained", "failed"),
    "curve": ("steepening", "flattening"),
    "volatility": ("high", "realised_high", "move", "intraday_move"),
    "auction": ("tail", "cover", "dealers", "weak"),
    "corridor": ("prewarning", "negative", "above"),
    "specialness": ("special",),
    "floor": ("below", "breach"),
    "fails": ("high",),
    "facility": ("high",),
    "scarcity": ("spread",),
    "positions": ("short_extreme", "long_extreme"),
    "cta": ("flow", "stance"),
    "trend": ("flow", "stance"),
    "risk_parity": ("flow", "stance"),
    "balanced": ("flow", "stance"),
    "coordination": ("count", "flow_count", "stance_count"),
    "spillover": ("abnormal", "externally_induced"),
    "anomaly": ("spread",),
    "shift": ("off", "drift"),
    "joint": ("score",),
    "feedback": ("gain",),
    "inversion": ("shock",),
    "regime": ("kind",),
}

# Signals that happen rather than hold: the table counts them from the moment they were said.
EVENTS = (
    ("levels", "crossed"),
    ("levels", "sustained"),
    ("levels", "failed"),
    ("floor", "below"),
    ("shift", "drift"),
    ("volatility", "move"),
    ("volatility", "intraday_move"),
    ("auction", "tail"),
    ("auction", "cover"),
    ("auction", "dealers"),
    ("auction", "weak"),
    ("spillover", "abnormal"),
    ("spillover", "externally_induced"),
)


def _catalogue() -> str:
    return ", ".join(f"{detector}.{name}" for detector, names in SIGNALS.items() for name in names)


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

    def __post_init__(self) -> None:
        if self.name not in SIGNALS.get(self.detector, ()):
            raise ValueError(f"name: no signal is called {self.detector}.{self.name}; there are {_catalogue()}")


# The online models: they support a state or precede it, and never move it by themselves.
SUPPORTING = ("anomaly", "shift", "joint")


class Rule(Section, frozen=True, kw_only=True):
    """When all its conditions hold, the state is at least ``state``, for stress of this ``kind``."""

    name: Name
    state: Literal["crunch", "de_facto_default"]
    kind: Literal["supply", "scarcity", "squeeze"]
    all: Annotated[tuple[Condition, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        if all(condition.detector in SUPPORTING for condition in self.all):
            raise ValueError("all: an anomaly alone never moves the state, name another condition beside it")
        floor = any((one.detector, one.name) == ("floor", "breach") and one.min_level >= 3 for one in self.all)
        if self.state == "de_facto_default" and not floor:
            raise ValueError("all: de facto default is entered through a confirmed floor.breach (level 3) alone")


class Step(Section, frozen=True, kw_only=True):
    """How long a state's rules must hold to enter it, and be off, in sessions, to leave it."""

    entry_dwell_s: Seconds
    exit_sessions: Sessions


class Stress(Section, frozen=True, kw_only=True):
    """The table of rules, the steps, and what must be seen to leave a state whose own evidence has gone silent."""

    crunch: Step
    de_facto_default: Step
    living: tuple[Name, ...]
    blind_exit_sessions: Annotated[int, Meta(gt=0, le=10_000)]
    feeds: tuple[Feed, ...]
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rules]
        if len(set(names)) != len(names):
            raise ValueError("rules: two have one name")
        unknown = set(self.living) - {feed.name for feed in self.feeds}
        if unknown:
            raise ValueError(f"living: names no feed: {', '.join(sorted(unknown))}")
        if not self.living:
            raise ValueError("living: empty, without living evidence silence would lower the state")
