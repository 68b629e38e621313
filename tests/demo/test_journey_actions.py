"""Where the KPIs of planned actions stand, recounted from facts and stays."""

import csv
from datetime import date

import duckdb
import pytest
from customer_journey.paths import PROJECT

from tests.support.demo import Demo

AS_OF_DAY = date(2026, 7, 1)

# {stays} are the stays of persons in the stage of the action
RECOUNTED = {
    "clear_product_pages": """
        select count(*) filter (where is_engaged) / count(*)
        from marts.fct_sessions inner join {stays} using (person_id)
        where started_at >= entered_at and started_at < left_at and not is_bot and not is_endless""",
    "setup_guide": """
        select count(*) filter (where is_repeat) / count(*)
        from marts.fct_orders inner join {stays} using (person_id)
        where ordered_at >= entered_at and ordered_at < left_at and is_conversion""",
    # counted from raw events in test_journey_map.py, because a cart belongs to the stage in which it was filled
    "short_checkout": """
        select kpi_numerator / kpi_denominator from marts.journey_map
        where period = 'all' and framework = 'core_five' and stage = 'decision' and customer_type = 'all'
            and persona = 'all'""",
    "personal_emails": """
        select count(*) filter (where clicked_at is not null) / count(*)
        from marts.fct_messages inner join {stays} using (person_id)
        where delivered_at >= entered_at and delivered_at < left_at and is_delivered""",
    # the stage after ask within 90 days, for first entries that had 90 days
    "chatbot": """
        with stays as (
            select person_id, entered_at, stage, rank
            from marts.fct_stage_entries inner join marts.dim_framework_stages using (framework, stage)
            where framework = 'five_a'
        ),
        firsts as (
            select person_id, min(entered_at) as entered_at, min(rank) as rank
            from stays
            where stage = 'ask'
            group by person_id
            having min(entered_at) + interval 7 hour < timestamp '2026-04-01'
        )
        select count(*) filter (where exists (
            from stays
            where stays.person_id = firsts.person_id and stays.rank > firsts.rank
                and stays.entered_at > firsts.entered_at and stays.entered_at <= firsts.entered_at + interval 90 day
        )) / count(*)
        from firsts""",
    "loyalty_programme": """
        select 100 * avg(case nps_group when 'promoter' then 1 when 'detractor' then -1 else 0 end)
        from marts.fct_survey_responses inner join {stays} using (person_id)
        where responded_at >= entered_at and responded_at < left_at
            and survey_type = 'nps' and survey_kind = 'relational' and is_latest_of_month""",
}  # fmt: skip


def test_actions_are_those_planned_and_their_kpis_stand_where_facts_say(demo: Demo) -> None:
    """Each planned action has its baseline, the KPI of its stage at as-of, and the difference."""
    with (PROJECT / "seeds" / "journey_actions_planned.csv").open(encoding="utf-8", newline="") as stream:
        planned = {row["action_id"]: row for row in csv.DictReader(stream)}
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        published = {
            row[0]: row[1:]
            for row in connection.execute(
                "select action_id, is_overdue, kpi_baseline, kpi_now, kpi_change from marts.journey_actions"
            ).fetchall()
        }
        assert published.keys() == planned.keys() == RECOUNTED.keys()
        for action, query in RECOUNTED.items():
            row = planned[action]
            stays = (
                "(select person_id, entered_at, coalesce(exited_at, 'infinity') as left_at from marts.fct_stage_entries"
                f" where framework = '{row['framework']}' and stage = '{row['stage']}')"
            )
            now = connection.execute(query.replace("{stays}", stays)).fetchall()[0][0]
            is_overdue = row["status"] != "done" and date.fromisoformat(row["due_date"]) < AS_OF_DAY
            baseline = float(row["kpi_baseline"])
            expected = (is_overdue, baseline, pytest.approx(now), pytest.approx(now - baseline))
            assert published[action] == expected, action
