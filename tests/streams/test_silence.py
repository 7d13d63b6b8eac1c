"""Who is dead, who is not, and what is said for the dead."""

from __future__ import annotations

import itertools

from detectors.ordering import FAR_PAST
from streams.worker.stream_silence import NS, StreamSilences

LATENESS = 600 * NS
AHEAD = 30 * 86_400 * NS
SILENCE_S = 120.0
T = 1_600_000_000 * NS
LATER = 2 * T


def silences() -> StreamSilences:
    return StreamSilences(silence_s=SILENCE_S, lateness_ns=LATENESS, max_ahead_ns=AHEAD)


def at(seconds: float) -> int:
    return T + round(seconds * NS)


def test_a_stream_that_stands_still_while_others_go_on_is_dead_and_is_followed() -> None:
    one = silences()
    said = {}
    mark = at(0)
    for second in range(0, 4_000, 10):
        for stream, known in one.look({"repo": mark, "yields": at(second), "fails": at(second)}, second, LATER).items():
            assert stream == "repo"
            said[second] = known
            one.wrote(stream, known)
            mark = known
    assert min(said) == 720, "the others have to be the lateness ahead, and the silence beyond it"
    assert said[720] == at(120)
    moments = list(said.values())
    assert all(b - a >= SILENCE_S * NS for a, b in itertools.pairwise(moments))
    assert moments[-1] >= at(3_990) - LATENESS - round(SILENCE_S * NS)


def test_nobody_is_dead_where_nobody_moves() -> None:
    one = silences()
    one.look({"repo": at(0), "yields": at(5_000)}, 0, LATER)
    for second in range(10, 10_000, 10):
        assert one.look({"repo": at(0), "yields": at(5_000)}, second, LATER) == {}


def test_a_pause_of_all_is_no_death_when_they_go_on_again() -> None:
    one = silences()
    marks = {"repo": at(0), "yields": at(5_000)}
    one.look(marks, 0, LATER)
    assert one.look(marks, 1_000, LATER) == {}
    assert one.look({"repo": at(0), "yields": at(5_010)}, 1_001, LATER) == {}, "the others have not gone on by enough"


def test_a_stream_that_speaks_is_alive_however_far_behind() -> None:
    one = silences()
    for second in range(0, 4_000, 10):
        marks = {"repo": at(second // 100 * 100 / 1000), "yields": at(10_000 + second)}
        assert one.look(marks, second, LATER) == {}


def test_one_announced_and_never_heard_is_spoken_for_and_one_that_returns_is_not_any_more() -> None:
    one = silences()
    said: dict[str, int] = {}
    for second in range(0, 1_000, 10):
        said = one.look({"repo": FAR_PAST, "yields": at(second)}, second, LATER) or said
    assert set(said) == {"repo"}
    one.wrote("repo", said["repo"])
    for second in range(1_000, 2_000, 10):
        assert one.look({"repo": at(second), "yields": at(second)}, second, LATER) == {}


def test_two_that_die_together_are_both_dead_and_steps_are_believable_and_never_beyond_now() -> None:
    one = silences()
    far = round(3.5 * AHEAD / NS)
    one.look({"repo": at(0), "fails": at(0), "yields": at(0)}, 0, LATER)
    said = one.look({"repo": at(0), "fails": at(0), "yields": at(far)}, 130, LATER)
    assert said == {"repo": at(0) + AHEAD, "fails": at(0) + AHEAD}
    now = at(1_000)
    assert one.look({"repo": at(0), "fails": at(0), "yields": at(far)}, 131, now) == {"repo": now, "fails": now}


def test_what_was_said_is_not_said_again_before_it_is_heard() -> None:
    one = silences()
    one.look({"repo": at(0), "yields": at(0)}, 0, LATER)
    marks = {"repo": at(0), "yields": at(9_000)}
    (known,) = one.look(marks, 130, LATER).values()
    one.wrote("repo", known)
    assert one.look(marks, 131, LATER) == {}
    assert set(one.look({"repo": at(0), "yields": at(9_200)}, 132, LATER)) == {"repo"}
