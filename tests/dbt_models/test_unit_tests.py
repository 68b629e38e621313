"""Runs the dbt unit tests of the models."""

from pathlib import Path

import pytest
from customer_journey.paths import PROJECT, Output
from customer_journey.transform import parse
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner


def test_unit_tests_of_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All dbt unit tests pass; they need no landed rows.

    The models are built empty first, because dbt reads the types of a unit test's input from them.
    """
    # relative folders, as in a build, so that dbt parses the project once for the three runs
    dbt = dbtRunner(parse(Output(tmp_path), "duckdb"))
    monkeypatch.chdir(tmp_path)
    common = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(tmp_path / "target")]
    logs = ["--quiet", "--log-path", str(tmp_path)]
    assert dbt.invoke([*logs, "seed", *common]).success
    assert dbt.invoke([*logs, "run", "--empty", *common]).success
    result = dbt.invoke([*logs, "test", "--select", "test_type:unit", *common])
    assert isinstance(result.result, RunExecutionResult)
    assert result.success, [item.message for item in result.result.results if str(item.status) != "pass"]
    assert len(result.result.results) >= 6
