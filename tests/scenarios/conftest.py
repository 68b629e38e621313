"""One incremental and one full build serve all scenarios, since their ids are disjoint."""

import random
from pathlib import Path

import pytest

from tests.scenarios.scenario import ARRIVALS, SETTINGS, Scenario, all_scenarios
from tests.support.builds import publish, write_required_tables, write_rows, write_settings


@pytest.fixture(scope="session")
def incremental(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of one build an arrival, each on top of the one before."""
    root = tmp_path_factory.mktemp("incremental")
    raw = root / "raw"
    write_settings(raw, SETTINGS)
    for arrival in range(ARRIVALS):
        for label, rows in _rows(all_scenarios(), arrival).items():
            write_rows(raw, label, rows, part=f"arrival_{arrival}")
        write_required_tables(raw)
        publish(raw, root / "out")
    return root / "out"


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of one build of the same rows at once, shuffled and split over other files."""
    root = tmp_path_factory.mktemp("full")
    raw = root / "raw"
    write_settings(raw, SETTINGS)
    shuffle = random.Random(7)
    tables: dict[str, list[dict[str, object]]] = {}
    for arrival in range(ARRIVALS):
        for label, rows in _rows(all_scenarios(), arrival).items():
            tables.setdefault(label, []).extend(rows)
    for label, rows in tables.items():
        shuffle.shuffle(rows)
        middle = len(rows) // 2
        write_rows(raw, label, rows[:middle], part="b")
        write_rows(raw, label, rows[middle:], part="a")
    write_required_tables(raw)
    publish(raw, root / "out")
    return root / "out"


def _rows(scenarios: list[Scenario], arrival: int) -> dict[str, list[dict[str, object]]]:
    tables: dict[str, list[dict[str, object]]] = {}
    for scenario in scenarios:
        if arrival < len(scenario.arrivals):
            for label, rows in scenario.arrivals[arrival].items():
                tables.setdefault(label, []).extend(rows)
    return tables
