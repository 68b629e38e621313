"""Breaking a model on purpose: the test that guards it must fail, on the demo company's rows.

Each case changes one text of a copy of the project, builds the models concerned again on a copy of the demo's
warehouse, and runs the one test that is there for it.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from customer_journey.paths import PROJECT

from tests.support.dbt import must_pass, run_dbt, statuses
from tests.support.demo import Demo, built_demo


@dataclass(frozen=True)
class Mutation:
    """One change of one file, the models to build again, and the test that must notice."""

    file: str
    old: str
    new: str
    models: tuple[str, ...]
    noticed_by: str


ATTRIBUTION = "models/marts/attribution/fct_attribution.sql"
ORDER_PERSONS = "models/intermediate/identity/int_order_persons.sql"
STAGE_ENTRIES = "models/marts/lifecycle/fct_stage_entries.sql"
CHURN_EVENTS = "models/marts/core/fct_churn_events.sql"
RETENTION = "models/marts/kpis/kpi_retention.sql"

MUTATIONS = {
    "conversions that no touch led to are dropped": Mutation(
        ATTRIBUTION,
        "where with_credit.conversion_number is null",
        "where with_credit.conversion_number is null and false",
        ("fct_attribution",),
        "attribution_adds_up",
    ),
    "what rounding leaves of the credit is lost": Mutation(
        ATTRIBUTION,
        "whole_units + case when remainder_rank <= units_left then 1 else 0 end",
        "whole_units",
        ("fct_attribution",),
        "attribution_adds_up",
    ),
    "what rounding leaves of the revenue is lost": Mutation(
        ATTRIBUTION,
        "floor(share_ranks.share) + case when share_ranks.remainder_rank <= share_ranks.units_left then 1 else 0 end",
        "floor(share_ranks.share)",
        ("fct_attribution",),
        "attribution_adds_up",
    ),
    "touches after the conversion get credit": Mutation(
        "models/intermediate/attribution/int_paths.sql",
        "and touchpoints.touched_at <= windows.converted_at",
        "",
        ("int_paths+,+fct_attribution",),
        "attribution_credits_only_attributable_touches",
    ),
    "an order's revenue leaves its refunds out": Mutation(
        "models/marts/attribution/fct_conversions.sql",
        "net_revenue as revenue,",
        "net_before_refunds as revenue,",
        ("fct_conversions",),
        "order_revenue_is_net_revenue",
    ),
    "cancelled orders are revenue": Mutation(
        ORDER_PERSONS,
        "in ('paid', 'shipped', 'completed', 'returned')",
        "in ('paid', 'shipped', 'completed', 'returned', 'cancelled')",
        ("int_order_persons", "fct_orders", "audit_revenue"),
        "revenue_bridge_adds_up",
    ),
    "refunds count twice": Mutation(
        ORDER_PERSONS,
        "sum(refunded_net) as refunded_net",
        "sum(2 * refunded_net) as refunded_net",
        ("int_order_persons", "fct_orders", "fct_refunds", "audit_revenue"),
        "refunds_add_up",
    ),
    "stage intervals overlap": Mutation(
        STAGE_ENTRIES,
        "lead(changed_at) over (partition by framework, person_id order by changed_at) as exited_at",
        "lead(changed_at) over (partition by framework, person_id, stage order by changed_at) as exited_at",
        ("fct_stage_entries",),
        "stage_intervals_are_seamless",
    ),
    "the end of an episode is no boundary": Mutation(
        STAGE_ENTRIES,
        "select framework, person_id, left_at as changed_at from stays\n    where",
        "select framework, person_id, left_at as changed_at from stays\n    where false and",
        ("fct_stage_entries",),
        "the_highest_open_episode_is_the_position",
    ),
    "what somebody set in the CRM overrides nothing": Mutation(
        STAGE_ENTRIES,
        "where is_override",
        "where is_override and false",
        ("fct_stage_entries",),
        "the_highest_open_episode_is_the_position",
    ),
    "staging drops the rows that it quarantines": Mutation(
        "macros/staging.sql",
        "left join ranked on judged._file_id = ranked._file_id and judged._row_number = ranked._row_number",
        "left join ranked on judged._file_id = ranked._file_id and judged._row_number = ranked._row_number"
        " where judged.quarantine_reason is null",
        ("stg_orders__orders", "audit_reconciliation"),
        "every_row_is_accounted_for",
    ),
    "persons carry a raw identifier": Mutation(
        "models/intermediate/identity/int_persons.sql",
        "    person_identifiers.person_id,\n",
        "    min(person_identifiers.identifier) as person_id,\n",
        ("int_persons", "dim_persons"),
        "persons_are_keyed",
    ),
    "an address is two persons' at once": Mutation(
        "models/intermediate/identity/int_identifier_periods.sql",
        "then others_time.free_from\n            else person_identifiers.first_seen_at",
        "then person_identifiers.first_seen_at\n            else timestamp '2000-01-01 00:00:00'",
        ("int_identifier_periods", "bridge_person_identifiers"),
        "person_identifiers_have_one_owner",
    ),
    "who is known from the first moment never is": Mutation(
        "models/marts/core/dim_persons_history.sql",
        "known.known_since <= changes.changed_at",
        "known.known_since < changes.changed_at",
        ("dim_persons_history",),
        "persons_history_ends_with_dim_persons",
    ),
    "who dropped out is in progress as well": Mutation(
        "models/marts/kpis/kpi_funnel.sql",
        "where not is_converted and not is_dropped",
        "where not is_converted",
        ("kpi_funnel",),
        "funnel_adds_up",
    ),
    "who leaves a stage is still counted in it": Mutation(
        "models/marts/lifecycle/fct_stage_population_daily.sql",
        "-1 as change",
        "0 as change",
        ("fct_stage_population_daily",),
        "population_is_where_everybody_stands",
    ),
    "who comes back to a stage is a cohort again": Mutation(
        "models/marts/lifecycle/fct_stage_cohorts.sql",
        "where entry_number = 1 and stage <> 'none'",
        "where stage <> 'none'",
        ("fct_stage_cohorts",),
        "stage_cohorts_are_first_entries",
    ),
    "who comes back to a stage is another person of the map": Mutation(
        "models/intermediate/journey_map/int_stage_periods.sql",
        "where entries.entry_number = 1 and entries.stage <> 'none'",
        "where entries.stage <> 'none'",
        ("int_stage_periods", "journey_map"),
        "journey_map_adds_up",
    ),
    "the least comes first": Mutation(
        "models/marts/lifecycle/journey_map_items.sql",
        "order by value desc, persons desc, item",
        "order by value, persons desc, item",
        ("journey_map_items",),
        "journey_map_items_are_ranked",
    ),
    "touches count twice": Mutation(
        "models/marts/lifecycle/journey_map_touchpoints.sql",
        "select * from touches\n        union all",
        "select * from touches\n        union all\n        select * from touches\n        union all",
        ("journey_map_touchpoints",),
        "journey_map_touchpoints_add_up",
    ),
    "who left a path is on it still": Mutation(
        "models/marts/lifecycle/journey_paths.sql",
        "persons - advanced - left_persons as in_progress",
        "persons - advanced as in_progress",
        ("journey_paths",),
        "journey_paths_add_up",
    ),
    "who advanced has left as well": Mutation(
        "models/marts/lifecycle/journey_drivers.sql",
        "count(*) filter (where is_dropped) as left_persons",
        "count(*) as left_persons",
        ("journey_drivers",),
        "journey_drivers_add_up",
    ),
    "who went on is lost as well": Mutation(
        "models/marts/lifecycle/journey_map_items.sql",
        "where lost.is_dropped and lost.has_later_stage",
        "where lost.has_later_stage",
        ("journey_map_items",),
        "opportunities_are_persons_lost_times_what_going_on_is_worth",
    ),
    "a lost deal stays open": Mutation(
        "models/marts/kpis/kpi_pipeline.sql",
        "-1 as opened,",
        "0 as opened,",
        ("kpi_pipeline",),
        "pipeline_adds_up",
    ),
    "who buys for the first time had bought before": Mutation(
        "models/marts/kpis/kpi_sales.sql",
        "bool_or(first_month < month_start) as has_earlier_category",
        "bool_or(first_month <= month_start) as has_earlier_category",
        ("kpi_sales",),
        "sales_add_up",
    ),
    "what was returned was sold": Mutation(
        "models/marts/kpis/kpi_products.sql",
        "case when orders.order_status = 'returned' then 0 else items.item_amount end",
        "items.item_amount",
        ("kpi_products",),
        "products_add_up",
    ),
    "a customer needs a persona": Mutation(
        "models/marts/kpis/kpi_customer_types.sql",
        "where customer_since is not null",
        "where customer_since is not null and persona <> 'unknown'",
        ("kpi_customer_types",),
        "customer_types_add_up",
    ),
    "customers whom nothing led here are forgotten": Mutation(
        "models/marts/kpis/kpi_unit_economics.sql",
        "where conversions.conversion_type = 'customer'",
        "where conversions.conversion_type = 'customer' and attribution.touchpoint_id is not null",
        ("kpi_unit_economics",),
        "unit_economics_add_up",
    ),
    "passives are not counted": Mutation(
        "models/marts/kpis/kpi_nps.sql",
        "nps_group = 'passive'",
        "nps_group = 'neutral'",
        ("kpi_nps",),
        "nps_adds_up",
    ),
    "MRR only grows": Mutation(
        "models/marts/core/fct_mrr_movements.sql",
        "where remaining <> 0",
        "where remaining > 0",
        ("fct_mrr_movements", "kpi_mrr"),
        "mrr_adds_up",
    ),
    "the end of MRR is what is new alone": Mutation(
        "models/marts/kpis/kpi_mrr.sql",
        "coalesce(sums.mrr_change, 0) as mrr_change",
        "coalesce(sums.new, 0) as mrr_change",
        ("kpi_mrr",),
        "mrr_adds_up",
    ),
    "whose payment fails has not left": Mutation(
        CHURN_EVENTS,
        "where mrr = 0 and mrr_stopped > 0",
        "where mrr = 0 and mrr_stopped > 0 and churn_type = 'subscription_voluntary'",
        ("fct_churn_events", "kpi_churn"),
        "churn_adds_up",
    ),
    "what came after a churn passes for what came before": Mutation(
        CHURN_EVENTS,
        "and events.{{ event.at }} < churns.churned_at",
        "",
        ("fct_churn_events", "kpi_churn"),
        "churn_adds_up",
    ),
    "who pays and orders nothing is not retained": Mutation(
        RETENTION,
        "where account_mrr.mrr > 0",
        "where account_mrr.mrr > 0 and false",
        ("kpi_retention",),
        "retention_adds_up",
    ),
    "months in which nobody was active are missing": Mutation(
        RETENTION,
        "left join activity\n",
        "inner join activity\n",
        ("kpi_retention",),
        "retention_adds_up",
    ),
    "tickets nobody solved are no backlog": Mutation(
        "models/marts/kpis/kpi_service.sql",
        "from split\n    where is_resolved\n",
        "from split\n",
        ("kpi_service",),
        "service_adds_up",
    ),
    "tests are delivered": Mutation(
        "models/marts/kpis/kpi_fulfilment.sql",
        "where not orders.is_test and not orders.is_internal",
        "where not orders.is_internal",
        ("kpi_fulfilment",),
        "fulfilment_adds_up",
    ),
}


class Laboratory:
    """A copy of the project that may be broken, and the demo's warehouse to try it on."""

    def __init__(self, root: Path, demo: Demo) -> None:
        self.root = root
        self.project = root / "project"
        self._demo = demo
        for folder in ("models", "macros", "seeds", "tests/dbt"):
            shutil.copytree(PROJECT / folder, self.project / folder)
        for file in ("dbt_project.yml", "profiles.yml"):
            shutil.copyfile(PROJECT / file, self.project / file)

    def build(self, models: tuple[str, ...], tests: tuple[str, ...]) -> str:
        """Build models on a fresh copy of the demo's warehouse and run tests; return what dbt said."""
        warehouse = self.root / "warehouse.duckdb"
        shutil.copyfile(self._demo.warehouse, warehouse)
        # empty: the tests named, and no other that hangs on a model
        options = ["--indirect-selection", "empty", "--select", *models, *tests]
        return run_dbt(warehouse, self.root, "build", *options, project=self.project).stdout

    def ended(self) -> dict[str, str]:
        """Return how the models and tests of the last build ended."""
        return dict(statuses(self.root))


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """The project as it is, copied and parsed once."""
    root = tmp_path_factory.mktemp("mutations")
    laboratory = Laboratory(root, built_demo(tmp_path_factory))
    must_pass(run_dbt(root / "parsed.duckdb", root, "parse", project=laboratory.project))
    yield laboratory
    shutil.rmtree(root)


def test_project_as_it_is_passes(laboratory: Laboratory) -> None:
    """If a test failed on the project as it is, its failing would tell nothing in the cases below."""
    tests = {mutation.noticed_by for mutation in MUTATIONS.values()}
    models = {model for mutation in MUTATIONS.values() for model in mutation.models}
    said = laboratory.build(tuple(sorted(models)), tuple(sorted(tests)))
    ended = laboratory.ended()
    # a test that is not there fails in its own case
    assert {name: ended[name] for name in tests & set(ended)} == dict.fromkeys(tests & set(ended), "pass"), said[-4000:]
    assert set(ended.values()) == {"success", "pass"}, said[-4000:]
    assert len(tests & set(ended)) >= 8


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_broken_model_is_noticed(mutation: Mutation, laboratory: Laboratory) -> None:
    """A test that passes whatever the model does guards nothing, and a slip like this one would be published."""
    file = laboratory.project / mutation.file
    text = file.read_text(encoding="utf-8")
    assert text.count(mutation.old) == 1, f"{mutation.file} holds {mutation.old!r} {text.count(mutation.old)} times"
    file.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        said = laboratory.build(mutation.models, (mutation.noticed_by,))
    finally:
        file.write_text(text, encoding="utf-8")
    ended = laboratory.ended()
    assert ended.pop(mutation.noticed_by, "there is no such test") == "fail", said[-4000:]
    # a unit test fails before its model is built; any other shows that the broken model could be built
    assert set(ended.values()) <= {"success", "skipped"}, said[-4000:]
