"""When a series is silent: bounds for what is learned of its rhythm, and what of a policy rate is not believed."""

from fnmatch import fnmatchcase
from typing import Annotated, ClassVar

from msgspec import Meta

from detectors.sections.base import Bp, Positive, Section

Pattern = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:/+*-]{1,64}$")]
AllowedSessions = Annotated[int, Meta(gt=0, le=10_000)]


class Rhythm(Section, frozen=True, kw_only=True):
    """For the series of a pattern: the least and the most sessions of silence allowed, whatever was learned."""

    series: Pattern
    least_sessions: AllowedSessions
    most_sessions: AllowedSessions

    def __post_init__(self) -> None:
        if self.most_sessions < self.least_sessions:
            raise ValueError("most_sessions: inverted, it is below least_sessions")


class Silence(Section, frozen=True, kw_only=True):
    """What is learned of a series' gaps, within which bounds; when a silent one counts as ended; the policy range.

    A series is allowed its longest gap of the last ``gaps`` of them; the first pattern that fits gives the bounds.
    Until ``gaps_wanted`` gaps are known it is allowed the most. ``ended_sessions`` after it fell silent a series that
    no table of a detector names is listed as ended, and no more among what the market is blind on.
    """

    table: ClassVar[str] = "silence"

    gaps: Positive
    gaps_wanted: Positive
    ended_sessions: AllowedSessions
    policy_grace_sessions: AllowedSessions
    policy_range_bp: Bp
    rhythms: Annotated[tuple[Rhythm, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        if self.gaps_wanted > self.gaps:
            raise ValueError("gaps_wanted: inverted, it exceeds gaps")
        if self.rhythms[-1].series != "*":
            raise ValueError("rhythms: the last pattern must be '*', so that every series has its bounds")

    def rhythm(self, series: str) -> Rhythm:
        """The bounds of a series."""
        return next(one for one in self.rhythms if fnmatchcase(series, one.series))
