"""Only the definition's own file, seeds and settings name a stage definition; no other SQL does."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from customer_journey.paths import PROJECT

DEFINITIONS = frozenset(
    yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["stage_definitions"]
)
A_CONVERSION_TYPE = "a conversion type, whose stage seeds/conversion_types.csv names"
# Words that are stages too, but mean something else in these files.
OTHER_WORDS = {
    ("models/intermediate/touchpoints/int_person_events.sql", "quote"): "a kind of event: a quote was sent",
    ("models/intermediate/journey_map/int_journey_facts.sql", "quote"): "the same kind of event",
    ("models/intermediate/journey_map/int_journey_facts.sql", "meeting"): "a raw activity type",
    ("models/marts/core/fct_quotes.sql", "quote"): "the same kind of event",
    ("models/marts/core/fct_deals.sql", "other"): "a reason of seeds/lost_reasons.csv",
    ("models/marts/core/fct_activities.sql", "other"): "an outcome of seeds/activity_outcomes.csv",
    ("models/marts/core/fct_subscription_changes.sql", "other"): "a reason of seeds/churn_reasons.csv",
    ("models/staging/crm/stg_crm__subscription_changes.sql", "renewed"): "a raw change type",
    ("models/intermediate/identity/int_subscription_changes.sql", "renewed"): "a raw change type",
    ("models/marts/kpis/kpi_pipeline.sql", "meeting"): "a raw activity type",
    ("models/marts/lifecycle/journey_map_items.sql", "opportunity"): "a type of item on the map",
    ("models/marts/attribution/attribution_performance.sql", "customer"): A_CONVERSION_TYPE,
    ("models/marts/kpis/kpi_referrals.sql", "customer"): A_CONVERSION_TYPE,
    ("models/marts/kpis/kpi_unit_economics.sql", "customer"): A_CONVERSION_TYPE,
    ("models/marts/core/dim_persons.sql", "customer"): A_CONVERSION_TYPE,
    ("models/marts/kpis/kpi_pipeline.sql", "lead"): A_CONVERSION_TYPE,
    ("models/marts/kpis/kpi_pipeline.sql", "mql"): A_CONVERSION_TYPE,
    ("models/marts/kpis/kpi_customer_types.sql", "lead"): A_CONVERSION_TYPE,
    ("tests/dbt/unit_economics_add_up.sql", "customer"): A_CONVERSION_TYPE,
    ("tests/dbt/leads_and_customers_are_one_set.sql", "lead"): A_CONVERSION_TYPE,
    ("tests/dbt/leads_and_customers_are_one_set.sql", "mql"): A_CONVERSION_TYPE,
    ("tests/dbt/leads_and_customers_are_one_set.sql", "customer"): A_CONVERSION_TYPE,
    ("tests/dbt/customer_types_recounted.sql", "lead"): A_CONVERSION_TYPE,
    ("tests/dbt/days_are_reporting_days.sql", "churned"): "how a column begins: churned_at, churned_date",
    ("tests/dbt/performance_recounted.sql", "customer"): A_CONVERSION_TYPE,
    ("tests/dbt/pipeline_recounted.sql", "lead"): A_CONVERSION_TYPE,
    ("tests/dbt/pipeline_recounted.sql", "mql"): A_CONVERSION_TYPE,
    ("tests/dbt/pipeline_recounted.sql", "meeting"): "a raw activity type",
    ("tests/dbt/referrals_recounted.sql", "customer"): A_CONVERSION_TYPE,
    ("tests/dbt/unit_economics_recounted.sql", "customer"): A_CONVERSION_TYPE,
    ("tests/dbt/journey_map_items_are_ranked.sql", "opportunity"): "a type of item on the map",
    ("tests/dbt/journey_map_opportunities_add_up.sql", "opportunity"): "a type of item on the map",
}


def stages_named(sql: str) -> set[str]:
    """Return the definitions that the SQL contains as string literals, except in `setting(…)` and `ref(…)`."""
    bare = re.sub(r"\{#.*?#\}|--[^\n]*|\b(ref|setting|var)\('\w+'\)", "", sql, flags=re.DOTALL)
    return set(re.findall(r"'(\w+)'", bare)) & DEFINITIONS


def files() -> Iterator[Path]:
    """Yield every SQL file except the definitions."""
    for folder in ("models", "macros", "tests/dbt"):
        yield from (
            file for file in sorted((PROJECT / folder).rglob("*.sql")) if file.parent != PROJECT / "models" / "stages"
        )


def test_no_model_names_a_stage() -> None:
    """No model names a stage, so that renaming one needs changes only in seeds and settings."""
    named = {
        (str(file.relative_to(PROJECT)), stage)
        for file in files()
        for stage in stages_named(file.read_text(encoding="utf-8"))
    }
    assert named - set(OTHER_WORDS) == set()
    assert set(OTHER_WORDS) - named == set(), "words that no longer stand there"


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("where stage = 'lead'", {"lead"}),
        ("where stage in ('mql', 'sql')", {"mql", "sql"}),
        ("where stage = '{{ setting('sql_stage') }}'", set()),
        ("from {{ ref('customer') }} {# not of a 'lead' #}", set()),
    ],
)
def test_a_stage_that_is_named_is_found(sql: str, found: set[str]) -> None:
    """The search finds a stage in a string literal."""
    assert stages_named(sql) == found
