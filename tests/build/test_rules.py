"""The dbt test `rules`: each kind of rule is detected, and the message names the rule, the column and the rows."""

import shutil
from pathlib import Path

import pytest
import yaml
from customer_journey.paths import PROJECT

from tests.support.dbt import must_pass, run_dbt, statuses

PARENTS = "select 'p1' as parent_id union all select 'p2' as parent_id"
SOUND = """
    select 1 as month_number, 'a' as kind, 'p1' as parent_id, 'p2' as other_parent
    union all
    select 2 as month_number, 'b' as kind, 'p1' as parent_id, null as other_parent
"""
BROKEN = """
    select 1 as month_number, 'a' as kind, 'p1' as parent_id, 'p9' as other_parent
    union all
    select 1 as month_number, 'a' as kind, 'p8' as parent_id, 'p9' as other_parent
    union all
    select null as month_number, 'c' as kind, null as parent_id, null as other_parent
"""
SAID = {
    "not_null of month_number fails in 1 row",
    "accepted_values of kind fails in 1 row",
    "unique of month_number, kind fails in 2 rows",
    "relationships of parent_id fails in 2 rows",
    "relationships of other_parent fails in 2 rows",
}


def project(root: Path, children: str) -> Path:
    """Write a project of two models, of which one has rules."""
    (root / "models").mkdir(parents=True)
    for file in ("tests/dbt/generic/rules.sql", "macros/broken_rules.sql"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / file, root / file)
    (root / "models" / "parents.sql").write_text(PARENTS, encoding="utf-8")
    (root / "models" / "children.sql").write_text(children, encoding="utf-8")
    rules = {
        "name": "children_rules",
        "arguments": {
            "accepted_values": {"kind": ["a", "b"]},
            "relationships": {"other_parent": {"to": "ref('parents')", "field": "parent_id"}},
            "required_relationships": {"parent_id": "ref('parents')"},
        },
    }
    described = {
        "name": "children",
        "config": {"meta": {"grain": ["month_number", "kind"]}},
        "data_tests": [{"rules": rules}],
        "columns": [{"name": name} for name in ("month_number", "kind", "parent_id", "other_parent")],
    }
    files = {
        "models/children.yml": {"version": 2, "models": [described]},
        "dbt_project.yml": {"name": "small", "profile": "small", "test-paths": ["tests/dbt"], "config-version": 2},
        "profiles.yml": {
            "small": {"target": "d", "outputs": {"d": {"type": "duckdb", "path": "{{ env_var('JOURNEY_WAREHOUSE') }}"}}}
        },
    }
    for file, document in files.items():
        (root / file).write_text(yaml.safe_dump(document), encoding="utf-8")
    return root


@pytest.mark.parametrize(("children", "ended"), [(SOUND, "pass"), (BROKEN, "fail")], ids=["sound", "broken"])
def test_rules(children: str, ended: str, tmp_path: Path) -> None:
    """The one test checks many rules, so its message says which of them failed."""
    done = run_dbt(tmp_path / "small.duckdb", tmp_path, "build", project=project(tmp_path / "project", children))
    if ended == "pass":
        must_pass(done)
    assert statuses(tmp_path)["children_rules"] == ended, done.stdout[-4000:]
    said = {line[10:].strip() for line in done.stdout.splitlines() if " fails in " in line}
    assert said == (SAID if ended == "fail" else set()), done.stdout[-4000:]
