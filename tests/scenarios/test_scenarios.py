"""Every scenario against the marts of the incremental builds, and incremental against full builds."""

import json
from pathlib import Path

import duckdb
import pytest
from customer_journey.comparison.compare import compare
from customer_journey.paths import Output

from tests.scenarios.scenario import Scenario, actual_rows, all_scenarios, expected_rows, persons_of
from tests.support.builds import publish
from tests.support.small_project import make_small_project

CASES = [
    pytest.param(scenario, mart, id=f"{scenario.name}-{mart}")
    for scenario in all_scenarios()
    for mart in scenario.expected
]


@pytest.mark.parametrize(("scenario", "mart"), CASES)
def test_scenario(scenario: Scenario, mart: str, incremental: Path) -> None:
    """The mart holds for the scenario's persons exactly the rows worked out by hand."""
    expected = scenario.expected[mart]
    persons = persons_of(scenario, incremental / "warehouse.duckdb")
    assert persons, f"nobody of {scenario.name} is in the warehouse"
    actual = actual_rows(incremental / "journey.duckdb", mart, expected, persons)
    assert actual == expected_rows(expected["rows"]), scenario.guards


def test_scenarios_share_no_person(incremental: Path) -> None:
    """No two scenarios share a person, since one build serves all."""
    owners: dict[str, str] = {}
    for scenario in all_scenarios():
        for person in persons_of(scenario, incremental / "warehouse.duckdb"):
            assert owners.setdefault(person, scenario.name) == scenario.name


def test_incremental_equals_full_and_shuffled(incremental: Path, full: Path) -> None:
    """Invariant 5: incremental builds and a full build of shuffled rows have the same marts."""
    assert compare(incremental / "journey.duckdb", full / "journey.duckdb")[1] == []


def test_models_built_in_parts_hold_what_their_query_gives(full: Path) -> None:
    """A model with `meta.parts` is built by one statement a value; together they give the rows of the whole query."""
    output = Output(full)
    manifest = json.loads((output.dbt_folder("duckdb") / "manifest.json").read_text(encoding="utf-8"))
    in_parts = [node for node in manifest["nodes"].values() if node["config"].get("meta", {}).get("parts")]
    assert len(in_parts) >= 3
    with duckdb.connect(str(output.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for node in in_parts:
            table, query = f"from {node['schema']}.{node['name']}", node["compiled_code"]
            assert connection.execute(table).fetchone(), node["name"]
            for one, other in ((table, query), (query, table)):
                found = connection.execute(f"({one}) except all ({other})").fetchall()
                assert found == [], node["name"]


# some marts of each kind; with everything they read these are two thirds of the models. tests/soak builds the others on
# Spark too.
ON_SPARK = (
    "attribution_paths",
    "audit_reconciliation",
    "bridge_person_changes",
    "dim_persons_history",
    "fct_attribution",
    "fct_stage_population_daily",
    "journey_map_items",
    "kpi_clv",
    "kpi_cohort_value",
    "kpi_experiments",
    "kpi_funnel",
    "kpi_mrr",
    "kpi_nps",
    "kpi_retention",
    "kpi_sales",
    "kpi_unit_economics",
)


def test_spark_gives_equal_marts(full: Path, tmp_path: Path) -> None:
    """Invariant 6: Spark has the same marts as DuckDB, row for row."""
    output = Output(tmp_path / "out")
    project = make_small_project(tmp_path / "project", ON_SPARK)
    publish(full.parent / "raw", output.root, "--target", "spark", project=project)
    there = json.loads(output.published_on_spark.read_text(encoding="utf-8"))["marts"].keys()
    assert there >= set(ON_SPARK)
    marts, differences = compare(full / "journey.duckdb", output.published_on_spark)
    assert marts > 20
    assert [difference for difference in differences if difference.mart in there] == []
