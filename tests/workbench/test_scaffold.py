"""Scaffolds change only the lines that they must, and a refused command changes nothing."""

import csv
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml
from customer_journey import cli
from customer_journey.errors import ExitCode, InputError
from workbench import commands
from workbench.check import check_tree
from workbench.project import NameList

from tests.workbench.conftest import copy_project
from tests.workbench.mistakes import REFUSED, says


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project that the commands in this process use."""
    copy = copy_project(tmp_path / "project")
    monkeypatch.setattr(commands, "PROJECT", copy)
    return copy


def _run(*arguments: str) -> None:
    cli.app(list(arguments), standalone_mode=False)


def _files(project: Path) -> dict[str, bytes]:
    return {str(file.relative_to(project)): file.read_bytes() for file in project.rglob("*") if file.is_file()}


def _rows(project: Path, seed: str) -> list[dict[str, str]]:
    with (project / "seeds" / f"{seed}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _changed_lines(before: dict[str, bytes], after: dict[str, bytes]) -> dict[str, tuple[list[str], list[str]]]:
    """Return for each changed file the removed and the added lines."""
    changed = {}
    for path in sorted(before.keys() | after.keys()):
        old, new = (files.get(path, b"").decode("utf-8").splitlines() for files in (before, after))
        if old != new:
            changed[path] = ([line for line in old if line not in new], [line for line in new if line not in old])
    return changed


@pytest.mark.parametrize(("arguments", "line"), REFUSED.values(), ids=REFUSED)
def test_refused(arguments: list[str], line: str, project: Path) -> None:
    """Each wrong argument is refused in one line, and no file is changed."""
    before = _files(project)
    with pytest.raises(InputError) as refused:
        _run(*arguments)
    assert says(line, f"error: {refused.value}")
    assert _files(project) == before


def test_stage_changes_only_its_own_lines(project: Path) -> None:
    """A new stage leaves all comments and rows of others as they are."""
    before = _files(project)
    _run("new", "stage", "phone_qualified", "--label-en", "By phone, qualified", "--signal", "call", "--signal", "chat",
         "--framework", "adahub_crm", "--framework-stage", "sales_lead")  # fmt: skip
    changed = _changed_lines(before, _files(project))

    assert changed.keys() == {
        "dbt_project.yml",
        "models/stages/phone_qualified.sql",
        "models/stages/phone_qualified.yml",
        "seeds/framework_stage_definitions.csv",
        "seeds/stage_labels.csv",
    }
    gone, new = changed["dbt_project.yml"]
    assert len(gone) <= 1 and "phone_qualified" in "".join(new) and len(new) == max(1, len(gone))
    names = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["stage_definitions"]
    assert names == [*yaml.safe_load(before["dbt_project.yml"])["vars"]["stage_definitions"], "phone_qualified"]
    assert changed["seeds/stage_labels.csv"] == (
        [],
        ['phone_qualified,"By phone, qualified","By phone, qualified",true'],
    )
    assert changed["seeds/framework_stage_definitions.csv"] == ([], ["adahub_crm,sales_lead,phone_qualified"])
    definition = (project / "models/stages/phone_qualified.sql").read_text(encoding="utf-8")
    assert "where event_type in ('call', 'chat')" in definition
    assert check_tree(project).problems == []


def test_stage_of_the_funnel_moves_up_what_stands_above(project: Path) -> None:
    """Ranks above a new stage move up by one, so that no rank is used twice or left out."""
    before = {row["stage"]: row for row in _rows(project, "framework_stages") if row["framework"] == "adahub_crm"}
    _run("new", "stage", "visited", "--framework", "adahub_crm", "--above", "lead")
    after = {row["stage"]: row for row in _rows(project, "framework_stages") if row["framework"] == "adahub_crm"}

    ranks = {stage: float(row["rank"]) for stage, row in after.items()}
    assert ranks["visited"] == 3 and after["visited"]["is_in_funnel"] == "true"
    assert {stage: ranks[stage] - float(before[stage]["rank"]) for stage in before} == {
        stage: 1.0 if float(row["rank"]) >= 3 else 0.0 for stage, row in before.items()
    }
    # nothing else of these rows, nor of other frameworks, is touched
    assert {stage: {**row, "rank": ""} for stage, row in before.items()} == {
        stage: {**row, "rank": ""} for stage, row in after.items() if stage != "visited"
    }
    assert check_tree(project).problems == []


@pytest.mark.parametrize(
    ("signals", "told"),
    [
        (["call"], []),
        (["cal"], ["0 episodes. Did you mean call? Known events are call (2), chat (1)."]),
        (["call", "visit"], ["no episode of it. Known events are call (2), chat (1)."]),
    ],
)
def test_an_event_that_nobody_has_is_told(
    signals: list[str], told: list[str], project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An event that nobody has is reported, because the stage would stay empty."""
    out = tmp_path / "out"
    out.mkdir()
    with duckdb.connect(str(out / "warehouse.duckdb")) as warehouse:
        warehouse.execute("create schema intermediate")
        warehouse.execute(
            "create table intermediate.int_person_events as select unnest(['call', 'chat', 'call']) as event_type"
        )
    given = [word for signal in signals for word in ("--signal", signal)]
    _run("new", "stage", "caller", *given, "--out", str(out))
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("nobody")]
    assert lines == [f"nobody  has the event {signals[-1]} in {out}: {line}" for line in told]
    assert (project / "models" / "stages" / "caller.sql").exists()


def test_events_of_no_build_are_told_before_anything_is_written(project: Path, tmp_path: Path) -> None:
    """A wrong --out is refused before any file is written."""
    before = _files(project)
    with pytest.raises(InputError, match="there is no build here"):
        _run("new", "stage", "caller", "--signal", "call", "--out", str(tmp_path / "nowhere"))
    assert _files(project) == before


def test_stage_beside_the_funnel_ranks_between(project: Path) -> None:
    """A stage outside the funnel gets a rank between two others, so that no step becomes a skip."""
    before = _rows(project, "framework_stages")
    _run("new", "stage", "lapsed_lead", "--framework", "adahub_crm", "--above", "other", "--outside-funnel")
    new = [row for row in _rows(project, "framework_stages") if row not in before]
    assert [(row["framework"], row["stage"], row["rank"], row["is_in_funnel"]) for row in new] == [
        ("adahub_crm", "lapsed_lead", "0.6", "false")
    ]
    _run("new", "stage", "stranger", "--framework", "adahub_lifecycle", "--above", "none", "--outside-funnel")
    assert [row["rank"] for row in _rows(project, "framework_stages") if row["stage"] == "stranger"] == ["0.1"]
    assert check_tree(project).problems == []


def test_framework_takes_definitions_by_name_and_as_given(project: Path) -> None:
    """Stages of a new framework get the given definitions, or those of the same name."""
    _run("new", "framework", "desk", "--stages", "lead, warm=mql+sql, customer, fan")
    mapped = [(row["stage"], row["definition"]) for row in _rows(project, "framework_stage_definitions")
              if row["framework"] == "desk"]  # fmt: skip
    assert mapped == [("lead", "lead"), ("warm", "mql"), ("warm", "sql"), ("customer", "customer")]
    stages = [row for row in _rows(project, "framework_stages") if row["framework"] == "desk"]
    assert [(row["stage"], float(row["rank"]), row["label_en"]) for row in stages] == [
        ("lead", 1, "Lead"), ("warm", 2, "Warm"), ("customer", 3, "Customer"), ("fan", 4, "Fan"),
    ]  # fmt: skip
    [problem] = check_tree(project).problems
    assert says(
        "seeds/framework_stages.csv:1: no definition puts anybody into fan of desk"
        " (add a row to seeds/framework_stage_definitions.csv)",
        problem,
    )


def test_channel_rule_is_tried_where_it_should_be(project: Path) -> None:
    """A new channel rule gets a priority before the rule it is to precede."""

    def order() -> list[str]:
        return [row["rule_id"] for row in sorted(_rows(project, "channel_rules"), key=lambda row: int(row["priority"]))]

    before = order()
    # priorities 30 and 31 leave no room between them
    _run(
        "new",
        "channel-rule",
        "zalo_shop",
        "--channel",
        "zalo",
        "--source",
        "zalo",
        "--before",
        "paid_shopping_campaign",
    )
    _run("new", "channel-rule", "late", "--channel", "zalo", "--medium", "^zalo$")
    expected = list(before)
    expected.insert(before.index("paid_shopping_campaign"), "zalo_shop")
    expected.insert(-1, "late")
    assert order() == expected
    assert check_tree(project).problems == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  stage_definitions: [lead, customer] # two", "  stage_definitions: [lead, customer, vip] # two"),
        (
            "  stage_definitions:\n    - lead # first\n    - customer # last",
            "  stage_definitions:\n    - lead # first\n    - customer # last\n    - vip",
        ),
        (
            "  stage_definitions: [\n    lead,\n    customer, # last\n  ]",
            "  stage_definitions: [\n    lead,\n    customer, vip, # last\n  ]",
        ),
        (
            f"  stage_definitions: [{'a' * 60}, {'b' * 50},\n      customer]",
            f"  stage_definitions: [{'a' * 60}, {'b' * 50},\n      customer, vip]",
        ),
        (f"  stage_definitions: [{'a' * 60}, {'b' * 57}]",
         f"  stage_definitions: [{'a' * 60}, {'b' * 57},\n{' ' * 22}vip]"),
    ],
)  # fmt: skip
def test_name_is_listed_in_whatever_form_the_list_has(before: str, after: str, tmp_path: Path) -> None:
    """A name is added to the list in dbt_project.yml in whichever YAML form it has."""
    file = tmp_path / "dbt_project.yml"
    file.write_text(f"name: x\n\nvars:\n{before}\n  # after it\n  other: 1\n", encoding="utf-8")
    text = NameList(tmp_path).with_name("vip")
    assert text == f"name: x\n\nvars:\n{after}\n  # after it\n  other: 1\n"
    file.write_text(text, encoding="utf-8")
    assert NameList(tmp_path).names[-1] == "vip"


def test_spreadsheet_line_ends_are_kept(project: Path) -> None:
    """Windows line ends of a seed are kept."""
    labels = project / "seeds/stage_labels.csv"
    labels.write_bytes(labels.read_bytes().replace(b"\n", b"\r\n"))
    before = labels.read_bytes()
    _run("new", "stage", "vip", "--framework", "adahub_crm", "--framework-stage", "customer")
    assert labels.read_bytes() == before + b"vip,Vip,Vip,true\r\n"


def test_exit_code_and_error_line() -> None:
    """A refusal ends with an exit code and one line, so that scripts stop."""
    arguments, line = REFUSED["definition exists"]
    command = [str(Path(sys.executable).with_name("journey")), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.UNUSABLE_INPUT, "", f"{line}\n")
