"""The short form of the cut test: what ends in the worst of weeks. A hundred at random: `python -m tests.cuts`."""

import datetime as dt

from detectors import config
from tests.cuts import Cut, Stay, drawn, judged, stays
from tests.support import shared

LAST_DAYS = dt.date(2021, 2, 26)
"""The market has been in a crunch since the evening before; on 3 March it is in default."""


def test_nothing_comes_of_silence() -> None:
    events, chosen = shared.year().events, config.load()
    worst = [Cut(LAST_DAYS, series) for series in ("YIELD:10Y", "EQUITY:SP500", "GC:SOFR")]
    early = [Cut(dt.date(2020, 3, 23), "GCF:TSY")]
    verdicts = list(judged(events, chosen, [*worst, *early], sessions=30))
    assert {one.cut for one in verdicts} == {*worst, *early}
    assert [one for one in verdicts if one.phantoms or one.excess_sessions > 15] == []
    assert [one.cut.series for one in verdicts if one.named is None] == []


def test_what_is_drawn_is_alive_and_the_same_for_a_seed() -> None:
    events = shared.played("feb2021").events
    cuts = drawn(events, 3, seed=2)
    assert cuts == drawn(events, 3, seed=2)
    assert cuts != drawn(events, 3, seed=3)
    assert all(any(one.series() == cut.series for one in events) for cut in cuts)


def test_a_stay_is_in_a_state_or_a_worse_one() -> None:
    found = stays(shared.backtested("feb2021").outputs)
    crunches = [stay for stay in found if stay.state == "crunch"]
    assert crunches[-1] == Stay("crunch", dt.date(2021, 2, 25), dt.date(2021, 3, 27))
    assert [stay for stay in found if stay.state == "de_facto_default"] == [
        Stay("de_facto_default", dt.date(2021, 3, 3), dt.date(2021, 3, 24))
    ]
