"""Every command on a page runs here, or is in a list with the test that runs it or the reason why none can."""

import re
from pathlib import Path

import pytest
from customer_journey.paths import PROJECT

from tests.docs.conftest import Sandbox
from tests.docs.pages import Command, commands

# guides whose commands tests/workbench/test_workbench.py runs one after the other
_FOLLOWED = re.compile(r"journey (new|check|dry-run)\b")
_BUILD = "a whole build takes minutes, tests/support/builds.py runs them for all tests"
_DIFF = "two builds compared: tests/unit/test_compare.py"
_SPARK = "Spark takes minutes: tests/spark"
_BENCH = "a bench takes minutes to hours"
_SUPERSET = "Superset has an environment of its own: tests/bi/test_superset.py reads what is imported"
_OWN_SERVER = "writes to folders of a server's administrator: tests/build/test_keys.py"
_POSTGRES = "needs a PostgreSQL server: tests/postgres/test_postgres_commands.py"
_CLONE = "a clone and its hooks, which tests do not touch: tests/unit/test_github.py holds what CI runs"
_WHEEL = "installs from a package registry: tests/build/test_wheel.py builds with the unpacked wheel"
_EXPORTS = "reads the reader's own exports: tests/onboarding"
_WATCH = "of builds of the last hours: tests/unit/test_watch.py"
_LIFT = "of a request of the reader's own: tests/build/test_erasure.py"

# beginning of a command -> why it is not run here; each must match a command on some page
NOT_RUN_HERE = {
    "scripts/build --raw": _BUILD,
    "scripts/build --out": _BUILD,
    "scripts/build --target spark": _SPARK,
    "journey check my_raw": _EXPORTS,
    "scripts/test": "runs these tests",
    "pytest tests/": "runs other tests",
    "python -m tools.slips": "minutes on a built demo: tests/build/test_slips.py",
    "git clone": _CLONE,
    "uv build --wheel": _WHEEL,
    "uvx --from": _WHEEL,
    "pre-commit install": _CLONE,
    "scripts/bench": _BENCH,
    "scripts/soak": _BENCH,
    "scripts/local_cluster": _SPARK,
    "journey compare-engines": _SPARK,
    "journey diff": _DIFF,
    "dbt build": "tests/build/test_plain_dbt.py",
    "dbt docs generate": "a build does it: tests/bi/test_model_docs.py",
    "journey init": _EXPORTS,
    "journey map-value": _EXPORTS,
    "journey check exports": _EXPORTS,
    "journey publish": _POSTGRES,
    "journey lift-erasure": _LIFT,
    "journey watch": _WATCH,
    "export JOURNEY_POSTGRES_URL": _POSTGRES,
    "read -rs PGPASSWORD": _POSTGRES,
    "JOURNEY_POSTGRES_URL=": _POSTGRES,
    "python3 -m venv superset-venv": _SUPERSET,
    "export SUPERSET_": _SUPERSET,
    "superset ": _SUPERSET,
    "read -rsp": _SUPERSET,
    "python3 examples/superset": _SUPERSET,
    "install -m 600": _OWN_SERVER,
    'echo "JOURNEY_HASH_KEY': _OWN_SERVER,
    "set -a": _OWN_SERVER,
    "JOURNEY_NEW_HASH_KEY=": _OWN_SERVER,
}


def _reason(command: Command) -> str | None:
    if command.text == "scripts/build":
        return "tests/support/demo.py builds the demo for all tests"
    if _FOLLOWED.match(command.text) and (
        command.block.page.startswith("docs/adapt/") or command.block.page == "README.md"
    ):
        return "tests/workbench/test_workbench.py follows the guides"
    return next((reason for start, reason in NOT_RUN_HERE.items() if command.text.startswith(start)), None)


def _pages_with_commands() -> dict[str, list[Command]]:
    found: dict[str, list[Command]] = {}
    for command in commands():
        if _reason(command) is None:
            found.setdefault(command.block.page, []).append(command)
    return found


@pytest.mark.parametrize(("page", "typed"), _pages_with_commands().items(), ids=_pages_with_commands())
def test_commands_of_a_page_run(page: str, typed: list[Command], sandbox: Sandbox) -> None:
    """The commands of a page run in the order in which a reader types them."""
    for command in typed:
        done = sandbox.type(command.text)
        assert done.returncode == 0, f"{command}\nexit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


@pytest.mark.parametrize("start", NOT_RUN_HERE)
def test_what_is_not_run_here_is_on_a_page(start: str) -> None:
    """Every entry of the list is needed by a page; an unused one would excuse a command written later."""
    assert any(command.text.startswith(start) for command in commands())


@pytest.mark.parametrize("reason", sorted(set(NOT_RUN_HERE.values())))
def test_tests_that_are_named_are_there(reason: str) -> None:
    """The tests named in the list exist."""
    for path in re.findall(r"tests/[\w/.]+", reason):
        assert Path(PROJECT, path).exists(), path


def test_commands_are_found() -> None:
    """Commands are found on the pages at all."""
    found = {command.text for command in commands()}
    assert len(found) > 60
    assert any("\n" in text for text in found), "a command over several lines"
