"""What alarms are worth: episodes seen, how early, with the right kind; onsets that are false.

An episode is *seen* if an onset is known between ten sessions before its onset and five after its peak, or if an
alarm is on at its onset that began no more than twenty sessions before it. The worth of the first alarm that sees it
is 1 up to the onset, falls linearly to 0.5 at the peak and to 0 ten sessions after it; an episode that is not seen is
worth 0, and the mean over all episodes is the delay-aware score. The kind is right if any alarm that sees the episode
began with a kind that its label names.

Every onset is of one sort: a *hit* (it sees an episode), *grey*, *false* (in a quiet spell), or *unlabelled*, for
which no label says whether it was right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from replay.score.alarms import Alarm
from replay.score.ground import EARLIEST, LATEST, OLDEST, Ground, Placed

Sort = Literal["hit", "false", "grey", "unlabelled"]
FADE = 10
"""Sessions after the peak at which an alarm is worth nothing."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One episode: the first session of an alarm that sees it, or None; its worth; whether a right kind saw it."""

    placed: Placed
    session: int | None
    worth: float
    kinds: tuple[str, ...]
    right_kind: bool


@dataclass(frozen=True, slots=True)
class Onset:
    """An onset in the days scored, and of which sort it is."""

    session: int
    sort: Sort
    kind: str


@dataclass(frozen=True)
class Verdict:
    """All episodes, every onset in the days scored, hits by episode, and false onsets by quiet spell.

    An onset that sees two episodes is a hit of the first.
    """

    judged: tuple[Judged, ...]
    onsets: tuple[Onset, ...]
    hits: NDArray[np.int64]
    false: NDArray[np.int64]

    @property
    def score(self) -> float:
        """The delay-aware score: the mean worth over all episodes."""
        return sum(one.worth for one in self.judged) / len(self.judged)

    def of_sort(self, sort: Sort) -> list[Onset]:
        """The onsets of one sort."""
        return [one for one in self.onsets if one.sort == sort]

    @property
    def worths(self) -> NDArray[np.float64]:
        """The worth of each episode."""
        return np.array([one.worth for one in self.judged])


def worth(session: int, onset: int, peak: int) -> float:
    """The worth of an alarm known on a session.

    >>> [worth(session, 10, 14) for session in (3, 10, 12, 14, 19, 24, 30)]
    [1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    if session <= onset:
        return 1.0
    if session <= peak:
        return 1.0 - 0.5 * (session - onset) / (peak - onset)
    return max(0.0, 0.5 * (1.0 - (session - peak) / FADE))


def sees(alarm: Alarm, placed: Placed) -> bool:
    """Whether an alarm sees an episode."""
    if placed.onset - EARLIEST <= alarm.first <= placed.peak + LATEST:
        return True
    return placed.onset - OLDEST <= alarm.first < placed.onset and alarm.last >= placed.onset


def judge(alarms: Sequence[Alarm], ground: Ground) -> Verdict:
    """Judge alarms by labels."""
    judged = tuple(_episode(alarms, placed) for placed in ground.episodes)
    hits = np.zeros(len(ground.episodes), dtype=np.int64)
    false = np.zeros(len(ground.quiet), dtype=np.int64)
    onsets = []
    for one in alarms:
        if not 0 <= one.first < ground.axis.count:
            continue  # from the warm-up: it may see an episode, and is no onset of these days
        sort, index = _sorted(one, ground)
        onsets.append(Onset(one.first, sort, one.kind))
        if sort == "hit":
            hits[index] += 1
        elif sort == "false":
            false[index] += 1
    return Verdict(judged, tuple(onsets), hits, false)


def _sorted(alarm: Alarm, ground: Ground) -> tuple[Sort, int]:
    """The sort of an onset, and the number of its episode or spell."""
    seen = next((index for index, placed in enumerate(ground.episodes) if sees(alarm, placed)), None)
    if seen is not None:
        return "hit", seen
    if _within(alarm.first, ground.grey) is not None:
        return "grey", 0
    spell = _within(alarm.first, ground.quiet)
    return ("unlabelled", 0) if spell is None else ("false", spell)


def _episode(alarms: Sequence[Alarm], placed: Placed) -> Judged:
    seeing = [one for one in alarms if sees(one, placed)]
    if not seeing:
        return Judged(placed, None, 0.0, (), right_kind=False)
    first = min(one.first for one in seeing)
    kinds = tuple(dict.fromkeys(one.kind for one in seeing if one.kind))
    right = any(kind in placed.episode.kinds for kind in kinds)
    return Judged(placed, first, worth(first, placed.onset, placed.peak), kinds, right)


def _within(session: int, spells: tuple[tuple[int, int], ...]) -> int | None:
    return next((index for index, (first, last) in enumerate(spells) if first <= session <= last), None)
