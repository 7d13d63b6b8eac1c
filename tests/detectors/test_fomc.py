"""The scheduled days of decision, against facts typed from other releases than the calendar."""

import datetime as dt

import pytest

from detectors import fomc
from detectors.calendar import is_business_day


def test_there_are_eight_meetings_a_year_on_days_of_business():
    for year in range(2017, 2028):
        days = fomc.scheduled_from(dt.date(year, 1, 1), dt.date(year, 12, 31))
        assert len(days) == 8
        assert all(is_business_day(day) and day.weekday() in (2, 3) for day in days)


@pytest.mark.parametrize(
    "in_force",  # days on which a target range decided at a scheduled meeting came into force: FRED, DFEDTARL
    ["2017-03-16", "2018-12-20", "2019-08-01", "2019-09-19", "2022-03-17", "2022-06-16", "2023-07-27", "2024-09-19"],
)
def test_the_range_changed_on_the_day_after_a_scheduled_decision(in_force):
    day = dt.date.fromisoformat(in_force)
    assert fomc.scheduled_after(day - dt.timedelta(days=2)) == day - dt.timedelta(days=1)


def test_a_meeting_at_short_notice_is_not_scheduled_and_the_one_it_replaced_is():
    assert fomc.scheduled_after(dt.date(2020, 3, 1)) == dt.date(2020, 3, 18)


def test_outside_the_table_there_is_no_answer():
    assert fomc.scheduled_after(dt.date(2016, 12, 31)) is None
    assert fomc.scheduled_after(dt.date(2027, 12, 8)) is None
