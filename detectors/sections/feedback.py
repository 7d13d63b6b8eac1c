"""The feedback loop between yields and what follows them."""

from typing import Annotated, Literal

from msgspec import Meta

from detectors.events import Tenor
from detectors.sections.base import Name, Positive, Section


class Loop(Section, frozen=True, kw_only=True):
    """A follower of yields: a series, or ``left`` less ``right`` of one day, rising when shorts or scarcity rise."""

    name: Name
    step: Literal["day", "week"]
    left: Name
    right: Name | None = None


class Feedback(Section, frozen=True, kw_only=True):
    """How the gain of each loop is estimated, and when it counts."""

    tenor: Tenor
    loops: tuple[Loop, ...]
    forgetting: Annotated[float, Meta(gt=0.5, le=1)]
    ridge: Annotated[float, Meta(ge=0, le=1e6)]
    min_steps: Positive
    reinforcing_z: Annotated[float, Meta(ge=0, le=10)]
    feeding_z: Annotated[float, Meta(ge=0, le=10)]

    def __post_init__(self) -> None:
        names = [loop.name for loop in self.loops]
        if len(set(names)) != len(names):
            raise ValueError("loops: two have one name")
