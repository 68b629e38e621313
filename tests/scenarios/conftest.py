"""One incremental and one full build for all scenarios, whose ids are disjoint."""

from pathlib import Path

import pytest

from tests.scenarios.scenario import ARRIVALS, SETTINGS, rows_of, write_shuffled
from tests.support.builds import publish, write_required_tables, write_rows, write_settings


@pytest.fixture(scope="session")
def incremental(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of one build per arrival, each on top of the one before.

    A build needs only the landed rows and former person ids of the one before, so the first builds have few marts.
    """
    root = tmp_path_factory.mktemp("incremental")
    raw = root / "raw"
    write_settings(raw, SETTINGS)
    for arrival in range(ARRIVALS):
        for label, rows in rows_of(arrival).items():
            write_rows(raw, label, rows, part=f"arrival_{arrival}")
        write_required_tables(raw)
        publish(raw, root / "out", project=None if arrival == ARRIVALS - 1 else small)
    return root / "out"


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of one build of all rows at once, shuffled and split over other files."""
    root = tmp_path_factory.mktemp("full")
    raw = root / "raw"
    write_shuffled(raw)
    # a new Python has another order of sets, which must not matter either
    publish(raw, root / "out", anew=True)
    return root / "out"
