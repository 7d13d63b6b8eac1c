"""When the Commitments of Traders came out: the rule and its exceptions, against the schedules of the CFTC."""

import datetime as dt
import re
from pathlib import Path

import pytest

from replay.dataset import cot_releases
from replay.dataset.cot_releases import LATE, published_on
from replay.dataset.federal_days import is_federal_working_day

DOCS = Path(__file__).parents[2] / "docs" / "data.md"
TUESDAY, FRIDAY = 1, 4
DAY = dt.timedelta(days=1)

# CFTC, release schedule of December 2023 to December 2024: every Friday but these, 'delayed due to a Federal holiday'.
SCHEDULE_OF_2024 = {"2024-06-21": "2024-06-24", "2024-07-05": "2024-07-08", "2024-11-29": "2024-12-02"} | {
    "2024-12-27": "2024-12-30"
}
# CFTC, 18 November 2025, the first plans of the weeks after holidays, and the plan of a report of a Monday.
PLANNED = {
    "2025-11-25": "2025-12-01",
    "2025-12-23": "2025-12-29",
    "2025-12-30": "2026-01-05",
    "2025-11-10": "2025-11-14",
}
# CFTC, 29 January 2019, and its first plan: the report of Monday, 24 December 2018, for Friday, the 28th.
BACKLOG_OF_2019 = {"2018-12-24": "2019-02-01", "2018-12-31": "2019-02-05", "2019-01-08": "2019-02-08"}
# CFTC, 18 November 2025
BACKLOG_OF_2025 = {
    "2025-09-30": "2025-11-19",
    "2025-10-07": "2025-11-21",
    "2025-11-04": "2025-12-09",
    "2025-11-10": "2025-12-12",
    "2025-12-16": "2026-01-06",
    "2026-01-13": "2026-01-20",
    "2026-01-20": "2026-01-23",
    "2026-01-27": "2026-01-30",
}
# The report of Tuesday, 26 June 2018, and other plain weeks.
PLAIN = {"2018-06-26": "2018-06-29", "2017-07-03": "2017-07-07", "2024-03-26": "2024-03-29", "2021-03-02": "2021-03-05"}


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("as_of", "published"),
    [*BACKLOG_OF_2019.items(), *BACKLOG_OF_2025.items(), *PLAIN.items(), ("2023-01-31", "2023-02-24")],
)
def test_reports_came_out_when_the_commission_says(as_of: str, published: str) -> None:
    assert published_on(day(as_of)) == day(published)


@pytest.mark.parametrize(("as_of", "published"), PLANNED.items())
def test_the_rule_plans_as_the_commission_does(as_of: str, published: str) -> None:
    assert cot_releases._by_rule(day(as_of)) == day(published)


def test_the_schedule_of_2024() -> None:
    friday = day("2023-12-01")
    while friday < day("2025-01-01"):
        planned = day(SCHEDULE_OF_2024.get(friday.isoformat(), friday.isoformat()))
        assert published_on(friday - 3 * DAY) == planned
        friday += 7 * DAY


def as_of_days() -> list[dt.date]:
    """Every day of a report from 2017 to 2026: Tuesday, or the Monday before a federal holiday on a Tuesday."""
    tuesdays = [day("2017-01-03") + 7 * DAY * week for week in range(522)]
    return [one if is_federal_working_day(one) else one - DAY for one in tuesdays]


def test_every_report_from_2017_to_2026_comes_out_on_a_working_day_after_it_and_in_order() -> None:
    days = as_of_days()
    assert {day("2018-12-24"), day("2018-12-31"), day("2025-11-10"), day("2017-07-03")} <= set(days)
    late = {one for stretch in LATE for one in stretch.published}
    published = [published_on(one) for one in days]
    assert published == sorted(published)
    for as_of, out in zip(days, published, strict=True):
        assert is_federal_working_day(out) or as_of in late
        week = [as_of + DAY * ahead for ahead in range(1, 5) if TUESDAY < (as_of + DAY * ahead).weekday() <= FRIDAY]
        if as_of not in late:
            free = [one for one in week if not is_federal_working_day(one)]
            assert (out.weekday() == FRIDAY) == (not free), as_of
            assert out - as_of <= 7 * DAY, as_of


def test_no_exception_is_earlier_than_the_rule() -> None:
    for stretch in LATE:
        for as_of, out in stretch.published.items():
            assert out >= cot_releases._by_rule(as_of), as_of


def test_the_documents_show_every_exception() -> None:
    text = DOCS.read_text("utf-8")
    for stretch in LATE:
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {stretch.why} |")]
        pairs = dict(re.findall(r"(\d{4}-\d\d-\d\d) → (\d{4}-\d\d-\d\d)", row))
        assert {day(as_of): day(out) for as_of, out in pairs.items()} == stretch.published
        assert stretch.source in row
        assert ("not found" in row) == (not stretch.found)
