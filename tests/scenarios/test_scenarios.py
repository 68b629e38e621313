"""Every scenario against the marts of the incremental builds, and incremental against full builds."""

from pathlib import Path

import pytest
from customer_journey.compare import compare

from tests.scenarios.scenario import Scenario, actual_rows, all_scenarios, expected_rows, persons_of

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
