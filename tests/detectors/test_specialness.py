"""Specialness: general collateral less the issue, of one day; 25, 100, and nine tenths of all it can be."""

import pytest

from detectors.repo.specialness import SpecialnessTiers
from detectors.testing import make
from tests.support.drive import brief, causes, feed

GC = "GCF:TSY"


@pytest.fixture
def tiers(desk):
    detector = SpecialnessTiers(desk.specialness, desk.floor)
    feed(detector, make.zero_bound())
    return detector


def gc(day, rate=0.05, series=GC, **fields):
    return make.average(f"{day} 08:00", series, rate, **fields)


@pytest.mark.parametrize(
    ("rate", "level"),
    [(0.05, 0), (-0.19, 0), (-0.2, 1), (-0.94, 1), (-0.95, 2), (-2.69, 2), (-2.695, 3), (-4.0, 3), (0.5, 0)],
)
def test_the_tiers_at_the_zero_bound(tiers, rate, level):
    # GC 0.05 and a charge of 3.00: at most 305 bp; nine tenths of it 274.5.
    said = feed(tiers, gc("2021-03-03"), make.special("2021-03-03 10:00", rate))
    assert [draft.level for draft in said] == ([level] if level else [])
    for draft in said:
        assert draft.values["specialness_bp"] == pytest.approx(5 - 100 * rate)
        assert draft.values["cap_bp"] == pytest.approx(305)
        assert draft.threshold == pytest.approx({1: 25, 2: 100, 3: 274.5}[level])
        assert causes(draft) == [2, 3]


@pytest.mark.parametrize(
    ("low", "gc_pct", "near_pct"),
    [(0.25, 0.3, -2.445), (1.5, 1.55, -1.195), (2.0, 2.05, -0.695), (5.25, 5.3, -0.37), (3.5, 3.65, -0.535)],
)
def test_near_the_floor_by_the_policy_rate(desk, low, gc_pct, near_pct):
    # GC + charge: 305 bp up to a limit of 2; above it 100 bp more than GC. Nine tenths of that below GC.
    detector = SpecialnessTiers(desk.specialness, desk.floor)
    feed(detector, make.policy("2022-01-03", low), gc("2023-03-01", gc_pct), gc("2023-03-02", gc_pct))
    said = feed(detector, make.special("2023-03-01", near_pct + 0.001), make.special("2023-03-02", near_pct))
    assert [draft.level for draft in said] == [2, 3]


def test_near_the_floor_is_never_below_serious(desk):
    # GC at -2.5 (as it never was) leaves 50 bp to the floor: the tiers still rise.
    detector = SpecialnessTiers(desk.specialness, desk.floor)
    feed(detector, make.zero_bound())
    said = feed(detector, gc("2021-03-03", -2.5), make.special("2021-03-03", -2.99))
    assert [draft.level for draft in said] == [1]


def test_without_a_policy_rate_there_are_two_tiers(desk):
    detector = SpecialnessTiers(desk.specialness, desk.floor)
    said = feed(detector, gc("2021-03-03"), make.special("2021-03-03", -4.0))
    assert [draft.level for draft in said] == [2]
    assert "cap_bp" not in said[0].values


def test_days_are_never_spliced(tiers):
    feed(tiers, gc("2021-03-02", 2.0))
    assert feed(tiers, make.special("2021-03-03", -0.1)) == []  # 210 bp against yesterday's GC
    assert feed(tiers, gc("2021-03-04", 2.0)) == []
    assert feed(tiers, gc("2021-03-03", 0.05)) == []  # 15 bp against its own


def test_a_special_waits_for_the_general_rate_of_its_day(tiers):
    early = make.special("2021-03-03 09:00", -4.0)
    assert feed(tiers, early) == []
    (draft,) = feed(tiers, gc("2021-03-03", known="2021-03-04 08:00"))
    assert (draft.level, draft.ts, draft.known) == (
        3,
        make.moment("2021-03-03 09:00"),
        make.moment("2021-03-04 08:00"),
    )
    assert causes(draft) == [2, 3]
    assert feed(tiers, gc("2021-03-03", series="GC:SOFR")) == []  # it waits no longer


def test_all_that_wait_are_judged_in_their_order(tiers):
    feed(tiers, make.special("2021-03-03 09:00", -0.3), make.special("2021-03-03 10:00", -1.5))
    feed(tiers, make.special("2021-03-04 09:00", -0.3, issue="5Y-OTR"))
    said = feed(tiers, gc("2021-03-03"))
    assert [(draft.subject, draft.level) for draft in said] == [("10Y-OTR", 1), ("10Y-OTR", 2)]
    assert [(draft.subject, draft.level) for draft in feed(tiers, gc("2021-03-04"))] == [("5Y-OTR", 1)]


def test_the_first_reference_of_the_list_is_the_days_rate(tiers):
    # GCF:TSY stands before GC:SOFR, which stands before the tri-party rates.
    feed(tiers, gc("2021-03-03", 9.0, "TRIPARTY:TGCR"), gc("2021-03-03", 1.0, "GC:SOFR"), gc("2021-03-03", 0.05))
    said = feed(tiers, make.special("2021-03-03", -0.25))
    assert [draft.values["gc_pct"] for draft in said] == [0.05]


@pytest.mark.parametrize("series", ["DVP:OFR-DVP", "GC:OTHER", "SPECIAL:7Y-OTR"])
def test_nothing_else_is_a_general_rate(tiers, series):
    assert feed(tiers, gc("2021-03-03", 5.0, series), make.special("2021-03-03", -0.5)) == []


def test_a_percentile_is_no_general_rate(tiers):
    percentile = make.repo("2021-03-03", "GC:SOFR", 5.0, statistic="percentile", percentile=99.0)
    assert feed(tiers, percentile, make.special("2021-03-03", -0.5)) == []


def test_within_a_day_the_worst_counts(tiers):
    feed(tiers, gc("2021-03-03"))
    prints = [make.special(f"2021-03-03 {hour}:00", rate) for hour, rate in ((10, -0.5), (11, -4.0), (12, 0.0))]
    assert [draft.level for draft in feed(tiers, prints)] == [1, 3]
    assert tiers.level("special", "10Y-OTR") == 3


def test_a_later_day_begins_anew(tiers):
    feed(tiers, gc("2021-03-03"), gc("2021-03-04"), make.special("2021-03-03", -4.0))
    (draft,) = feed(tiers, make.special("2021-03-04", -0.5))
    assert (draft.level, draft.ts) == (1, make.moment("2021-03-04"))


@pytest.mark.parametrize(("rate", "levels"), [(-0.15, []), (-0.149, [0]), (0.05, [0])])
def test_off_only_below_twenty(tiers, rate, levels):
    feed(tiers, gc("2021-03-03"), gc("2021-03-04"), make.special("2021-03-03", -0.2))
    assert [draft.level for draft in feed(tiers, make.special("2021-03-04", rate))] == levels


def test_twenty_without_having_been_special_is_not(tiers):
    assert feed(tiers, gc("2021-03-03"), make.special("2021-03-03", -0.17)) == []


def test_a_special_of_an_earlier_day_changes_no_later_one(tiers):
    feed(tiers, gc("2021-03-03"), gc("2021-03-04"), make.special("2021-03-04", -0.5))
    assert feed(tiers, make.special("2021-03-03", -4.0, known="2021-03-04 18:00")) == []
    assert tiers.level("special", "10Y-OTR") == 1


def test_issues_are_apart(tiers):
    feed(tiers, gc("2021-03-03"))
    said = feed(tiers, make.special("2021-03-03", -4.0), make.special("2021-03-03", -0.5, issue="7Y-OTR"))
    assert [(draft.subject, draft.level) for draft in said] == [("10Y-OTR", 3), ("7Y-OTR", 1)]


def test_the_midnight_that_divides_days_is_new_yorks(tiers):
    # 23:30 in New York is the next day in UTC.
    feed(tiers, gc("2021-03-03"))
    assert brief(feed(tiers, make.special("2021-03-03 23:30", -0.5))) == [("special", 1)]


def test_an_extreme_of_the_general_rate_does_not_replace_its_average(tiers):
    feed(tiers, gc("2021-03-03", 0.05), make.repo("2021-03-03 17:00", GC, 1.5, statistic="high"))
    said = feed(tiers, make.special("2021-03-03 17:30", -0.1))
    assert [draft.level for draft in said] == []  # 15 bp against the average


def test_many_decisions_announced_do_not_end_it(tiers):
    feed(tiers, gc("2021-03-03"), make.special("2021-03-03 10:00", -4.0))
    for index in range(16):
        feed(tiers, make.policy(f"20{30 + index}-03-03", 1.0, known="2021-03-03 11:00"))
    assert feed(tiers, make.special("2021-03-03 12:00", -4.1)) == []


def test_what_counts_of_a_day_is_its_most_special_print(tiers):
    feed(tiers, gc("2021-03-03"), make.special("2021-03-03 10:00", -4.0), make.special("2021-03-03 11:00", -0.5))
    assert tiers.readings() == {"specialness_10Y-OTR_bp": pytest.approx(405)}, (
        "as the page and the lowest rate beside it"
    )
    margins = {margin.level: margin.value for margin in tiers.margins(0)}
    assert margins == {1: pytest.approx(405), 2: pytest.approx(405), 3: pytest.approx(405)}
    feed(tiers, gc("2021-03-04"), make.special("2021-03-04 10:00", -0.5))  # a new day begins anew
    assert [margin.value for margin in tiers.margins(0)] == pytest.approx([55, 55, 55])
    assert tiers.readings() == {"specialness_10Y-OTR_bp": pytest.approx(55)}
