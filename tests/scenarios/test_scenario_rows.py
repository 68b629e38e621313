"""The state of each landed row of a scenario: accepted, duplicate, quarantined or deferred."""

from pathlib import Path

import pytest

from tests.scenarios.scenario import Scenario, all_scenarios, row_states

CASES = [
    pytest.param(scenario, label, id=f"{scenario.name}-{label}")
    for scenario in all_scenarios()
    for label in scenario.row_states
]


@pytest.mark.parametrize(("scenario", "label"), CASES)
def test_row_states(scenario: Scenario, label: str, incremental: Path) -> None:
    """The rows landed under each key have the states that the scenario lists."""
    expected = {key: sorted(states) for key, states in scenario.row_states[label].items()}
    assert row_states(incremental / "warehouse.duckdb", label, list(expected)) == expected, scenario.guards
