"""Runs the dbt unit tests of the models."""

from pathlib import Path

import pytest
from customer_journey.paths import PROJECT
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner


def test_unit_tests_of_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All dbt unit tests pass; they need no landed rows.

    The models are built empty first, because dbt reads the types of a unit test's input from them.
    """
    monkeypatch.setenv("JOURNEY_WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    common = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(tmp_path / "target")]
    logs = ["--quiet", "--log-path", str(tmp_path)]
    assert dbtRunner().invoke([*logs, "seed", *common]).success
    assert dbtRunner().invoke([*logs, "run", "--empty", *common]).success
    result = dbtRunner().invoke([*logs, "test", "--select", "test_type:unit", *common])
    assert isinstance(result.result, RunExecutionResult)
    assert result.success, [item.message for item in result.result.results if str(item.status) != "pass"]
    assert len(result.result.results) >= 6
