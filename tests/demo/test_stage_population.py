"""Persons in each stage at the end of each month, recounted person by person."""

from collections import Counter
from datetime import datetime, time, timedelta

import duckdb
import pytest

from tests.support.demo import Demo
from tests.support.journeys import Journeys

TO_UTC = timedelta(hours=7)


@pytest.mark.parametrize("framework", ["adahub_crm", "five_a"])
def test_population_at_the_end_of_each_month(demo: Demo, framework: str) -> None:
    """Entries and exits count by the end of the day on which they happen."""
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        journeys = Journeys(connection, framework)
        rows = connection.execute(
            "select date_day, stage, customer_type, is_known, persons from marts.fct_stage_population_daily"
            " where framework = ? and persons > 0 and (date_day = last_day(date_day)"
            " or date_day = (select max(date_day) from marts.fct_stage_population_daily))",
            [framework],
        ).fetchall()
    days = {row[0] for row in rows}
    assert len(days) >= 18
    expected: Counter[tuple[object, ...]] = Counter()
    for day in days:
        evening = datetime.combine(day + timedelta(days=1), time()) - TO_UTC
        for person, stays in journeys.stays.items():
            who = journeys.persons[person]
            # a person who enters in the first moment of the next day does not count yet
            before = [stay for stay in stays if stay.entered_at < evening]
            if before:
                expected[day, before[-1].stage, who.customer_type, who.is_known] += 1
    assert {row[:4]: row[4] for row in rows} == dict(expected)
