"""Drivers: factors of persons who advanced or left, recounted, with intervals by another formula."""

from collections import defaultdict
from datetime import datetime, timedelta

import duckdb
import pytest
from scipy import stats

from tests.support.demo import Demo
from tests.support.journeys import AS_OF, FUNNEL_WINDOW, Journeys, newcombe, seed

FRAMEWORK, STAGE = "adahub_crm", "lead"
FEWEST = 30
LANDMARK = timedelta(days=7)
FACTOR_TYPES = ("touchpoint", "channel", "customer_type", "persona", "entry_channel")


def test_the_interval_is_the_published_one() -> None:
    """The formula used here gives the published example of Newcombe 1998, table II (a) and (d), method 10."""
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert newcombe(5, 56, 0, 29) == pytest.approx((5 / 56, -0.0381, 0.1926), abs=5e-5)


def test_drivers_of_a_stage(demo: Demo) -> None:
    """Factors use only what happened before the landmark, so that the outcome cannot be its own cause."""
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
        known = connection.execute(
            "select person_id, valid_from, customer_type, persona from marts.dim_persons_history order by valid_from"
        ).fetchall()
        evidence = connection.execute("select distinct stage, evidence from marts.fct_stage_evidence").fetchall()
        rows = connection.execute(
            "select factor_type, factor, advanced, advanced_with, left_persons, left_with, difference,"
            " difference_low, difference_high, p_value from marts.journey_drivers"
            " where framework = ? and stage = ? and (factor_type in (select unnest(?)) or factor like 'low_score: %')",
            [FRAMEWORK, STAGE, list(FACTOR_TYPES)],
        ).fetchall()
    there = {
        outcome.person: outcome
        for outcome in journeys.outcomes()
        if outcome.stay.stage == STAGE
        and outcome.stay.entered_at + FUNNEL_WINDOW <= AS_OF
        and (outcome.stay.exited_at is None or outcome.stay.exited_at > outcome.stay.entered_at + LANDMARK)
    }
    later = {
        row["definition"]
        for row in seed("framework_stage_definitions")
        if row["framework"] == FRAMEWORK and journeys.ranks[row["stage"]] > journeys.ranks[STAGE]
    }
    outcomes = {item for definition, item in evidence if definition in later}
    having: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

    def is_early(person: str, moment: datetime) -> bool:
        entered_at = there[person].stay.entered_at
        return entered_at <= moment < entered_at + LANDMARK

    entry_channels = dict.fromkeys(there, "unattributed")
    for person, touched_at, _, touchpoint_type, channel, is_attributable in touchpoints:
        if person in there:
            if is_early(person, touched_at):
                having["touchpoint", touchpoint_type].add(person)
                having["channel", channel].add(person)
            if is_attributable and touched_at <= there[person].stay.entered_at:
                entry_channels[person] = channel
    for person, responded_at, survey_type in answers:
        if person in there and is_early(person, responded_at):
            having["pain_point", f"low_score: {survey_type}"].add(person)
    types, personas = dict.fromkeys(there, "unknown"), dict.fromkeys(there, "unknown")
    for person, valid_from, customer_type, persona in known:
        if person in there and valid_from <= there[person].stay.entered_at:
            types[person], personas[person] = customer_type, persona
    for person in there:
        having["customer_type", types[person]].add(person)
        having["persona", personas[person]].add(person)
        having["entry_channel", entry_channels[person]].add(person)
    advanced = {person for person, outcome in there.items() if outcome.is_converted}
    left = set(there) - advanced

    assert {row[:2]: row[2:6] for row in rows} == {
        factor: (len(advanced), len(persons & advanced), len(left), len(persons & left))
        for factor, persons in having.items()
        if len(persons) >= FEWEST and not (factor[0] == "touchpoint" and factor[1] in outcomes)
    }
    assert len(rows) > 15
    for _, _, all_advanced, advanced_with, all_left, left_with, difference, low, high, p_value in rows:
        expected = newcombe(advanced_with, all_advanced, left_with, all_left)
        assert (difference, low, high) == pytest.approx(expected, abs=1e-9)
        assert p_value == pytest.approx(_p_value(advanced_with, all_advanced, left_with, all_left))


def _p_value(advanced_with: int, advanced: int, left_with: int, left: int) -> float:
    """Return the p-value of the pooled z-test (as chi-square), or of Fisher's test if a cell expects few."""
    table = [[advanced_with, advanced - advanced_with], [left_with, left - left_with]]
    if stats.contingency.expected_freq(table).min() < 5:
        return float(stats.fisher_exact(table).pvalue)
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def test_q_values_of_a_framework(demo: Demo) -> None:
    """p-values are adjusted over all stages of a framework, not for each stage alone."""
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        rows = connection.execute(
            "select framework, p_value, q_value, is_significant from marts.journey_drivers where p_value is not null"
        ).fetchall()
        untested = connection.execute(
            "select count(*) from marts.journey_drivers"
            " where p_value is null and (q_value is not null or is_significant)"
        ).fetchone()
    assert untested == (0,)
    for framework in {row[0] for row in rows}:
        of_framework = [row[1:] for row in rows if row[0] == framework]
        q_values = stats.false_discovery_control([row[0] for row in of_framework])
        assert [row[1] for row in of_framework] == pytest.approx(list(q_values))
        assert [row[2] for row in of_framework] == [q_value <= 0.05 for q_value in q_values]
        assert {row[2] for row in of_framework} == {True, False}
