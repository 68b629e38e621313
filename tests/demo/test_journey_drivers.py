"""What tells those who advanced from those who left, counted once more, with intervals by another formula."""

from collections import defaultdict

import duckdb
import pytest

from tests.support.demo import Demo
from tests.support.journeys import Journeys, newcombe

FRAMEWORK, STAGE = "adahub_crm", "lead"
FEWEST = 30
FACTOR_TYPES = ("touchpoint", "channel", "customer_type", "persona", "entry_channel")


def test_the_interval_is_the_published_one() -> None:
    """Newcombe 1998, table II (a) and (d), method 10: if the formula here were wrong, it would prove nothing below."""
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert newcombe(5, 56, 0, 29) == pytest.approx((5 / 56, -0.0381, 0.1926), abs=5e-5)


def test_drivers_of_a_stage(demo: Demo) -> None:
    """Counting touches for persons, or those under way as lost, would call a factor significant that is none."""
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        journeys = Journeys(connection, FRAMEWORK)
        touchpoints = connection.execute(
            "select person_id, touched_at, touchpoint_id, touchpoint_type, channel, is_attributable"
            " from marts.fct_touchpoints where person_id <> 'unknown' order by touched_at, touchpoint_id"
        ).fetchall()
        answers = connection.execute(
            "select person_id, responded_at, survey_type from marts.fct_survey_responses"
            " where person_id <> 'unknown' and emotion_score < 0"
        ).fetchall()
        rows = connection.execute(
            "select factor_type, factor, advanced, advanced_with, left_persons, left_with, difference,"
            " difference_low, difference_high, is_significant from marts.journey_drivers"
            " where framework = ? and stage = ? and (factor_type in (select unnest(?)) or factor like 'low_score: %')",
            [FRAMEWORK, STAGE, list(FACTOR_TYPES)],
        ).fetchall()
    ended = {
        outcome.person: outcome
        for outcome in journeys.outcomes()
        if outcome.stay.stage == STAGE and (outcome.is_converted or outcome.is_dropped)
    }
    having: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    entry_channels = dict.fromkeys(ended, "unattributed")
    for person, touched_at, _, touchpoint_type, channel, is_attributable in touchpoints:
        if person in ended:
            if journeys.stage_at(person, touched_at) == STAGE:
                having["touchpoint", touchpoint_type].add(person)
                having["channel", channel].add(person)
            if is_attributable and touched_at <= ended[person].stay.entered_at:
                entry_channels[person] = channel
    for person, responded_at, survey_type in answers:
        if person in ended and journeys.stage_at(person, responded_at) == STAGE:
            having["pain_point", f"low_score: {survey_type}"].add(person)
    for person in ended:
        who = journeys.persons[person]
        having["customer_type", who.customer_type].add(person)
        having["persona", who.persona].add(person)
        having["entry_channel", entry_channels[person]].add(person)
    advanced = {person for person, outcome in ended.items() if outcome.is_converted}
    left = set(ended) - advanced

    assert {row[:2]: row[2:6] for row in rows} == {
        factor: (len(advanced), len(persons & advanced), len(left), len(persons & left))
        for factor, persons in having.items()
        if len(persons) >= FEWEST
    }
    assert len(rows) > 20
    for _, _, all_advanced, advanced_with, all_left, left_with, difference, low, high, is_significant in rows:
        expected = newcombe(advanced_with, all_advanced, left_with, all_left)
        assert (difference, low, high) == pytest.approx(expected, abs=1e-9)
        assert is_significant == (expected[1] > 0 or expected[2] < 0)
    assert {row[-1] for row in rows} == {True, False}
