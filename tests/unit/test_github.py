"""The GitHub files of this repository: forms that GitHub accepts, and workflows that forks cannot misuse."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from customer_journey.paths import PROJECT

GITHUB = PROJECT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(file for file in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if file.name != "config.yml")
SHA = "a" * 40

# a fake `gh api` that answers from files and records what it is asked to change
GH = """#!/usr/bin/env python3
import json, os, sys
words = sys.argv[1:]
state = os.environ["FAKE_GH"]
if "POST" in words or "PATCH" in words:
    with open("comment.md", encoding="utf-8") as file:
        body = file.read()
    with open(f"{state}/written.json", "w", encoding="utf-8") as file:
        json.dump({"words": words, "body": body}, file)
else:
    name = "pulls.json" if any(word.endswith("/pulls") for word in words) else "comments.json"
    with open(f"{state}/{name}", encoding="utf-8") as file:
        print(file.read())
"""


def _read(file: Path) -> dict[Any, Any]:
    document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document


def _events(document: dict[Any, Any]) -> dict[str, Any]:
    # YAML reads the key `on` as true
    events: dict[str, Any] = document[True]
    return events


def _steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in _read(file)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actions_are_github_s_own(file: Path) -> None:
    """Workflows use only GitHub's own actions, because an action runs with the job's token."""
    used = [step["uses"] for step in _steps(file) if "uses" in step]
    assert [action for action in used if not re.fullmatch(r"actions/[a-z-]+@v\d+", action)] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_text_of_a_stranger_is_never_part_of_a_script(file: Path) -> None:
    """Names from forks reach scripts only as variables, since text pasted into a script would be run."""
    assert [step["run"] for step in _steps(file) if "${{" in step.get("run", "")] == []


def test_no_checkout_leaves_its_token_behind() -> None:
    """Whatever runs later in the job, or next night on the same runner, could read it in .git/config."""
    files = [*WORKFLOWS, PROJECT / "examples" / "schedules" / "github_actions.yml"]
    checkouts = [step for file in files for step in _steps(file) if step.get("uses", "").startswith("actions/checkout")]
    assert len(checkouts) > 3
    assert [step for step in checkouts if step["with"].get("persist-credentials") is not False] == []


def test_code_of_a_pull_request_runs_without_a_token_that_writes() -> None:
    build, comment = (_read(GITHUB / "workflows" / name) for name in ("diff.yml", "diff_comment.yml"))
    assert build["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in build["jobs"].values())
    assert list(_events(build)) == ["pull_request"]
    assert list(_events(comment)) == ["workflow_run"]
    assert _events(comment)["workflow_run"]["workflows"] == [build["name"]]
    used = {step["uses"].split("@")[0] for step in _steps(GITHUB / "workflows" / "diff_comment.yml") if "uses" in step}
    assert used == {"actions/download-artifact"}


def _comment(folder: Path, found: str, comments: list[dict[str, Any]], sha: str = SHA) -> dict[str, Any] | None:
    """Run the comment script with a fake `gh`; return what it wrote."""
    (folder / "bin").mkdir()
    gh = folder / "bin" / "gh"
    gh.write_text(GH, encoding="utf-8")
    gh.chmod(0o755)
    (folder / "diff").mkdir()
    (folder / "diff" / "diff.md").write_text(found, encoding="utf-8")
    (folder / "pulls.json").write_text(json.dumps([{"number": 7, "head": {"sha": SHA}}]), encoding="utf-8")
    (folder / "comments.json").write_text(json.dumps(comments), encoding="utf-8")
    (script,) = [step["run"] for step in _steps(GITHUB / "workflows" / "diff_comment.yml") if "run" in step]
    environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "FAKE_GH": str(folder)}
    environment |= {"REPOSITORY": "o/r", "HEAD_OWNER": "fork", "HEAD_BRANCH": "b; touch bad", "HEAD_SHA": sha}
    subprocess.run(["bash", "-c", script], cwd=folder, env=environment, check=True)
    assert not (folder / "bad").exists()
    written = folder / "written.json"
    return json.loads(written.read_text(encoding="utf-8")) if written.exists() else None


needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed; GitHub's machines have it")


@needs_jq
def test_first_run_writes_a_comment(tmp_path: Path) -> None:
    table = "**1 published mart changed**, 92 compared.\n\n| mart | rows changed |\n|---|--:|\n| `kpi_nps` | 2 |\n"
    others = [{"id": 3, "user": {"login": "somebody"}, "body": "<!-- journey-diff -->"}]
    written = _comment(tmp_path, table, others)
    assert written is not None
    assert "POST" in written["words"]
    assert "repos/o/r/issues/7/comments" in written["words"]
    assert written["body"].startswith("<!-- journey-diff -->\n")
    assert written["body"].endswith(table)


@needs_jq
def test_next_run_rewrites_its_own_comment(tmp_path: Path) -> None:
    own = {"id": 5, "user": {"login": "github-actions[bot]"}, "body": "<!-- journey-diff -->\nold"}
    written = _comment(tmp_path, "new\n", [own])
    assert written is not None
    assert "PATCH" in written["words"]
    assert "repos/o/r/issues/comments/5" in written["words"]


@needs_jq
def test_artifact_of_a_stranger_mentions_and_links_nothing(tmp_path: Path) -> None:
    written = _comment(tmp_path, "@all [x](https://evil.example) ![y](z) <img src=q> #1 www.evil.example\n", [])
    assert written is not None
    text = written["body"].split("\n\n", 1)[1]
    assert not re.search(r"[@<>\[\]!#]|://|www\.", text)


@needs_jq
def test_other_commit_is_not_commented(tmp_path: Path) -> None:
    """No comment is written if the branch has moved on or belongs to another pull request."""
    assert _comment(tmp_path, "x\n", [], sha="b" * 40) is None


@pytest.mark.parametrize("file", FORMS, ids=lambda file: file.name)
def test_form_of_an_issue_is_one_that_github_accepts(file: Path) -> None:
    """Issue forms have all required keys; GitHub silently ignores others."""
    form = _read(file)
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert fields
    ids = [field["id"] for field in fields]
    assert len(ids) == len(set(ids))
    for field in form["body"]:
        assert field["type"] in {"markdown", "input", "textarea", "dropdown", "checkboxes"}
        needed = "value" if field["type"] == "markdown" else "label"
        assert isinstance(field["attributes"][needed], str)
        if field["type"] in {"dropdown", "checkboxes"}:
            assert field["attributes"]["options"]
