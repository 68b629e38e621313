"""`journey check` on the files alone: each mistake gets its message, and the project as it is gets none."""

from pathlib import Path

import pytest
from customer_journey.paths import PROJECT
from workbench.check import check_tree

from tests.workbench.conftest import copy_project
from tests.workbench.guides import guide, lines_of_mistakes
from tests.workbench.mistakes import (
    BROKEN_DEFINITIONS,
    BROKEN_MODELS,
    REFUSED,
    TREE_MISTAKES,
    UNKNOWN_COLUMN,
    Mistake,
    says,
)


def test_project_as_it_is_has_nothing_to_mend() -> None:
    """The project as it is has no problems, so an analyst's first check shows only own mistakes."""
    assert check_tree(PROJECT).problems == []


@pytest.mark.parametrize("mistake", TREE_MISTAKES.values(), ids=TREE_MISTAKES)
def test_mistake_gets_its_line(mistake: Mistake, tmp_path: Path) -> None:
    """Each mistake gets its message; otherwise it would show as an empty stage or an unrelated error of dbt."""
    project = copy_project(tmp_path / "project")
    mistake.spoil(project)
    problems = check_tree(project).problems
    assert any(says(mistake.line, problem) for problem in problems), problems


@pytest.mark.parametrize(
    "name",
    ["add_a_stage", "add_a_framework", "add_a_channel_rule", "add_an_attribution_model", "change_an_identity_rule"],
)
def test_guide_shows_lines_that_are_said(name: str) -> None:
    """The guides show the messages exactly as they are printed."""
    said = [line for _, line in REFUSED.values()] + [mistake.line for mistake in TREE_MISTAKES.values()]
    broken = [problem for definition in BROKEN_DEFINITIONS.values() for problem in definition.problems]
    said += [f"models/stages/vip.sql: {problem}" for problem in (*broken, *UNKNOWN_COLUMN.problems)]
    said += [
        f"models/intermediate/attribution/recency.sql: {problem}"
        for model in BROKEN_MODELS.values()
        for problem in model.problems
    ]
    # the guide shows SQL of one engine for a different definition than the test
    said = [line.replace("models/stages/quote.sql", "models/stages/vip.sql") for line in said]
    shown = lines_of_mistakes(guide(name))
    assert len(shown) >= 4
    assert [line for line in shown if not any(says(line, other) or says(other, line) for other in said)] == []
