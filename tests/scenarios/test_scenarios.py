"""Every scenario against the marts of the incremental builds, and incremental against full builds."""

from pathlib import Path

import pytest
from customer_journey.compare import compare
from customer_journey.paths import Output

from tests.scenarios.scenario import Scenario, actual_rows, all_scenarios, expected_rows, persons_of
from tests.support.builds import publish

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
    """One build can serve all scenarios only while none of them touches another's persons."""
    owners: dict[str, str] = {}
    for scenario in all_scenarios():
        for person in persons_of(scenario, incremental / "warehouse.duckdb"):
            assert owners.setdefault(person, scenario.name) == scenario.name


def test_incremental_equals_full_and_shuffled(incremental: Path, full: Path) -> None:
    """Invariant 5: the cadence of builds, the files and the order of rows leave no trace in the marts."""
    assert compare(incremental / "journey.duckdb", full / "journey.duckdb")[1] == []


def test_spark_gives_equal_marts(full: Path, tmp_path: Path) -> None:
    """Invariant 6: whoever moves to the other engine sees the same journeys, row for row."""
    output = Output(tmp_path)
    publish(full.parent / "raw", output.root, "--target", "spark")
    marts, differences = compare(full / "journey.duckdb", output.published_on_spark)
    assert marts > 20
    assert differences == []
