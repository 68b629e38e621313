"""Mutation tests: for each deliberate error in a model, the test that guards it must fail on the demo's rows.

Each case replaces one text in a model's compiled SQL, rebuilds the dependent tables in a transaction that is rolled
back, and runs the SQL of the one test that must fail.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from customer_journey.paths import PROJECT
from customer_journey.privacy.hash_key import hash_key
from onboarding.macros import Macros

from tests.support.dbt import must_pass, run_dbt
from tests.support.demo import Demo, built_demo


@dataclass(frozen=True)
class Mutation:
    """One change of a model's compiled SQL, at every occurrence of `old`, and the test that must detect it.

    `old` and `new` may call macros. `through` lists the tables to rebuild, the model included; by default all between
    the model and the test.
    """

    model: str
    old: str
    new: str
    noticed_by: str
    through: tuple[str, ...] = ()


MUTATIONS = {
    "conversions without a touchpoint are dropped": Mutation(
        "fct_attribution",
        "where with_credit.conversion_number is null",
        "where with_credit.conversion_number is null and false",
        "attribution_adds_up",
    ),
    "the rest of rounded credit is lost": Mutation(
        "fct_attribution",
        "whole_units + case when remainder_rank <= units_left then 1 else 0 end",
        "whole_units",
        "attribution_adds_up",
    ),
    "the rest of rounded revenue is lost": Mutation(
        "fct_attribution",
        "floor(share_ranks.share) + case when share_ranks.remainder_rank <= share_ranks.units_left then 1 else 0 end",
        "floor(share_ranks.share)",
        "attribution_adds_up",
    ),
    "touches after the conversion get credit": Mutation(
        "int_paths",
        "and touchpoints.touched_at <= windows.converted_at",
        "",
        "attribution_credits_only_attributable_touches",
        ("int_paths", "linear", "fct_attribution"),
    ),
    "an order's revenue ignores its refunds": Mutation(
        "fct_conversions",
        "net_revenue as revenue,",
        "net_before_refunds as revenue,",
        "order_revenue_is_net_revenue",
    ),
    "cancelled orders count as revenue": Mutation(
        "int_order_persons",
        "in ('paid', 'shipped', 'completed', 'returned')",
        "in ('paid', 'shipped', 'completed', 'returned', 'cancelled')",
        "revenue_bridge_adds_up",
        (
            "int_order_persons",
            "fct_orders",
            "audit_revenue",
        ),
    ),
    "refunds count twice": Mutation(
        "int_order_persons",
        "sum(refunded_net) as refunded_net",
        "sum(2 * refunded_net) as refunded_net",
        "refunds_add_up",
        (
            "int_order_persons",
            "fct_orders",
            "fct_refunds",
            "audit_revenue",
        ),
    ),
    "a recipient's phone is paired with the buyer's e-mail": Mutation(
        "int_identity_pairs",
        "where one.is_named or not other.is_unconfirmed",
        "where true",
        "a_recipients_phone_is_the_contacts_alone",
    ),
    "a person's company is the last in alphabetical order": Mutation(
        "int_person_attributes",
        "statements.stated_at desc,",
        "statements.attribute_value desc,",
        "who_says_nothing_takes_nothing_away",
    ),
    "stage intervals overlap": Mutation(
        "int_stage_entries",
        "lead(moved_at) over stay as exited_at",
        "lead(moved_at) over (partition by person_key, stage_number order by moved_at) as exited_at",
        "stage_intervals_are_seamless",
    ),
    "the end of an episode is ignored": Mutation(
        "int_person_moves",
        "from counted\n    where left_at is not null",
        "from counted\n    where false",
        "sets_of_open_definitions",
    ),
    "CRM changes override nothing": Mutation(
        "int_person_moves",
        "least(left_at, next_override_at) as left_at",
        "left_at",
        "sets_of_open_definitions",
    ),
    "an episode that has ended stays open": Mutation(
        "int_person_moves",
        "least(left_at, next_override_at) as left_at",
        "cast(null as timestamp) as left_at",
        "stage_entries_have_evidence",
        ("int_person_moves",),
    ),
    "the lowest open definition is the stage": Mutation(
        "int_state_stages",
        "max(case when (states.open_definitions & stages.definitions) <> 0 then stages.rank else 0 end)",
        "min(case when (states.open_definitions & stages.definitions) <> 0 then stages.rank else 99 end)",
        "the_highest_open_definition_is_the_stage",
    ),
    "staging drops the rows that it quarantines": Mutation(
        "stg_orders__orders",
        "and judged._row_number = ranked._row_number",
        "and judged._row_number = ranked._row_number where judged.quarantine_reason is null",
        "every_row_is_accounted_for",
        (
            "stg_orders__orders",
            "int_landed_rows",
            "audit_sources",
            "audit_reconciliation",
        ),
    ),
    "persons carry a raw identifier": Mutation(
        "int_persons",
        "    person_identifiers.person_id,\n",
        "    min(person_identifiers.identifier) as person_id,\n",
        "persons_are_keyed",
        ("int_persons", "dim_persons"),
    ),
    "an e-mail belongs to two persons at once": Mutation(
        "int_identifier_periods",
        "then times_of_current_owner.free_from\n            else person_identifiers.first_seen_at",
        "then person_identifiers.first_seen_at\n            else timestamp '2000-01-01 00:00:00'",
        "person_identifiers_have_one_owner",
        (
            "int_identifier_periods",
            "bridge_person_identifiers",
        ),
    ),
    "persons known from the start are never known": Mutation(
        "dim_persons_history",
        "known.known_since <= changes.changed_at",
        "known.known_since < changes.changed_at",
        "persons_history_ends_with_dim_persons",
    ),
    "dropped persons also count as in progress": Mutation(
        "int_funnel_counts",
        "where not is_converted and not is_dropped",
        "where not is_converted",
        "funnel_adds_up",
        ("int_funnel_counts", "kpi_funnel"),
    ),
    "persons who leave a stage still count in it": Mutation(
        "fct_stage_population_daily",
        "-persons as change",
        "0 as change",
        "population_is_where_everybody_stands",
    ),
    "a re-entry into a stage counts as a first entry": Mutation(
        "int_stage_first_entries",
        "where entry_number = 1 and rank > 0",
        "where rank > 0",
        "stage_cohorts_are_first_entries",
    ),
    "a person who returns to a stage counts twice on the map": Mutation(
        "int_stage_periods",
        "from spells\n        group by person_key, segment_key\n    ) as persons",
        "from spells\n        group by person_key, segment_key, first_month\n    ) as persons",
        "journey_map_adds_up",
        ("int_stage_periods", "journey_map"),
    ),
    "the items with the lowest value come first": Mutation(
        "journey_map_items",
        "order by value desc, persons desc, item",
        "order by value, persons desc, item",
        "journey_map_items_are_ranked",
    ),
    "touches count twice": Mutation(
        "journey_map_touchpoints",
        "then numbers.first_number else 0 end) as touches",
        "then 2 * numbers.first_number else 0 end) as touches",
        "journey_map_touchpoints_add_up",
    ),
    "persons who left a path count as in progress": Mutation(
        "journey_paths",
        "shared.persons - shared.advanced - shared.left_persons as in_progress",
        "shared.persons - shared.advanced as in_progress",
        "journey_paths_add_up",
    ),
    "persons who advanced also count as left": Mutation(
        "journey_drivers",
        "count(*) filter (where is_dropped) as left_persons",
        "count(*) as left_persons",
        "journey_drivers_add_up",
    ),
    "persons who went on also count as lost": Mutation(
        "journey_map_items",
        "where is_dropped and has_later_stage",
        "where has_later_stage",
        "opportunities_are_shares_of_persons_lost_times_what_going_on_is_worth",
    ),
    "a lost deal stays open": Mutation(
        "kpi_pipeline",
        "-1 as opened,",
        "0 as opened,",
        "pipeline_adds_up",
    ),
    "a first purchase in a category counts as a repeat": Mutation(
        "kpi_sales",
        "bool_or(first_month < month_start) as has_earlier_category",
        "bool_or(first_month <= month_start) as has_earlier_category",
        "sales_add_up",
    ),
    "returned items count as sold": Mutation(
        "kpi_products",
        "case when orders.order_status = 'returned' then 0 else items.item_amount end",
        "items.item_amount",
        "products_add_up",
    ),
    "customers without a persona are left out": Mutation(
        "kpi_customer_types",
        "where customer_since is not null",
        "where customer_since is not null and persona <> 'unknown'",
        "customer_types_add_up",
    ),
    "customers without a touchpoint are left out": Mutation(
        "kpi_unit_economics",
        "where conversions.conversion_type = 'customer'",
        "where conversions.conversion_type = 'customer' and attribution.touchpoint_id is not null",
        "unit_economics_add_up",
    ),
    "deals and subscriptions are left out of cohorts": Mutation(
        "kpi_cohort_value",
        "where conversions.conversion_type in ('order', 'deal_won', 'subscription_started')",
        "where conversions.conversion_type = 'order'",
        "cohort_value_adds_up",
    ),
    "passives are not counted": Mutation(
        "kpi_nps",
        "nps_group = 'passive'",
        "nps_group = 'neutral'",
        "nps_adds_up",
    ),
    "MRR only grows": Mutation(
        "fct_mrr_movements",
        "where remaining <> 0",
        "where remaining > 0",
        "mrr_adds_up",
        (
            "fct_mrr_movements",
            "kpi_mrr",
        ),
    ),
    "ending MRR contains only new MRR": Mutation(
        "kpi_mrr",
        "coalesce(sums.mrr_change, 0) as mrr_change",
        "coalesce(sums.new, 0) as mrr_change",
        "mrr_adds_up",
    ),
    "involuntary churn does not count": Mutation(
        "fct_churn_events",
        "where mrr = 0 and mrr_stopped > 0",
        "where mrr = 0 and mrr_stopped > 0 and churn_type = 'subscription_voluntary'",
        "churn_adds_up",
        (
            "fct_churn_events",
            "kpi_churn",
        ),
    ),
    "events after a churn count as its context": Mutation(
        "fct_churn_events",
        "and events.touched_at < churns.churned_at",
        "",
        "churn_adds_up",
        (
            "fct_churn_events",
            "kpi_churn",
        ),
    ),
    "subscribers without orders do not count as retained": Mutation(
        "kpi_retention",
        "where account_mrr.mrr > 0",
        "where account_mrr.mrr > 0 and false",
        "retention_adds_up",
    ),
    "months without active customers are missing": Mutation(
        "kpi_retention",
        "left join activity\n",
        "inner join activity\n",
        "retention_adds_up",
    ),
    "unsolved tickets are left out of the backlog": Mutation(
        "kpi_service",
        "from described\n    where is_resolved\n",
        "from described\n",
        "service_adds_up",
    ),
    "test orders count as delivered": Mutation(
        "kpi_fulfilment",
        "where not orders.is_test and not orders.is_internal",
        "where not orders.is_internal",
        "fulfilment_adds_up",
    ),
}


class Laboratory:
    """A copy of the demo's warehouse, and the compiled SQL of its models and tests."""

    def __init__(self, root: Path, demo: Demo) -> None:
        self._root = root
        self._demo = demo
        state = demo.out / "dbt" / "duckdb"
        manifest = json.loads((state / "manifest.json").read_text(encoding="utf-8"))
        self._nodes: dict[str, dict[str, Any]] = manifest["nodes"]
        self._ids = {node["name"]: key for key, node in self._nodes.items() if node["resource_type"] != "operation"}
        self._unit_tests: dict[str, Any] = {test["name"]: test for test in manifest["unit_tests"].values()}
        self._compiled = state / "compiled" / "customer_journey"
        self.warehouse = Path(shutil.copyfile(demo.warehouse, root / "warehouse.duckdb"))

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open the warehouse with the settings of the dbt profile."""
        connection = duckdb.connect(str(self.warehouse))
        profile = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))
        for name, value in profile["customer_journey"]["outputs"]["duckdb"]["settings"].items():
            connection.execute(f"set {name} = '{value}'")
        connection.execute("set variable hash_key = ?", [hash_key()])
        return connection

    def notices(self, test: str, mutation: Mutation | None = None) -> bool:
        """Return whether a test fails after a mutation (None: without one)."""
        if test in self._unit_tests:
            sql = _mutated(self._sql_of_unit_test[test], mutation)
            with self.connect() as connection:
                return _differ(connection, sql)
        with self.connect() as connection:
            connection.execute("begin")
            try:
                if mutation is not None:
                    self._make_anew(connection, mutation)
                return connection.execute(f"select 1 from (\n{self._sql_of(test)}\n) limit 1").fetchone() is not None
            finally:
                connection.execute("rollback")

    def _make_anew(self, connection: duckdb.DuckDBPyConnection, mutation: Mutation) -> None:
        for name in mutation.through or self._between(mutation.model, mutation.noticed_by):
            sql = self._sql_of(name)
            if name == mutation.model:
                sql = _mutated(sql, mutation)
            node = self._nodes[self._ids[name]]
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            connection.execute(f"create or replace {kind} {node['relation_name']} as\n{sql}")

    def _between(self, model: str, test: str) -> Sequence[str]:
        """The models that depend on one and that a test reads, in topological order."""
        reaches: dict[str, bool] = {self._ids[model]: True}
        order: list[str] = []

        def visit(node: str) -> bool:
            if node not in reaches:
                reaches[node] = any([visit(other) for other in self._reads(node)])
                if reaches[node]:
                    order.append(node)
            return reaches[node]

        visit(self._ids[test])
        assert order[-1:] == [self._ids[test]], f"{test} does not read {model}"
        return [model, *(self._nodes[node]["name"] for node in order[:-1])]

    def _reads(self, node: str) -> list[str]:
        return [other for other in self._nodes[node]["depends_on"].get("nodes", ()) if other in self._nodes]

    def _sql_of(self, name: str) -> str:
        file: str = self._nodes[self._ids[name]]["original_file_path"]
        return (self._compiled / file).read_text(encoding="utf-8")

    @cached_property
    def _sql_of_unit_test(self) -> dict[str, str]:
        """The SQL that dbt runs for each unit test in use, which compares the model's rows with the expected ones."""
        asked = sorted({mutation.noticed_by for mutation in MUTATIONS.values()} & set(self._unit_tests))
        must_pass(run_dbt(self.warehouse, self._root, "test", "--select", *asked))
        run = self._root / "target" / "run"
        return {test: next(run.rglob(f"{test}.sql")).read_text(encoding="utf-8") for test in asked}


def _mutated(sql: str, mutation: Mutation | None) -> str:
    if mutation is None:
        return sql
    macros = Macros("duckdb")
    old, new = macros.render(mutation.old), macros.render(mutation.new)
    assert old in sql, f"{mutation.model} does not hold {old!r}"
    return sql.replace(old, new)


def _differ(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    relation = connection.sql(sql)
    side = relation.columns.index("actual_or_expected")
    rows: dict[str, list[str]] = {"actual": [], "expected": []}
    for row in relation.fetchall():
        rows[row[side]].append(repr([value for place, value in enumerate(row) if place != side]))
    return sorted(rows["actual"]) != sorted(rows["expected"])


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """A copy of the built demo."""
    root = tmp_path_factory.mktemp("mutations")
    yield Laboratory(root, built_demo(tmp_path_factory))
    shutil.rmtree(root)


@pytest.mark.parametrize("test", sorted({mutation.noticed_by for mutation in MUTATIONS.values()}))
def test_project_as_it_is_passes(test: str, laboratory: Laboratory) -> None:
    """Each test passes without a mutation; otherwise its failure below would prove nothing."""
    assert not laboratory.notices(test)


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_broken_model_is_noticed(mutation: Mutation, laboratory: Laboratory) -> None:
    """Each mutation is detected by its test; otherwise such an error would be published."""
    assert laboratory.notices(mutation.noticed_by, mutation)
