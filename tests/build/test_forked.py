"""A forked command behaves as one in a new Python process: same output, exit code, project and environment."""

from pathlib import Path

import pytest

from tests.support.builds import run_journey
from tests.support.dbt import must_pass, run_dbt


@pytest.mark.parametrize(
    "arguments", [("--version",), ("build", "--raw", "no folder"), ("nothing",), ("report", "--out", "none")]
)
def test_forked_command_ends_as_one_that_was_started(arguments: tuple[str, ...], tmp_path: Path) -> None:
    forked, started = (run_journey(*arguments, cwd=tmp_path, anew=anew) for anew in (False, True))
    assert (forked.returncode, forked.stdout, forked.stderr) == (started.returncode, started.stdout, started.stderr)


def test_each_knows_the_environment_it_was_given(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each forked command has its own environment and reads its own project, nothing of a command before it."""
    listed = [
        set(must_pass(run_dbt(None, tmp_path / name, "--quiet", "ls", cwd=tmp_path, **project)).split())
        for name, project in (("whole", {}), ("small", {"project": small}))
    ]
    assert listed[1] < listed[0]
    monkeypatch.setenv("JOURNEY_MEMORY_LIMIT", "plenty")
    build = ("build", "--raw", "raw", "--out", "out")
    (tmp_path / "raw").mkdir()
    refused = [run_journey(*build, cwd=tmp_path).stderr for _ in range(2)]
    monkeypatch.delenv("JOURNEY_MEMORY_LIMIT")
    told = run_journey(*build, cwd=tmp_path).stderr
    assert all("JOURNEY_MEMORY_LIMIT 'plenty'" in line for line in refused)
    assert "JOURNEY_MEMORY_LIMIT" not in told
